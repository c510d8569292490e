"""Reduced axes as one last axis, sorted: what medians and quantiles begin with."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from jitflow.numpy.basics import Array, as_array, broadcast, emit, full_like, normal_axes
from jitflow.numpy.shaping import permuted, reshaped
from jitflow.numpy.ufuncs import CALLS


def line_of(op: str, a: Any, axis: Any) -> tuple[Array, tuple[Any, ...]]:
    """The reduced axes flattened into one last axis, and the shape with extent 1 for each."""
    x = as_array(a)
    shape = x.type.shape
    axes = normal_axes(op, axis, len(shape))
    kept = [k for k in range(len(shape)) if k not in axes]
    length = math.prod(shape[k] for k in axes)
    line = reshaped(permuted(x, [*kept, *axes]), (*[shape[k] for k in kept], length))
    return line, tuple(1 if k in axes else n for k, n in enumerate(shape))


def has_nan(ordered: Array) -> Any:
    """Whether a sorted line holds NaN: then its last element is one. None where it cannot."""
    if not ordered.type.dtype.is_inexact or not ordered.type.shape[-1]:
        return None
    return CALLS[np.isnan](ordered[..., -1])


def or_nan(flag: Any, result: Array) -> Array:
    """NaN where the flag holds."""
    if flag is None:
        return result
    spread = broadcast(flag, result.type.shape)
    return emit("select", spread, full_like(result, np.nan), result)
