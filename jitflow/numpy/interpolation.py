"""Linear interpolation in a table: np.interp."""

from __future__ import annotations

from typing import Any

import numpy as np

from jitflow.errors import ArgumentError, ShapeError
from jitflow.ir.dtypes import c128, f64, i64
from jitflow.numpy.basics import Array, as_array, convert, emit, emit_check, fail, full_like
from jitflow.numpy.choosing import where
from jitflow.numpy.joining import concatenate
from jitflow.numpy.reductions import all
from jitflow.numpy.registry import numpy_function
from jitflow.numpy.sorting import searchsorted
from jitflow.numpy.ufuncs import CALLS
from jitflow.trace.checks import WRONG_VALUE


@numpy_function(np.interp)
def interp(
    x: Any, xp: Any, fp: Any, left: Any = None, right: Any = None, period: Any = None
) -> Array:
    """In float64, or complex128 where fp is complex; xp ascends, as in NumPy unchecked."""
    values = as_array(fp)
    points, at, values = (
        convert(as_array(xp), f64),
        convert(as_array(x), f64),
        convert(values, c128 if values.type.dtype.kind == "c" else f64),
    )
    _require_table(points, values)
    if period is not None:
        points, at, values = _periodic(points, at, values, period)
        left = right = None
    low = values[0] if left is None else left
    high = values[-1] if right is None else right
    count = points.type.shape[0]
    result: Any = values[0]
    if count > 1:
        place = CALLS[np.subtract](searchsorted(points, at, "right"), 1)
        result = _between(points, values, at, place, count)
        result = where(CALLS[np.isnan](at), at, result)
    result = where(CALLS[np.equal](at, points[-1]), values[-1], result)
    result = where(CALLS[np.less](at, points[0]), low, result)
    return where(CALLS[np.greater](at, points[-1]), high, result)


def _require_table(points: Array, values: Array) -> None:
    shapes = [points.type.shape, values.type.shape]
    if points.ndim != 1 or values.ndim != 1 or shapes[0] != shapes[1]:
        fail(ShapeError, "fp and xp are vectors of one length", op="interp", shapes=shapes)
    if shapes[0] == (0,):
        fail(ArgumentError, "array of sample points is empty", op="interp", shapes=shapes)


def _periodic(points: Array, at: Array, values: Array, period: Any) -> tuple[Array, Array, Array]:
    """The table brought into one period, sorted, and with a point of the next on each side."""
    if type(period) is Array:
        message = f"{WRONG_VALUE}interp: period must be a non-zero value"
        emit_check(all(CALLS[np.not_equal](period, 0)), message)
    elif period == 0:
        fail(ArgumentError, "period must be a non-zero value", op="interp")
    span = CALLS[np.absolute](period)
    at, points = CALLS[np.remainder](at, span), CALLS[np.remainder](points, span)
    order = emit("argsort", points)
    points, values = emit("gather", points, order), emit("gather", values, order)
    before, behind = CALLS[np.subtract](points[-1:], span), CALLS[np.add](points[:1], span)
    points = concatenate([before, points, behind])
    return points, at, concatenate([values[-1:], values, values[:1]])


def _between(points: Array, values: Array, at: Array, place: Array, count: int) -> Array:
    """From the point before; from the one behind where that is no number.

    At a point itself the slope is that behind it, as far as it is finite.
    """
    first = emit("clamp", *(full_like(place, 0), place, full_like(place, count - 2)))
    second = CALLS[np.add](first, 1)
    (x0, x1), (y0, y1) = (
        [emit("gather", table, convert(k, i64)) for k in (first, second)]
        for table in (points, values)
    )
    rise = CALLS[np.subtract](y1, y0)
    slope = CALLS[np.true_divide](rise, CALLS[np.subtract](x1, x0))
    result = CALLS[np.add](CALLS[np.multiply](slope, CALLS[np.subtract](at, x0)), y0)
    other = CALLS[np.add](CALLS[np.multiply](slope, CALLS[np.subtract](at, x1)), y1)
    result = where(CALLS[np.isnan](result), other, result)
    flat = CALLS[np.logical_and](CALLS[np.isnan](result), CALLS[np.equal](y0, y1))
    result = where(flat, y0, result)
    steep = CALLS[np.logical_not](CALLS[np.isfinite](slope))
    return where(CALLS[np.logical_and](CALLS[np.equal](at, x0), steep), y0, result)
