"""Cumulative functions against NumPy: every bit of the values, dtypes, axes, methods."""

# ruff: noqa: B023 (every lambda is called in its own turn of the loop)

from __future__ import annotations

import numpy as np
import pytest

import jitflow as jf
from jitflow.errors import AxisError
from tests.support.agreement import agree

DTYPES = ["bool", "int8", "uint8", "int32", "int64", "uint64", "float16", "float32", "float64"]
SHAPES = [(7,), (1,), (0,), (3, 5), (5, 3, 4), (6, 40), (40, 6), (2, 0, 3), (1, 9)]


def block(shape: tuple[int, ...], dtype: str) -> np.ndarray:
    x = np.random.default_rng(len(shape)).normal(size=shape) * 3
    return x.astype(dtype)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", ["cumsum", "cumprod"])
@pytest.mark.filterwarnings("ignore:overflow")
def test_sums_and_products(name, dtype):
    function = getattr(np, name)
    for shape in SHAPES:
        x = block(shape, dtype)
        for axis in (None, *range(-1, len(shape))):
            agree(lambda x: function(x, axis=axis), x)
        agree(lambda x: getattr(x, name)(), x)
        agree(lambda x: function(x[::-1].T, axis=0), x)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", ["maximum", "minimum", "add", "multiply", "logical_or"])
def test_accumulate(name, dtype):
    ufunc = getattr(np, name)
    for shape in SHAPES:
        x = block(shape, dtype)
        for axis in range(len(shape)):
            agree(lambda x: ufunc.accumulate(x, axis), x)


@pytest.mark.parametrize("dtype", [*DTYPES, "int16", "uint32"])
def test_lines_of_several_registers(dtype):
    """Extremes and sums of integers are scanned on lanes, with an end that fills no register."""
    for shape in [(150,), (2, 3, 71)]:
        x = (block(shape, "float64") * 20).astype(dtype)
        for ufunc in (np.maximum, np.minimum, np.add, np.multiply):
            kept = {"dtype": x.dtype} if ufunc in (np.add, np.multiply) else {}
            agree(lambda x: ufunc.accumulate(x, -1, **kept), x)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_extremes_of_special_values_on_lanes(dtype):
    """A NaN of either sign stays to the end; +0.0 is above -0.0, in the order of the row."""
    x = np.full((6, 37), -1, dtype)
    x[0, 20], x[1, 5], x[2, 36], x[3, 0] = np.nan, -np.nan, np.nan, -np.nan
    x[4, 3::5], x[4, 1::2], x[5, ::3], x[5, 1::4] = np.inf, -np.inf, 0.0, -0.0
    for function in (np.maximum.accumulate, np.minimum.accumulate):
        got, expected = jf.jit(lambda x: function(x, 1))(x), function(x, axis=1)
        np.testing.assert_array_equal(got, expected)
    zeros = np.array([-0.0] * 9 + [0.0] * 9, dtype)
    assert not np.signbit(jf.jit(np.maximum.accumulate)(zeros)[9:]).any()
    assert np.signbit(jf.jit(np.minimum.accumulate)(zeros[::-1].copy())[9:]).all()


def test_nan():
    x = block((4, 6), "float64")
    x[1, 2] = x[3, 0] = np.nan
    for name in ("nancumsum", "nancumprod"):
        agree(lambda x: getattr(np, name)(x, axis=1), x)
        agree(lambda x: getattr(np, name)(x), x.astype(np.int32).astype(np.int8))
    for name in ("cumsum", "cumprod"):
        agree(lambda x: getattr(np, name)(x, axis=0), x)
    agree(np.maximum.accumulate, x)


def test_options():
    x = block((4, 6), "float32")
    agree(lambda x: np.cumsum(x, 0, np.float64), x)
    agree(lambda x: np.cumsum(x > 0, dtype=bool), x)
    agree(lambda x: np.cumprod(x > 0, dtype=np.int8), x)
    agree(lambda x: np.cumulative_sum(x, axis=1, include_initial=True), x)
    agree(lambda x: np.cumulative_prod(x[0], include_initial=True), x)
    agree(lambda x: np.cumulative_sum(x, axis=-2, dtype=np.float64), x)
    agree(lambda x: np.cumsum(x[0, 0]), x)


def test_a_sum_of_negative_zeros_keeps_the_first():
    x = np.array([-0.0, -0.0, 0.0, -0.0])
    result = jf.jit(np.cumsum)(x)
    np.testing.assert_array_equal(np.signbit(result), np.signbit(np.cumsum(x)))


def test_gradient():
    x = np.array([2.0, 0.0, 3.0])
    np.testing.assert_array_equal(jf.grad(lambda x: np.cumsum(x).sum())(x), [3, 2, 1])
    np.testing.assert_array_equal(jf.grad(lambda x: np.cumprod(x).sum())(x), [1, 8, 0])


def test_faults():
    with pytest.raises(AxisError, match=r"test_cumulative.py:\d+.*\n.*axis 2 is out of bounds"):
        jf.jit(lambda x: np.cumsum(x, axis=2))(np.ones((2, 2)))
    with pytest.raises(ValueError, match="needs an axis"):
        jf.jit(np.cumulative_sum)(np.ones((2, 2)))


@pytest.mark.parametrize(
    ("name", "dtype"),
    [
        ("bitwise_and", "int32"), ("bitwise_or", "uint8"), ("bitwise_xor", "bool"),
        ("logical_xor", "float32"), ("fmax", "float64"), ("fmin", "float32"), ("gcd", "int64"),
    ],
)  # fmt: skip
def test_accumulate_by_steps(name, dtype):
    ufunc = getattr(np, name)
    for shape in SHAPES:
        x = block(shape, dtype)
        for axis in range(-1, len(shape)):
            agree(lambda x: ufunc.accumulate(x, axis), x)


def test_accumulate_of_logarithms():
    x = block((4, 9), "float64")
    got = jf.jit(lambda x: np.logaddexp.accumulate(x, axis=1))(x)
    np.testing.assert_allclose(got, np.logaddexp.accumulate(x, axis=1), rtol=1e-14)
