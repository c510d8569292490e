"""Functions that NumPy does not have, under SciPy's names, and what models build of exponentials.

The error and gamma functions are rows; the others are written in terms of these and of NumPy, so
that they serve arrays and traced values alike.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from jitflow.ir.row import ROWS
from jitflow.numpy.basics import Array, convert, emit
from jitflow.numpy.promotion import loops, requested_dtype
from jitflow.numpy.ranges import arange
from jitflow.trace import FOREIGN_UFUNCS

__all__ = [
    "digamma", "entr", "erf", "erfc", "erfcinv", "erfcx", "erfinv", "expit", "gammaln", "i0", "i1",
    "log_ndtr", "log_softmax", "logit", "logsumexp", "ndtr", "ndtri", "one_hot", "relu",
    "sigmoid", "softmax", "softplus", "xlog1py", "xlogy",
]  # fmt: skip


def _row_function(name: str) -> Callable[[Any], Any]:
    """The row's function, elementwise; dtypes as in np.exp."""
    row = ROWS[name]

    def function(x: Any) -> Any:
        if type(x) is Array:
            return emit(name, convert(x, loops(np.exp, (x.dtype,))[0]))
        if hasattr(x, "_record"):  # a tensor, a node
            return x._record(name, function, (x,), {})
        array = np.asarray(x)
        assert row.reference is not None
        return row.reference(array.astype(loops(np.exp, (array.dtype,))[0].numpy))[()]

    function.__name__, function.__qualname__, function.__doc__ = name, name, row.doc
    return function


erf = _row_function("erf")
erfc = _row_function("erfc")
erfcx = _row_function("erfcx")
erfinv = _row_function("erfinv")
erfcinv = _row_function("erfcinv")
gammaln = _row_function("gammaln")
digamma = _row_function("digamma")
i0 = _row_function("i0")
i1 = _row_function("i1")


def _product_with_log(x: Any, y: Any, log: Callable[[Any], Any]) -> Any:
    """x log(y), and 0 where x is 0, also in the derivative; NaN where y is."""
    is_zero = np.logical_and(np.equal(x, 0), np.equal(y, y))
    return np.where(is_zero, 0, np.multiply(x, log(np.where(is_zero, 1, y))))


def xlogy(x: Any, y: Any) -> Any:
    """x log(y), 0 where x is 0."""
    return _product_with_log(x, y, np.log)


def xlog1py(x: Any, y: Any) -> Any:
    """x log(1 + y), 0 where x is 0."""
    return _product_with_log(x, y, np.log1p)


def entr(x: Any) -> Any:
    """-x log(x), 0 at 0, -inf below."""
    return np.where(np.less(x, 0), -math.inf, np.negative(xlogy(x, x)))


def logit(x: Any) -> Any:
    """log(x / (1 - x)); by arctanh where that is near 0."""
    is_middle = np.less(np.abs(np.subtract(x, 0.5)), 0.25)
    middle = np.where(is_middle, x, 0.5)
    near = np.multiply(2, np.arctanh(np.subtract(np.multiply(2, middle), 1)))
    return np.where(is_middle, near, np.log(np.true_divide(x, np.subtract(1, x))))


def ndtr(x: Any) -> Any:
    """The normal distribution's probability of values below x: erfc(-x / sqrt(2)) / 2."""
    return np.multiply(0.5, erfc(np.multiply(x, -math.sqrt(0.5))))


def log_ndtr(x: Any) -> Any:
    """log(ndtr(x)), which neither underflows nor cancels."""
    is_far = np.less(x, -1)
    outside = np.multiply(np.where(is_far, x, -1), -math.sqrt(0.5))
    far = np.subtract(np.log(np.multiply(0.5, erfcx(outside))), np.square(outside))
    inside = np.multiply(np.where(is_far, -1, x), math.sqrt(0.5))
    return np.where(is_far, far, np.log1p(np.multiply(-0.5, erfc(inside))))


def ndtri(p: Any) -> Any:
    """Inverse of ndtr: the normal distribution's quantiles."""
    return np.multiply(-math.sqrt(2), erfcinv(np.multiply(2, p)))


def softplus(x: Any) -> Any:
    """log(1 + exp(x)), without overflow."""
    return np.logaddexp(x, 0)


def relu(x: Any) -> Any:
    """maximum(x, 0)."""
    return np.maximum(x, 0)


def sigmoid(x: Any) -> Any:
    """1 / (1 + exp(-x)), without overflow in its derivative."""
    is_positive = np.greater_equal(x, 0)
    small = np.exp(np.where(is_positive, np.negative(x), x))
    return np.true_divide(np.where(is_positive, 1, small), np.add(1, small))


def logsumexp(a: Any, axis: Any = None, keepdims: Any = False) -> Any:
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


expit = sigmoid

FOREIGN_UFUNCS.update(
    erf=erf, erfc=erfc, erfcx=erfcx, erfinv=erfinv, erfcinv=erfcinv, gammaln=gammaln, psi=digamma,
    i0=i0, i1=i1, expit=expit, logit=logit, xlogy=xlogy, xlog1py=xlog1py, entr=entr, ndtr=ndtr,
    ndtri=ndtri, log_ndtr=log_ndtr,
)  # fmt: skip
