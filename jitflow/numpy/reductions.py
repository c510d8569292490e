"""Reductions over axes: sums and products widen as NumPy's do, means divide by the true count."""

from __future__ import annotations

import builtins
import math
from typing import Any

import numpy as np

from jitflow.errors import DtypeError, ShapeError
from jitflow.ir import dtypes
from jitflow.ir.dtypes import DType
from jitflow.ir.types import Shape
from jitflow.numpy.basics import (
    Array,
    as_array,
    convert,
    emit,
    fail,
    full,
    full_like,
    normal_axes,
    normal_axis,
    truth,
)
from jitflow.numpy.promotion import requested_dtype
from jitflow.numpy.registry import numpy_function
from jitflow.numpy.ufuncs import CALLS
from jitflow.trace import detach

_NARROW_F32 = 2**24
"""Counts up to here are exact in float32."""


def _reduce(row: str, x: Array, axis: Any, keepdims: bool) -> Array:
    """One reduction; a copy where no axis is reduced."""
    axes = normal_axes(row.removeprefix("reduce_"), axis, x.type.rank)
    result = emit(row, x, axes=axes) if axes else detach(x)
    return _with_axes(result, x.type.shape, axes) if keepdims else result


def _with_axes(result: Array, shape: Shape, axes: tuple[int, ...]) -> Array:
    """The reduced axes put back with extent 1."""
    kept = tuple(1 if k in axes else extent for k, extent in enumerate(shape))
    return result if kept == result.type.shape else emit("reshape", result, shape=kept)


def _sum_dtype(dtype: DType) -> DType:
    """bool and integers narrower than 64 bits widen."""
    if dtype.kind in "bi":
        return dtypes.i64
    return dtypes.u64 if dtype.kind == "u" else dtype


def _widened(a: Any, dtype: Any) -> Array:
    x = as_array(a)
    return convert(x, _sum_dtype(x.type.dtype) if dtype is None else requested_dtype(dtype))


def _started(ufunc: np.ufunc, result: Array, initial: Any) -> Array:
    return result if initial is None else convert(CALLS[ufunc](result, initial), result.type.dtype)


@numpy_function(np.sum, method="sum")
def sum(
    a: Any, axis: Any = None, dtype: Any = None, keepdims: bool = False, initial: Any = None
) -> Array:
    result = _reduce_numbers("reduce_sum", "or", _widened(a, dtype), axis, keepdims)
    return _started(np.add, result, initial)


@numpy_function(np.prod, method="prod")
def prod(
    a: Any, axis: Any = None, dtype: Any = None, keepdims: bool = False, initial: Any = None
) -> Array:
    result = _reduce_numbers("reduce_prod", "and", _widened(a, dtype), axis, keepdims)
    return _started(np.multiply, result, initial)


def _reduce_numbers(row: str, on_bool: str, x: Array, axis: Any, keepdims: bool) -> Array:
    """With dtype=bool a sum is `any` and a product is `all`."""
    if x.type.dtype.kind == "b":
        row = "reduce_any" if on_bool == "or" else "reduce_all"
    return _reduce(row, x, axis, keepdims)


@numpy_function(np.max, np.amax, method="max")
def max(a: Any, axis: Any = None, keepdims: bool = False, initial: Any = None) -> Array:
    return _extreme("max", np.maximum, a, axis, keepdims, initial)


@numpy_function(np.min, np.amin, method="min")
def min(a: Any, axis: Any = None, keepdims: bool = False, initial: Any = None) -> Array:
    return _extreme("min", np.minimum, a, axis, keepdims, initial)


def _extreme(name: str, ufunc: np.ufunc, a: Any, axis: Any, keepdims: bool, initial: Any) -> Array:
    x = as_array(a)
    axes = normal_axes(name, axis, x.type.rank)
    if 0 in [x.type.shape[k] for k in axes]:
        return _empty_extreme(name, x, axes, keepdims, initial)
    return _started(ufunc, _reduce(f"reduce_{name}", x, axes, keepdims), initial)


def _empty_extreme(
    name: str, x: Array, axes: tuple[int, ...], keepdims: bool, initial: Any
) -> Array:
    if initial is None:
        fail(
            ShapeError,
            f"zero-size array to reduction operation {name}imum which has no identity",
            op=name,
            shapes=[x.type.shape],
            cure="give initial=",
        )
    left = tuple(extent for k, extent in enumerate(x.type.shape) if k not in axes)
    result = full(left, initial, x.type.dtype)
    return _with_axes(result, x.type.shape, axes) if keepdims else result


@numpy_function(np.ptp)
def ptp(a: Any, axis: Any = None, keepdims: bool = False) -> Array:
    return CALLS[np.subtract](max(a, axis, keepdims), min(a, axis, keepdims))


@numpy_function(np.any, method="any")
def any(a: Any, axis: Any = None, keepdims: bool = False) -> Array:
    return _reduce("reduce_any", truth(as_array(a)), axis, keepdims)


