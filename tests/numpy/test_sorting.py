"""Sorting and searching against NumPy: every dtype, NaN, signed zeros, ties."""

# ruff: noqa: B023 (every lambda is called in its own turn of the loop)

from __future__ import annotations

import numpy as np
import pytest
from ml_dtypes import bfloat16

import jitflow as jf
from jitflow.errors import AxisError, TraceError, ValueCheckError
from tests.support.agreement import agree
from tests.support.cpu_mode import flushed_subnormals

DTYPES = [
    "bool", "int8", "uint8", "int16", "uint16", "int32", "uint32", "int64", "uint64",
    "float16", "float32", "float64",
]  # fmt: skip


def block(dtype: str, shape: tuple[int, ...] = (3, 4, 50)) -> np.ndarray:
    """Many ties, and of floats NaN, infinities and zeros of both signs."""
    random = np.random.default_rng(2)
    x = (random.normal(size=shape) * 4).round().astype(dtype)
    if x.dtype.kind == "f":
        x.flat[::7], x.flat[3], x.flat[::11] = np.nan, np.inf, -0.0
    return x


@pytest.mark.parametrize("dtype", DTYPES)
def test_sort(dtype):
    x = block(dtype)
    for axis in (None, 0, 1, -1):
        agree(lambda x: np.sort(x, axis=axis, kind="stable"), x)
        agree(lambda x: np.argsort(x, axis=axis, kind="stable"), x)
        agree(lambda x: x[:, ::-1].T.argsort(stable=True), x)


def test_order_of_a_number():
    for axis in (None, 0, -1):
        agree(lambda x: np.argsort(x, axis=axis), np.array(5.0))


@pytest.mark.parametrize("dtype", DTYPES)
def test_order_of_lines_of_any_length(dtype):
    for length in (2, 31, 32, 33, 63, 64, 65, 127, 128, 129, 170, 255, 256, 257):
        agree(lambda x: np.argsort(x, kind="stable"), block(dtype, (2, length)))


@pytest.mark.parametrize("dtype", [*DTYPES, bfloat16])
def test_short_lines_are_sorted_without_the_host(dtype):
    for shape in ((1,), (3, 0), (0, 5), (2, 8), (300, 7), (16,), (4, 31)):
        whole = block("float32" if dtype is bfloat16 else dtype, (9, 300)).astype(dtype)
        x = np.resize(whole, shape)
        f = jf.jit(np.sort)
        got, expected = f(x).astype(float), np.sort(x.astype(float), kind="stable")
        np.testing.assert_array_equal(got, expected)
        zeros = expected == 0
        np.testing.assert_array_equal(np.signbit(got[zeros]), np.signbit(expected[zeros]))
        assert "host_call" not in f.lower(x).as_text("kernels")


def test_long_lines_and_many_are_sorted_by_the_host():
    for shape in ((500, 32), (65,)):
        assert "host_call" in jf.jit(np.sort).lower(np.ones(shape)).as_text("kernels")


@pytest.mark.parametrize("dtype", ["int32", "uint64", "float32", "float64"])
def test_ties_in_long_lines(dtype):
    random = np.random.default_rng(3)
    for shape in ((1000,), (3, 2, 300)):
        for spread in (1, 5, 1e5):
            x = (random.normal(size=shape) * spread).astype("int64").astype(dtype)
            if x.dtype.kind == "f":
                x[..., ::7], x[..., 1::9] = np.nan, -0.0
            agree(lambda x: np.argsort(x, kind="stable"), x)
            agree(lambda x: np.argsort(x[..., ::-1], kind="stable"), np.sort(x))


