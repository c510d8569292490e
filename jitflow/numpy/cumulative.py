"""Cumulative sums, products and extremes: cumsum and its kin, and `ufunc.accumulate`."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from jitflow.errors import AxisError
from jitflow.numpy.basics import Array, as_array, cast, emit, fail, normal_axis, truth
from jitflow.numpy.joining import concatenate
from jitflow.numpy.promotion import requested_dtype
from jitflow.numpy.reductions import masked, widened
from jitflow.numpy.registry import numpy_function, strong
from jitflow.numpy.shaping import reshaped
from jitflow.numpy.ufuncs import CALLS
from jitflow.trace import FUNCTIONS

_OF_BOOL = {"cumsum": "cummax", "cumprod": "cummin"}
"""With dtype=bool a sum is `or` and a product is `and`."""


def cumulative(row: str, x: Array, axis: int) -> Array:
    """One cumulative row along an axis that x has."""
    if x.type.dtype.kind == "b":
        row = _OF_BOOL.get(row, row)
    return emit(row, x, axis=axis)


def _along(row: str, x: Array, axis: Any) -> Array:
    """Over all elements in C order where there is no axis; a scalar is a vector."""
    if axis is None or not x.type.rank:
        x = reshaped(x, (math.prod(x.type.shape),))
    if axis is None:
        return cumulative(row, x, 0)
    return cumulative(row, x, normal_axis(row, axis, x.type.rank))


@numpy_function(np.cumsum, method="cumsum")
def cumsum(a: Any, axis: Any = None, dtype: Any = None) -> Array:
    return _along("cumsum", widened(a, dtype), axis)


@numpy_function(np.cumprod, method="cumprod")
def cumprod(a: Any, axis: Any = None, dtype: Any = None) -> Array:
    return _along("cumprod", widened(a, dtype), axis)


def _without_nan(op: str, a: Any, dtype: Any, filler: int) -> Array:
    x = as_array(a)
    keep = CALLS[np.logical_not](CALLS[np.isnan](x)) if x.type.dtype.is_inexact else True
    return masked(op, widened(x, dtype), keep, filler)


@numpy_function(np.nancumsum)
def nancumsum(a: Any, axis: Any = None, dtype: Any = None) -> Array:
    return _along("cumsum", _without_nan("nancumsum", a, dtype, 0), axis)


@numpy_function(np.nancumprod)
def nancumprod(a: Any, axis: Any = None, dtype: Any = None) -> Array:
    return _along("cumprod", _without_nan("nancumprod", a, dtype, 1), axis)


@numpy_function(np.cumulative_sum)
def cumulative_sum(
    x: Any, axis: Any = None, dtype: Any = None, include_initial: bool = False
) -> Array:
    return _from_start("cumsum", widened(x, dtype), axis, include_initial, 0)


@numpy_function(np.cumulative_prod)
def cumulative_prod(
    x: Any, axis: Any = None, dtype: Any = None, include_initial: bool = False
) -> Array:
    return _from_start("cumprod", widened(x, dtype), axis, include_initial, 1)


def _from_start(row: str, x: Array, axis: Any, include_initial: bool, initial: int) -> Array:
    """The array API's form: the axis is optional for vectors only; perhaps 0 or 1 in front."""
    if axis is None and x.type.rank != 1:
        fail(AxisError, "needs an axis for an array that is no vector", op=row, shapes=[x.shape])
    place = 0 if axis is None else normal_axis(row, axis, x.type.rank)
    result = cumulative(row, x, place)
    if not include_initial:
        return result
    shape = list(x.type.shape)
    shape[place] = 1
    start = np.full(shape, initial, x.dtype)
    return concatenate([start, result], axis=place)


def _accumulate(row: str, prepare: Callable[[Any, Any], Array]) -> Callable[..., Array]:
    """`ufunc.accumulate`, along axis 0 unless told otherwise."""

    def accumulate(array: Any, axis: int = 0, dtype: Any = None) -> Array:
        x = prepare(array, dtype)
        return strong(cumulative(row, x, normal_axis("accumulate", axis, x.type.rank)))

    return accumulate


def _as_given(a: Any, dtype: Any) -> Array:
    x = as_array(a)
    return x if dtype is None else cast(x, requested_dtype(dtype))


FUNCTIONS.update({
    (np.add, "accumulate"): _accumulate("cumsum", widened),
    (np.multiply, "accumulate"): _accumulate("cumprod", widened),
    (np.maximum, "accumulate"): _accumulate("cummax", _as_given),
    (np.minimum, "accumulate"): _accumulate("cummin", _as_given),
    (np.logical_or, "accumulate"): _accumulate("cummax", lambda a, dtype: truth(as_array(a))),
    (np.logical_and, "accumulate"): _accumulate("cummin", lambda a, dtype: truth(as_array(a))),
})
