"""Bits as elements, and membership: packbits, unpackbits, isin."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from jitflow.errors import DtypeError, ShapeError
from jitflow.ir.dtypes import bool_, u8
from jitflow.numpy.basics import (
    Array,
    as_array,
    broadcast,
    convert,
    emit,
    fail,
    full,
    full_like,
    normal_axis,
    truth,
)
from jitflow.numpy.reductions import any
from jitflow.numpy.registry import numpy_function, strong
from jitflow.numpy.shaping import moveaxis, ravel, reshaped
from jitflow.numpy.splitting import sliced
from jitflow.numpy.ufuncs import CALLS

_MANY = 64
"""From that many elements on they are sorted and searched."""


def _shifts(op: str, bitorder: str) -> Array:
    """How far each of eight bits is shifted."""
    if bitorder not in ("big", "little"):
        fail(ShapeError, f"bitorder is 'big' or 'little', not {bitorder!r}", op=op)
    order = np.arange(8, dtype=np.uint8)
    return as_array(order if bitorder == "little" else order[::-1].copy())


def _last(x: Array, axis: Any) -> tuple[Array, int]:
    """The axis at the end, and where it was; all elements in one axis where it is None."""
    if axis is None:
        return ravel(x), 0
    place = normal_axis("packbits", axis, x.type.rank)
    return moveaxis(x, place, -1), place


@numpy_function(np.packbits)
def packbits(a: Any, axis: Any = None, bitorder: str = "big") -> Array:
    """Eight elements in a byte, zeros behind the last."""
    x = as_array(a)
    if x.type.dtype.kind not in "biu":
        fail(DtypeError, "expected bool or integers", op="packbits", dtypes=[x.type.dtype])
    line, place = _last(convert(truth(x), u8), axis)
    *lead, extent = line.type.shape
    count = -(-extent // 8)
    high = (0,) * len(lead) + (8 * count - extent,)
    none = (0,) * line.type.rank
    padded = emit("pad", line, full((), 0, u8), low=none, high=high, interior=none)
    eights = reshaped(padded, (*lead, count, 8))
    shifts = broadcast(_shifts("packbits", bitorder), eights.type.shape)
    bits = emit("shift_left", eights, shifts)
    return moveaxis(emit("reduce_sum", bits, axes=(len(lead) + 1,)), -1, place)


@numpy_function(np.unpackbits)
def unpackbits(a: Any, axis: Any = None, count: Any = None, bitorder: str = "big") -> Array:
    """An element for each bit; `count` of them, cut off or with zeros behind."""
    x = as_array(a)
    if x.type.dtype is not u8:
        fail(DtypeError, "expected uint8", op="unpackbits", dtypes=[x.type.dtype])
    line, place = _last(x, axis)
    *lead, extent = line.type.shape
    shape = (*lead, extent, 8)
    bytes_ = broadcast(reshaped(line, (*lead, extent, 1)), shape)
    shifted = emit("shift_right", bytes_, broadcast(_shifts("unpackbits", bitorder), shape))
    flat = reshaped(CALLS[np.bitwise_and](shifted, np.uint8(1)), (*lead, 8 * extent))
    if count is not None:
        flat = _counted(flat, int(count))
    return moveaxis(flat, -1, place)


def _counted(x: Array, count: int) -> Array:
    *lead, extent = x.type.shape
    wanted = count if count >= 0 else extent + count
    if wanted <= extent:
        return sliced(x, len(lead), 0, wanted)
    none = (0,) * x.type.rank
    high = (*none[1:], wanted - extent)
    return emit("pad", x, full((), 0, u8), low=none, high=high, interior=none)


@numpy_function(np.isin)
def isin(
    element: Any,
    test_elements: Any,
    assume_unique: bool = False,
    invert: bool = False,
    kind: Any = None,
) -> Array:
    """NaN is in nothing."""
    found = is_among(strong(as_array(element)), strong(as_array(test_elements)))
    return emit("not", found) if invert else found


def is_among(x: Array, tested: Array) -> Array:
    """Which elements of x are among the others, which are searched if there are many."""
    line = ravel(tested)
    size = math.prod(line.type.shape)
    if size == 0:
        return full(x.type.shape, False, bool_)
    dtype = x.type.dtype
    if size < _MANY or dtype is not line.type.dtype or dtype.kind == "c":
        return any(CALLS[np.equal](reshaped(x, (*x.type.shape, 1)), line), -1)
    ordered, values = emit("sort", line), ravel(x)
    place = emit("searchsorted", ordered, values, side="left")
    nearest = emit("gather", ordered, emit("minimum", place, full_like(place, size - 1)))
    return reshaped(emit("eq", nearest, values), x.type.shape)
