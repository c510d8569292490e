"""Where quantiles stand in a sorted line of n elements, by method: the first one is at 0.

R. J. Hyndman, Y. Fan, "Sample Quantiles in Statistical Packages", 1996, methods 1 to 9, and
NumPy's older ones. In NumPy's terms, which serve known numbers and traced ones alike.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from jitflow.numpy.basics import Array, convert
from jitflow.numpy.choosing import where

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


WHOLE: dict[str, Place] = {
    "inverted_cdf": _inverted_cdf,
    "closest_observation": _closest_observation,
    "lower": lambda n, q: np.floor((n - 1) * q).astype(np.int64),
    "higher": lambda n, q: np.ceil((n - 1) * q).astype(np.int64),
    "nearest": lambda n, q: np.round((n - 1) * q).astype(np.int64),
}
"""Methods whose places are those of elements."""

INTERPOLATED: dict[str, Place] = {
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


def weight_of(method: str, place: Any, gap: Any) -> Any:
    """How much of the element behind is in the result."""
    if method == "averaged_inverted_cdf":
        return np.where(np.equal(gap, 0), 0.5, 1.0)
    if method == "midpoint":
        return np.where(np.equal(place, np.floor(place)), 0.0, 0.5)
    return gap


def neighbours(place: Any, n: Any) -> tuple[Any, Any, Any]:
    """The elements before and behind a place, in range, and how far the place is behind the first.

    Beyond the ends the two are the same.
    """
    below = np.floor(place)
    inside = np.logical_and(np.greater_equal(place, 0), np.less(place, n - 1))
    ends = np.where(np.less(place, 0), 0, n - 1)
    first = np.where(inside, below, ends).astype(np.int64)
    second = np.where(inside, below + 1, ends).astype(np.int64)
    return first, second, place - below


def interpolated(first: Any, second: Any, weight: Any) -> Array:
    """Reckoned from the nearer of the two."""
    gap = np.subtract(second, first)
    from_first = np.add(first, np.multiply(gap, weight))
    from_second = np.subtract(second, np.multiply(gap, np.subtract(1, weight)))
    near = np.greater_equal(weight, 0.5)
    return convert(where(near, from_second, from_first), from_first.type.dtype)
