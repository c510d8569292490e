"""The arguments that a transform is about, chosen by `argnums`, and the function of them alone."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from jitflow.api.function import JitFunction
from jitflow.api.inner import Inner, leaf_names, trace_inside
from jitflow.errors import DerivativeError, TraceError
from jitflow.ir.core import Value
from jitflow.trace.arrays import TracedArray
from jitflow.trace.emit import wrap
from jitflow.trace.lift import lift
from jitflow.trace.pytree import flatten, unflatten
from jitflow.trace.source import fail
from jitflow.trace.staging import leaves_of


def numbers_of(argnums: Any, kind: str) -> tuple[tuple[int, ...], bool]:
    """`argnums` as a tuple, and whether it was one int; TraceError where it is neither."""
    single = isinstance(argnums, int)
    numbers = (argnums,) if single else tuple(argnums) if isinstance(argnums, Sequence) else ()
    if not numbers or not all(type(n) is int for n in numbers):
        fail(TraceError, f"{kind} takes argnums as an int or a tuple of ints, got {argnums!r}")
    return numbers, single


def transformed(function: Callable[..., Any], body: Callable[..., Any], kind: str) -> JitFunction:
    """`body` as a jitted function that runs inside other traces as if undecorated.

    Arguments that are static for `function` are so for it.
    """
    body.__name__ = f"{kind}_{getattr(function, '__name__', 'function')}"
    numbers, names = getattr(function, "static", (None, None))
    return JitFunction(body, numbers, names, inlines=True)


class Chosen:
    """The leaves of the positional arguments `numbers` of a call, as arrays of this trace.

    Raises DerivativeError where the call has no such argument, or one is named twice.
    """

    def __init__(
        self,
        function: Callable[..., Any],
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        numbers: Sequence[int],
        kind: str,
    ) -> None:
        self.function = function
        self.args = args
        self.kwargs = kwargs
        self.kind = kind
        self.places = _places(numbers, len(args), kind)
        leaves, self.tree = flatten(tuple(args[i] for i in self.places))
        self.names = leaf_names(function, args, self.places)
        self.arrays = [lift(x, name) for x, name in zip(leaves, self.names, strict=True)]

    @property
    def values(self) -> list[Value]:
        return [x.value for x in self.arrays]

    def trace(self, *, has_aux: bool = False) -> Inner:
        """The function of the chosen leaves; the other arguments are captured."""
        return trace_inside(
            self.function, self._call, leaves_of(self.arrays, self.names),
            kind=self.kind, has_aux=has_aux,
        )  # fmt: skip

    def _call(self, traced: list[TracedArray]) -> Any:
        whole = list(self.args)
        for i, part in zip(self.places, unflatten(self.tree, traced), strict=True):
            whole[i] = part
        return self.function(*whole, **self.kwargs)

    def like_arguments(self, values: Sequence[Value]) -> tuple[Any, ...]:
        """Values of the leaves' types in the structure of the chosen arguments."""
        arrays = [wrap(v, x.weak) for v, x in zip(values, self.arrays, strict=True)]
        found: tuple[Any, ...] = unflatten(self.tree, arrays)
        return found


def _places(numbers: Sequence[int], count: int, kind: str) -> list[int]:
    for number in numbers:
        if not -count <= number < count:
            fail(
                DerivativeError,
                f"argnums has {number}, and the call has {count} positional arguments",
                op=kind,
                cure="pass what is differentiated by position",
            )
    places = [n % count for n in numbers]
    if len(set(places)) < len(places):
        fail(
            DerivativeError, f"argnums names an argument twice: {tuple(numbers)}", op=kind,
            cure="name each once",
        )  # fmt: skip
    return places
