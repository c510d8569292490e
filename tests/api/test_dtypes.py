"""Compiled programs in every real dtype: NumPy's dtypes and values, down to 16-bit floats."""

import ml_dtypes
import numpy as np
import pytest

import jitflow as jf
from jitflow.ir.dtypes import DTYPES

REAL = [d for d in DTYPES.values() if d.kind != "c"]
INTEGERS = [d for d in REAL if d.is_integer]
HALVES = [d for d in REAL if d.is_float and d.bits == 16]
EXACT = {
    "add": lambda x, y: x + y,
    "mul": lambda x, y: x * y,
    "compare": lambda x, y: (x < y, x == y, x >= 1),
    "extremes": lambda x, y: (np.maximum(x, y), x.min(axis=0), x.max()),
    "choice": lambda x, y: np.where(x > y, x, y),
    "flags": lambda x, y: (x.any(axis=1), np.logical_not(y).all()),
    "indices": lambda x, y: (x.argmax(axis=1), y.argmin()),
    "moves": lambda x, y: (x.T[1:], np.concatenate([x, y]), x[::-1, ::2].reshape(-1), y[[2, 0]]),
    "order": lambda x, y: (np.sort(x, axis=1), np.argsort(y, axis=0, kind="stable")),
    "running": lambda x, y: np.maximum.accumulate(x, axis=1),
    "transposed": lambda x, y: x.T + y.T,
}
INTEGER = {
    "bits": lambda x, y: (x & y, x | y, x ^ y, ~x),
    "shifts": lambda x, y: (x << (y & 7), x >> (y & 7)),
    "division": lambda x, y: (x // (y | 1), x % (y | 1)),
    "sums": lambda x, y: (x.sum(axis=0), y.sum(), x.cumsum(axis=1), x.prod(axis=1)),
    "product": lambda x, y: x @ y.T,
    "power": lambda x, y: x ** (y & 7),
    "signs": lambda x, y: (abs(x), np.sign(x), -x),
}


def sample(dtype, seed, shape=(6, 20)):
    """Small numbers, among them the ends of the range of integers."""
    random = np.random.default_rng(seed)
    if dtype.kind == "b":
        return random.random(shape) < 0.5
    if dtype.is_float:
        return (random.normal(size=shape) * 3).astype(dtype.numpy)
    limits = np.iinfo(dtype.numpy)
    x = random.integers(max(limits.min, -9), 9, shape).astype(dtype.numpy)
    x[0, :4] = limits.min, limits.max, 0, 1
    return x


def check(f, *arrays):
    got, want = jf.jit(f)(*arrays), f(*arrays)
    pairs = zip(got, want, strict=True) if isinstance(want, tuple) else [(got, want)]
    for g, w in pairs:
        assert g.dtype == w.dtype
        np.testing.assert_array_equal(np.asarray(g), w)


@pytest.mark.parametrize("dtype", REAL, ids=str)
@pytest.mark.parametrize("name", EXACT)
def test_exact(name, dtype):
    check(EXACT[name], sample(dtype, 0), sample(dtype, 1))


@pytest.mark.parametrize("dtype", INTEGERS, ids=str)
@pytest.mark.parametrize("name", INTEGER)
@pytest.mark.filterwarnings("ignore:overflow")
def test_integers(name, dtype):
    check(INTEGER[name], sample(dtype, 0), sample(dtype, 1))


@pytest.mark.parametrize("dtype", HALVES, ids=str)
def test_each_op_on_16_bits_rounds_as_numpys(dtype):
    def f(x, y):
        z = x * y - x / (y * y + x.dtype.type(1))
        return z, np.sqrt(abs(z)), np.copysign(z, y), np.rint(z), np.square(z) + x

    check(f, sample(dtype, 0), sample(dtype, 1))


@pytest.mark.parametrize("dtype", HALVES, ids=str)
def test_sums_and_products_of_16_bits_round_once(dtype):
    """What NumPy gives for the same numbers in float64, rounded; a unit of f32 is not seen."""
    x, y = sample(dtype, 0, (40, 70)), sample(dtype, 1, (40, 70))
    wide, other = x.astype(np.float64), y.astype(np.float64)
    f = jf.jit(lambda x, y: (x.sum(axis=1), x.sum(), np.dot(x, y.T), np.mean(x, axis=0)))
    expected = wide.sum(axis=1), wide.sum(), wide @ other.T, wide.mean(axis=0)
    unit = float(ml_dtypes.finfo(dtype.numpy).eps)
    for got, want in zip(f(x, y), expected, strict=True):
        assert got.dtype == dtype.numpy
        np.testing.assert_allclose(
            np.asarray(got, np.float64), want, rtol=0.5 * unit * (1 + 1e-3), atol=2e-4
        )


@pytest.mark.parametrize("dtype", HALVES, ids=str)
def test_functions_of_16_bits_are_as_good_as_rounding(dtype):
    x = abs(sample(dtype, 0)) + dtype.numpy.type(0.25)
    functions = np.exp, np.log, np.tanh, np.sin, np.cos, np.log1p, np.expm1
    results = jf.jit(lambda x: tuple(f(x) for f in functions))(x)
    unit = float(ml_dtypes.finfo(dtype.numpy).eps)
    for function, got in zip(functions, results, strict=True):
        want = function(x.astype(np.float64))
        np.testing.assert_allclose(np.asarray(got, np.float64), want, rtol=0.501 * unit)


@pytest.mark.parametrize("dtype", HALVES, ids=str)
def test_gradients_in_16_bits(dtype):
    x = sample(dtype, 0)
    np.testing.assert_array_equal(jf.grad(lambda x: (x * x).sum())(x), x + x)
    slope = jf.grad(lambda x: np.tanh(x.astype(np.float32)).sum())(x)
    assert slope.dtype == dtype.numpy
    want = 1 - np.tanh(x.astype(np.float64)) ** 2
    np.testing.assert_allclose(np.asarray(slope, np.float64), want, rtol=0.01, atol=1e-6)


@pytest.mark.parametrize("source", REAL, ids=str)
def test_conversions(source):
    """In range, where NumPy says what they give."""
    x = np.arange(60).astype(source.numpy)
    for target in REAL:
        check(lambda x: x.astype(target.numpy), x)  # noqa: B023
