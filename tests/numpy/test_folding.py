"""reduce and reduceat of ufuncs against NumPy."""

from __future__ import annotations

import numpy as np
import pytest

from jitflow.errors import AxisError, ShapeError, TraceError

INTEGERS = ["bitwise_and", "bitwise_or", "bitwise_xor", "gcd", "lcm", "logical_xor"]
FLOATS = ["fmax", "fmin", "hypot", "logaddexp", "logaddexp2"]
X = np.random.default_rng(0).integers(1, 9, (3, 5, 4))


@pytest.mark.parametrize("name", INTEGERS + FLOATS)
def test_reduce(name, check):
    ufunc = getattr(np, name)
    x = X if name in INTEGERS else X / 4
    check(
        lambda x: (
            ufunc.reduce(x),
            ufunc.reduce(x, axis=-1),
            ufunc.reduce(x, axis=1, keepdims=True),
            ufunc.reduce(x[:1]),
            ufunc.reduce(x, initial=3),
            ufunc.reduce(x, 1, initial=3, where=x > 1),
        ),
        x,
        exact=name in INTEGERS,
    )


@pytest.mark.parametrize("name", INTEGERS + FLOATS)
def test_reduce_nothing(name, check):
    ufunc = getattr(np, name)
    x = X[:0] if name in INTEGERS else X[:0] / 4
    check(lambda x: ufunc.reduce(x, initial=2), x)
    if ufunc.identity is not None:
        check(lambda x: ufunc.reduce(x), x)


def test_reduce_one_element_begins_with_the_identity(check):
    check(lambda x: (np.hypot.reduce(x), np.logaddexp.reduce(x)), np.array([-2.0]))
    check(lambda x: np.gcd.reduce(x, axis=1), np.array([[-4], [6]]))


@pytest.mark.parametrize("dtype", ["bool", "uint8", "int16", "uint64"])
def test_bits_of_nothing_are_all_set(dtype, check):
    check(lambda x: np.bitwise_and.reduce(x), np.zeros((0, 3), dtype))
    check(lambda x: np.bitwise_and.reduce(x, initial=6), np.zeros(0, dtype))


@pytest.mark.parametrize("name", ["add", "multiply", "maximum", "logical_or", "bitwise_xor"])
def test_reduceat(name, check):
    ufunc = getattr(np, name)
    check(lambda x: (ufunc.reduceat(x, [0, 2, 1]), ufunc.reduceat(x, [3, 0], axis=1)), X)
    check(lambda x: ufunc.reduceat(x, [1], axis=-1), X)


def test_faults(evaluate):
    with pytest.raises(ShapeError, match="lcm has no identity"):
        evaluate(lambda x: np.lcm.reduce(x), X[:0])
    with pytest.raises(AxisError, match="out of bounds for size 3"):
        evaluate(lambda x: np.add.reduceat(x, [3]), X)
    with pytest.raises(TraceError, match="indices cannot be traced"):
        evaluate(lambda x: np.add.reduceat(x, x[0, 0]), X)
    with pytest.raises(TraceError, match="np.subtract.reduce is not supported"):
        evaluate(lambda x: np.subtract.reduce(x), X)


def test_options_of_reduce(check):
    check(lambda x: np.maximum.reduce(x, dtype=np.float32, initial=3, where=x > 2), X)
    check(lambda x: np.logical_or.reduce(x > 9, axis=(0, 1), initial=True), X)
    check(lambda x: np.add.reduce(x, 1, np.float64, keepdims=True, initial=2), X, exact=False)
    check(lambda x: np.multiply.reduce(x, axis=None, dtype=np.int32), X)
