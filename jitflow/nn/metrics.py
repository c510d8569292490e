"""Metrics: functions of the true values and the model's, the mean over all samples."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from jitflow.errors import ArgumentError, ShapeError
from jitflow.nn import losses
from jitflow.trace.source import fail


def accuracy(y: Any, logits: Any) -> Any:
    """The part of the samples whose greatest logit is that of the class: a number, or one-hot."""
    shape = losses.shape_of(logits)
    if shape[-1:] == (1,):
        problem = "accuracy of one logit, which is always the greatest"
        fail(ShapeError, problem, shapes=[shape], cure="binary_accuracy")
    found = np.argmax(logits, axis=-1)
    if losses.shape_of(y) == shape:
        wanted = np.argmax(y, axis=-1)
    else:
        wanted = losses.class_numbers(y, logits)
    return np.mean(np.equal(found, wanted).astype(np.float32))


def binary_accuracy(y: Any, logits: Any) -> Any:
    """The part of the samples whose logit has the sign that y of 0 and 1 asks for."""
    y = losses.alike("binary_accuracy", y, logits)
    return np.mean(np.equal(logits > 0, y > 0.5).astype(np.float32))


def top_k_accuracy(k: int = 5) -> Callable[[Any, Any], Any]:
    """The part of the samples whose class is among the k greatest logits."""
    if not k >= 1:
        fail(ArgumentError, f"k is {k}; at least one logit is looked at")

    def top_accuracy(y: Any, logits: Any) -> Any:
        numbers = losses.class_numbers(y, logits)
        chosen = np.take_along_axis(logits, numbers[..., None], axis=-1)
        greater = np.sum((~(logits <= chosen)).astype(np.int64), axis=-1)  # NaN is no success
        return np.mean((greater < k).astype(np.float32))

    top_accuracy.__name__ = f"top_{k}_accuracy"
    return top_accuracy


NAMES: dict[str, Callable[..., Any]] = {
    **losses.NAMES, "accuracy": accuracy, "acc": accuracy, "binary_accuracy": binary_accuracy,
}  # fmt: skip
"""What `compile` takes by name."""


def by_name(function: Callable[..., Any] | str) -> Callable[..., Any]:
    """The function, or the loss or metric that is called so."""
    if not isinstance(function, str):
        return function
    if function not in NAMES:
        known = ", ".join(sorted(NAMES))
        fail(ArgumentError, f"nothing is called {function!r}; there is {known}")
    return NAMES[function]


def names_of(functions: Sequence[Callable[..., Any]]) -> list[str]:
    """What functions are called in logs; those of one name are numbered."""
    names: list[str] = []
    for function in functions:
        inner = getattr(function, "func", function)  # of functools.partial
        name = getattr(inner, "__name__", type(inner).__name__)
        count = sum(other.rpartition("_")[0] == name or other == name for other in names)
        names.append(f"{name}_{count}" if count else name)
    return names
