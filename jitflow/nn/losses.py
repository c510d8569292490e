"""Losses: functions of the true values and the model's, the mean over all samples.

Cross-entropies take logits, not probabilities: that is exact where probabilities would round.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from jitflow.errors import ShapeError
from jitflow.nn.activations import log_softmax
from jitflow.trace.source import fail


def same_shape(name: str, y: Any, output: Any) -> None:
    """ShapeError where values do not belong together, which broadcasting would hide."""
    if np.shape(y) != np.shape(output):
        shapes = [np.shape(y), np.shape(output)]
        fail(ShapeError, f"{name} of values and outputs of different shapes", shapes=shapes)


def mean_squared_error(y: Any, output: Any) -> Any:
    same_shape("mean_squared_error", y, output)
    return np.mean(np.square(output - y))


def mean_absolute_error(y: Any, output: Any) -> Any:
    same_shape("mean_absolute_error", y, output)
    return np.mean(np.abs(output - y))


def huber(y: Any, output: Any, delta: float = 1.0) -> Any:
    """Squares of errors up to delta, halved, and their lines from there on (Huber 1964)."""
    same_shape("huber", y, output)
    size = np.abs(output - y)
    inner = np.minimum(size, delta)
    return np.mean(inner * (size - 0.5 * inner))


def hinge(y: Any, output: Any) -> Any:
    """max(0, 1 - y * output) for y of -1 and 1."""
    same_shape("hinge", y, output)
    return np.mean(np.maximum(1 - y * output, 0))


def binary_crossentropy(y: Any, logits: Any) -> Any:
    """For y of 0 and 1, or probabilities."""
    same_shape("binary_crossentropy", y, logits)
    return np.mean(np.logaddexp(logits, 0) - y * logits)


def categorical_crossentropy(y: Any, logits: Any) -> Any:
    """For y with a probability for each class, classes along the last axis."""
    same_shape("categorical_crossentropy", y, logits)
    return -np.mean(np.sum(y * log_softmax(logits), axis=-1))


def sparse_categorical_crossentropy(y: Any, logits: Any) -> Any:
    """For y with the number of the class; logits have one axis more."""
    if np.shape(y) != np.shape(logits)[:-1]:
        shapes = [np.shape(y), np.shape(logits)]
        fail(ShapeError, "logits have the axes of the classes' numbers, and one", shapes=shapes)
    chosen = np.take_along_axis(log_softmax(logits), y[..., None], axis=-1)
    return -np.mean(chosen)


NAMES = {
    "mse": mean_squared_error, "mean_squared_error": mean_squared_error,
    "mae": mean_absolute_error, "mean_absolute_error": mean_absolute_error, "huber": huber,
    "hinge": hinge, "binary_crossentropy": binary_crossentropy,
    "categorical_crossentropy": categorical_crossentropy,
    "sparse_categorical_crossentropy": sparse_categorical_crossentropy,
}  # fmt: skip
"""What `compile` takes by name."""
