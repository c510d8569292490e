"""Medians and quantiles, of all elements or of those that are numbers.

Each sorts the reduced axes as one line. A quantile stands at a place in the line that need not be
whole: between two elements it is interpolated. R. J. Hyndman, Y. Fan, "Sample Quantiles in
Statistical Packages", 1996, methods 1 to 9. Places are written in NumPy's terms, which serve
known numbers and traced ones alike.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from jitflow.errors import ArgumentError, AxisError, DtypeError, ShapeError
from jitflow.ir.dtypes import i64
from jitflow.numpy.basics import (
    Array,
    as_array,
    broadcast,
    convert,
    emit,
    emit_check,
    fail,
    full_like,
    normal_axes,
)
from jitflow.numpy.choosing import where
from jitflow.numpy.ignoring_nan import numbers
from jitflow.numpy.picking import picked
from jitflow.numpy.reductions import all, sum
from jitflow.numpy.registry import numpy_function
from jitflow.numpy.shaping import moveaxis, permuted, reshaped
from jitflow.numpy.sorting import take_last
from jitflow.numpy.statistics import mean
from jitflow.numpy.ufuncs import CALLS
from jitflow.trace.checks import WRONG_VALUE


def _line(op: str, a: Any, axis: Any) -> tuple[Array, tuple[Any, ...]]:
    """The reduced axes flattened into one last axis, and the shape with extent 1 for each."""
    x = as_array(a)
    shape = x.type.shape
    axes = normal_axes(op, axis, len(shape))
    kept = [k for k in range(len(shape)) if k not in axes]
    length = math.prod(shape[k] for k in axes)
    line = reshaped(permuted(x, [*kept, *axes]), (*[shape[k] for k in kept], length))
    return line, tuple(1 if k in axes else n for k, n in enumerate(shape))


def _has_nan(ordered: Array) -> Any:
    """Whether a sorted line holds NaN: then its last element is one. None where it cannot."""
    if not ordered.type.dtype.is_inexact or not ordered.type.shape[-1]:
        return None
    return CALLS[np.isnan](ordered[..., -1])


def _or_nan(flag: Any, result: Array) -> Array:
    """NaN where the flag holds."""
    if flag is None:
        return result
    spread = broadcast(flag, result.type.shape)
    return emit("select", spread, full_like(result, np.nan), result)


# Medians.


@numpy_function(np.median)
def median(
    a: Any, axis: Any = None, overwrite_input: bool = False, keepdims: bool = False
) -> Array:
    """The mean of the one or two elements in the middle; NaN where one is NaN."""
    line, kept = _line("median", a, axis)
    ordered, half = emit("sort", line), line.type.shape[-1] // 2
    first = half if line.type.shape[-1] % 2 else max(half - 1, 0)
    result = _or_nan(_has_nan(ordered), mean(ordered[..., first : half + 1], -1))
    return reshaped(result, kept) if keepdims else result


@numpy_function(np.nanmedian)
def nanmedian(
    a: Any, axis: Any = None, overwrite_input: bool = False, keepdims: bool = False
) -> Array:
    """NaN where nothing else is."""
    line, kept = _line("nanmedian", a, axis)
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


# Where quantiles stand in a line of n elements: the first is at 0.

Place = Callable[[Any, Any], Any]


def _between(alpha: float, beta: float) -> Place:
    return lambda n, q: n * q + (alpha + q * (1 - alpha - beta)) - 1


def _above(place: Any, stays: Any) -> Any:
    """The element at a place where it `stays`, else the one behind."""
    below = np.floor(place)
    return np.maximum(np.where(stays, below, below + 1), 0).astype(np.int64)


def _inverted_cdf(n: Any, q: Any) -> Any:
    place = n * q - 1
    return _above(place, np.equal(place, np.floor(place)))


def _closest_observation(n: Any, q: Any) -> Any:
    """At ties the odd place."""
    place = n * q - 1.5
    below = np.floor(place)
    is_odd = np.not_equal(below, 2 * np.floor(below / 2))
    return _above(place, np.logical_and(np.equal(place, below), is_odd))


def _midpoint(n: Any, q: Any) -> Any:
    place = (n - 1) * q
    return 0.5 * (np.floor(place) + np.ceil(place))


_WHOLE: dict[str, Place] = {
    "inverted_cdf": _inverted_cdf,
    "closest_observation": _closest_observation,
    "lower": lambda n, q: np.floor((n - 1) * q).astype(np.int64),
    "higher": lambda n, q: np.ceil((n - 1) * q).astype(np.int64),
    "nearest": lambda n, q: np.round((n - 1) * q).astype(np.int64),
}
"""Methods whose places are those of elements."""

_INTERPOLATED: dict[str, Place] = {
    "averaged_inverted_cdf": lambda n, q: n * q - 1,
    "interpolated_inverted_cdf": _between(0, 1),
    "hazen": _between(0.5, 0.5),
    "weibull": _between(0, 0),
    "linear": lambda n, q: (n - 1) * q,
    "median_unbiased": _between(1 / 3, 1 / 3),
    "normal_unbiased": _between(3 / 8, 3 / 8),
    "midpoint": _midpoint,
}
"""Methods with places between elements."""


def _weight(method: str, place: Any, gap: Any) -> Any:
    """How much of the element behind is in the result."""
    if method == "averaged_inverted_cdf":
        return np.where(np.equal(gap, 0), 0.5, 1.0)
    if method == "midpoint":
        return np.where(np.equal(place, np.floor(place)), 0.0, 0.5)
    return gap


def _neighbours(place: Any, n: Any) -> tuple[Any, Any, Any]:
    """The elements before and behind a place, in range, and how far the place is behind the first.

    Beyond the ends the two are the same.
    """
    below = np.floor(place)
    inside = np.logical_and(np.greater_equal(place, 0), np.less(place, n - 1))
    ends = np.where(np.less(place, 0), 0, n - 1)
    first = np.where(inside, below, ends).astype(np.int64)
    second = np.where(inside, below + 1, ends).astype(np.int64)
    return first, second, place - below


def _interpolated(first: Any, second: Any, weight: Any) -> Array:
    """Reckoned from the nearer of the two."""
    gap = np.subtract(second, first)
    from_first = np.add(first, np.multiply(gap, weight))
    from_second = np.subtract(second, np.multiply(gap, np.subtract(1, weight)))
    near = np.greater_equal(weight, 0.5)
    return convert(where(near, from_second, from_first), from_first.type.dtype)


# Quantiles.


class _Lines:
    """Sorted lines, and how many elements of each count: an int, or an array of them."""

    def __init__(self, op: str, a: Any, axis: Any, ignores_nan: bool) -> None:
        lines, self.kept = _line(op, a, axis)
        if lines.type.dtype.kind == "c":
            fail(DtypeError, "takes real numbers", op=op, dtypes=[lines.dtype])
        self.length = lines.type.shape[-1]
        if not self.length:
            fail(AxisError, "there are no elements to choose from", op=op, shapes=[lines.shape])
        self.ordered = emit("sort", lines)
        self.shape = lines.type.shape[:-1]
        self.count: Any = self.length
        self.is_nan = _has_nan(self.ordered)
        if ignores_nan and self.is_nan is not None:
            self.count = sum(numbers(lines), -1)
            self.is_nan = CALLS[np.equal](self.count, 0)

    def at(self, places: Any) -> Array:
        """Elements at known places, or at traced ones that spread to [.., *lines]."""
        if type(places) is not Array:
            found = picked(self.ordered, len(self.shape), np.asarray(places).reshape(-1))
            return reshaped(moveaxis(found, -1, 0), (*np.shape(places), *self.shape))
        whole = convert(np.clip(places, 0, self.length - 1), i64)
        type_ = whole.type.with_shape((*places.shape[: places.ndim - len(self.shape)], *self.shape))
        first = type_.rank - len(self.shape)
        rows = [emit("iota", axis=first + k, type=type_) for k in range(len(self.shape))]
        return emit("gather", self.ordered, *rows, broadcast(whole, type_.shape))


def _quantiles(
    op: str, a: Any, q: Any, axis: Any, method: str, keepdims: bool, ignores_nan: bool = False
) -> Array:
    if method not in _WHOLE and method not in _INTERPOLATED:
        known = ", ".join([*_WHOLE, *_INTERPOLATED])
        fail(ArgumentError, f"there is no method {method!r}", op=op, cure=f"use one of {known}")
    lines = _Lines(op, a, axis, ignores_nan)
    is_weak = type(q) in (int, float) or (type(q) is Array and q.weak)
    shares = _shares(op, q)
    shape = shares.shape
    if type(shares) is Array or type(lines.count) is Array:
        shares = np.reshape(shares, _in_front(shape, lines))
    if type(lines.count) is Array and shares.dtype.kind == "f":
        lines.count = lines.count.astype(shares.dtype)
    if method in _WHOLE:
        result = lines.at(_WHOLE[method](lines.count, shares))
    else:
        result = _between_elements(lines, shares, method, is_weak)
    result = _or_nan(lines.is_nan, result)
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
    message = f"{op}: q must be in the range [0, {top}]"
    if top != 1:
        given = np.true_divide(given, top)
    if type(given) is Array:
        inside = np.logical_and(np.greater_equal(given, 0), np.less_equal(given, 1))
        emit_check(all(inside), WRONG_VALUE + message)
    elif given.size and not (given.min() >= 0 and given.max() <= 1):
        fail(ArgumentError, message, op=op)
    return given


def _between_elements(lines: _Lines, shares: Any, method: str, is_weak: bool) -> Array:
    if lines.ordered.type.dtype.kind == "b":
        cure = "convert it first, or use a method that chooses an element"
        fail(DtypeError, "bool cannot be interpolated", op="quantile", cure=cure)
    place = _INTERPOLATED[method](lines.count, shares)
    if type(place) is not Array and np.asarray(place).dtype.kind in "iu" and method == "linear":
        return lines.at(place)
    first, second, gap = _neighbours(place, lines.count)
    weight = _weight(method, place, gap)
    first, second = lines.at(first), lines.at(second)
    if type(weight) is not Array:
        weight = float(weight) if is_weak else np.reshape(weight, _in_front(weight.shape, lines))
    elif is_weak and first.type.dtype.is_inexact:
        weight = convert(weight, first.type.dtype)
    return _interpolated(first, second, weight)


@numpy_function(np.quantile)
def quantile(
    a: Any,
    q: Any,
    axis: Any = None,
    overwrite_input: bool = False,
    method: str = "linear",
    keepdims: bool = False,
) -> Array:
    return _quantiles("quantile", a, q, axis, method, keepdims)


@numpy_function(np.percentile)
def percentile(
    a: Any,
    q: Any,
    axis: Any = None,
    overwrite_input: bool = False,
    method: str = "linear",
    keepdims: bool = False,
) -> Array:
    return _quantiles("percentile", a, q, axis, method, keepdims)


@numpy_function(np.nanquantile)
def nanquantile(
    a: Any,
    q: Any,
    axis: Any = None,
    overwrite_input: bool = False,
    method: str = "linear",
    keepdims: bool = False,
) -> Array:
    return _quantiles("nanquantile", a, q, axis, method, keepdims, True)


@numpy_function(np.nanpercentile)
def nanpercentile(
    a: Any,
    q: Any,
    axis: Any = None,
    overwrite_input: bool = False,
    method: str = "linear",
    keepdims: bool = False,
) -> Array:
    return _quantiles("nanpercentile", a, q, axis, method, keepdims, True)
