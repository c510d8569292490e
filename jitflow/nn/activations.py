"""Functions between layers, elementwise but for the softmax; each keeps its argument's dtype."""

from __future__ import annotations

from math import pi, sqrt
from typing import Any

import numpy as np

from jitflow.optim.settings import as_like


def relu(x: Any) -> Any:
    """x where it is positive, else 0; its derivative at 0 is 0."""
    return np.where(x <= 0, 0, x)


def leaky_relu(x: Any, slope: float = 0.01) -> Any:
    """x where it is positive, else slope * x."""
    return as_like(np.where(x > 0, x, slope * x), x.dtype)


def elu(x: Any, alpha: float = 1.0) -> Any:
    """x where it is positive, else alpha * (exp(x) - 1)."""
    return as_like(np.where(x > 0, x, alpha * np.expm1(np.minimum(x, 0))), x.dtype)


def sigmoid(x: Any) -> Any:
    """1 / (1 + exp(-x)), by way of tanh: no overflow for any x."""
    return as_like(0.5 * np.tanh(0.5 * x) + 0.5, x.dtype)


def tanh(x: Any) -> Any:
    return np.tanh(x)


def silu(x: Any) -> Any:
    """x * sigmoid(x)."""
    return x * sigmoid(x)


def gelu(x: Any) -> Any:
    """x times the normal distribution function, in the tanh form of Hendrycks and Gimpel 2016."""
    inner = sqrt(2 / pi) * (x + 0.044715 * x * x * x)
    return as_like(0.5 * x * (1 + np.tanh(inner)), x.dtype)


def softplus(x: Any) -> Any:
    """log(1 + exp(x)), which overflows for no x."""
    return np.logaddexp(x, 0)


def log_softmax(x: Any, axis: int = -1) -> Any:
    """Logarithms of the softmax."""
    shifted = x - np.max(x, axis=axis, keepdims=True)
    return shifted - np.log(np.sum(np.exp(shifted), axis=axis, keepdims=True))


def softmax(x: Any, axis: int = -1) -> Any:
    """exp(x), scaled so that its sum along the axis is 1."""
    raised = np.exp(x - np.max(x, axis=axis, keepdims=True))
    return raised / np.sum(raised, axis=axis, keepdims=True)
