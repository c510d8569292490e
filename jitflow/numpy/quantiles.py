"""Medians and quantiles, of all elements or of those that are numbers.

Each sorts the reduced axes as one line. A quantile stands at a place in the line that need not be
whole: between two elements it is interpolated.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from jitflow.errors import ArgumentError, AxisError, DtypeError, ShapeError
from jitflow.ir.dtypes import i64
from jitflow.numpy.basics import (
    Array,
    broadcast,
    convert,
    emit,
    emit_check,
    fail,
    full_like,
)
from jitflow.numpy.ignoring_nan import numbers
from jitflow.numpy.picking import picked
from jitflow.numpy.quantile_places import INTERPOLATED, WHOLE, interpolated, neighbours, weight_of
from jitflow.numpy.reductions import all, sum
from jitflow.numpy.registry import numpy_function
from jitflow.numpy.shaping import moveaxis, reshaped
from jitflow.numpy.sorted_lines import has_nan, line_of, or_nan
from jitflow.numpy.sorting import take_last
from jitflow.numpy.statistics import mean
from jitflow.numpy.ufuncs import CALLS
from jitflow.numpy.weighted_quantiles import weighted_quantiles
from jitflow.trace.checks import WRONG_VALUE

# Medians.


@numpy_function(np.median)
def median(
    a: Any, axis: Any = None, overwrite_input: bool = False, keepdims: bool = False
) -> Array:
    """The mean of the one or two elements in the middle; NaN where one is NaN."""
    line, kept = line_of("median", a, axis)
    ordered, half = emit("sort", line), line.type.shape[-1] // 2
    first = half if line.type.shape[-1] % 2 else max(half - 1, 0)
    result = or_nan(has_nan(ordered), mean(ordered[..., first : half + 1], -1))
    return reshaped(result, kept) if keepdims else result


@numpy_function(np.nanmedian)
def nanmedian(
    a: Any, axis: Any = None, overwrite_input: bool = False, keepdims: bool = False
) -> Array:
    """NaN where nothing else is."""
    line, kept = line_of("nanmedian", a, axis)
    if not line.type.dtype.is_inexact or not line.type.shape[-1]:
        return median(a, axis, keepdims=keepdims)
    count = sum(numbers(line), -1, keepdims=True)
    zero = full_like(count, 0)
    places = [
        emit("maximum", CALLS[np.floor_divide](CALLS[np.subtract](count, k), 2), zero)
        for k in (1, 0)
    ]
    ordered = emit("sort", line)
    two = emit("concatenate", *(take_last(ordered, at) for at in places), axis=line.ndim - 1)
    result = mean(two, -1)
    return reshaped(result, kept) if keepdims else result


# Quantiles.


class _Lines:
    """Sorted lines, and how many elements of each count: an int, or an array of them."""

    def __init__(self, op: str, a: Any, axis: Any, ignores_nan: bool) -> None:
        lines, self.kept = line_of(op, a, axis)
        if lines.type.dtype.kind == "c":
            fail(DtypeError, "takes real numbers", op=op, dtypes=[lines.dtype])
        self.length = lines.type.shape[-1]
        if not self.length:
            fail(AxisError, "there are no elements to choose from", op=op, shapes=[lines.shape])
        self.ordered = emit("sort", lines)
        self.shape = lines.type.shape[:-1]
        self.count: Any = self.length
        self.is_nan = has_nan(self.ordered)
        if ignores_nan and self.is_nan is not None:
            self.count = sum(numbers(lines), -1)
            self.is_nan = CALLS[np.equal](self.count, 0)

    def at(self, places: Any) -> Array:
        """Elements at known places, or at traced ones that spread to [.., *lines]."""
        if type(places) is not Array:
            found = picked(self.ordered, len(self.shape), np.asarray(places).reshape(-1))
            return reshaped(moveaxis(found, -1, 0), (*np.shape(places), *self.shape))
        inside: Any = np.clip(places, 0, self.length - 1)
        whole = convert(inside, i64)
        type_ = whole.type.with_shape((*places.shape[: places.ndim - len(self.shape)], *self.shape))
        first = type_.rank - len(self.shape)
        rows = [emit("iota", axis=first + k, type=type_) for k in range(len(self.shape))]
        return emit("gather", self.ordered, *rows, broadcast(whole, type_.shape))


def _quantiles(
    op: str, a: Any, q: Any, axis: Any, method: str, keepdims: bool, weights: Any
) -> Array:
    if method not in WHOLE and method not in INTERPOLATED:
        known = ", ".join([*WHOLE, *INTERPOLATED])
        fail(ArgumentError, f"there is no method {method!r}", op=op, cure=f"use one of {known}")
    if weights is not None:
        shares = _shares(op, q)
        result, kept = weighted_quantiles(op, a, shares, axis, weights, method, "nan" in op)
        return reshaped(result, (*shares.shape, *kept)) if keepdims else result
    lines = _Lines(op, a, axis, "nan" in op)
    is_weak = type(q) in (int, float) or (type(q) is Array and q.weak)
    shares = _shares(op, q)
    shape = shares.shape
    if type(shares) is Array or type(lines.count) is Array:
        shares = np.reshape(shares, _in_front(shape, lines))
    if type(lines.count) is Array and shares.dtype.kind == "f":
        lines.count = lines.count.astype(shares.dtype)
    if method in WHOLE:
        result = lines.at(WHOLE[method](lines.count, shares))
    else:
        result = _between_elements(lines, shares, method, is_weak)
    result = or_nan(lines.is_nan, result)
    return reshaped(result, (*shape, *lines.kept)) if keepdims else result


def _in_front(shape: Any, lines: _Lines) -> tuple[Any, ...]:
    """A shape that spreads over the lines."""
    return (*shape, *[1] * len(lines.shape))


def _shares(op: str, q: Any) -> Any:
    """q as a known array, or as a traced one that is checked at each call."""
    given = q if type(q) is Array else np.asarray(q)
    if given.ndim > 1:
        fail(ShapeError, "q must be a scalar or 1d", op=op, shapes=[given.shape])
    top = 100 if "percentile" in op else 1
    message = f"q must be in the range [0, {top}]"
    if top != 1:
        given = np.true_divide(given, top)
    if type(given) is Array:
        inside = np.logical_and(np.greater_equal(given, 0), np.less_equal(given, 1))
        emit_check(all(inside), f"{WRONG_VALUE}{op}: {message}")
    elif given.size and not (given.min() >= 0 and given.max() <= 1):
        fail(ArgumentError, message, op=op)
    return given


def _between_elements(lines: _Lines, shares: Any, method: str, is_weak: bool) -> Array:
    if lines.ordered.type.dtype.kind == "b":
        cure = "convert it first, or use a method that chooses an element"
        fail(DtypeError, "bool cannot be interpolated", op="quantile", cure=cure)
    place = INTERPOLATED[method](lines.count, shares)
    if type(place) is not Array and np.asarray(place).dtype.kind in "iu" and method == "linear":
        return lines.at(place)
    first, second, gap = neighbours(place, lines.count)
    weight = weight_of(method, place, gap)
    first, second = lines.at(first), lines.at(second)
    if type(weight) is not Array:
        weight = float(weight) if is_weak else np.reshape(weight, _in_front(weight.shape, lines))
    elif is_weak and first.type.dtype.is_inexact:
        weight = convert(weight, first.type.dtype)
    return interpolated(first, second, weight)


@numpy_function(np.quantile)
def quantile(
    a: Any,
    q: Any,
    axis: Any = None,
    overwrite_input: bool = False,
    method: str = "linear",
    keepdims: bool = False,
    weights: Any = None,
) -> Array:
    return _quantiles("quantile", a, q, axis, method, keepdims, weights)


@numpy_function(np.percentile)
def percentile(
    a: Any,
    q: Any,
    axis: Any = None,
    overwrite_input: bool = False,
    method: str = "linear",
    keepdims: bool = False,
    weights: Any = None,
) -> Array:
    return _quantiles("percentile", a, q, axis, method, keepdims, weights)


@numpy_function(np.nanquantile)
def nanquantile(
    a: Any,
    q: Any,
    axis: Any = None,
    overwrite_input: bool = False,
    method: str = "linear",
    keepdims: bool = False,
    weights: Any = None,
) -> Array:
    return _quantiles("nanquantile", a, q, axis, method, keepdims, weights)


@numpy_function(np.nanpercentile)
def nanpercentile(
    a: Any,
    q: Any,
    axis: Any = None,
    overwrite_input: bool = False,
    method: str = "linear",
    keepdims: bool = False,
    weights: Any = None,
) -> Array:
    return _quantiles("nanpercentile", a, q, axis, method, keepdims, weights)
