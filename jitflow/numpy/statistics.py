"""Means, variances and covariances. A mean divides once by the true count.

Dtypes are NumPy's: integers are averaged in float64, float16 is summed in float32.
"""

from __future__ import annotations

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
    broadcast,
    common_dtype,
    convert,
    emit,
    emit_check,
    fail,
    full_like,
    normal_axes,
)
from jitflow.numpy.choosing import clip
from jitflow.numpy.diagonals import diagonal
from jitflow.numpy.products import dot
from jitflow.numpy.promotion import requested_dtype
from jitflow.numpy.reductions import mask_of, masked, sum
from jitflow.numpy.registry import numpy_function
from jitflow.numpy.shaping import permuted, reshaped, squeeze, transpose
from jitflow.numpy.ufuncs import CALLS
from jitflow.trace import FUNCTIONS, PROPERTIES

_NARROW_F32 = 2**24
"""Counts up to here are exact in float32."""


def _count(op: str, x: Array, axis: Any, where: Any, keepdims: bool) -> Any:
    """How many elements each result is of: an int, or an array under a mask."""
    if where is not True:
        return sum(mask_of(op, x, where), axis, keepdims=keepdims)
    extents = [x.type.shape[k] for k in normal_axes(op, axis, x.type.rank)]
    if not all(isinstance(extent, int) for extent in extents):
        fail(ShapeError, f"{op} over an axis of unknown size comes later", op=op, shapes=[x.shape])
    return math.prod(extents)


def _divided(x: Array, count: Any) -> Array:
    """x / count in x's dtype, rounded once: in float64 where the count is not exact there."""
    dtype = x.type.dtype
    narrow = isinstance(count, (int, float)) and count <= _NARROW_F32
    if dtype is dtypes.f64 or dtype.kind == "c" or (dtype is dtypes.f32 and narrow):
        return emit("div", x, _counts(x, count))
    wide = convert(x, dtypes.f64)
    return convert(emit("div", wide, _counts(wide, count)), dtype)


def _counts(x: Array, count: Any) -> Array:
    if type(count) is Array:
        return broadcast(convert(count, x.type.dtype), x.type.shape)
    return full_like(x, count)


def _inner_dtype(x: Array, dtype: Any) -> DType:
    """What is summed in."""
    if dtype is not None:
        return requested_dtype(dtype)
    return x.type.dtype if x.type.dtype.is_inexact else dtypes.f64


@numpy_function(np.mean, method="mean")
def mean(
    a: Any, axis: Any = None, dtype: Any = None, keepdims: bool = False, where: Any = True
) -> Array:
    """NaN over no elements."""
    x = as_array(a)
    result = _inner_dtype(x, dtype)
    inner = dtypes.f32 if dtype is None and result.bits == 16 else result
    total = sum(x, axis, inner.numpy, keepdims, where=where)
    return convert(_divided(total, _count("mean", x, axis, where, keepdims)), result)


@numpy_function(np.var, method="var")
def var(
    a: Any,
    axis: Any = None,
    dtype: Any = None,
    ddof: float = 0,
    keepdims: bool = False,
    where: Any = True,
    mean: Any = None,
    correction: Any = None,
) -> Array:
    """Two passes, as NumPy: the mean first, then the mean square of what is left."""
    x = as_array(a)
    inner = _inner_dtype(x, dtype)
    if mean is None:
        total = sum(x, axis, inner.numpy, True, where=where)
        mean = _divided(total, _count("var", x, axis, where, True))
    squares = _squares(masked("var", CALLS[np.subtract](x, mean), where, 0))
    result = inner if dtype is not None else None
    total = sum(squares, axis, None if result is None else result.numpy, keepdims)
    count = _count("var", x, axis, where, keepdims)
    return _divided(total, _left(count, ddof if correction is None else correction))


def _left(count: Any, ddof: Any) -> Any:
    """Degrees of freedom: count - ddof, 0 at least."""
    if type(count) is Array or type(ddof) is Array:
        return CALLS[np.maximum](CALLS[np.subtract](count, ddof), 0)
    return count - ddof if count > ddof else 0


def _squares(x: Array) -> Array:
    """|x|**2."""
    if x.type.dtype.kind != "c":
        return emit("mul", x, x)
    parts = [PROPERTIES[name](x) for name in ("real", "imag")]
    return emit("add", *(emit("mul", part, part) for part in parts))


@numpy_function(np.std, method="std")
def std(
    a: Any,
    axis: Any = None,
    dtype: Any = None,
    ddof: float = 0,
    keepdims: bool = False,
    where: Any = True,
    mean: Any = None,
    correction: Any = None,
) -> Array:
    variance = var(a, axis, dtype, ddof, keepdims, where, mean, correction)
    return convert(CALLS[np.sqrt](variance), variance.type.dtype)


@numpy_function(np.average)
def average(
    a: Any,
    axis: Any = None,
    weights: Any = None,
    returned: bool = False,
    keepdims: bool = False,
) -> Any:
    """Fails the call where weights sum to zero."""
    x = as_array(a)
    axes = None if axis is None else normal_axes("average", axis, x.type.rank)
    if weights is None:
        result = mean(x, axis, keepdims=keepdims)
        total = full_like(result, _count("average", x, axis, True, False))
        return (result, total) if returned else result
    w = _fitting_weights(x, as_array(weights), axis, axes)
    dtype = common_dtype([x, w] if x.type.dtype.is_inexact else [x, w, np.float64(0)])
    total = sum(w, axis, dtype.numpy, keepdims)
    _check_all(CALLS[np.not_equal](total, 0), "Weights sum to zero, can't be normalized")
    products = CALLS[np.multiply](convert(x, dtype), convert(w, dtype))
    result = CALLS[np.true_divide](sum(products, axis, keepdims=keepdims), total)
    if returned:
        return result, broadcast(total, result.type.shape)
    return result


