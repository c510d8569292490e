"""Learning rates that change: functions of the number of updates so far, computed in float64.

The number is a Python one, an array, or a node or variable of a graph.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import pi
from typing import Any

import numpy as np

from jitflow.errors import ArgumentError
from jitflow.optim.settings import as_like
from jitflow.trace.source import fail

Schedule = Callable[[Any], Any]


def constant(rate: float) -> Schedule:
    """Always the same."""
    return lambda count: _float64(count) * 0.0 + rate


def piecewise_constant(boundaries: Sequence[int], rates: Sequence[float]) -> Schedule:
    """rates[i] before boundaries[i], the last one behind all; boundaries ascend."""
    if len(rates) != len(boundaries) + 1 or list(boundaries) != sorted(set(boundaries)):
        fail(ArgumentError, "one rate more than boundaries, which ascend")

    def rate(count: Any) -> Any:
        count = _float64(count)
        value = count * 0.0 + rates[-1]
        for boundary, early in zip(boundaries[::-1], rates[-2::-1], strict=True):
            value = np.where(count < float(boundary), early, value)
        return value

    return rate


def exponential_decay(
    rate: float, decay_steps: int, decay_rate: float, staircase: bool = False
) -> Schedule:
    """rate * decay_rate ** (count / decay_steps); whole powers only with `staircase`."""
    require_steps(decay_steps)

    def decayed(count: Any) -> Any:
        power = _float64(count) / float(decay_steps)
        return rate * decay_rate ** (np.floor(power) if staircase else power)

    return decayed


def cosine_decay(rate: float, decay_steps: int, alpha: float = 0.0) -> Schedule:
    """From rate down to alpha * rate along half a wave (Loshchilov and Hutter 2017)."""
    require_steps(decay_steps)

    def decayed(count: Any) -> Any:
        done = np.minimum(_float64(count) / float(decay_steps), 1.0)
        return rate * ((1 - alpha) * 0.5 * (1.0 + np.cos(pi * done)) + alpha)

    return decayed


def warmup(steps: int, after: float | Schedule) -> Schedule:
    """Rises in a line during the first updates, then follows `after`, which counts from there."""
    require_steps(steps)

    def rate(count: Any) -> Any:
        count = _float64(count)
        late = np.maximum(count - float(steps), 0.0)
        top = after(late) if callable(after) else after
        return top * np.minimum((count + 1.0) / float(steps), 1.0)

    return rate


def _float64(count: Any) -> Any:
    return as_like(count, np.dtype(np.float64)) if hasattr(count, "dtype") else float(count)


def require_steps(steps: int) -> None:
    """ArgumentError for a schedule that ends before it starts."""
    if not steps > 0:
        fail(ArgumentError, f"{steps} steps; a schedule has at least one")
