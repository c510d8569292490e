"""NumPy's basic indexing: integers, slices, None and Ellipsis give a view, as in NumPy.

A view is at most three ops: `slice`, `reverse` for negative steps, and `reshape` for the axes that
integers take away and None adds.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from jitflow.errors import AxisError, ShapeError, TraceError
from jitflow.numpy.basics import Array, fail
from jitflow.numpy.shaping import reshaped
from jitflow.trace import OPERATORS, emit_view

_LATER = "choose with jnp.where, or name the argument in static_argnames"


def getitem(x: Array, key: Any) -> Array:
    """x[key]."""
    bounds: list[tuple[Any, Any, int]] = []
    shape: list[Any] = []
    reverse: list[int] = []
    for entry in _complete(x, key if type(key) is tuple else (key,)):
        axis = len(bounds)
        if entry is None:
            shape.append(1)
        elif type(entry) is slice and _is_whole(entry):
            bounds.append((0, x.type.shape[axis], 1))
            shape.append(x.type.shape[axis])
        elif type(entry) is slice:
            picked = range(_extent(x, axis))[_checked(entry)]
            bounds.append(_ascending(picked))
            shape.append(len(picked))
            if picked.step < 0 and len(picked) > 1:
                reverse.append(axis)
        else:
            index = _position(x, axis, entry)
            bounds.append((index, index + 1, 1))
    return _view(x, bounds, reverse, tuple(shape))


def _view(
    x: Array, bounds: list[tuple[Any, Any, int]], reverse: list[int], shape: tuple[Any, ...]
) -> Array:
    if any(span != (0, extent, 1) for span, extent in zip(bounds, x.type.shape, strict=True)):
        start, stop, step = zip(*bounds, strict=True)
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


def _is_whole(entry: slice) -> bool:
    return entry.start is None and entry.stop is None and entry.step is None


def _checked(entry: slice) -> slice:
    for bound in (entry.start, entry.stop, entry.step):
        if type(bound) is Array:
            fail(TraceError, "a slice with traced bounds comes later", cure=_LATER)
        if bound is not None and not hasattr(bound, "__index__"):
            fail(TraceError, f"the bounds of a slice are integers or None, got {bound!r}")
    if entry.step is not None and entry.step.__index__() == 0:
        fail(ShapeError, "slice step cannot be zero")
    return entry


def _extent(x: Array, axis: int) -> int:
    extent = x.type.shape[axis]
    if not isinstance(extent, int):
        fail(TraceError, "indexing an axis of unknown size comes later", shapes=[x.type])
    return extent


def _ascending(picked: range) -> tuple[int, int, int]:
    """(start, stop, step) with step >= 1 of the same indices; stop is right behind the last."""
    if not picked:
        return 0, 0, 1
    low, high = sorted((picked[0], picked[-1]))
    return low, high + 1, abs(picked.step) if len(picked) > 1 else 1


def _position(x: Array, axis: int, entry: Any) -> int:
    """An index counted from the front; AxisError outside the axis."""
    index, extent = entry.__index__(), _extent(x, axis)
    if not -extent <= index < extent:
        fail(
            AxisError,
            f"index {index} is out of bounds for axis {axis} with size {extent}",
            shapes=[x.type],
        )
    return index % extent


OPERATORS["getitem"] = getitem
