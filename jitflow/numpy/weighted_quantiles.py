"""Quantiles of elements with weights: the first element at which their share is reached."""

from __future__ import annotations

from typing import Any

import numpy as np

from jitflow.errors import ArgumentError, AxisError, ShapeError
from jitflow.ir.dtypes import f64
from jitflow.numpy.basics import (
    Array,
    as_array,
    broadcast,
    convert,
    emit,
    emit_check,
    fail,
    full_like,
)
from jitflow.numpy.choosing import where
from jitflow.numpy.ignoring_nan import numbers
from jitflow.numpy.reductions import all
from jitflow.numpy.shaping import moveaxis, reshaped
from jitflow.numpy.sorted_lines import has_nan, line_of, or_nan
from jitflow.numpy.sorting import take_last
from jitflow.numpy.ufuncs import CALLS
from jitflow.trace.checks import WRONG_VALUE


def weighted_quantiles(
    op: str, a: Any, q: Any, axis: Any, weights: Any, method: str, ignores_nan: bool
) -> tuple[Array, Any]:
    """The quantiles, shares first, and the shape that keeps the reduced axes."""
    if method != "inverted_cdf":
        fail(ArgumentError, f"Only method 'inverted_cdf' supports weights. Got: {method}.", op=op)
    lines, kept = line_of(op, a, axis)
    heavy = _lines_of_weights(op, as_array(a), weights, axis)
    if ignores_nan and lines.type.dtype.is_inexact:
        heavy = emit("select", numbers(lines), heavy, full_like(heavy, 0))
    order = emit("argsort", lines)
    ordered = take_last(lines, order)
    sums = _shares_so_far(op, take_last(heavy, order))
    if q.dtype.kind == "f":
        sums = sums.astype(q.dtype)
    flat = np.reshape(q, (-1,)) if type(q) is not Array else reshaped(q, (q.size,))
    wanted = convert(as_array(flat), sums.type.dtype)
    spread = broadcast(wanted, (*lines.type.shape[:-1], wanted.type.shape[0]))
    places = emit("searchsorted", sums, spread)
    last = full_like(places, lines.type.shape[-1] - 1)
    found = moveaxis(take_last(ordered, emit("minimum", places, last)), -1, 0)
    result = reshaped(found, (*q.shape, *lines.type.shape[:-1]))
    is_nan = has_nan(ordered)
    if ignores_nan and is_nan is not None:
        is_nan = all(CALLS[np.isnan](ordered), -1)
    return or_nan(is_nan, result), kept


def _lines_of_weights(op: str, x: Array, weights: Any, axis: Any) -> Array:
    """Weights of the array's shape, or a vector along its one axis, as lines of float64."""
    w = as_array(weights)
    if w.type.shape != x.type.shape:
        if axis is None or isinstance(axis, (tuple, list)):
            problem = "Axis must be specified when shapes of a and weights differ."
            fail(AxisError, problem, op=op, shapes=[x.type.shape, w.type.shape])
        if w.type.shape != (x.type.shape[axis],):
            problem = "Shape of weights must be consistent with shape of a along specified axis."
            fail(ShapeError, problem, op=op, shapes=[x.type.shape, w.type.shape])
        shape = [1] * x.type.rank
        shape[axis] = w.type.shape[0]
        w = broadcast(reshaped(w, tuple(shape)), x.type.shape)
    wide = convert(w, f64)
    is_valid = all(CALLS[np.logical_not](CALLS[np.less](wide, 0)))
    emit_check(is_valid, f"{WRONG_VALUE}{op}: Weights must be non-negative.")
    return line_of(op, wide, axis)[0]


def _shares_so_far(op: str, weights: Array) -> Array:
    """Cumulated weights over their total; before the first weight less than any share."""
    sums = emit("cumsum", weights, axis=weights.ndim - 1)
    total = sums[..., -1:]
    is_valid = CALLS[np.logical_and](CALLS[np.greater](total, 0), CALLS[np.isfinite](total))
    emit_check(all(is_valid), f"{WRONG_VALUE}{op}: Weights included NaN, inf or were all zero.")
    shares = CALLS[np.true_divide](sums, total)
    return where(CALLS[np.equal](shares, 0), -1.0, shares)
