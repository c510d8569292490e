"""Index arrays: as i64 that count from the front, in range now or checked when the call runs."""

from __future__ import annotations

from typing import Any, NoReturn

import numpy as np

from jitflow.errors import AxisError, TraceError
from jitflow.ir.dense import Dense
from jitflow.ir.dtypes import DType, i32, i64
from jitflow.ir.types import Dimension, TensorType
from jitflow.numpy.basics import Array, convert, emit, emit_check, fail, full_like
from jitflow.numpy.known import known
from jitflow.trace import detach, lift
from jitflow.trace.checks import INDEX_OUT_OF_BOUNDS

_MOST_IN_CODE = 256
"""Elements of a known index array that is a constant of the code."""

_MOST_IN_32_BITS = (1 << 31) - 1

_LATER = "choose with jnp.where, or name the argument in static_argnames"


def constant_array(array: np.ndarray[Any, Any]) -> Array:
    """An array that is part of the code, or a hidden input where it is large."""
    if array.size > _MOST_IN_CODE:
        return detach(lift(array))
    data = Dense(array)
    return emit("constant", value=data, type=TensorType(data.dtype, array.shape))


def in_range(index: Array, axis: int, extent: Dimension) -> Array:
    """Integers as i64 counted from the front; one outside is an IndexError, now or in the call."""
    if not isinstance(extent, int):
        fail(TraceError, f"indices into an axis of size {extent} come later", cure=_LATER)
    value = known(index)
    if value is not None:
        _require_range(value, axis, extent)
        index = convert(index, i64)
        return _from_front(index, extent) if (value < 0).any() else index
    if extent == 0 and 0 not in index.type.shape:
        _refuse_index(0, axis, extent)
    source = index.type.dtype
    counts_up = not source.is_signed and source.bits < i64.bits
    if counts_up and 1 << source.bits <= extent:
        return convert(index, i64)
    index = convert(index, counting_dtype(source, extent))
    fits = emit("lt", index, full_like(index, extent))
    if not counts_up:
        fits = emit("and", emit("ge", index, full_like(index, -extent)), fits)
    every = tuple(range(index.type.rank))
    message = f"{INDEX_OUT_OF_BOUNDS} for axis {axis} with size {extent}"
    emit_check(emit("reduce_all", fits, axes=every) if every else fits, message)
    if every and extent <= _MOST_IN_32_BITS:
        index = convert(index, i32)  # of an index that fits, this is what there is of it
    return convert(index if counts_up else _from_front(index, extent), i64)


def counting_dtype(source: DType, extent: int) -> DType:
    """i32 where it holds both the indices and the extent: registers have more lanes of it."""
    is_narrow = source.bits < i32.bits or source is i32
    return i32 if is_narrow and extent <= _MOST_IN_32_BITS else i64


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
