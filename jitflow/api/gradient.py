"""`grad` and `value_and_grad`: the function is staged, differentiated as IR, and spliced in."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Sequence
from typing import Any

from jitflow.api.function import JitFunction
from jitflow.errors import DerivativeError, DtypeError, TraceError
from jitflow.ir.core import Function
from jitflow.passes.differentiate import gradient
from jitflow.passes.inline import inline
from jitflow.trace.arrays import TracedArray
from jitflow.trace.context import current, tracing
from jitflow.trace.emit import wrap
from jitflow.trace.lift import lift
from jitflow.trace.pytree import TreeDef, flatten, paths, unflatten
from jitflow.trace.source import definition, fail
from jitflow.trace.staging import Source, leaves_of, run, splice


def value_and_grad(
    function: Callable[..., Any], argnums: int | Sequence[int] = 0, has_aux: bool = False
) -> JitFunction:
    """A function that gives (value, gradient) of a function with a real scalar result.

    The gradient by the positional arguments `argnums` has their structure, or is a tuple where
    `argnums` is one. With `has_aux` the function returns (scalar, anything), and the result is
    ((value, anything), gradient). Raises DerivativeError for a result that is no real scalar,
    DtypeError for arguments that are not floats.
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
    if not callable(function):
        fail(TraceError, f"{kind} takes a function, got a {type(function).__name__}")
    single = isinstance(argnums, int)
    numbers = (argnums,) if single else tuple(argnums) if isinstance(argnums, Sequence) else ()
    if not numbers or not all(type(n) is int for n in numbers):
        fail(TraceError, f"{kind} takes argnums as an int or a tuple of ints, got {argnums!r}")

    @functools.wraps(function)
    def differentiated(*args: Any, **kwargs: Any) -> Any:
        request = _Request(function, numbers, has_aux, kind)
        value, aux, gradients = request.evaluate(args, kwargs)
        result = gradients[0] if single else gradients
        if kind == "grad":
            return (result, aux) if has_aux else result
        return ((value, aux) if has_aux else value), result

    differentiated.__name__ = f"{kind}_{getattr(function, '__name__', 'function')}"
    numbers_static, names_static = getattr(function, "static", (None, None))
    return JitFunction(differentiated, numbers_static, names_static, inlines=True)


class _Request:
    """One gradient to take: of what, by which arguments."""

    def __init__(
        self, function: Callable[..., Any], numbers: tuple[int, ...], has_aux: bool, kind: str
    ) -> None:
        self.function = function
        self.numbers = numbers
        self.has_aux = has_aux
        self.kind = kind
        self.at = definition(inspect.unwrap(function))
        self.aux_tree: TreeDef | None = None

    def evaluate(
        self, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> tuple[TracedArray, Any, tuple[Any, ...]]:
        """(value, aux, gradients) as arrays of the current trace."""
        places = self._places(len(args))
        leaves, tree = flatten(tuple(args[i] for i in places))
        names = self._names(args, places)
        arrays = [lift(x, name) for x, name in zip(leaves, names, strict=True)]
        self._require_floats(arrays, names)

        def call(traced: list[TracedArray]) -> Any:
            whole = list(args)
            for i, part in zip(places, unflatten(tree, traced), strict=True):
                whole[i] = part
            return self._split(self.function(*whole, **kwargs))

        staged, operands = self._stage(call, arrays, names)
        values = splice(staged, operands)
        count = len(values) - len(arrays)
        gradients = [wrap(v, x.weak) for v, x in zip(values[count:], arrays, strict=True)]
        value, *aux = (wrap(v) for v in values[:count])
        assert self.aux_tree is not None
        return value, unflatten(self.aux_tree, aux), unflatten(tree, gradients)

    def _stage(
        self, call: Callable[..., Any], arrays: list[TracedArray], names: list[str]
    ) -> tuple[Function, list[Any]]:
        """The differentiated function, and the values of the current trace that it takes."""
        name = getattr(self.function, "__name__", "function")
        current()
        with tracing(nested=True) as inner:
            inner.is_transposed = True
            results, _ = run(Source(call, name, self.at), inner, leaves_of(arrays, names))
            self._require_scalar(results[0])
            graph = inner.builder.build(name, [result.value for result in results])
        operands = [*(x.value for x in arrays), *inner.captures()]
        return gradient(inline(graph), wrt=tuple(range(len(arrays)))), operands

    def _split(self, result: Any) -> tuple[Any, list[Any]]:
        """(value, leaves of aux); the structure of aux is kept."""
        aux: Any = None
        if self.has_aux:
            if not isinstance(result, tuple) or len(result) != 2:
                self._refuse(
                    f"with has_aux the function returns (value, aux), not {_shown(result)}",
                    "return a pair, or drop has_aux",
                )
            result, aux = result
        leaves, self.aux_tree = flatten(aux)
        if isinstance(result, (tuple, list, dict)) or result is None:
            cure = "return one scalar; use has_aux=True to return more beside it"
            self._refuse(f"the function returns {_shown(result)}, not a scalar", cure)
        return result, leaves

    def _require_scalar(self, value: TracedArray) -> None:
        if value.type.shape:
            self._refuse(
                f"the result has shape {value.type.shape}; a gradient is of a scalar",
                "reduce it first, as with .sum() or .mean()",
            )
        if value.type.dtype.kind != "f":
            self._refuse(
                f"the result is {value.type.dtype}; a gradient is of a real number",
                "return a float",
            )

    def _require_floats(self, arrays: Sequence[TracedArray], names: Sequence[str]) -> None:
        for x, name in zip(arrays, names, strict=True):
            if x.type.dtype.kind != "f":
                what = "complex numbers" if x.type.dtype.kind == "c" else "integers or bools"
                fail(
                    DtypeError,
                    f"no gradient by {what}: it is {x.type}",
                    op=f"{self.kind}: {name}",
                    cure="pass floats (x.astype(float), 3.0), or choose others by argnums",
                )

    def _places(self, count: int) -> list[int]:
        for number in self.numbers:
            if not -count <= number < count:
                self._refuse(
                    f"argnums has {number}, and the call has {count} positional arguments",
                    "pass what is differentiated by position",
                )
        places = [n % count for n in self.numbers]
        if len(set(places)) < len(places):
            self._refuse(f"argnums names an argument twice: {self.numbers}", "name each once")
        return places

    def _names(self, args: tuple[Any, ...], places: list[int]) -> list[str]:
        try:
            known = list(inspect.signature(self.function).parameters)
        except (TypeError, ValueError):
            known = []
        roots = [known[i] if i < len(known) else f"args[{i}]" for i in places]
        return [
            f"argument {path}"
            for i, root in zip(places, roots, strict=True)
            for path in paths(flatten(args[i])[1], root)
        ]

    def _refuse(self, problem: str, cure: str) -> None:
        fail(DerivativeError, problem, op=self.kind, cure=cure)


def _shown(result: Any) -> str:
    return "None" if result is None else f"a {type(result).__name__}"
