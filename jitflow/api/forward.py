"""`jvp`, `linearize` and `vjp`: the function is staged, differentiated as IR, and spliced in."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from jitflow.api.chosen import Chosen
from jitflow.api.directions import directions
from jitflow.api.inner import Inner, evaluate, require_function, require_inexact
from jitflow.api.linear_map import LinearMap, Recipe, Side
from jitflow.errors import DerivativeError, TraceError, described
from jitflow.ir.core import Function
from jitflow.ir.ops.custom import forward_text
from jitflow.ir.row import ROWS
from jitflow.passes.linearize import linearize as add_tangents
from jitflow.passes.partition import partition
from jitflow.passes.timing import run_pass
from jitflow.passes.transpose import transpose
from jitflow.trace.emit import wrap
from jitflow.trace.source import fail
from jitflow.trace.staging import splice

_TRANSPOSED = ROWS["transposed_call"]


def jvp(
    function: Callable[..., Any],
    primals: Sequence[Any],
    tangents: Sequence[Any],
    has_aux: bool = False,
) -> Any:
    """(result, tangent of the result) of `function(*primals)` in the direction `tangents`.

    Both are tuples or lists with an entry for each positional argument; tangents have the
    structure, shapes and dtypes of the primals, which are floats. The tangent of an integer is
    zeros of its type. With `has_aux` the function returns (result, anything), and the anything
    comes third. Raises DerivativeError, ShapeError and DtypeError for what does not fit.
    """
    require_function(function, "jvp")
    require_arguments(primals, "jvp", "primals")
    require_arguments(tangents, "jvp", "tangents")

    def forward(primals: Any, tangents: Any) -> Any:
        staged = _Staged(function, primals, "jvp", has_aux)
        given = directions(tangents, staged.takes.tree, staged.takes.types, "jvp", "tangents")
        values = splice(staged.linear, [*staged.operands, *(t.value for t in given)])
        count = len(staged.inner.weak)
        result, *aux = staged.result(values[:count])
        return (result, staged.gives.fill(values[count:]), *aux)

    return evaluate(forward, tuple(primals), tuple(tangents))


def linearize(function: Callable[..., Any], *primals: Any, has_aux: bool = False) -> Any:
    """(result, map) of `function(*primals)`: `map(*tangents)` is the tangent of the result.

    The map computes only what depends on the tangents. Tangents and errors are those of `jvp`;
    with `has_aux` the aux comes third.
    """
    return _as_map(function, primals, "linearize", has_aux)


def vjp(function: Callable[..., Any], *primals: Any, has_aux: bool = False) -> Any:
    """(result, map) of `function(*primals)`: `map(cotangent)` is a tuple with one for each primal.

    The cotangent has structure, shapes and dtypes of the result; its integer leaves do not count.
    With `has_aux` the function returns (result, anything), and the anything comes third. Raises
    DtypeError for primals that are no floats, and what `jvp` does for the cotangent.
    """
    return _as_map(function, primals, "vjp", has_aux)


def _as_map(
    function: Callable[..., Any], primals: tuple[Any, ...], kind: str, has_aux: bool
) -> Any:
    require_function(function, kind)

    def stage(*primals: Any) -> Any:
        staged = _Staged(function, primals, kind, has_aux)
        before, later = partition(staged.linear)
        values = splice(before, staged.operands)
        count = len(staged.inner.weak)
        residuals = [wrap(v) for v in values[count:]]
        result, *aux = staged.result(values[:count])
        if kind == "vjp":
            recipe = Recipe(run_pass(transpose, later), staged.gives, staged.takes, kind)
        else:
            recipe = Recipe(later, staged.takes, staged.gives, kind)
        return (result, LinearMap(residuals, recipe), *aux)

    return evaluate(stage, *primals)


class _Staged:
    """A function traced on primals, and the same with its tangents beside it."""

    def __init__(
        self, function: Callable[..., Any], primals: tuple[Any, ...], kind: str, has_aux: bool
    ) -> None:
        chosen = Chosen(function, primals, {}, range(len(primals)), kind)
        require_inexact(chosen.arrays, chosen.names, kind)
        inner = chosen.trace(has_aux=has_aux)
        count = inner.leaf_count
        self.inner: Inner = inner
        self.has_aux = has_aux
        self.operands = [*chosen.values, *inner.captured]
        self.takes = Side(chosen.tree, tuple(x.type for x in chosen.arrays))
        self.gives = Side(inner.result, tuple(v.type for v in inner.graph.results[:count]))
        self.linear: Function = run_pass(
            add_tangents, inner.graph, wrt=tuple(range(len(chosen.arrays))), of=inner.inexact
        )
        if kind != "vjp":
            require_forward(self.linear)

    def result(self, values: Sequence[Any]) -> tuple[Any, ...]:
        """The function's result, and its aux where it has one."""
        result, aux = self.inner.arrays(values)
        return (result, aux) if self.has_aux else (result,)


def require_forward(function: Function) -> None:
    """DerivativeError where tangents pass a function that has a rule for reverse mode only."""
    for op in function.ops:
        if op.row is _TRANSPOSED:
            raise DerivativeError(forward_text(op))


def require_arguments(given: Any, kind: str, what: str) -> None:
    """TraceError where an option that has an entry for each argument is no tuple or list."""
    if not isinstance(given, (tuple, list)):
        fail(
            TraceError,
            f"{what} is a tuple with an entry for each argument, got {described(given)}",
            op=kind,
            cure="write (x,) for one argument",
        )
