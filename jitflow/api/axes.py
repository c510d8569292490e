"""Which axis of each leaf: the trees of ints and None that `vmap` takes, and axes that move."""

from __future__ import annotations

from typing import Any

from jitflow.errors import AxisError, TraceError, described
from jitflow.trace.arrays import TracedArray
from jitflow.trace.containers import kind_of
from jitflow.trace.emit import emit
from jitflow.trace.pytree import flatten
from jitflow.trace.source import fail

Axes = int | tuple[Any, ...] | list[Any] | dict[Any, Any] | None


def spread(axes: Any, tree: Any, option: str) -> list[int | None]:
    """The axis of each leaf of `tree`: one that stands above a leaf counts for all below it.

    Raises TraceError where `axes` has another structure than the top of the tree.
    """
    if axes is None or type(axes) is int:
        return [axes] * flatten(tree)[1].leaf_count
    kind, found = kind_of(type(axes)), kind_of(type(tree))
    if kind is None:
        fail(
            TraceError, f"{option} takes ints, None, and containers of them, got {axes!r}",
            op="vmap",
        )  # fmt: skip
    parts, data = kind.flatten(axes)
    rest, other = found.flatten(tree) if found is not None else ((), None)
    if found is not kind or data != other or len(parts) != len(rest):
        fail(
            TraceError,
            f"{option} has {described(axes)} of {len(parts)} where there is {_shown(tree)}",
            op="vmap",
            cure="give one axis for all below, or the structure itself",
        )
    pairs = zip(parts, rest, strict=True)
    return [axis for part, below in pairs for axis in spread(part, below, option)]


def _shown(tree: Any) -> str:
    kind = kind_of(type(tree))
    if kind is None:
        return "an array"
    return f"{described(tree)} of {len(kind.flatten(tree)[0])}"


def to_front(x: TracedArray, axis: int, name: str) -> TracedArray:
    """The array with this axis as its first; AxisError where it has none such."""
    at = _within(axis, x.type.rank, name, x)
    return _permuted(x, (at, *(k for k in range(x.type.rank) if k != at)))


def from_front(x: TracedArray, axis: int, name: str) -> TracedArray:
    """The array with its first axis as this one."""
    at = _within(axis, x.type.rank, name, x)
    rest = list(range(1, x.type.rank))
    return _permuted(x, (*rest[:at], 0, *rest[at:]))


def _permuted(x: TracedArray, axes: tuple[int, ...]) -> TracedArray:
    if axes == tuple(range(len(axes))):
        return x
    moved: TracedArray = emit("transpose", x, axes=axes)
    return moved


def _within(axis: int, rank: int, name: str, x: TracedArray) -> int:
    if not -rank <= axis < rank:
        fail(AxisError, f"{name} has no axis {axis}", op="vmap", shapes=[x.type])
    return axis % rank
