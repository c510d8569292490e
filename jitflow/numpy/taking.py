"""Elements by arrays of indices: take, take_along_axis, choose, compress, extract."""

from __future__ import annotations

from typing import Any

import numpy as np

from jitflow.errors import AxisError, ShapeError, TraceError
from jitflow.ir.dtypes import i64
from jitflow.ir.types import Dimension, Shape, TensorType
from jitflow.numpy.basics import (
    Array,
    as_array,
    broadcast,
    broadcast_shapes,
    common_dtype,
    convert,
    emit,
    emit_check,
    fail,
    full,
    full_like,
    normal_axis,
    operand,
    shape_of,
    spread,
)
from jitflow.numpy.index_arrays import constant_array, in_range
from jitflow.numpy.indexing import gather, moved_in
from jitflow.numpy.known import known
from jitflow.numpy.registry import numpy_function
from jitflow.numpy.shaping import ravel
from jitflow.numpy.ufuncs import CALLS
from jitflow.trace import METHODS
from jitflow.trace.checks import WRONG_VALUE


def index_array(op: str, indices: Any) -> Array:
    """Integers as a traced array; a list is a constant."""
    if isinstance(indices, (list, tuple)) and len(indices) == 0:
        return constant_array(np.zeros(0, np.int64))
    x = as_array(indices)
    if x.type.dtype.kind not in "iu":
        fail(AxisError, "indices must be integers", op=op, dtypes=[x.type.dtype])
    return x


def placed(op: str, index: Array, axis: int, extent: Dimension, mode: Any) -> Array:
    """Indices within an axis, by what NumPy's mode does with those outside: raise, wrap, clip."""
    if extent == 0 and 0 not in index.type.shape:
        fail(AxisError, "cannot do a non-empty take from an empty axes.", op=op)
    if mode in ("raise", 0):
        return in_range(index, axis, extent)
    index = convert(index, i64)
    if mode in ("clip", 2):
        low = emit("maximum", index, full_like(index, 0))
        return emit("minimum", low, full_like(index, extent - 1))
    if mode in ("wrap", 1):
        return CALLS[np.remainder](index, extent)
    fail(ShapeError, f"mode is 'raise', 'wrap' or 'clip', got {mode!r}", op=op)


@numpy_function(np.take, method="take")
def take(a: Any, indices: Any, axis: Any = None, mode: Any = "raise") -> Array:
    """a[..., indices, ...], with the index arrays in the place of the axis."""
    x = as_array(a)
    if axis is None:
        x, axis = ravel(x), 0
    place = normal_axis("take", axis, x.type.rank)
    index = placed("take", index_array("take", indices), place, x.type.shape[place], mode)
    order = [place, *(k for k in range(x.type.rank) if k != place)]
    shape = index.type.shape
    return moved_in(gather(x, order, [index], shape), len(shape), place)


def along_axis(op: str, x: Array, indices: Any, axis: int) -> tuple[list[Array], Shape]:
    """An index array for each axis, in the common shape of `indices` and of x off the axis."""
    index = index_array(op, indices)
    if index.type.rank != x.type.rank:
        fail(
            ShapeError,
            "`indices` and `arr` must have the same number of dimensions",
            op=op,
            shapes=[x.type, index.type],
        )
    other = (*x.type.shape[:axis], 1, *x.type.shape[axis + 1 :])
    shape = broadcast_shapes(op, [other, index.type.shape])
    index = in_range(index, axis, x.type.shape[axis])
    every = []
    for k, extent in enumerate(x.type.shape):
        if k == axis:
            every.append(broadcast(index, shape))
        elif extent == 1:
            every.append(full(shape, 0, i64))
        else:
            every.append(emit("iota", type=TensorType(i64, shape), axis=k))
    return every, shape


@numpy_function(np.take_along_axis)
def take_along_axis(arr: Any, indices: Any, axis: Any = -1) -> Array:
    x = as_array(arr)
    if axis is None:
        x, axis = ravel(x), 0
    place = normal_axis("take_along_axis", axis, x.type.rank)
    every, _ = along_axis("take_along_axis", x, indices, place)
    return emit("gather", x, *every)


@numpy_function(np.choose, method="choose")
def choose(a: Any, choices: Any, mode: Any = "raise") -> Array:
    """choices[a] element by element."""
    index = index_array("choose", a)
    listed = [choices[k] for k in range(len(choices))]
    if not listed:
        fail(ShapeError, "needs one choice or more", op="choose")
    values = [operand(choice) for choice in listed]
    if mode in ("raise", 0):
        index = _valid_choice(index, len(values))
    else:
        index = placed("choose", index, 0, len(values), mode)
    dtype = common_dtype(values)
    shape = broadcast_shapes("choose", [shape_of(v) for v in (index, *values)])
    index = broadcast(index, shape)
    result = spread(values[-1], shape, dtype)
    for k in reversed(range(len(values) - 1)):
        is_chosen = emit("eq", index, full_like(index, k))
        result = emit("select", is_chosen, spread(values[k], shape, dtype), result)
    return result


def _valid_choice(index: Array, count: int) -> Array:
    """Unlike other indices, choices do not count from the end."""
    index = convert(index, i64)
    fits = emit(
        "and", emit("ge", index, full_like(index, 0)), emit("lt", index, full_like(index, count))
    )
    every = tuple(range(index.type.rank))
    emit_check(
        emit("reduce_all", fits, axes=every) if every else fits,
        f"{WRONG_VALUE}invalid entry in choice array, which chooses among {count}",
    )
    return index


@numpy_function(np.compress)
def compress(condition: Any, a: Any, axis: Any = None) -> Array:
    """The elements along the axis where a known condition holds."""
    flags = _known_flags("compress", condition)
    if flags.ndim != 1:
        fail(ShapeError, "condition must be a 1-d array", op="compress")
    return take(a, np.flatnonzero(flags), axis)


@numpy_function(np.extract)
def extract(condition: Any, arr: Any) -> Array:
    flags = _known_flags("extract", condition)
    return take(arr, np.flatnonzero(flags))


METHODS["compress"] = lambda x, condition, axis=None: compress(condition, x, axis)


def _known_flags(op: str, condition: Any) -> np.ndarray[Any, Any]:
    flags = known(condition) if type(condition) is Array else np.asarray(condition)
    if flags is None:
        fail(
            TraceError,
            "the shape of the result depends on the elements of the condition, which are not known",
            op=op,
            cure="choose with jnp.where(condition, x, 0)",
        )
    return flags
