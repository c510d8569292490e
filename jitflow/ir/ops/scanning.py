"""Scans that rules of rows write: every prefix of a line combined, whatever the combination is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from jitflow.errors import ShapeError

State = tuple[Any, ...]
"""Arrays of one shape that a scan combines together."""


def scan(
    b: Any, state: State, combine: Callable[[State, State], State], axis: int, reverse: bool
) -> State:
    """The cumulative combination, by steps of 1, 2, 4, ..: Hillis and Steele, 1986."""
    extent = state[0].type.shape[axis]
    if not isinstance(extent, int):
        raise ShapeError(f"a scan along {extent} needs a static size")
    if reverse:
        state = tuple(b.reverse(x, axes=(axis,)) for x in state)
    step = 1
    while step < extent:
        before = [_part(b, x, axis, 0, extent - step) for x in state]
        after = [_part(b, x, axis, step, extent) for x in state]
        both = combine(tuple(before), tuple(after))
        heads = [_part(b, x, axis, 0, step) for x in state]
        state = tuple(b.concatenate(h, x, axis=axis) for h, x in zip(heads, both, strict=True))
        step *= 2
    return tuple(b.reverse(x, axes=(axis,)) for x in state) if reverse else state


def _part(b: Any, x: Any, axis: int, start: int, stop: int) -> Any:
    """Elements start to stop along the axis."""
    low, high = [0] * x.type.rank, list(x.type.shape)
    low[axis], high[axis] = start, stop
    return b.slice(x, start=tuple(low), stop=tuple(high), step=(1,) * x.type.rank)
