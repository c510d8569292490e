"""Functions that NumPy does not have: the error function, and what models build of exponentials.

All but `erf` are written in NumPy's terms, so they serve arrays and traced values alike.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from jitflow.ir.ops import reference
from jitflow.numpy.basics import Array, convert, emit
from jitflow.numpy.promotion import loops, requested_dtype
from jitflow.numpy.ranges import arange
from jitflow.trace import FOREIGN_UFUNCS

__all__ = ["erf", "log_softmax", "logsumexp", "one_hot", "relu", "sigmoid", "softmax"]


def erf(x: Any) -> Any:
    """The error function, elementwise; dtypes as in np.exp."""
    if type(x) is Array:
        return emit("erf", convert(x, loops(np.exp, (x.dtype,))[0]))
    array = np.asarray(x)
    return reference.erf(array.astype(loops(np.exp, (array.dtype,))[0].numpy))[()]


def relu(x: Any) -> Any:
    """maximum(x, 0)."""
    return np.maximum(x, 0)


def sigmoid(x: Any) -> Any:
    """1 / (1 + exp(-x)), without overflow in its derivative."""
    is_positive = np.greater_equal(x, 0)
    small = np.exp(np.where(is_positive, np.negative(x), x))
    return np.true_divide(np.where(is_positive, 1, small), np.add(1, small))


def logsumexp(a: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """log(sum(exp(a))) over axis, without overflow."""
    greatest = np.max(a, axis=axis, keepdims=True)
    shift = np.where(np.isfinite(greatest), greatest, np.zeros_like(greatest))
    total = np.sum(np.exp(np.subtract(a, shift)), axis=axis, keepdims=keepdims)
    return np.add(np.log(total), np.reshape(shift, np.shape(total)))


def softmax(x: Any, axis: Any = -1) -> Any:
    """exp(x) / sum(exp(x)) over axis, without overflow."""
    exponentials = np.exp(np.subtract(x, np.max(x, axis=axis, keepdims=True)))
    return np.true_divide(exponentials, np.sum(exponentials, axis=axis, keepdims=True))


def log_softmax(x: Any, axis: Any = -1) -> Any:
    """log(softmax(x)) over axis."""
    shifted = np.subtract(x, np.max(x, axis=axis, keepdims=True))
    return np.subtract(shifted, np.log(np.sum(np.exp(shifted), axis=axis, keepdims=True)))


def one_hot(labels: Any, classes: int, dtype: Any = np.float64) -> Any:
    """[..., classes]: 1 where the last index is the label, 0 elsewhere."""
    hit = np.equal(np.expand_dims(labels, -1), arange(classes))
    return hit.astype(requested_dtype(dtype).numpy)


FOREIGN_UFUNCS.update(erf=erf, expit=sigmoid)
