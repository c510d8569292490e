"""jnp.unique with size=, under jit and outside, against NumPy."""

from __future__ import annotations

import numpy as np
import pytest

import jitflow as jf
import jitflow.numpy as jnp
from jitflow.errors import JitflowError

EVERYTHING = {"return_index": True, "return_inverse": True, "return_counts": True}


@pytest.mark.parametrize("dtype", ["bool", "int8", "uint64", "float32", "complex128"])
@pytest.mark.parametrize("shape", [(1,), (40,), (4, 6)])
def test_values_indices_inverse_counts(shape, dtype):
    x = np.random.default_rng(0).integers(0, 9, shape).astype(dtype)
    expected = np.unique(x, **EVERYTHING)
    size = len(expected[0])
    got = jf.jit(lambda x: jnp.unique(x, **EVERYTHING, size=size))(x)
    for a, b in zip(got, expected, strict=True):
        assert a.dtype == b.dtype
        np.testing.assert_array_equal(a, b)
    np.testing.assert_array_equal(jf.jit(lambda x: jnp.unique(x, size=size))(x), expected[0])


@pytest.mark.parametrize("size", [0, 1, 2, 3, 7])
@pytest.mark.parametrize("fill_value", [None, 9])
def test_size_cuts_and_fills_inside_as_outside(size, fill_value):
    x = np.array([5, 3, 5, 8, 3, 3])
    options = {**EVERYTHING, "size": size, "fill_value": fill_value}
    got = jf.jit(lambda x: jnp.unique(x, **options))(x)
    for a, b in zip(got, jnp.unique(x, **options), strict=True):
        np.testing.assert_array_equal(a, b)


def test_nan():
    x = np.array([np.nan, 1.0, np.nan, -0.0, 0.0])
    for equal_nan in (True, False):
        expected = np.unique(x, equal_nan=equal_nan)
        size = len(expected)
        got = jf.jit(lambda x, e=equal_nan, n=size: jnp.unique(x, equal_nan=e, size=n))(x)
        np.testing.assert_array_equal(got, expected)


def test_outside_without_size_it_is_numpys():
    x = np.array([[2, 1], [2, 1]])
    np.testing.assert_array_equal(jnp.unique(x), [1, 2])
    np.testing.assert_array_equal(jnp.unique(x, axis=0), [[2, 1]])


def test_faults():
    x = np.arange(3)
    for call, problem in [
        (lambda x: jnp.unique(x), "depends on the elements"),
        (lambda x: jnp.unique(x, axis=0, size=2), "axis="),
        (lambda x: jnp.unique(x, size=-1), "a whole number"),
        (lambda x: np.unique(x), "size="),
    ]:
        with pytest.raises(JitflowError, match=problem):
            jf.jit(call)(x)
