"""`custom_jvp`, `custom_vjp`, `stop_gradient`: functions with derivatives of the user's own.

In a trace that will be differentiated, a call stages the function and its rules as regions of one
op, where linearize finds them; elsewhere it is a plain call.
"""

from __future__ import annotations

import functools
import inspect
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import Any, NoReturn

import numpy as np

from jitflow.api.directions import zeros_of
from jitflow.api.inner import require_function
from jitflow.api.rules import Regions
from jitflow.errors import DerivativeError, TraceError
from jitflow.ir.builder import Builder
from jitflow.ir.core import Region
from jitflow.ir.row import ROWS
from jitflow.trace.arrays import TracedArray
from jitflow.trace.context import STATE, current
from jitflow.trace.emit import wrap
from jitflow.trace.lift import lift
from jitflow.trace.pytree import flatten, map_tree, unflatten
from jitflow.trace.source import fail, here


class _Custom(ABC):
    """A function with rules; what arguments are no arrays is said by position or by name."""

    kind = ""

    def __init__(
        self,
        function: Callable[..., Any],
        nondiff_argnums: int | Sequence[int] = (),
        nondiff_argnames: str | Sequence[str] = (),
    ) -> None:
        require_function(function, self.kind)
        functools.update_wrapper(self, function)
        self.function = function
        self.name = getattr(function, "__name__", "function")
        numbers = (nondiff_argnums,) if isinstance(nondiff_argnums, int) else nondiff_argnums
        names = (nondiff_argnames,) if isinstance(nondiff_argnames, str) else nondiff_argnames
        if not all(type(n) is int and n >= 0 for n in numbers):
            self._refuse_option("nondiff_argnums takes positions", nondiff_argnums)
        signature = _signature(function)
        known = list(signature.parameters) if signature is not None else []
        if not set(names) <= set(known):
            self._refuse_option(f"nondiff_argnames takes names of {known}", nondiff_argnames)
        self.fixed = tuple(sorted({*numbers, *map(known.index, names)}))

    def _refuse_option(self, problem: str, given: Any) -> NoReturn:
        fail(TraceError, f"{problem}, got {given!r}", op=self.kind)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        args = self._positional(args, kwargs)
        if STATE.context is None or STATE.context.order == 0:
            return self.function(*args)
        return self._stage(args)

    def _positional(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[Any, ...]:
        """All arguments by position, with defaults: rules know no keywords."""
        signature = _signature(self.function)
        if signature is None and kwargs:
            self.refuse(f"takes no keywords, got {', '.join(kwargs)}", "rules know positions")
        if signature is None:
            return args
        try:
            bound = signature.bind(*args, **kwargs)
        except TypeError as error:
            raise TypeError(f"{self.name}: {error}") from None
        bound.apply_defaults()
        if bound.kwargs:
            names = ", ".join(bound.kwargs)
            self.refuse(f"{names} can be given by keyword only", "rules know positions")
        return bound.args

    @abstractmethod
    def _stage(self, args: tuple[Any, ...]) -> Any:
        """The function and its rules as an op of the trace in progress: its results."""

    def refuse(self, problem: str, cure: str = "") -> NoReturn:
        fail(DerivativeError, problem, op=f"{self.kind} {self.name}", cure=cure)

    def __repr__(self) -> str:
        return f"<{self.kind} {self.name}>"


class custom_jvp(_Custom):
    """A function whose derivative is given by a rule: `@custom_jvp`, then `@f.defjvp`.

    The rule takes (primals, tangents), two tuples like the arguments, and returns the result and
    its tangent, which must be linear in the tangents: reverse mode transposes it. Arguments of
    `nondiff_argnums` and `nondiff_argnames` may be anything; the rule gets them first, and no
    tangents for them. Tangents of integers are zeros. Raises DerivativeError where a rule gives
    another structure.
    """

    kind = "custom_jvp"
    rule: Callable[..., Any] | None = None

    def defjvp(self, rule: Callable[..., Any]) -> Callable[..., Any]:
        """Sets the rule; gives it back, so that it can be a decorator."""
        require_function(rule, "defjvp")
        self.rule = rule
        return rule

    def defjvps(self, *rules: Callable[..., Any] | None) -> None:
        """Sets a rule for each argument: `rule(tangent, result, *primals)`, None for none.

        The tangent of the result is their sum.
        """
        if self.fixed:
            self.refuse("defjvps knows no nondiff_argnums", "use defjvp")

        def rule(primals: tuple[Any, ...], tangents: tuple[Any, ...]) -> Any:
            if len(rules) != len(primals):
                self.refuse(f"defjvps got {len(rules)} rules for {len(primals)} arguments")
            result = self(*primals)
            pairs = zip(rules, tangents, strict=True)
            parts = [one(t, result, *primals) for one, t in pairs if one is not None]
            if not parts:
                return result, map_tree(lambda x: zeros_of(lift(x).type), result)
            return result, functools.reduce(functools.partial(map_tree, _plus), parts)

        self.rule = rule

    def _stage(self, args: tuple[Any, ...]) -> Any:
        rule = self.rule
        if rule is None:
            self.refuse("there is no rule", f"define one with @{self.name}.defjvp")
        regions = Regions(self.name, self.kind, self.fixed, args)
        primal = regions.function(self.function)
        tangents = regions.tangents(rule, primal)
        return regions.emit(primal, [primal, tangents])


class custom_vjp(_Custom):
    """A function whose reverse mode is given by rules: `@custom_vjp`, then `f.defvjp(fwd, bwd)`.

    `fwd` takes the arguments and returns (result, residuals). `bwd` takes residuals and the
    cotangent of the result, and returns a tuple with a cotangent, or None for zeros, for each
    argument. Arguments of `nondiff_argnums` and `nondiff_argnames` may be anything; `bwd` gets them
    first. There is no forward mode then: `jvp` of it raises DerivativeError.
    """

    kind = "custom_vjp"
    rules: tuple[Callable[..., Any], Callable[..., Any]] | None = None

    def defvjp(self, fwd: Callable[..., Any], bwd: Callable[..., Any]) -> None:
        """Sets both rules."""
        require_function(fwd, "defvjp")
        require_function(bwd, "defvjp")
        self.rules = fwd, bwd

    def _stage(self, args: tuple[Any, ...]) -> Any:
        if self.rules is None:
            self.refuse("there are no rules", f"set them with {self.name}.defvjp(fwd, bwd)")
        regions = Regions(self.name, self.kind, self.fixed, args)
        primal = regions.function(self.function)
        forward, residuals = regions.forward(self.rules[0], primal)
        backward = regions.backward(self.rules[1], primal, forward, residuals)
        return regions.emit(primal, [primal, forward, backward])


def _signature(function: Any) -> inspect.Signature | None:
    """What is known of a function's parameters; of a ufunc's options there is no rule."""
    if isinstance(function, np.ufunc):
        return None
    try:
        return inspect.signature(function)
    except (TypeError, ValueError):
        return None


def _plus(x: Any, y: Any) -> Any:
    return x + y


def stop_gradient(x: Any) -> Any:
    """The arrays of a tree as they are, with derivatives of zero."""
    if STATE.context is None or STATE.context.order == 0:
        return x
    leaves, tree = flatten(x)
    return unflatten(tree, [_stopped(leaf) for leaf in leaves])


def _stopped(x: Any) -> Any:
    if not isinstance(x, TracedArray) or not x.type.dtype.is_inexact:
        return x
    same, rule = Builder(), Builder(locations=here())
    value = same.param(x.type)
    primal, tangent = rule.param(x.type), rule.param(x.type)
    attrs = {"name": "stop_gradient", "captured": 0}
    regions: tuple[Region, ...] = (
        same.region([value]), rule.region([primal, rule.full_like(tangent, 0)])
    )  # fmt: skip
    op = current().builder.emit(ROWS["custom_jvp"], (x.value,), attrs, regions, here())
    return wrap(op.result, x.weak)
