"""NumPy's basic indexing: integers, slices, None and Ellipsis give a view, as in NumPy.

A view is at most three ops: `slice`, `reverse` for negative steps, and `reshape` for the axes that
integers take away and None adds.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from jitflow.errors import AxisError, ShapeError, TraceError
from jitflow.ir.dims import bounds
from jitflow.ir.types import Dimension
from jitflow.numpy.basics import Array, fail
from jitflow.numpy.shaping import reshaped
from jitflow.trace import OPERATORS, emit_view

Span = tuple[Dimension, Dimension, int]
"""start, stop and step >= 1 of one axis."""

_LATER = "choose with jnp.where, or name the argument in static_argnames"


def getitem(x: Array, key: Any) -> Array:
    """x[key]."""
    spans: list[Span] = []
    shape: list[Dimension] = []
    reverse: list[int] = []
    for entry in _complete(x, key if type(key) is tuple else (key,)):
        axis = len(spans)
        if entry is None:
            shape.append(1)
        elif type(entry) is slice:
            span, extent, is_reversed = _range(x, axis, entry)
            spans.append(span)
            shape.append(extent)
            if is_reversed:
                reverse.append(axis)
        else:
            index = _position(x, axis, entry)
            spans.append((index, index + 1, 1))
    return _view(x, spans, reverse, tuple(shape))


def _view(x: Array, spans: list[Span], reverse: list[int], shape: tuple[Dimension, ...]) -> Array:
    if any(span != (0, extent, 1) for span, extent in zip(spans, x.type.shape, strict=True)):
        start, stop, step = zip(*spans, strict=True)
        x = emit_view("slice", x, start=start, stop=stop, step=step)
    if reverse:
        x = emit_view("reverse", x, axes=tuple(reverse))
    return reshaped(x, shape)


def _complete(x: Array, key: tuple[Any, ...]) -> list[Any]:
    """One entry for each axis, and the Nones between them; Ellipsis stands for what is missing."""
    for entry in key:
        _require_basic(x, entry)
    taken = sum(1 for entry in key if entry is not None and entry is not Ellipsis)
    dots = sum(1 for entry in key if entry is Ellipsis)
    if dots > 1:
        fail(AxisError, "an index has one Ellipsis ('...') at most", shapes=[x.type])
    missing = x.type.rank - taken
    if missing < 0:
        fail(
            AxisError,
            f"too many indices: the array has {x.type.rank} dimensions, and {taken} were indexed",
            shapes=[x.type],
        )
    rest = [slice(None)] * missing
    if not dots:
        return [*key, *rest]
    place = next(k for k, entry in enumerate(key) if entry is Ellipsis)
    return [*key[:place], *rest, *key[place + 1 :]]


def _require_basic(x: Array, entry: Any) -> None:
    if entry is None or entry is Ellipsis or type(entry) is slice:
        return
    if type(entry) is Array or isinstance(entry, (list, np.ndarray, bool, np.bool_)):
        kind = "a traced value" if type(entry) is Array else f"a {type(entry).__name__}"
        fail(TraceError, f"indexing with {kind} comes later", shapes=[x.type], cure=_LATER)
    if not hasattr(entry, "__index__"):
        fail(
            AxisError,
            f"an index is an integer, a slice, None or Ellipsis, got {type(entry).__name__}",
            shapes=[x.type],
        )


def _range(x: Array, axis: int, entry: slice) -> tuple[Span, Dimension, bool]:
    """What a slice takes in ascending order, how many, and whether they come in reverse."""
    extent = x.type.shape[axis]
    _require_bounds(entry)
    if entry.start is None and entry.stop is None and entry.step is None:
        return (0, extent, 1), extent, False
    if not isinstance(extent, int):
        return _symbolic_range(x, axis, entry)
    picked = range(extent)[entry]
    if not picked:
        return (0, 0, 1), 0, False
    low, high = sorted((picked[0], picked[-1]))
    step = abs(picked.step) if len(picked) > 1 else 1
    return (low, high + 1, step), len(picked), picked.step < 0 and len(picked) > 1


def _symbolic_range(x: Array, axis: int, entry: slice) -> tuple[Span, Dimension, bool]:
    """Of an axis whose size only the call knows: step 1, bounds that every size has."""
    if entry.step not in (None, 1):
        fail(TraceError, "a step on an axis of unknown size comes later", shapes=[x.type])
    start = 0 if entry.start is None else _place(x, axis, entry.start)
    stop = x.type.shape[axis] if entry.stop is None else _place(x, axis, entry.stop)
    if bounds(stop - start)[0] < 0:
        fail(TraceError, f"the slice {start}:{stop} may be empty or not", shapes=[x.type])
    return (start, stop, 1), stop - start, False


def _place(x: Array, axis: int, bound: Any) -> Dimension:
    """A bound counted from the front of an axis that has it at every size."""
    extent, number = x.type.shape[axis], bound.__index__()
    if abs(number) > bounds(extent)[0]:
        fail(TraceError, f"an axis of size {extent} may not reach {number}", shapes=[x.type])
    return number if number >= 0 else extent + number


def _require_bounds(entry: slice) -> None:
    for bound in (entry.start, entry.stop, entry.step):
        if type(bound) is Array:
            fail(TraceError, "a slice with traced bounds comes later", cure=_LATER)
        if bound is not None and not hasattr(bound, "__index__"):
            fail(TraceError, f"the bounds of a slice are integers or None, got {bound!r}")
    if entry.step is not None and entry.step.__index__() == 0:
        fail(ShapeError, "slice step cannot be zero")


def _position(x: Array, axis: int, entry: Any) -> Dimension:
    """An index counted from the front; AxisError outside the axis."""
    index, extent = entry.__index__(), x.type.shape[axis]
    if not isinstance(extent, int):
        return _place(x, axis, index if index < 0 else index + 1) - (index >= 0)
    if not -extent <= index < extent:
        fail(
            AxisError,
            f"index {index} is out of bounds for axis {axis} with size {extent}",
            shapes=[x.type],
        )
    return index % extent


OPERATORS["getitem"] = getitem
