"""What stands between the brackets of x[...]: one part for each axis, as NumPy reads it.

Owns the kinds of parts, and which integers are in range: found now, or checked when the call runs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NoReturn

import numpy as np

from jitflow.errors import AxisError, ShapeError, TraceError
from jitflow.ir.dense import Dense
from jitflow.ir.dims import bounds
from jitflow.ir.dtypes import i64
from jitflow.ir.types import Dimension, TensorType
from jitflow.numpy.basics import Array, convert, emit, emit_check, fail, full_like
from jitflow.numpy.known import known
from jitflow.numpy.shaping import reshaped
from jitflow.trace import detach, lift
from jitflow.trace.checks import INDEX_OUT_OF_BOUNDS

_MOST_IN_CODE = 256
"""Elements of a known index array that is a constant of the code."""

_LATER = "choose with jnp.where, or name the argument in static_argnames"


class New:
    """None: an axis of size 1."""


@dataclass(frozen=True)
class Fixed:
    """An integer known now, counted from the front."""

    axis: int
    position: Dimension


@dataclass(frozen=True)
class Span:
    """A slice in ascending order: `extent` elements from start to stop; perhaps in reverse."""

    axis: int
    start: Dimension
    stop: Dimension
    step: int
    extent: Dimension
    is_reversed: bool

    @property
    def limits(self) -> tuple[Dimension, Dimension, int]:
        return self.start, self.stop, self.step


@dataclass(frozen=True)
class Taken:
    """Integers that are arrays, or traced: i64, and all of them in range."""

    axis: int
    index: Array

    @property
    def is_scalar(self) -> bool:
        return not self.index.type.shape


@dataclass(frozen=True)
class Masked:
    """A bool array whose elements are not known, for as many axes as it has."""

    axis: int
    mask: Array


Part = New | Fixed | Span | Taken | Masked
_NEW = New()


def is_basic(parts: Sequence[Part]) -> bool:
    """Whether NumPy gives a view for these parts."""
    return not any(
        isinstance(part, Masked) or isinstance(part, Taken) and not part.is_scalar
        for part in parts
    )


def read_key(x: Array, key: Any) -> tuple[Array, list[Part]]:
    """x, with an axis more for each bool among the parts, and the parts of the key."""
    entries = [_entry(x, entry) for entry in (key if type(key) is tuple else (key,))]
    entries = _with_rest(x, entries)
    parts: list[Part] = []
    axis = 0
    for entry in entries:
        if type(entry) is bool:
            x = reshaped(x, (*x.type.shape[:axis], 1, *x.type.shape[axis:]))
        found = _parts_of(x, axis, entry)
        axis += sum(_taken(part) for part in found)
        parts += found
    return x, parts


def _taken(part: Part) -> int:
    """How many axes a part is about."""
    if isinstance(part, New):
        return 0
    return part.mask.type.rank if isinstance(part, Masked) else 1


def _entry(x: Array, entry: Any) -> Any:
    """None, Ellipsis, a slice, a Python integer or bool, a known mask, or a traced array."""
    if entry is None or entry is Ellipsis or type(entry) is slice:
        return entry
    if isinstance(entry, (bool, np.bool_)):
        return bool(entry)
    if type(entry) is Array:
        return _known_entry(x, entry)
    if isinstance(entry, np.ndarray) and entry.dtype == np.bool_:
        _freeze(entry)
        return entry if entry.ndim else bool(entry)
    if isinstance(entry, np.ndarray):
        return _index_array(x, lift(entry))
    if isinstance(entry, (list, tuple)):
        return _listed(x, entry)
    if not hasattr(entry, "__index__"):
        fail(
            AxisError,
            "an index is an integer, a slice, None, Ellipsis, or an array of integers or bool, got "
            f"{type(entry).__name__}",
            shapes=[x.type],
        )
    return entry.__index__()


def _known_entry(x: Array, entry: Array) -> Any:
    """A traced number of bool, where it is known, as Python's; else a mask without axes."""
    if entry.type.shape or entry.type.dtype.kind != "b":
        return _index_array(x, entry)
    value = known(entry)
    return entry if value is None else bool(value)


def _listed(x: Array, entry: Any) -> Any:
    """A list of integers or bool, which is known unless it holds traced values."""
    try:
        array = np.asarray(entry) if len(entry) else np.zeros((0,), np.int64)
    except (TraceError, ValueError):
        return _index_array(x, lift(entry))
    if array.dtype == object:
        return _index_array(x, lift(entry))
    _require_integers(x, array.dtype)
    return array if array.dtype == np.bool_ else constant_array(array)


def constant_array(array: np.ndarray[Any, Any]) -> Array:
    """An array that is part of the code, or a hidden input where it is large."""
    if array.size > _MOST_IN_CODE:
        return detach(lift(array))
    data = Dense(array)
    return emit("constant", value=data, type=TensorType(data.dtype, array.shape))


def _freeze(mask: np.ndarray[Any, Any]) -> None:
    """A captured mask decides about a shape, so that a call with another one fails."""
    before, now = constant_array(mask.copy()), lift(mask)
    same = emit("reduce_all", emit("eq", before, now), axes=tuple(range(mask.ndim)))
    emit_check(same, "a captured mask has other elements now than when the function was traced")


def _index_array(x: Array, index: Array) -> Array:
    _require_integers(x, index.dtype)
    return index


