"""Reductions over axes: sums and products widen as NumPy's do. Means are in statistics."""

from __future__ import annotations

import math
from typing import Any, NoReturn

import numpy as np

from jitflow.errors import DtypeError, ShapeError
from jitflow.ir import dtypes
from jitflow.ir.dtypes import DType
from jitflow.ir.types import Shape
from jitflow.numpy import complex_rules
from jitflow.numpy.basics import (
    Array,
    as_array,
    broadcast_shapes,
    cast,
    emit,
    fail,
    full_like,
    key_of,
    normal_axes,
    normal_axis,
    operand,
    shape_of,
    spread,
    truth,
)
from jitflow.numpy.promotion import default, requested_dtype
from jitflow.numpy.registry import numpy_function
from jitflow.numpy.ufuncs import CALLS
from jitflow.trace import detach


def reduced_axes(op: str, axis: Any, rank: int) -> tuple[int, ...]:
    """As `normal_axes`, but for a scalar, which reductions give an axis, as NumPy does."""
    if rank == 0 and axis in (0, -1):
        return ()
    return normal_axes(op, axis, rank)


def _reduce(row: str, x: Array, axis: Any, keepdims: bool) -> Array:
    """One reduction; a copy where no axis is reduced."""
    axes = reduced_axes(row.removeprefix("reduce_"), axis, x.type.rank)
    if x.type.dtype.kind == "c" and row in ("reduce_max", "reduce_min") and axes:
        result = complex_rules.reduce_extreme(row, x, axes)
        return with_axes(result, x.type.shape, axes) if keepdims else result
    result = emit(row, x, axes=axes) if axes else detach(x)
    return with_axes(result, x.type.shape, axes) if keepdims else result


def with_axes(result: Array, shape: Shape, axes: tuple[int, ...]) -> Array:
    """The reduced axes put back with extent 1."""
    kept = tuple(1 if k in axes else extent for k, extent in enumerate(shape))
    return result if kept == result.type.shape else emit("reshape", result, shape=kept)


def _sum_dtype(dtype: DType) -> DType:
    """bool and integers narrower than 64 bits widen."""
    if dtype.kind in "bi":
        return dtypes.i64
    return dtypes.u64 if dtype.kind == "u" else dtype


def widened(a: Any, dtype: Any) -> Array:
    """The array in the dtype that sums and products of it have."""
    x = as_array(a)
    return cast(x, _sum_dtype(x.type.dtype) if dtype is None else requested_dtype(dtype))


def _started(ufunc: np.ufunc, result: Array, initial: Any) -> Array:
    """The reduction from `initial` on, which is brought to its dtype."""
    if initial is None:
        return result
    if np.ndim(initial):
        problem = "initial= is one number"
        fail(ShapeError, problem, op=ufunc.__name__, shapes=[np.shape(initial)])
    return CALLS[ufunc](result, spread(operand(initial), (), result.type.dtype))


def masked(op: str, x: Array, where: Any, filler: Any) -> Array:
    """x with `filler` where the mask does not hold; the mask spreads to x's shape."""
    if where is True:
        return x
    flag = mask_of(op, x, where)
    return emit("select", flag, x, full_like(x, filler))


def mask_of(op: str, x: Array, where: Any) -> Array:
    """`where=` as bool of x's shape; DtypeError or ShapeError where it does not fit."""
    flag = operand(where)
    if default(key_of(flag)) != np.bool_ and type(flag) not in (int, float):
        dtypes_ = [default(key_of(flag))]
        fail(DtypeError, "where= must be bool", op=op, dtypes=dtypes_, cure="compare: where=w != 0")
    if broadcast_shapes(op, [x.type.shape, shape_of(flag)]) != x.type.shape:
        fail(
            ShapeError,
            "where= does not spread to the array's shape",
            op=op,
            shapes=[x.type.shape, shape_of(flag)],
        )
    return spread(flag, x.type.shape, dtypes.bool_)


@numpy_function(np.sum, method="sum")
def sum(
    a: Any,
    axis: Any = None,
    dtype: Any = None,
    keepdims: bool = False,
    initial: Any = None,
    where: Any = True,
) -> Array:
    x = masked("sum", widened(a, dtype), where, 0)
    return _started(np.add, _reduce_numbers("reduce_sum", "or", x, axis, keepdims), initial)


@numpy_function(np.prod, method="prod")
def prod(
    a: Any,
    axis: Any = None,
    dtype: Any = None,
    keepdims: bool = False,
    initial: Any = None,
    where: Any = True,
) -> Array:
    x = masked("prod", widened(a, dtype), where, 1)
    return _started(np.multiply, _reduce_numbers("reduce_prod", "and", x, axis, keepdims), initial)