def _check_all(holds: Array, message: str) -> None:
    every = tuple(range(holds.type.rank))
    emit_check(emit("reduce_all", holds, axes=every) if every else holds, message)


def _fitting_weights(x: Array, w: Array, axis: Any, axes: Shape | None) -> Array:
    """The weights with an axis, or 1, for each axis of x."""
    shape, own = x.type.shape, w.type.shape
    if shape == own:
        return w
    if axes is None:
        cure = "give axis=, or weights of the array's shape"
        problem = "Axis must be specified when shapes of a and weights differ."
        fail(DtypeError, problem, op="average", shapes=[shape, own], cure=cure)
    listed = axis if isinstance(axis, (tuple, list)) else (axis,)
    order = [int(k) % len(shape) for k in listed]
    if own != tuple([shape[k] for k in order]):
        problem = "Shape of weights must be consistent with shape of a along specified axis."
        fail(ShapeError, problem, op="average", shapes=[shape, own])
    w = permuted(w, sorted(range(len(order)), key=order.__getitem__))
    return reshaped(w, tuple([n if k in order else 1 for k, n in enumerate(shape)]))


@numpy_function(np.cov)
def cov(
    m: Any,
    y: Any = None,
    rowvar: bool = True,
    bias: bool = False,
    ddof: Any = None,
    fweights: Any = None,
    aweights: Any = None,
    dtype: Any = None,
) -> Array:
    """Rows are variables, columns observations; the other way round without `rowvar`."""
    if ddof is not None and ddof != int(ddof):
        fail(ShapeError, "ddof must be integer", op="cov")
    ddof = int(not bias) if ddof is None else ddof
    x = _observations(m, y, rowvar, dtype)
    w, factor = _cov_weights(x, ddof, fweights, aweights)
    centre = average(x, 1, None if w is None else convert(w, x.type.dtype), keepdims=True)
    x = emit("sub", x, broadcast(centre, x.type.shape))
    weighted = x if w is None else CALLS[np.multiply](x, convert(w, x.type.dtype))
    if x.type.dtype.kind == "c":
        weighted = CALLS[np.conjugate](weighted)
    product = dot(x, transpose(weighted))
    share = convert(CALLS[np.true_divide](1, factor), x.type.dtype)
    return squeeze(CALLS[np.multiply](product, share))


def _observations(m: Any, y: Any, rowvar: bool, dtype: Any) -> Array:
    """A row for each variable, in float64 at least."""
    given = [as_array(v) for v in (m, y) if v is not None]
    for v in given:
        if v.type.rank > 2:
            fail(ShapeError, "more than 2 dimensions", op="cov", shapes=[v.type.shape])
    chosen = common_dtype([*given, np.float64(0)]) if dtype is None else requested_dtype(dtype)
    parts = []
    for k, v in enumerate(given):
        rows = convert(reshaped(v, (1,) * (2 - v.type.rank) + v.type.shape), chosen)
        turned = not rowvar and (v.type.rank == 2 if k == 0 else rows.type.shape[0] != 1)
        parts.append(transpose(rows) if turned else rows)
    return FUNCTIONS[np.concatenate](parts, 0) if len(parts) > 1 else parts[0]


def _cov_weights(x: Array, ddof: Any, fweights: Any, aweights: Any) -> tuple[Any, Any]:
    """The weight of each observation, or None; and what the products are divided by."""
    count = x.type.shape[1]
    if fweights is None and aweights is None:
        return None, float(_left(count, ddof))
    w = None
    for given in (fweights, aweights):
        if given is not None:
            one = convert(as_array(given), dtypes.f64)
            if one.type.shape != (count,):
                problem = "incompatible numbers of samples and weights"
                fail(ShapeError, problem, op="cov", shapes=[x.type.shape, one.type.shape])
            _check_all(CALLS[np.greater_equal](one, 0), "weights cannot be negative")
            w = one if w is None else emit("mul", w, one)
    assert w is not None
    if fweights is not None:
        whole = convert(as_array(fweights), dtypes.f64)
        _check_all(CALLS[np.equal](whole, CALLS[np.rint](whole)), "fweights must be integer")
    total = sum(w)
    if ddof == 0:
        return w, total
    spent: Any = ddof
    if aweights is not None:
        squares = sum(CALLS[np.multiply](w, convert(as_array(aweights), dtypes.f64)))
        spent = CALLS[np.true_divide](CALLS[np.multiply](squares, ddof), total)
    return w, CALLS[np.maximum](CALLS[np.subtract](total, spent), 0)


@numpy_function(np.corrcoef)
def corrcoef(x: Any, y: Any = None, rowvar: bool = True, dtype: Any = None) -> Array:
    """cov over the standard deviations, within -1..1."""
    c = cov(x, y, rowvar, dtype=dtype)
    if not c.type.rank:
        return CALLS[np.true_divide](c, c)
    deviation = CALLS[np.sqrt](PROPERTIES["real"](diagonal(c)))
    c = CALLS[np.true_divide](c, reshaped(deviation, (*deviation.type.shape, 1)))
    c = CALLS[np.true_divide](c, deviation)
    if c.type.dtype.kind != "c":
        return clip(c, -1, 1)
    parts = [clip(PROPERTIES[name](c), -1, 1) for name in ("real", "imag")]
    return emit("complex", *parts)
