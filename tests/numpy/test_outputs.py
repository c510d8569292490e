"""`out=` and `where=` of functions and ufuncs against NumPy."""

from __future__ import annotations

import numpy as np
import pytest

import jitflow as jf
import jitflow.numpy as jnp
from jitflow.errors import DtypeError, ShapeError, TraceError

OUTSIDE = np.zeros((2, 3))
X = np.arange(6, dtype=np.float32).reshape(2, 3)


def fill(x):
    a = jnp.zeros((2, 3))
    b = np.multiply(x, 2, out=a)
    b[0, 0] = 7
    np.add(x[0], 1, out=a[1])
    return a


def choose(x):
    a = x + 1
    np.sqrt(x, out=a, where=x > 2)
    np.add(x, 1, out=a, where=[True, False, False])
    return a


def total(x):
    a = jnp.ones((3, 3))
    np.sum(x, axis=0, out=a[1])
    np.add.reduce(x, 0, None, a[:, 0])
    x.max(axis=0, out=a[2])
    np.clip(x[0], 1, 2, out=a[0])
    return a


def whole(x):
    a = jnp.zeros((2, 3), dtype=int)
    np.add(x.astype(int), 1, a)
    return a


def cleaned(x):
    a = x / (x - 1)
    b = np.nan_to_num(a, copy=False, posinf=2.0)
    b[0, 0] += 1
    return a


@pytest.mark.parametrize("function", [fill, choose, total, whole, cleaned])
@pytest.mark.filterwarnings("ignore:divide by zero")
def test_out(function, check):
    check(function, X)
    np.testing.assert_array_equal(jf.jit(function)(X), function(X))


@pytest.mark.parametrize(
    ("function", "kind", "text"),
    [
        (lambda x: np.add(x, 1, out=OUTSIDE), TraceError, "np.add: out= is not supported"),
        (lambda x: np.add(x, 1, out=x), TraceError, "it is argument 0"),
        (lambda x: np.add(x, 1, where=x > 1), TraceError, "where= is not supported"),
        (lambda x: np.sum(x, axis=0, out=OUTSIDE[0]), TraceError, "np.sum: out= is not supported"),
        (lambda x: np.add(x, 1, out=jnp.zeros(3)), ShapeError, "does not fit into out="),
        (lambda x: np.add(x, 1, out=jnp.zeros((2, 3), int)), DtypeError, "cannot cast the result"),
        (lambda x: np.add(x, 1, out=jnp.zeros((2, 3)), where=x), TypeError, "where= must be bool"),
    ],
)
def test_faults(function, kind, text, evaluate):
    with pytest.raises(kind, match=rf"test_outputs.py:\d+(.|\n)*{text}"):
        evaluate(function, X)
