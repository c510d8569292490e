"""Metrics: functions of the true values and the model's, the mean over all samples."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from jitflow.nn import losses


def accuracy(y: Any, logits: Any) -> Any:
    """The part of the samples whose greatest logit is that of the class: a number, or one-hot."""
    found = np.argmax(logits, axis=-1)
    wanted = y if np.ndim(y) < np.ndim(logits) else np.argmax(y, axis=-1)
    return np.mean((found == wanted).astype(np.float32))


def binary_accuracy(y: Any, logits: Any) -> Any:
    """The part of the samples whose logit has the sign that y of 0 and 1 asks for."""
    losses.same_shape("binary_accuracy", y, logits)
    return np.mean(((logits > 0) == (y > 0.5)).astype(np.float32))


def top_k_accuracy(k: int = 5) -> Callable[[Any, Any], Any]:
    """The part of the samples whose class is among the k greatest logits."""

    def top_accuracy(y: Any, logits: Any) -> Any:
        chosen = np.take_along_axis(logits, y[..., None], axis=-1)
        greater = np.sum((logits > chosen).astype(np.int64), axis=-1)
        return np.mean((greater < k).astype(np.float32))

    top_accuracy.__name__ = f"top_{k}_accuracy"
    return top_accuracy


NAMES = {
    **losses.NAMES, "accuracy": accuracy, "acc": accuracy, "binary_accuracy": binary_accuracy,
}  # fmt: skip
"""What `compile` takes by name."""
