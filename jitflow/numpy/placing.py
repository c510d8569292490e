"""Functions that write into their first argument, which is an array of the trace."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from jitflow.errors import DtypeError, ShapeError
from jitflow.ir.dtypes import i64
from jitflow.numpy.basics import (
    Array,
    as_array,
    broadcast,
    broadcast_shapes,
    convert,
    emit,
    fail,
    full_like,
    normal_axis,
    truth,
)
from jitflow.numpy.registry import numpy_function
from jitflow.numpy.shaping import reshaped
from jitflow.numpy.taking import along_axis, index_array, placed
from jitflow.numpy.ufuncs import CALLS
from jitflow.trace import converted, fitted, require_writable, write


def _target(a: Any) -> Array:
    x = as_array(a)
    require_writable(x)
    return x


def _flat(x: Array) -> Array:
    return x if x.type.rank == 1 else emit("reshape", x, shape=(math.prod(x.type.shape),))


def _write_flat(x: Array, flat: Array) -> None:
    write(x, emit("reshape", flat, shape=x.type.shape))


@numpy_function(np.put, method="put")
def put(a: Any, ind: Any, v: Any, mode: Any = "raise") -> None:
    """a.flat[ind] = v, the values repeated as often as needed."""
    x = _target(a)
    index = _flat(index_array("put", ind))
    values = _flat(converted(as_array(v), x.type.dtype))
    count = index.type.shape[0]
    if count == 0 or values.type.shape == (0,):
        return
    flat = _flat(x)
    index = placed("put", index, 0, flat.type.shape[0], mode)
    _write_flat(x, emit("scatter", flat, _cycled(values, count), index))


def _cycled(values: Array, count: int) -> Array:
    """The first `count` values of a vector repeated without end."""
    size = values.type.shape[0]
    if size >= count:
        return emit("slice", values, start=(0,), stop=(count,), step=(1,))
    if size == 1:
        return broadcast(values, (count,))
    number = emit("iota", type=values.type.with_shape((count,)).with_dtype(i64), axis=0)
    return emit("gather", values, CALLS[np.remainder](number, size))


@numpy_function(np.putmask)
def putmask(a: Any, mask: Any, values: Any) -> None:
    """a.flat[k] = values[k % size] where the mask holds at k."""
    x = _target(a)
    flag = truth(as_array(mask))
    if flag.type.size != x.type.size:
        fail(ShapeError, "mask and data must be the same size", op="putmask", shapes=[x.type.shape])
    flag = reshaped(flag, x.type.shape)
    new = _flat(converted(as_array(values), x.type.dtype))
    if new.type.shape != (0,):
        new = emit("reshape", _cycled(new, math.prod(x.type.shape)), shape=x.type.shape)
        write(x, emit("select", flag, new, x))


@numpy_function(np.place)
def place(arr: Any, mask: Any, vals: Any) -> None:
    """arr[mask] = vals, the values repeated as often as needed."""
    x = _target(arr)
    flag, new = _flat(truth(as_array(mask))), _flat(converted(as_array(vals), x.type.dtype))
    flat = _flat(x)
    if flag.type.shape != flat.type.shape:
        fail(ShapeError, "place: mask and data must be the same size", op="place")
    if new.type.shape == (0,):
        fail(ShapeError, "Cannot insert from an empty array!", op="place")
    number = emit("cumsum", convert(flag, i64), axis=0)
    number = emit("sub", number, full_like(number, 1))
    chosen = emit("gather", new, CALLS[np.remainder](number, new.type.shape[0]))
    _write_flat(x, emit("select", flag, chosen, flat))


@numpy_function(np.copyto)
def copyto(dst: Any, src: Any, casting: str = "same_kind", where: Any = True) -> None:
    x, new = _target(dst), as_array(src)
    if not _can_cast(new, x.dtype, casting):
        fail(
            DtypeError,
            f"cannot cast from {new.dtype} to {x.dtype} according to the rule '{casting}'",
            op="copyto",
        )
    if where is True:
        write(x, new)
        return
    new = fitted(new, x.type.dtype, x.type.shape)
    mask = truth(as_array(where))
    shapes = [mask.type.shape, x.type.shape]
    if broadcast_shapes("copyto", shapes) != x.type.shape:
        fail(ShapeError, "the mask does not broadcast to the array", op="copyto", shapes=shapes)
    write(x, emit("select", broadcast(mask, x.type.shape), new, x))


def _can_cast(new: Array, dtype: np.dtype[Any], casting: Any) -> bool:
    """By NumPy's rule; a Python number fits each dtype of its kind or of a later one."""
    if new.weak and casting != "unsafe":
        return dtype.kind in _HOLD[new.type.dtype.kind]
    return np.can_cast(new.dtype, dtype, casting)


_HOLD = {"b": "biufc", "i": "iufc", "f": "fc", "c": "c"}
"""Kinds of dtypes that hold Python's numbers."""


@numpy_function(np.put_along_axis)
def put_along_axis(arr: Any, indices: Any, values: Any, axis: Any) -> None:
    x = _target(arr)
    whole = x
    if axis is None:
        whole, axis = _flat(x), 0
    at = normal_axis("put_along_axis", axis, whole.type.rank)
    every, shape = along_axis("put_along_axis", whole, indices, at)
    new = fitted(as_array(values), x.type.dtype, shape)
    result = emit("scatter", whole, new, *every)
    write(x, result if whole is x else emit("reshape", result, shape=x.type.shape))


@numpy_function(np.fill_diagonal)
def fill_diagonal(a: Any, val: Any, wrap: bool = False) -> None:
    """a[i, i, ...] = val, values repeated as often as needed."""
    x = _target(a)
    shape = x.type.shape
    if len(shape) < 2:
        fail(ShapeError, "array must be at least 2-d", op="fill_diagonal", shapes=[x.type])
    if len(shape) > 2 and len(set(shape)) > 1:
        fail(ShapeError, "All dimensions of input must be of equal length", op="fill_diagonal")
    size = math.prod(shape)
    if len(shape) == 2:
        step = shape[1] + 1
        stop = size if wrap else min(size, shape[1] * shape[1])
    else:
        step, stop = 1 + sum(math.prod(shape[:k]) for k in range(1, len(shape))), size
    flat = _flat(x)
    count = len(range(0, stop, step))
    if count == 0:
        return
    new = _cycled(_flat(converted(as_array(val), x.type.dtype)), count)
    _write_flat(x, emit("update", flat, new, start=(0,), step=(step,)))
