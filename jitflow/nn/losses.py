"""Losses: functions of the true values and the model's, the mean over all samples.

Cross-entropies take logits, not probabilities: that is exact where probabilities would round.
`weights`: one for each sample, or for each of its parts; the mean is then weighted as
`np.average` does it, and 0 where all weights are. All is computed in the outputs' dtype.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from jitflow.errors import ArgumentError, DtypeError, ShapeError
from jitflow.nn.activations import log_softmax
from jitflow.numpy.basics import emit_check
from jitflow.recording import Operand
from jitflow.trace.arrays import TracedArray
from jitflow.trace.checks import WRONG_VALUE
from jitflow.trace.source import fail


def mean_squared_error(y: Any, output: Any, weights: Any = None) -> Any:
    """The mean of (output - y)**2."""
    y = alike("mean_squared_error", y, output)
    return averaged(np.square(output - y), weights)


def mean_absolute_error(y: Any, output: Any, weights: Any = None) -> Any:
    """The mean of |output - y|."""
    y = alike("mean_absolute_error", y, output)
    return averaged(np.abs(output - y), weights)


def huber(y: Any, output: Any, weights: Any = None, delta: float = 1.0) -> Any:
    """Squares of errors up to delta, halved, and their lines from there on (Huber 1964)."""
    size = np.abs(output - alike("huber", y, output))
    inner = np.minimum(size, delta)
    return averaged(inner * (size - 0.5 * inner), weights)


def hinge(y: Any, output: Any, weights: Any = None) -> Any:
    """max(0, 1 - y * output) for y of -1 and 1."""
    y = alike("hinge", y, output)
    return averaged(np.maximum(1 - y * output, 0), weights)


def binary_crossentropy(y: Any, logits: Any, weights: Any = None) -> Any:
    """For y of 0 and 1, or probabilities."""
    y = alike("binary_crossentropy", y, logits)
    return averaged(np.logaddexp(logits, 0) - y * logits, weights)


def categorical_crossentropy(
    y: Any, logits: Any, weights: Any = None, smoothing: float = 0.0
) -> Any:
    """For y with a probability for each class, classes along the last axis.

    smoothing: the part of y that is spread over all classes (Szegedy et al. 2016).
    """
    y = alike("categorical_crossentropy", y, logits)
    each = log_softmax(logits)
    return averaged(-_smoothed(np.sum(y * each, axis=-1), each, smoothing), weights)


def sparse_categorical_crossentropy(
    y: Any, logits: Any, weights: Any = None, smoothing: float = 0.0
) -> Any:
    """For y with the number of the class; logits have one axis more. `smoothing` as above."""
    y = class_numbers(y, logits)
    each = log_softmax(logits)
    chosen = np.take_along_axis(each, y[..., None], axis=-1)[..., 0]
    return averaged(-_smoothed(chosen, each, smoothing), weights)


def _smoothed(chosen: Any, each: Any, part: float) -> Any:
    if not 0 <= part < 1:
        fail(ArgumentError, f"smoothing is {part!r}; it lies in [0, 1)")
    return (1 - part) * chosen + part * np.mean(each, axis=-1) if part else chosen


def alike(name: str, y: Any, output: Any) -> Any:
    """y in the output's dtype; ShapeError for another shape, which broadcasting would hide."""
    if not may_be_equal(shape_of(y), shape_of(output)):
        shapes = [shape_of(y), shape_of(output)]
        fail(ShapeError, f"{name} of values and outputs of different shapes", shapes=shapes)
    return in_dtype_of(y, output)


def class_numbers(y: Any, logits: Any) -> Any:
    """y as numbers of classes; refuses other dtypes and shapes, and classes that are not there."""
    if isinstance(y, Operand):
        return y._record("class_numbers", class_numbers, (y, logits), {})
    y = y if hasattr(y, "dtype") else np.asarray(y)
    if shape_of(y) != shape_of(logits)[:-1]:
        shapes = [shape_of(y), shape_of(logits)]
        fail(ShapeError, "logits have the axes of the classes' numbers, and one", shapes=shapes)
    if y.dtype.kind not in "iu":
        cure = "y.astype(np.int64), or categorical_crossentropy for probabilities"
        fail(DtypeError, f"numbers of classes are integers, not {y.dtype}", cure=cure)
    return within(y, shape_of(logits)[-1], "a class number")


def within(y: Any, count: int, what: str) -> Any:
    """The integers, which must be from 0 on and below a count: at once, or when the code runs."""
    if isinstance(y, Operand):
        return y._record("within", within, (y, count, what), {})
    message = f"{what} is not in 0..{count - 1}"
    y = y if y.dtype == np.int64 else y.astype(np.int64)
    holds: Any = (y >= 0) & (y < count)
    if isinstance(y, TracedArray):
        every: Any = np.all(holds)
        emit_check(every, f"{WRONG_VALUE}{message}")
    elif not np.all(holds):
        fail(ArgumentError, f"{message}: {np.asarray(y)[~holds].flat[0]}")
    return y


def shape_of(x: Any) -> Any:
    """The shape of an array, a node or a number; None where a node's is not known."""
    return x.shape if hasattr(x, "shape") else np.shape(x)


def may_be_equal(a: Any, b: Any) -> bool:
    """Whether shapes are the same, as far as they are known."""
    if a is None or b is None:
        return True
    known = zip(a, b, strict=False)
    return len(a) == len(b) and all(n is None or m is None or n == m for n, m in known)


def in_dtype_of(x: Any, output: Any) -> Any:
    x = x if hasattr(x, "dtype") else np.asarray(x)
    return x if x.dtype == output.dtype else x.astype(output.dtype)


def averaged(each: Any, weights: Any) -> Any:
    """The mean, weighted where there are weights; parts of one weight count alike."""
    if weights is None:
        return np.mean(each)
    rank, shape = len(shape_of(weights)), shape_of(each)
    if not rank or not may_be_equal(shape_of(weights), shape[:rank]):
        fail(ShapeError, "weights are one for each sample", shapes=[shape_of(weights), shape])
    weights = in_dtype_of(weights, each)
    inner = tuple(range(rank, len(shape)))
    total = np.sum(weights)
    weighted = np.sum(weights * (np.mean(each, axis=inner) if inner else each))
    return weighted / np.where(total == 0, 1, total)


NAMES = {
    "mse": mean_squared_error, "mean_squared_error": mean_squared_error,
    "mae": mean_absolute_error, "mean_absolute_error": mean_absolute_error, "huber": huber,
    "hinge": hinge, "binary_crossentropy": binary_crossentropy,
    "categorical_crossentropy": categorical_crossentropy,
    "sparse_categorical_crossentropy": sparse_categorical_crossentropy,
}  # fmt: skip
"""What `compile` takes by name."""
