"""`grad` and `value_and_grad`: the function is staged, differentiated as IR, and spliced in."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, NoReturn

from jitflow.api.chosen import Chosen, numbers_of, transformed
from jitflow.api.function import JitFunction
from jitflow.api.inner import Inner, require_function, require_inexact
from jitflow.errors import DerivativeError
from jitflow.passes.differentiate import gradient
from jitflow.trace.arrays import TracedArray
from jitflow.trace.source import fail
from jitflow.trace.staging import splice


def value_and_grad(
    function: Callable[..., Any], argnums: int | Sequence[int] = 0, has_aux: bool = False
) -> JitFunction:
    """A function that gives (value, gradient) of a function with a real scalar result.

    The gradient by the positional arguments `argnums` has their structure, or is a tuple where
    `argnums` is one. With `has_aux` the function returns (scalar, anything), and the result is
    ((value, anything), gradient). By a complex argument x + iy it is df/dx - i df/dy. Raises
    DerivativeError for a result that is no real scalar, DtypeError for integer arguments.
    """
    return _differentiated(function, argnums, has_aux, "value_and_grad")


def grad(
    function: Callable[..., Any], argnums: int | Sequence[int] = 0, has_aux: bool = False
) -> JitFunction:
    """Like `value_and_grad`, but only the gradient; with `has_aux` (gradient, anything)."""
    return _differentiated(function, argnums, has_aux, "grad")


def _differentiated(
    function: Callable[..., Any], argnums: Any, has_aux: bool, kind: str
) -> JitFunction:
    require_function(function, kind)
    numbers, single = numbers_of(argnums, kind)

    @functools.wraps(function)
    def differentiated(*args: Any, **kwargs: Any) -> Any:
        request = _Request(function, numbers, has_aux, kind)
        value, aux, gradients = request.evaluate(args, kwargs)
        result = gradients[0] if single else gradients
        if kind == "grad":
            return (result, aux) if has_aux else result
        return ((value, aux) if has_aux else value), result

    return transformed(function, differentiated, kind)


class _Request(NamedTuple):
    """One gradient to take: of what, by which arguments."""

    function: Callable[..., Any]
    numbers: tuple[int, ...]
    has_aux: bool
    kind: str

    def evaluate(
        self, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> tuple[TracedArray, Any, tuple[Any, ...]]:
        """(value, aux, gradients) as arrays of the current trace."""
        chosen = Chosen(self.function, args, kwargs, self.numbers, self.kind)
        require_inexact(chosen.arrays, chosen.names, self.kind)
        inner = chosen.trace(has_aux=self.has_aux)
        self._require_scalar(inner)
        wrt = tuple(range(len(chosen.arrays)))
        values = splice(gradient(inner.graph, wrt=wrt), [*chosen.values, *inner.captured])
        count = len(inner.weak)
        value, aux = inner.arrays(values[:count])
        return value, aux, chosen.like_arguments(values[count:])

    def _require_scalar(self, inner: Inner) -> None:
        kind = inner.result.nodes[0][0]
        if kind is not None:
            cure = "return one scalar; use has_aux=True to return more beside it"
            what = "None" if kind.type is type(None) else f"a {kind.type.__name__}"
            self._refuse(f"the function returns {what}, not a scalar", cure)
        type_ = inner.graph.results[0].type
        if type_.shape:
            self._refuse(
                f"the result has shape {type_.shape}; a gradient is of a scalar",
                "reduce it first, as with .sum() or .mean(), or take jacrev",
            )
        if type_.dtype.kind != "f":
            self._refuse(
                f"the result is {type_.dtype}; a gradient is of a real number",
                "return abs(z)**2 or z.real" if type_.dtype.kind == "c" else "return a float",
            )

    def _refuse(self, problem: str, cure: str) -> NoReturn:
        fail(DerivativeError, problem, op=self.kind, cure=cure)