@numpy_function(np.all, method="all")
def all(a: Any, axis: Any = None, keepdims: bool = False) -> Array:
    return _reduce("reduce_all", truth(as_array(a)), axis, keepdims)


@numpy_function(np.count_nonzero)
def count_nonzero(a: Any, axis: Any = None, keepdims: bool = False) -> Array:
    return sum(truth(as_array(a)), axis, keepdims=keepdims)


def _count(op: str, x: Array, axis: Any) -> int:
    extents = [x.type.shape[k] for k in normal_axes(op, axis, x.type.rank)]
    if not builtins.all(isinstance(extent, int) for extent in extents):
        fail(ShapeError, f"{op} over an axis of unknown size comes later", op=op, shapes=[x.shape])
    return math.prod(extents)


def _divided(x: Array, count: float) -> Array:
    """x / count, rounded once: in float64 where the count is not exact in x's dtype."""
    dtype = x.type.dtype
    if dtype is dtypes.f64 or dtype.kind == "c" or (dtype is dtypes.f32 and count <= _NARROW_F32):
        return emit("div", x, full_like(x, count))
    wide = convert(x, dtypes.f64)
    return convert(emit("div", wide, full_like(wide, count)), dtype)


def _float_dtype(x: Array, dtype: Any) -> DType:
    if dtype is not None:
        return requested_dtype(dtype)
    return x.type.dtype if x.type.dtype.is_inexact else dtypes.f64


@numpy_function(np.mean, method="mean")
def mean(a: Any, axis: Any = None, dtype: Any = None, keepdims: bool = False) -> Array:
    """float16 is summed in float32; NaN over no elements."""
    x = as_array(a)
    result = _float_dtype(x, dtype)
    if not result.is_inexact:
        fail(DtypeError, f"mean in {result} comes later", op="mean", cure="leave dtype out")
    inner = dtypes.f32 if dtype is None and result is dtypes.f16 else result
    total = _reduce("reduce_sum", convert(x, inner), axis, keepdims)
    return convert(_divided(total, _count("mean", x, axis)), result)


@numpy_function(np.average)
def average(a: Any, axis: Any = None, weights: Any = None, keepdims: bool = False) -> Array:
    """Weights of a's own shape only."""
    if weights is None:
        return mean(a, axis, keepdims=keepdims)
    x, w = as_array(a), as_array(weights)
    if x.type.shape != w.type.shape:
        fail(
            ShapeError,
            "weights of another shape come later",
            op="average",
            shapes=[x.type.shape, w.type.shape],
        )
    total = sum(CALLS[np.multiply](x, w), axis, keepdims=keepdims)
    return CALLS[np.true_divide](total, sum(w, axis, keepdims=keepdims))


@numpy_function(np.var, method="var")
def var(
    a: Any,
    axis: Any = None,
    dtype: Any = None,
    ddof: float = 0,
    keepdims: bool = False,
    correction: Any = None,
) -> Array:
    """Two passes, as NumPy: the mean first, then the mean square of what is left."""
    x = as_array(a)
    if x.type.dtype.kind == "c":
        fail(DtypeError, "var of complex arrays comes later", op="var", dtypes=[x.dtype])
    result = _float_dtype(x, dtype)
    count = _count("var", x, axis)
    x = convert(x, result)
    centre = _divided(_reduce("reduce_sum", x, axis, True), count)
    rest = CALLS[np.subtract](x, centre)
    total = _reduce("reduce_sum", emit("mul", rest, rest), axis, keepdims)
    left = count - (ddof if correction is None else correction)
    return _divided(total, left if left > 0 else 0)


@numpy_function(np.std, method="std")
def std(
    a: Any,
    axis: Any = None,
    dtype: Any = None,
    ddof: float = 0,
    keepdims: bool = False,
    correction: Any = None,
) -> Array:
    return emit("sqrt", var(a, axis, dtype, ddof, keepdims, correction))


@numpy_function(np.argmax, method="argmax")
def argmax(a: Any, axis: Any = None, keepdims: bool = False) -> Array:
    return _index_of("argmax", as_array(a), axis, keepdims)


@numpy_function(np.argmin, method="argmin")
def argmin(a: Any, axis: Any = None, keepdims: bool = False) -> Array:
    """argmax of the array in reverse order: -x of floats, ~x of bool and integers."""
    x = as_array(a)
    return _index_of("argmin", emit("neg" if x.type.dtype.is_float else "not", x), axis, keepdims)


def _index_of(name: str, x: Array, axis: Any, keepdims: bool) -> Array:
    shape = x.type.shape
    if axis is None:
        flat = emit("reshape", x, shape=(math.prod(shape),)) if len(shape) != 1 else x
        position, axes = 0, tuple(range(len(shape)))
    else:
        flat, position = x, normal_axis(name, axis, len(shape))
        axes = (position,)
    if flat.type.shape[position] == 0:
        fail(ShapeError, f"attempt to get {name} of an empty sequence", op=name, shapes=[shape])
    result = emit("argmax", flat, axis=position)
    return _with_axes(result, shape, axes) if keepdims else result