def _require_integers(x: Array, dtype: np.dtype[Any]) -> None:
    if dtype.kind not in "biu":
        fail(
            AxisError,
            "arrays used as indices must be of integer (or boolean) type",
            shapes=[x.type],
            dtypes=[dtype],
            cure="convert them first, as in i.astype(int)",
        )


def _with_rest(x: Array, entries: list[Any]) -> list[Any]:
    """Entries for all axes: Ellipsis stands for what is missing."""
    taken = sum(map(_axes_of, entries))
    dots = [k for k, entry in enumerate(entries) if entry is Ellipsis]
    if len(dots) > 1:
        fail(AxisError, "an index has one Ellipsis ('...') at most", shapes=[x.type])
    missing = x.type.rank - taken
    if missing < 0:
        fail(
            AxisError,
            f"too many indices: the array has {x.type.rank} dimensions, and {taken} were indexed",
            shapes=[x.type],
        )
    rest: list[Any] = [slice(None)] * missing
    at = dots[0] if dots else len(entries)
    return [*entries[:at], *rest, *entries[at + 1 :]]


def _axes_of(entry: Any) -> int:
    if entry is None or entry is Ellipsis or type(entry) is bool:
        return 0
    if type(entry) is Array and entry.type.dtype.kind == "b":
        return entry.type.rank
    return entry.ndim if isinstance(entry, np.ndarray) else 1


def _parts_of(x: Array, axis: int, entry: Any) -> list[Part]:
    if entry is None:
        return [_NEW]
    if type(entry) is slice:
        return [_span(x, axis, entry)]
    if type(entry) is bool:
        return [Taken(axis, constant_array(np.zeros(int(entry), np.int64)))]
    if isinstance(entry, np.ndarray):
        _require_fit(x, axis, entry.shape)
        return _of_known_mask(axis, entry)
    if type(entry) is not Array:
        return [Fixed(axis, _position(x, axis, entry))]
    if entry.type.dtype.kind == "b":
        return _of_mask(x, axis, entry)
    return [Taken(axis, in_range(entry, axis, x.type.shape[axis]))]


def _of_mask(x: Array, axis: int, mask: Array) -> list[Part]:
    _require_fit(x, axis, mask.type.shape)
    value = known(mask)
    return [Masked(axis, mask)] if value is None else _of_known_mask(axis, value)


def _of_known_mask(axis: int, mask: np.ndarray[Any, Any]) -> list[Part]:
    """Where the mask is true, as an index array for each of its axes."""
    places = np.nonzero(mask)
    return [Taken(axis + k, constant_array(place)) for k, place in enumerate(places)]


def _require_fit(x: Array, axis: int, shape: Sequence[Any]) -> None:
    for k, extent in enumerate(shape):
        if extent != x.type.shape[axis + k]:
            fail(
                AxisError,
                f"boolean index did not match indexed array along axis {axis + k}; size of axis is"
                f" {x.type.shape[axis + k]} but size of corresponding boolean axis is {extent}",
                shapes=[x.type, list(shape)],
            )


def refuse_count(x: Array, mask: Array) -> NoReturn:
    """Of x[mask] in a place where its shape must be known."""
    fail(
        TraceError,
        "the shape of x[mask] depends on the elements of the mask, which are not known yet",
        shapes=[x.type, mask.type],
        cure="choose with jnp.where(mask, x, 0), or write x[mask] = v",
    )


def in_range(index: Array, axis: int, extent: Dimension) -> Array:
    """Integers as i64 counted from the front; one outside is an IndexError, now or in the call."""
    if not isinstance(extent, int):
        fail(TraceError, f"indices into an axis of size {extent} come later", cure=_LATER)
    value = known(index)
    if value is not None:
        _require_range(value, axis, extent)
        if value.size <= _MOST_IN_CODE:
            value = value.astype(np.int64)
            return constant_array(np.where(value < 0, value + extent, value))
        return _from_front(convert(index, i64), extent) if value.min() < 0 else convert(index, i64)
    if extent == 0 and 0 not in index.type.shape:
        _refuse_index(0, axis, extent)
    index = convert(index, i64)
    limit = full_like(index, extent)
    fits = emit("and", emit("ge", index, full_like(index, -extent)), emit("lt", index, limit))
    every = tuple(range(index.type.rank))
    message = f"{INDEX_OUT_OF_BOUNDS} for axis {axis} with size {extent}"
    emit_check(emit("reduce_all", fits, axes=every) if every else fits, message)
    return _from_front(index, extent)


def _from_front(index: Array, extent: int) -> Array:
    """Negative indices count from the end."""
    is_negative = emit("lt", index, full_like(index, 0))
    return emit("select", is_negative, emit("add", index, full_like(index, extent)), index)


def _require_range(value: np.ndarray[Any, Any], axis: int, extent: int) -> None:
    wrong = (value < -extent) | (value >= extent)
    if wrong.any():
        _refuse_index(value[wrong].flat[0], axis, extent)


def _refuse_index(index: Any, axis: int, extent: Dimension) -> NoReturn:
    fail(AxisError, f"index {index} is out of bounds for axis {axis} with size {extent}")


# Slices and integers that are known.


def _span(x: Array, axis: int, entry: slice) -> Span:
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


def _position(x: Array, axis: int, index: int) -> Dimension:
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
