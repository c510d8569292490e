"""Many updates of few places, and cumulative functions of what is computed: blocks and tables."""

from __future__ import annotations

import numpy as np
import pytest

import jitflow as jf
import jitflow.numpy as jnp

LENGTHS = (64, 8192, 8195, 20000)
"""One step, whole blocks, an end that fills no step, and one that fills no block."""


def agree(function, *arrays):
    for got, expected in zip(jf.jit(function)(*arrays), function(*arrays), strict=True):
        assert got.dtype == expected.dtype
        np.testing.assert_array_equal(got, expected)


@pytest.mark.parametrize("length", LENGTHS)
@pytest.mark.parametrize("dtype", ["int8", "uint16", "int32", "int64", "float32", "float64"])
def test_updates_one_after_the_other(dtype, length):
    """Sums of floats keep their order; integers may be counted in several tables."""
    rng = np.random.default_rng(length)
    index = rng.integers(-7, 7, length)
    start, values = rng.normal(size=7) * 9, rng.normal(size=length) * 9
    ufuncs = [np.add, np.maximum, np.minimum]
    ufuncs += [np.bitwise_xor, np.bitwise_or, np.bitwise_and] * (dtype[0] != "f")

    def every(x, index, values):
        results = []
        for ufunc in ufuncs:
            y = x.copy()
            ufunc.at(y, index, values)
            results.append(y)
        y = x.copy()
        y[index] = values
        return *results, y

    with np.errstate(invalid="ignore"):
        agree(every, start.astype(dtype), index, values.astype(dtype))


@pytest.mark.parametrize("length", LENGTHS)
@pytest.mark.parametrize("places", [1, 5, 512, 513, 5000])
def test_counts(places, length):
    """Tables of up to 512 counts take turns."""
    rng = np.random.default_rng(places)
    x, weights = rng.integers(0, places, length), rng.normal(size=length)
    agree(
        lambda x, weights: (
            np.bincount(x, minlength=places), np.bincount(x, weights, minlength=places),
            np.bincount(x * 3 // 5 + 1, minlength=places + 1),
        ),
        x, weights,
    )  # fmt: skip


@pytest.mark.parametrize("length", LENGTHS)
def test_counts_of_pairs_and_bins(length):
    rng = np.random.default_rng(length)
    a, b, x = rng.integers(0, 9, length), rng.integers(0, 7, length), rng.normal(size=length)
    agree(
        lambda a, b, x: (
            np.bincount(a * 7 + b, minlength=63).reshape(9, 7), np.histogram(x, 20, (-3, 3))[0],
            np.histogram(x)[0], np.histogram2d(x, x * x, 5, [[-2, 2], [0, 4]])[0],
        ),
        a, b, x,
    )  # fmt: skip


@pytest.mark.parametrize("length", LENGTHS)
def test_cumulative_functions_of_what_is_computed(length):
    x = np.random.default_rng(length).normal(size=length)
    agree(
        lambda x: (
            np.cumsum(x > 0), np.cumsum(x * x), np.maximum.accumulate(np.abs(x)),
            np.cumsum((x * 5).astype(np.int32)), np.cumsum(x * 3)[::7] + x[::7],
        ),
        x,
    )  # fmt: skip


def test_an_index_outside_is_refused_before_results():
    x, index = np.zeros(9), np.zeros(20000, np.int64)
    index[17777] = 9

    @jf.jit
    def count(x, index):
        y = x.copy()
        np.add.at(y, index, 1)
        return y

    with pytest.raises(IndexError, match="axis 0 with size 9"):
        count(x, index)


@pytest.mark.parametrize("shape", [(0,), (0, 3), (3, 0), (7,), (2, 3, 4), (90, 100)])
def test_places_of_a_known_number(shape):
    """Cut, exact, and filled up."""
    x = np.random.default_rng(1).normal(size=shape)
    found = np.nonzero(x > 0.5)
    for size in {0, len(found[0]) // 2, len(found[0]), len(found[0]) + 3}:
        got = jf.jit(lambda x: jnp.nonzero(x > 0.5, size=size, fill_value=-1))(x)  # noqa: B023
        for mine, expected in zip(got, found, strict=True):
            fill = [-1] * max(0, size - len(expected))
            np.testing.assert_array_equal(mine, np.append(expected[:size], fill))