@pytest.mark.parametrize("length", [33, 600])
def test_order_of_keys_that_differ_in_few_bits(length):
    """Low bits alone beside one that differs in high ones; high ones alone; none; all of them."""
    random = np.random.default_rng(4)
    low = random.integers(0, 4 * length, length)
    outlier = low.copy()
    outlier[length // 2] = 2**62
    steps = 1 + low * 2.0**-50
    steps[3] = 1e300
    for x in (low, outlier, -outlier, low << 50, np.zeros(length, "i8"), steps, -steps,
              random.integers(-(2**62), 2**62, length)):  # fmt: skip
        agree(lambda x: np.argsort(x, kind="stable"), x)
        agree(lambda x: np.argsort(x, kind="stable"), np.tile(x, (3, 1)))


def test_order_of_bfloat16_puts_nan_last():
    x = np.array([np.nan, 2.0, -0.0, -np.inf, 0.0, np.nan, -1.0] * 60, "float32")
    narrow = x.astype(bfloat16)
    expected = np.argsort(x, kind="stable")
    np.testing.assert_array_equal(jf.jit(np.argsort)(narrow), expected)
    np.testing.assert_array_equal(jf.jit(np.sort)(narrow).astype("f4"), x[expected])


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64", "complex64"])
@pytest.mark.parametrize("side", ["left", "right"])
def test_places_of_special_numbers(dtype, side):
    least = np.finfo(dtype).smallest_subnormal
    special = [np.nan, np.inf, -np.inf, 0.0, -0.0, least, -least, np.finfo(dtype).max, 1.0]
    values = np.array(special, dtype)
    for extent in (1, 2, 3, 7, 40):
        line = np.sort(np.resize(values[::-1], extent))
        for array in (line, line[~np.isnan(line)]):
            agree(lambda a, v: np.searchsorted(a, v, side), array, np.resize(values, 21))


def test_shapes():
    for shape in ((0,), (1,), (3, 0), (0, 3)):
        agree(np.sort, np.ones(shape))
        agree(np.argsort, np.ones(shape))
    with pytest.raises(AxisError, match=r"test_sorting.py:\d+"):
        jf.jit(np.sort)(1.0)
    with pytest.raises(ValueError, match="kind is one of"):
        jf.jit(lambda x: np.sort(x, kind="bogus"))(np.ones(2))
    with pytest.raises(ValueError, match="order="):
        jf.jit(lambda x: np.sort(x, order="f"))(np.ones(2))


def test_in_place():
    def f(x):
        y = x + 0
        y.sort(axis=0)
        z = x * 2
        z[1].partition(1)
        return y + z

    x = block("int64", (3, 4))
    np.testing.assert_array_equal(jf.jit(f)(x)[0], f(x)[0])
    np.testing.assert_array_equal(np.sort(jf.jit(f)(x)[1]), np.sort(f(x)[1]))


@pytest.mark.parametrize("kth", [0, -1, 3, (1, 4), np.array([2])])
def test_partition(kth):
    """Any order on both sides of the kth will do."""
    x = np.random.default_rng(0).permutation(20).reshape(2, 10).astype(float)
    got = jf.jit(lambda x: np.partition(x, kth))(x)
    at = np.atleast_1d(kth)
    np.testing.assert_array_equal(got[:, at], np.partition(x, kth)[:, at])
    order = jf.jit(lambda x: np.argpartition(x, kth, axis=0 if kth == 0 else -1))(x)
    assert order.dtype == np.int64
    with pytest.raises(IndexError, match=r"kth\(=10\) out of bounds"):
        jf.jit(lambda x: np.partition(x, 10))(x)


def test_lexsort():
    keys = np.random.default_rng(0).integers(0, 3, (3, 4, 30))
    agree(lambda k: np.lexsort(k), keys)
    agree(lambda k: np.lexsort((k[0], k[1]), axis=0), keys)
    agree(lambda a, b: np.lexsort((a, b)), block("float64")[0, 0], keys[0, 0, :30].repeat(2)[:50])


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("side", ["left", "right"])
def test_searchsorted(side, dtype):
    x = block(dtype)
    for size in (0, 1, 2, 7, 64, 600):
        agree(lambda a, v: np.searchsorted(a, v, side), np.sort(x.ravel()[:size]), x)
    agree(lambda a: a.searchsorted(1.5), np.sort(x.ravel()))
    agree(lambda a, v: np.searchsorted(a, v, side, np.argsort(a, kind="stable")), x.ravel(), x)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_searchsorted_where_the_cpu_flushes_subnormals(dtype):
    line, values = np.array([-1, 0, 1], dtype), np.array([0.0, -0.0, 1, -1, np.nan], dtype)
    function = jf.jit(lambda a, v: np.searchsorted(a, v))
    with flushed_subnormals():
        found = function(line, values)
    np.testing.assert_array_equal(found, [1, 1, 2, 0, 3])


def test_searchsorted_takes_the_common_dtype():
    a, v = np.array([1, 2, 3], np.int8), np.array([0.5, 2.5, 300], np.float32)
    agree(np.searchsorted, a, v)
    agree(np.searchsorted, v, a)
    agree(lambda a: np.searchsorted(a, 1000), a)


def test_digitize():
    x, bins = block("float32"), np.array([-4.0, -1, -1, 0, 3])
    for right in (False, True):
        agree(lambda x: np.digitize(x, bins, right), x)
        agree(lambda x, b: np.digitize(x, b, right), x, bins)
        agree(lambda x, b: np.digitize(x, b, right), x, bins[::-1].copy())
    agree(np.digitize, x, bins[:1])
    with pytest.raises(ValueCheckError, match="monotonically"):
        jf.jit(np.digitize)(x, np.array([0.0, 2.0, 1.0]))


def test_derivatives():
    x = np.array([3.0, 1.0, 2.0])
    np.testing.assert_array_equal(jf.grad(lambda x: (np.sort(x) * [1, 2, 3]).sum())(x), [3, 1, 2])
    hessian = jf.hessian(lambda x: (np.sort(x) ** 2 * [1, 2, 3]).sum())(x)
    np.testing.assert_array_equal(hessian, np.diag([6.0, 2.0, 4.0]))


def test_vmap():
    x = block("float64")
    got = jf.vmap(lambda x, v: np.searchsorted(np.sort(x[0]), v))(x, x[:, 1])
    expected = [np.searchsorted(np.sort(row[0]), row[1]) for row in x]
    np.testing.assert_array_equal(got, expected)


def test_lists_of_traced_kth_are_refused():
    with pytest.raises(TraceError, match="kth cannot be a traced value"):
        jf.jit(np.partition)(np.ones(3), 1)
