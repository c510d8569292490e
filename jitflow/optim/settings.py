"""What an optimizer is set to: numbers in their ranges, and learning rates of all kinds."""

from __future__ import annotations

from collections.abc import Callable
from numbers import Real
from typing import Any

import numpy as np

from jitflow.errors import ArgumentError
from jitflow.trace.source import fail

Rate = Any | Callable[[Any], Any]
"""A number, a schedule, or an array, node or variable of rank 0."""


def number(name: str, value: Any, below: float = float("inf")) -> float:
    """A number from 0 on, as a Python float, which takes on the dtype beside it."""
    is_number = isinstance(value, Real) and value is not True and value is not False
    if not is_number or not 0 <= float(value) < below:
        wanted = "" if below == float("inf") else f" and below {below:g}"
        fail(ArgumentError, f"{name} is {value!r}; it is a number from 0 on{wanted}")
    return float(value)


def learning_rate(rate: Rate) -> Rate:
    """A rate as it is kept: numbers as Python floats; ArgumentError for what is none."""
    if isinstance(rate, np.ndarray) and rate.ndim == 0:
        rate = rate[()]
    if callable(rate):
        return rate
    if hasattr(rate, "dtype") and not isinstance(rate, np.generic):
        if getattr(rate, "shape", None) not in (None, ()):
            fail(ArgumentError, "a learning rate is one number", shapes=[rate.shape])
        return rate
    return number("learning rate", rate)


def slot_dtype(x: Any) -> Any:
    """What is kept beside an array, and computed with it: its dtype, float32 at least."""
    return np.dtype(np.float32) if x.dtype.itemsize == 2 else x.dtype


def as_like(value: Any, dtype: Any) -> Any:
    """A value in a dtype; Python's numbers take it on by themselves."""
    return value if getattr(value, "dtype", dtype) == dtype else value.astype(dtype)
