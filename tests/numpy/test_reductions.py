"""Reductions against NumPy: axes, keepdims, widening dtypes, empty and rank-0 arrays."""

# ruff: noqa: B023 (every lambda is called in its own turn of the loop)

from __future__ import annotations

import numpy as np
import pytest

import jitflow as jf
from jitflow.errors import AxisError, ShapeError, TraceError

DTYPES = ["bool", "int8", "uint8", "int32", "int64", "float16", "float32", "float64"]
REDUCTIONS = ["sum", "prod", "max", "min", "any", "all", "mean", "var", "std"]
AXES = [None, 0, -1, (0, 2), (), (-1, 0, 1)]
EXTREMES = ("max", "min", "any", "all")


def block(dtype: str, shape: tuple[int, ...] = (2, 3, 4)) -> np.ndarray:
    generator = np.random.default_rng(1)
    return (generator.random(shape) * 3).astype(dtype)


@pytest.mark.parametrize("name", REDUCTIONS)
def test_reductions(name, check):
    function = getattr(np, name)
    for dtype in DTYPES:
        for axis in AXES:
            for keepdims in (False, True):
                exact = name in EXTREMES
                check(
                    lambda x: function(x, axis=axis, keepdims=keepdims), block(dtype), exact=exact
                )


@pytest.mark.parametrize("name", REDUCTIONS)
def test_methods(name, check):
    check(lambda x: getattr(x, name)(), block("float32"), exact=False)
    check(lambda x: getattr(x, name)(1), block("float64"), exact=False)
    check(lambda x: getattr(x, name)(axis=-1, keepdims=True), block("float64"), exact=False)


@pytest.mark.parametrize("name", ["sum", "prod", "any", "all", "mean", "var"])
@pytest.mark.filterwarnings("ignore:Mean of empty", "ignore:Degrees of freedom")
def test_empty(name, check):
    for shape in ((0,), (0, 3), (3, 0)):
        for axis in (None, -1):
            check(lambda x: getattr(np, name)(x, axis=axis), np.zeros(shape, np.float32))


@pytest.mark.parametrize("name", [n for n in REDUCTIONS if n not in ("var", "std")])
def test_rank_0(name, check):
    check(lambda x: getattr(np, name)(x), np.float32(2.5))
    check(lambda x: getattr(np, name)(x), 3)
    if name != "mean":
        check(lambda x: getattr(np, name)(x, axis=-1), np.float64(2.5))


def test_options(check):
    x = block("float32")
    check(lambda x: np.sum(x, dtype=np.float64), x, exact=False)
    check(lambda x: np.sum(x, 1, np.float64, None, True), x, exact=False)
    check(lambda x: np.sum(x, initial=2.5), x, exact=False)
    check(lambda x: np.max(x, axis=0, initial=2.0), x)
    check(lambda x: np.min(x, initial=5.0), np.zeros((0,)))
    check(lambda x: np.sum(x > 1, dtype=bool), x)
    check(lambda x: np.mean(x, dtype=np.float64), x, exact=False)
    check(lambda x: np.var(x, axis=1, ddof=1), x, exact=False)
    check(lambda x: np.std(x, correction=1), x, exact=False)
    check(lambda x: np.add.reduce(x), x, exact=False)
    check(lambda x: np.maximum.reduce(x, axis=None), x)
    check(lambda x: np.ptp(x, axis=1), x)
    check(lambda x: np.average(x, axis=1, weights=x + 1), x, exact=False)
    check(lambda x: np.count_nonzero(x), x.astype(int))
    check(lambda x: np.count_nonzero(x, axis=1, keepdims=True), x.astype(int))
    check(lambda x: np.mean(np.square(x)), 3)


@pytest.mark.parametrize("name", ["argmax", "argmin"])
def test_arg(name, check):
    function = getattr(np, name)
    for dtype in DTYPES:
        for axis in (None, 0, -1):
            check(lambda x: function(x, axis=axis), block(dtype))
            check(lambda x: function(x, axis=axis, keepdims=True), block(dtype))
    ties = np.array([2.0, np.nan, 1.0, np.nan, 1.0, 2.0])
    check(lambda x: (function(x), function(x[2:3]), function(x[4:]), function(-x[::2])), ties)
    check(function, np.array([0.0, -0.0, 0.0]))
    check(function, np.float32(1))
    check(function, np.array([0, 2**64 - 1], np.uint64))


def test_mean_divides_by_the_exact_count(check):
    """The count is not rounded to float32: 2**24 + 1 elements, and 3 of them."""
    x = np.full((3, 2**24 + 1), 1, np.float32)[:, :3]
    check(lambda x: np.mean(x, axis=1), x)
    count = 2**24 + 1
    check(lambda x: np.mean(np.broadcast_to(x, (count,))), np.zeros((), np.float32))


