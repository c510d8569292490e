"""Sorting and searching: sort, argsort, partition, lexsort, searchsorted, digitize.

Every sort is stable, so that a partition is a sort as well.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from jitflow.errors import ArgumentError, AxisError, DtypeError, ShapeError, TraceError
from jitflow.ir.dtypes import i64
from jitflow.numpy.basics import (
    Array,
    as_array,
    common_dtype,
    convert,
    emit,
    emit_check,
    fail,
    normal_axis,
)
from jitflow.numpy.choosing import where
from jitflow.numpy.reductions import all
from jitflow.numpy.registry import numpy_function, strong
from jitflow.numpy.shaping import flip, moveaxis, reshaped
from jitflow.numpy.ufuncs import CALLS
from jitflow.trace import METHODS, OPERATORS
from jitflow.trace.checks import WRONG_VALUE

_KINDS = (None, "quicksort", "mergesort", "heapsort", "stable", "introselect")


def _along(row: str, a: Any, axis: Any, kind: Any, order: Any) -> Array:
    """A row that works along the last axis, along another one, or on all elements."""
    x = as_array(a)
    if order is not None:
        fail(ArgumentError, "order= names fields, which arrays here do not have", op=row)
    if kind not in _KINDS:
        fail(ArgumentError, f"kind is one of {_KINDS[1:]}, not {kind!r}", op=row)
    if axis is None:
        x, axis = reshaped(x, (math.prod(x.type.shape),)), -1
    place = normal_axis(row, axis, x.type.rank)
    return moveaxis(emit(row, moveaxis(x, place, -1)), -1, place)


def take_last(x: Array, indices: Array) -> Array:
    """x[..., indices]: index arrays along the last axis, of the rank of x, in range."""
    shape = indices.type.shape
    places = [
        emit("iota", axis=k, type=indices.type.with_shape(shape)) for k in range(len(shape) - 1)
    ]
    return emit("gather", x, *places, indices)


@numpy_function(np.sort)
def sort(a: Any, axis: Any = -1, kind: Any = None, order: Any = None, stable: Any = None) -> Array:
    return _along("sort", a, axis, kind, order)


@numpy_function(np.argsort, method="argsort")
def argsort(
    a: Any, axis: Any = -1, kind: Any = None, order: Any = None, stable: Any = None
) -> Array:
    x = as_array(a)
    return _along("argsort", x if x.ndim else reshaped(x, (1,)), axis, kind, order)


def _require_kth(op: str, a: Any, kth: Any, axis: Any) -> None:
    """Indices within the axis; they need no other attention, as all elements are sorted."""
    x = as_array(a)
    if type(kth) is Array:
        fail(TraceError, "kth cannot be a traced value", op=op, cure="name it in static_argnames")
    size = math.prod(x.type.shape) if axis is None else x.type.shape[normal_axis(op, axis, x.ndim)]
    for k in np.atleast_1d(kth):
        if not -size <= k < size:
            fail(AxisError, f"kth(={k}) out of bounds ({size})", op=op, shapes=[x.type.shape])


@numpy_function(np.partition)
def partition(
    a: Any, kth: Any, axis: Any = -1, kind: Any = "introselect", order: Any = None
) -> Array:
    _require_kth("partition", a, kth, axis)
    return _along("sort", a, axis, kind, order)


@numpy_function(np.argpartition, method="argpartition")
def argpartition(
    a: Any, kth: Any, axis: Any = -1, kind: Any = "introselect", order: Any = None
) -> Array:
    _require_kth("argpartition", a, kth, axis)
    return _along("argsort", a, axis, kind, order)


def _sort_method(
    x: Array, axis: Any = -1, kind: Any = None, order: Any = None, stable: Any = None
) -> None:
    """In place, as of arrays."""
    OPERATORS["setitem"](x, ..., sort(x, axis, kind, order, stable))


def _partition_method(
    x: Array, kth: Any, axis: Any = -1, kind: Any = "introselect", order: Any = None
) -> None:
    OPERATORS["setitem"](x, ..., partition(x, kth, axis, kind, order))


METHODS["sort"] = _sort_method
METHODS["partition"] = _partition_method


@numpy_function(np.sort_complex)
def sort_complex(a: Any) -> Array:
    x = sort(a)
    wide = np.result_type(x.dtype, np.complex64 if x.dtype.char in "bhBH" else np.complex128)
    return x if x.type.dtype.kind == "c" else x.astype(wide)


@numpy_function(np.lexsort)
def lexsort(keys: Any, axis: int = -1) -> Array:
    """The last key counts first; each earlier one decides among equals."""
    arrays = [as_array(key) for key in keys]
    if not arrays:
        fail(ShapeError, "need a sequence of keys with one key or more", op="lexsort")
    if len({x.type.shape for x in arrays}) > 1:
        fail(ShapeError, "keys differ in shape", op="lexsort", shapes=[x.shape for x in arrays])
    place = normal_axis("lexsort", axis, arrays[0].type.rank)
    lines = [moveaxis(x, place, -1) for x in arrays]
    order = emit("argsort", lines[0])
    for line in lines[1:]:
        order = take_last(order, emit("argsort", take_last(line, order)))
    return moveaxis(order, -1, place)


@numpy_function(np.searchsorted)
def searchsorted(a: Any, v: Any, side: str = "left", sorter: Any = None) -> Array:
    line, values = strong(as_array(a)), strong(as_array(v))
    if line.type.rank != 1:
        fail(ShapeError, "a must be a vector", op="searchsorted", shapes=[line.shape])
    if side not in ("left", "right"):
        fail(ArgumentError, f"side is 'left' or 'right', not {side!r}", op="searchsorted")
    if sorter is not None:
        line = _arranged(line, as_array(sorter))
    dtype = common_dtype([line, values])
    flat = reshaped(convert(values, dtype), (math.prod(values.type.shape),))
    found = emit("searchsorted", convert(line, dtype), flat, side=side)
    return reshaped(found, values.type.shape)


def _arranged(line: Array, sorter: Array) -> Array:
    if sorter.type.shape != line.type.shape or not sorter.type.dtype.is_integer:
        fail(ShapeError, "sorter must hold an index for each element", op="searchsorted",
             shapes=[line.shape, sorter.shape], dtypes=[sorter.dtype])  # fmt: skip
    return emit("gather", line, convert(sorter, i64)) if line.type.shape != (0,) else line


METHODS["searchsorted"] = searchsorted


@numpy_function(np.digitize)
def digitize(x: Any, bins: Any, right: bool = False) -> Array:
    """The bins may descend; ones that do neither fail the call."""
    edges, values = as_array(bins), as_array(x)
    if edges.type.rank != 1:
        fail(ShapeError, "bins must be a vector", op="digitize", shapes=[edges.shape])
    if values.type.dtype.kind == "c":
        fail(DtypeError, "x may not be complex", op="digitize", dtypes=[values.dtype])
    side = "left" if right else "right"
    up = searchsorted(edges, values, side)
    if edges.type.shape[0] < 2:
        return up
    steps = CALLS[np.less_equal](edges[:-1], edges[1:])
    ascends = all(steps)
    descends = all(CALLS[np.greater_equal](edges[:-1], edges[1:]))
    message = f"{WRONG_VALUE}digitize: bins must be monotonically increasing or decreasing"
    emit_check(CALLS[np.logical_or](ascends, descends), message)
    down = searchsorted(flip(edges), values, side)
    down = CALLS[np.subtract](edges.type.shape[0], down)
    return where(ascends, up, down)
