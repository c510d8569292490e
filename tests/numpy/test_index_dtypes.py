"""Index arrays of every integer dtype: counted from both ends, and refused outside."""

from __future__ import annotations

import numpy as np
import pytest

import jitflow as jf
import jitflow.numpy as jnp

DTYPES = ["int8", "uint8", "int16", "uint16", "int32", "uint32", "int64", "uint64"]


def indices(dtype: str, extent: int) -> np.ndarray:
    """Both ends of what fits, and what lies between."""
    info = np.iinfo(dtype)
    low, high = max(-extent, int(info.min)), min(extent - 1, int(info.max))
    return np.array([low, high, 0, (low + high) // 2] * 11, dtype)


@pytest.mark.parametrize("extent", [3, 200, 40000])
@pytest.mark.parametrize("dtype", DTYPES)
def test_reads_and_writes(dtype, extent):
    x, index = np.arange(extent * 2.0).reshape(extent, 2), indices(dtype, extent)

    def all_of(x, index):
        y = x.copy()
        np.add.at(y, index, 1)
        return x[index], np.take(x, index, axis=0), x[index, 1], y

    for got, expected in zip(jf.jit(all_of)(x, index), all_of(x, index), strict=True):
        np.testing.assert_array_equal(got, expected)


@pytest.mark.parametrize("extent", [3, 200, 40000])
@pytest.mark.parametrize("dtype", DTYPES)
def test_one_outside(dtype, extent):
    x, info = np.arange(float(extent)), np.iinfo(dtype)
    read = jf.jit(lambda x, index: x[index])
    for wrong in (extent, int(info.max), -extent - 1, int(info.min)):
        if -extent <= wrong < extent or not info.min <= wrong <= info.max:
            continue
        if dtype == "uint64" and wrong > np.iinfo(np.int64).max:
            continue  # NumPy takes those by their bits
        index = indices(dtype, extent)
        index[17] = wrong
        with pytest.raises(IndexError, match=f"axis 0 with size {extent}"):
            read(x, index)


def test_clipped_and_narrow_indices_need_no_check():
    table, x = np.arange(256.0), np.array([np.nan, -9.0, 3.7, 1e30, 255.0], np.float32)
    clipped = jf.jit(lambda table, x: table[np.clip(x, 0, 255).astype(np.int32)])
    np.testing.assert_array_equal(clipped(table, x), [0, 0, 3, 255, 255])
    assert "check" not in clipped.lower(table, x).as_text("opt")


@pytest.mark.parametrize("dtype", ["bool", *DTYPES])
def test_counts(dtype):
    x = np.array([1, 0, 1, 1, 0] * 30, dtype)
    for function in (lambda x: np.bincount(x, minlength=3), lambda x: jnp.bincount(x, length=1)):
        if dtype == "uint64":
            continue  # NumPy does not count them
        np.testing.assert_array_equal(jf.jit(function)(x), function(x))


def test_histogram_of_what_no_index_holds():
    """Elements far outside, and NaN, scale to what 32 bits do not hold."""
    x = np.array([1e300, -1e300, np.inf, -np.inf, 0.5, 1.0, 0.0, 1 - 1e-16, 2e9, -2e9])
    for bins in (1, 7, 1000):
        got = jf.jit(lambda x: np.histogram(x, bins, (0.0, 1.0)))(x)  # noqa: B023
        for mine, expected in zip(got, np.histogram(x, bins, (0.0, 1.0)), strict=True):
            np.testing.assert_array_equal(mine, expected)
    with_nan = np.append(x, np.nan)
    counts = jf.jit(lambda x: np.histogram(x, 4, (0.0, 1.0))[0])(with_nan)
    np.testing.assert_array_equal(counts, np.histogram(x, 4, (0.0, 1.0))[0])