def _reduce_numbers(row: str, on_bool: str, x: Array, axis: Any, keepdims: bool) -> Array:
    """With dtype=bool a sum is `any` and a product is `all`."""
    if x.type.dtype.kind == "b":
        row = "reduce_any" if on_bool == "or" else "reduce_all"
    return _reduce(row, x, axis, keepdims)


@numpy_function(np.max, np.amax, method="max")
def max(
    a: Any, axis: Any = None, keepdims: bool = False, initial: Any = None, where: Any = True
) -> Array:
    return _extreme("max", np.maximum, a, axis, keepdims, initial, where)


@numpy_function(np.min, np.amin, method="min")
def min(
    a: Any, axis: Any = None, keepdims: bool = False, initial: Any = None, where: Any = True
) -> Array:
    return _extreme("min", np.minimum, a, axis, keepdims, initial, where)


def _extreme(
    name: str,
    ufunc: np.ufunc,
    a: Any,
    axis: Any,
    keepdims: bool,
    initial: Any,
    where: Any,
) -> Array:
    x = as_array(a)
    axes = reduced_axes(name, axis, x.type.rank)
    is_empty = 0 in [x.type.shape[k] for k in axes]
    if initial is None and (is_empty or where is not True):
        _refuse_without_identity(name, x, is_empty)
    if initial is not None and np.ndim(initial):
        fail(ShapeError, "initial= is one number", op=name, shapes=[np.shape(initial)])
    if is_empty:
        return _empty_extreme(x, axes, keepdims, initial)
    if where is not True:
        start = spread(operand(initial), x.type.shape, x.type.dtype)
        x = emit("select", mask_of(name, x, where), x, start)
    return _started(ufunc, _reduce(f"reduce_{name}", x, axes, keepdims), initial)


def _refuse_without_identity(name: str, x: Array, is_empty: bool) -> NoReturn:
    problem = f"zero-size array to reduction operation {name}imum which has no identity"
    if not is_empty:
        problem = f"reduction operation '{name}imum' does not have an identity for where="
    fail(ShapeError, problem, op=name, shapes=[x.type.shape], cure="give initial=")


def _empty_extreme(x: Array, axes: tuple[int, ...], keepdims: bool, initial: Any) -> Array:
    left = tuple(extent for k, extent in enumerate(x.type.shape) if k not in axes)
    result = spread(operand(initial), left, x.type.dtype)
    return with_axes(result, x.type.shape, axes) if keepdims else result


@numpy_function(np.ptp)
def ptp(a: Any, axis: Any = None, keepdims: bool = False) -> Array:
    return CALLS[np.subtract](max(a, axis, keepdims), min(a, axis, keepdims))


@numpy_function(np.any, method="any")
def any(a: Any, axis: Any = None, keepdims: bool = False, where: Any = True) -> Array:
    return _reduce("reduce_any", masked("any", truth(as_array(a)), where, False), axis, keepdims)


@numpy_function(np.all, method="all")
def all(a: Any, axis: Any = None, keepdims: bool = False, where: Any = True) -> Array:
    return _reduce("reduce_all", masked("all", truth(as_array(a)), where, True), axis, keepdims)


@numpy_function(np.count_nonzero)
def count_nonzero(a: Any, axis: Any = None, keepdims: bool = False) -> Array:
    return sum(truth(as_array(a)), axis, keepdims=keepdims)


@numpy_function(np.argmax, method="argmax")
def argmax(a: Any, axis: Any = None, keepdims: bool = False) -> Array:
    return _index_of("argmax", as_array(a), axis, keepdims)


@numpy_function(np.argmin, method="argmin")
def argmin(a: Any, axis: Any = None, keepdims: bool = False) -> Array:
    return _index_of("argmin", as_array(a), axis, keepdims)


def _index_of(name: str, x: Array, axis: Any, keepdims: bool) -> Array:
    shape = x.type.shape
    if axis is None or (not shape and axis in (0, -1)):
        flat = emit("reshape", x, shape=(math.prod(shape),)) if len(shape) != 1 else x
        position, axes = 0, tuple(range(len(shape)))
    else:
        flat, position = x, normal_axis(name, axis, len(shape))
        axes = (position,)
    if flat.type.shape[position] == 0:
        fail(ShapeError, f"attempt to get {name} of an empty sequence", op=name, shapes=[shape])
    if x.type.dtype.kind == "c":
        result = complex_rules.index_of_extreme(name, flat, position)
    else:
        result = emit(name, flat, axis=position)
    return with_axes(result, shape, axes) if keepdims else result