def test_faults(evaluate):
    x = block("float32")
    with pytest.raises(AxisError, match=r"test_reductions.py:\d+.*\n.*axis 3 is out of bounds"):
        evaluate(lambda x: np.sum(x, axis=3), x)
    with pytest.raises(IndexError):
        evaluate(lambda x: x.max(axis=-4), x)
    with pytest.raises(ValueError, match="stands twice"):
        evaluate(lambda x: x.max(axis=(0, -3)), x)
    with pytest.raises(ShapeError, match="no identity"):
        evaluate(lambda x: np.max(x), np.zeros((0, 2)))
    with pytest.raises(ValueError, match="argmin of an empty"):
        evaluate(lambda x: np.argmin(x, axis=0), np.zeros((0, 2)))
    with pytest.raises(ShapeError, match="identity for where="):
        evaluate(lambda x: np.max(x, where=x > 1), x)
    with pytest.raises(ShapeError, match="does not spread"):
        evaluate(lambda x: np.sum(x[0], where=x > 1), x)
    with pytest.raises(TypeError, match="where= must be bool"):
        evaluate(lambda x: np.sum(x, where=x), x)
    outside = np.zeros(())
    with pytest.raises(TraceError, match="np.mean: out= is not supported"):
        evaluate(lambda x: np.mean(x, out=outside), x)
    with pytest.raises(TypeError, match="unexpected keyword"):
        evaluate(lambda x: np.sum(x, axes=1), x)
    with pytest.raises(TraceError, match="sum: got an unexpected keyword argument 'axes'"):
        evaluate(lambda x: x.sum(axes=1), x)
    for axis in (True, 1.0, "rows"):
        with pytest.raises(TypeError, match="an axis is an integer"):
            evaluate(lambda x, axis=axis: np.sum(x, axis=axis), x)


@pytest.mark.parametrize("dtype", ["f4", "f8", "i1", "u2", "i4", "i8", "?"])
@pytest.mark.parametrize("size", [1, 5, 31, 64, 100, 1000])
def test_argmax_takes_the_first_of_equal_values(dtype, size):
    random = np.random.default_rng(size)
    low = -np.inf if dtype[0] == "f" else np.iinfo(dtype).min if dtype != "?" else False
    ties = random.integers(0, 3, size).astype(dtype)
    for x in (ties, np.full(size, low, dtype), np.where(np.arange(size) == size - 1, 1, low)):
        x = x.astype(dtype)
        assert jf.jit(np.argmax)(x) == np.argmax(x)
        np.testing.assert_array_equal(jf.jit(lambda x: x[:, None].argmax(0))(x), [np.argmax(x)])
    if dtype[0] == "f":
        x = ties.copy()
        x[size // 2 :: 7] = np.nan
        assert jf.jit(np.argmax)(x) == np.argmax(x)


def test_a_sum_of_negative_zeros_is_positive():
    for shape in ((1,), (3,), (200,), (4, 1), (1, 40), (40, 3)):
        x = np.full(shape, -0.0, np.float32)
        for axis in range(len(shape)):
            result = jf.jit(lambda x, axis=axis: np.sum(x, axis=axis))(x)
            assert not np.signbit(result).any() and not np.signbit(np.sum(x, axis=axis)).any()


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64", "int8", "bool"])
@pytest.mark.parametrize("extent", [2, 3, 5, 8])
def test_many_short_lines_have_the_bits_of_one(dtype, extent):
    random = np.random.default_rng(extent)
    x = (random.normal(size=(40, 2, extent)) * 3).astype(dtype)
    if x.dtype.kind == "f":
        x.flat[::13], x.flat[5::29], x.flat[7::31] = -0.0, np.inf, np.nan

    def reduced(x):
        return np.sum(x, -1), np.max(x, -1), np.argmin(x, -1), np.any(x, -1), np.sum(x, (-2, -1))

    for k, line in enumerate(zip(*jf.jit(reduced)(x), strict=True)):
        for got, expected in zip(line, jf.jit(reduced)(x[k]), strict=True):
            np.testing.assert_array_equal(got, expected)


@pytest.mark.parametrize("dtype", ["bool", "int8", "float16"])
@pytest.mark.parametrize("extent", [14, 17, 28])
def test_many_short_lines_of_narrow_numbers_have_the_bits_of_one(dtype, extent):
    x = (np.random.default_rng(extent).normal(size=(9, 40, extent)) * 60).astype(dtype)
    for reduced in (
        lambda x: np.mean(x, -1, np.float64),
        lambda x: np.sum(x.astype(np.float64) / 3, (0, -1)),
        lambda x: np.prod(1 + x.astype(np.float64) / 999, -1),
    ):
        f = jf.jit(reduced)
        got = f(x)
        np.testing.assert_allclose(got, reduced(x), rtol=1e-11, atol=1e-11)
        lines = [f(x[:, k : k + 1].copy()) for k in range(40)]
        np.testing.assert_array_equal(got, np.concatenate(lines, -1))


@pytest.mark.parametrize("dtype", ["bool", "int8", "uint8", "int16", "uint16"])
def test_sums_of_narrow_integers(dtype):
    random = np.random.default_rng(7)
    most = 1 if dtype == "bool" else np.iinfo(dtype).max
    x = random.integers(-most if dtype[0] == "i" else 0, most, (300, 130), endpoint=True)
    for array in (x.astype(dtype), np.full((300, 130), most, dtype), np.full(70_000, most, dtype)):
        for axis in (None, 0, -1):
            expected = np.sum(array, axis)
            got = jf.jit(lambda x: np.sum(x, axis))(array)  # noqa: B023
            assert got.dtype == expected.dtype
            np.testing.assert_array_equal(got, expected)
