"""A function and its rules, each traced into a region; what rules give is made to fit.

Owns the bookkeeping of what the regions capture: all of them take the same operands.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NoReturn

from jitflow.api.directions import directions, fitted, zeros_of
from jitflow.errors import DerivativeError, described
from jitflow.ir.core import Region, Value
from jitflow.ir.row import ROWS
from jitflow.ir.types import TensorType
from jitflow.trace.arrays import TracedArray
from jitflow.trace.context import Context, current, in_trace
from jitflow.trace.emit import wrap
from jitflow.trace.lift import lift
from jitflow.trace.pytree import TreeDef, describe_difference, flatten, paths, unflatten
from jitflow.trace.source import definition, fail, here
from jitflow.trace.staging import Leaf, Source, leaves_of, run


@dataclass(frozen=True, slots=True)
class Traced:
    """One region to be: its trace, how many of its parameters are operands, what it gives."""

    context: Context
    operands: int
    values: list[Value]
    weak: list[bool]
    tree: TreeDef

    @property
    def types(self) -> list[TensorType]:
        return [v.type for v in self.values]


class Regions:
    """One call of a function with rules: its arguments, and what is traced for it."""

    def __init__(
        self, name: str, kind: str, fixed: Sequence[int], args: tuple[Any, ...]
    ) -> None:
        self.name = name
        self.kind = kind
        self.fixed = {i: args[i] for i in fixed if i < len(args)}
        self.args = args
        moving = tuple(x for i, x in enumerate(args) if i not in self.fixed)
        leaves, self.tree = flatten(moving)
        names = [f"argument {path}" for path in paths(self.tree, "args")]
        self.arrays = [lift(x, path) for x, path in zip(leaves, names, strict=True)]
        self.leaves = leaves_of(self.arrays, names)
        self.order = current().order

    # The regions.

    def function(self, function: Callable[..., Any]) -> Traced:
        """The function itself."""

        def call(arrays: list[TracedArray]) -> Any:
            return function(*self._whole(unflatten(self.tree, arrays)))

        return self._trace(function, call, self.leaves, len(self.leaves), 0)

    def tangents(self, rule: Callable[..., Any], primal: Traced) -> Traced:
        """A jvp rule: (operands, their tangents) to (results, their tangents)."""
        inexact = [leaf for leaf in self.leaves if leaf.type.dtype.is_inexact]

        def call(arrays: list[TracedArray]) -> Any:
            primals = unflatten(self.tree, arrays[: len(self.leaves)])
            given = self._with_zeros(arrays[len(self.leaves) :], [x.type for x in self.leaves])
            found = rule(*self.fixed.values(), primals, unflatten(self.tree, given))
            result, tangent = self._pair(found, "the rule", "(result, tangent)")
            tangents = directions(tangent, primal.tree, primal.types, self._title, "tangent")
            return [*self._result(result, primal), *tangents]

        return self._trace(rule, call, [*self.leaves, *inexact], len(self.leaves))

    def forward(self, rule: Callable[..., Any], primal: Traced) -> tuple[Traced, TreeDef]:
        """The forward rule: operands to (results, residuals); the structure of the residuals."""
        trees = []

        def call(arrays: list[TracedArray]) -> Any:
            found = rule(*self._whole(unflatten(self.tree, arrays)))
            result, kept = self._pair(found, "fwd", "(result, residuals)")
            leaves, tree = flatten(kept)
            trees.append(tree)
            names = paths(tree, "residuals")
            return [*self._result(result, primal), *map(lift, leaves, names)]

        traced = self._trace(rule, call, self.leaves, len(self.leaves))
        return traced, trees[0]

    def backward(
        self, rule: Callable[..., Any], primal: Traced, forward: Traced, residuals: TreeDef
    ) -> Traced:
        """The backward rule: (residuals, cotangents of the results) to those of the operands."""
        first = len(primal.values)
        kept = [
            Leaf(type, weak, name)
            for type, weak, name in zip(
                forward.types[first:], forward.weak[first:], paths(residuals, "residuals"),
                strict=True,
            )
        ]
        inexact = [t for t in primal.types if t.dtype.is_inexact]
        leaves = [*kept, *(Leaf(type, False, "cotangent") for type in inexact)]

        def call(arrays: list[TracedArray]) -> Any:
            given = self._with_zeros(arrays[len(kept) :], primal.types)
            found = rule(
                *self.fixed.values(), unflatten(residuals, arrays[: len(kept)]),
                unflatten(primal.tree, given),
            )  # fmt: skip
            return self._cotangents(found)

        return self._trace(rule, call, leaves, 0)

    def _trace(
        self,
        function: Any,
        call: Callable[[list[TracedArray]], Any],
        leaves: Sequence[Leaf],
        operands: int,
        order: int | None = None,
    ) -> Traced:
        """`operands` of the leaves are the op's; order: one less than the call's unless given."""
        name = getattr(function, "__name__", self.name)
        source = Source(call, name, definition(inspect.unwrap(function)))

        def body(context: Context) -> Traced:
            context.order = self.order - 1 if order is None else order
            results, tree = run(source, context, leaves)
            values, weak = [x.value for x in results], [x.weak for x in results]
            return Traced(context, operands, values, weak, tree)

        return in_trace(body, nested=True)

    # What goes into rules, and what comes out.

    @property
    def _title(self) -> str:
        return f"{self.kind} {self.name}"

    def _whole(self, moving: tuple[Any, ...]) -> list[Any]:
        """All arguments, with these in the places that are not fixed."""
        rest = iter(moving)
        return [
            self.fixed[i] if i in self.fixed else next(rest) for i in range(len(self.args))
        ]

    def _with_zeros(
        self, given: Sequence[TracedArray], types: Sequence[TensorType]
    ) -> list[TracedArray]:
        """A tangent for each type: the given ones, and zeros for integers."""
        rest = iter(given)
        return [next(rest) if type.dtype.is_inexact else zeros_of(type) for type in types]

    def _pair(self, found: Any, what: str, wanted: str) -> Any:
        if not isinstance(found, (tuple, list)) or len(found) != 2:
            self._refuse(f"{what} returns {wanted}, not {described(found)}")
        return found

    def _result(self, result: Any, primal: Traced) -> list[TracedArray]:
        """What a rule gives as the function's result, of the function's types."""
        leaves, tree = flatten(result)
        if tree != primal.tree:
            self._refuse(
                "the rule's result is not like the function's: it "
                + describe_difference(primal.tree, tree, "result")
            )
        rows = zip(leaves, primal.types, paths(tree, "result"), strict=True)
        return [fitted(x, type, name, self._title) for x, type, name in rows]

    def _cotangents(self, found: Any) -> list[TracedArray]:
        moving = unflatten(self.tree, self.arrays)
        if not isinstance(found, (tuple, list)) or len(found) != len(moving):
            shown = f"{len(found)}" if isinstance(found, (tuple, list)) else type(found).__name__
            self._refuse(
                f"bwd returns a tuple with a cotangent for each of {len(moving)} arguments, "
                f"not {shown}"
            )
        cotangents = []
        for number, (one, argument) in enumerate(zip(found, moving, strict=True)):
            leaves, tree = flatten(argument)
            types = [x.type for x in leaves]
            if one is None and argument is not None:
                cotangents += [zeros_of(t) for t in types if t.dtype.is_inexact]
            else:
                what = f"cotangent[{number}]"
                cotangents += directions(one, tree, types, self._title, what)
        return cotangents

    def _refuse(self, problem: str) -> NoReturn:
        fail(DerivativeError, problem, op=self._title)

    # The op.

    def emit(self, primal: Traced, traced: Sequence[Traced]) -> Any:
        """Appends the op to the trace in progress; the function's result."""
        outer = current()
        captured = {
            value: home
            for one in traced
            for value, (_, home) in one.context.outer.items()
        }
        regions = [_region(one, list(captured)) for one in traced]
        if len(regions) == 3:
            regions[1] = _handing_over(regions[1], traced[1].operands, len(captured), primal)
        operands = [x.value for x in self.arrays]
        operands += [outer.own(value, home) for value, home in captured.items()]
        attrs = {"name": self.name, "captured": len(captured)}
        op = outer.builder.emit(
            ROWS[self.kind], tuple(operands), attrs, tuple(regions), here()
        )
        results = [wrap(v, w) for v, w in zip(op.results, primal.weak, strict=True)]
        return unflatten(primal.tree, results)


def _region(traced: Traced, captured: Sequence[Value]) -> Region:
    """The region with a parameter for everything that one of the regions captures.

    They stand behind the operands, in front of what else it takes.
    """
    own = {value: param for value, (param, _) in traced.context.outer.items()}
    params, split = traced.context.builder.params, traced.operands
    given = params[: len(params) - len(own)]
    inserted = [own[v] if v in own else Value(v.type, v.name) for v in captured]
    return Region(
        [*given[:split], *inserted, *given[split:]], traced.context.builder.ops, traced.values
    )


def _handing_over(forward: Region, split: int, count: int, primal: Traced) -> Region:
    """The forward rule with what is captured as its first residuals, for the backward rule."""
    first = len(primal.values)
    captured = forward.params[split : split + count]
    results = [*forward.results[:first], *captured, *forward.results[first:]]
    return Region(forward.params, forward.ops, results)
