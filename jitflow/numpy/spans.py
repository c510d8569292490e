"""Slices and integers of a key that are known: which elements of an axis they take."""

from __future__ import annotations

from typing import Any

from jitflow.errors import AxisError, ShapeError, TraceError
from jitflow.ir.dims import bounds
from jitflow.ir.types import Dimension
from jitflow.numpy.basics import Array, fail
from jitflow.numpy.key_parts import Span
from jitflow.numpy.known import known


def span(x: Array, axis: int, entry: slice) -> Span:
    """What a slice takes in ascending order, how many, and whether they come in reverse."""
    extent = x.type.shape[axis]
    entry = _with_numbers(entry)
    if entry == slice(None):
        return Span(axis, 0, extent, 1, extent, False)
    if not isinstance(extent, int):
        return _symbolic_span(x, axis, entry)
    picked = range(extent)[entry]
    if not picked:
        return Span(axis, 0, 0, 1, 0, False)
    low, high = sorted((picked[0], picked[-1]))
    step = abs(picked.step) if len(picked) > 1 else 1
    return Span(axis, low, high + 1, step, len(picked), picked.step < 0 and len(picked) > 1)


def _symbolic_span(x: Array, axis: int, entry: slice) -> Span:
    """Of an axis whose size only the call knows: step 1, bounds that every size has."""
    if entry.step not in (None, 1):
        fail(TraceError, "a step on an axis of unknown size comes later", shapes=[x.type])
    start = 0 if entry.start is None else _place(x, axis, entry.start)
    stop = x.type.shape[axis] if entry.stop is None else _place(x, axis, entry.stop)
    if bounds(stop - start)[0] < 0:
        fail(TraceError, f"the slice {start}:{stop} may be empty or not", shapes=[x.type])
    return Span(axis, start, stop, 1, stop - start, False)


def _place(x: Array, axis: int, number: int) -> Dimension:
    """A bound counted from the front of an axis that has it at every size."""
    extent = x.type.shape[axis]
    if abs(number) > bounds(extent)[0]:
        fail(TraceError, f"an axis of size {extent} may not reach {number}", shapes=[x.type])
    return number if number >= 0 else extent + number


def _with_numbers(entry: slice) -> slice:
    """The slice with Python integers; bounds that are computed from constants are known."""
    found = slice(*map(_bound, (entry.start, entry.stop, entry.step)))
    if found.step == 0:
        fail(ShapeError, "slice step cannot be zero")
    return found


def _bound(bound: Any) -> int | None:
    if bound is None:
        return None
    if type(bound) is Array:
        value = known(bound) if not bound.type.shape and bound.type.dtype.kind in "iu" else None
        if value is None:
            fail(
                TraceError,
                "the bounds of a slice decide about a shape and cannot be traced values",
                shapes=[bound.type],
                cure="take x[i + jnp.arange(n)] for n elements from i on, or use static_argnames",
            )
        return int(value)
    if not hasattr(bound, "__index__"):
        fail(TraceError, f"the bounds of a slice are integers or None, got {bound!r}")
    return int(bound.__index__())


def position(x: Array, axis: int, index: int) -> Dimension:
    """An index counted from the front; AxisError outside the axis."""
    extent = x.type.shape[axis]
    if not isinstance(extent, int):
        return _place(x, axis, index if index < 0 else index + 1) - (index >= 0)
    if not -extent <= index < extent:
        fail(
            AxisError,
            f"index {index} is out of bounds for axis {axis} with size {extent}",
            shapes=[x.type],
        )
    return index % extent
