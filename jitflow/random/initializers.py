"""First values of parameters: functions of a key, a shape and a dtype.

Fan-in and fan-out as in Glorot and Bengio 2010 and He et al. 2015: of a kernel's last two axes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import prod, sqrt
from typing import Any

import numpy as np

from jitflow.random.distributions import normal as standard_normal
from jitflow.random.distributions import truncated_normal as standard_truncated
from jitflow.random.distributions import uniform as standard_uniform

Initializer = Callable[[Any, Sequence[int], Any], Any]

_SHRINK = 0.87962566103423978
"""Standard deviation of a normal distribution cut off at two of its own."""


def constant(value: Any = 0) -> Initializer:
    """This value everywhere; the key is not used."""
    return lambda key, shape, dtype: np.broadcast_to(np.asarray(value, dtype), tuple(shape)).copy()


def zeros() -> Initializer:
    return constant(0)


def ones() -> Initializer:
    return constant(1)


def uniform(low: float = -0.05, high: float = 0.05) -> Initializer:
    """Numbers of [low, high)."""
    return lambda key, shape, dtype: standard_uniform(key, tuple(shape), dtype, low, high)


def normal(mean: float = 0.0, stddev: float = 0.05) -> Initializer:
    """Numbers of a normal distribution."""
    return lambda key, shape, dtype: standard_normal(key, tuple(shape), dtype) * stddev + mean


def truncated_normal(mean: float = 0.0, stddev: float = 0.05) -> Initializer:
    """Numbers of a normal distribution within two standard deviations of the mean."""

    def draw(key: Any, shape: Sequence[int], dtype: Any) -> Any:
        return standard_truncated(key, -2.0, 2.0, tuple(shape), dtype) * stddev + mean

    return draw


def glorot_uniform() -> Initializer:
    """Uniform, with the variance 2 / (fan-in + fan-out)."""
    return _scaled(lambda shape: sqrt(6.0 / max(1, sum(fans(shape)))), uniform_within)


def glorot_normal() -> Initializer:
    """Truncated normal, with the variance 2 / (fan-in + fan-out)."""
    return _scaled(lambda shape: sqrt(2.0 / max(1, sum(fans(shape)))), truncated_with)


def he_uniform() -> Initializer:
    """Uniform, with the variance 2 / fan-in."""
    return _scaled(lambda shape: sqrt(6.0 / max(1, fans(shape)[0])), uniform_within)


def he_normal() -> Initializer:
    """Truncated normal, with the variance 2 / fan-in."""
    return _scaled(lambda shape: sqrt(2.0 / max(1, fans(shape)[0])), truncated_with)


def uniform_within(limit: float) -> Initializer:
    return uniform(-limit, limit)


def truncated_with(stddev: float) -> Initializer:
    """Truncated normal, with this standard deviation after the cut."""
    return truncated_normal(0.0, stddev / _SHRINK)


def _scaled(
    scale: Callable[[Sequence[int]], float], make: Callable[[float], Initializer]
) -> Initializer:
    return lambda key, shape, dtype: make(scale(shape))(key, shape, dtype)


def fans(shape: Sequence[int]) -> tuple[int, int]:
    """How many inputs an output has, and how many outputs an input."""
    if len(shape) < 2:
        return prod(shape), prod(shape)
    field = prod(shape[:-2])
    return field * shape[-2], field * shape[-1]
