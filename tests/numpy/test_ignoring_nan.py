"""Reductions that leave NaN out, against NumPy."""

# ruff: noqa: B023 (every lambda is called in its own turn of the loop)

from __future__ import annotations

from functools import partial

import numpy as np
import pytest

import jitflow as jf
from jitflow.errors import ValueCheckError
from tests.support.agreement import agree

pytestmark = pytest.mark.filterwarnings(
    "ignore:All-NaN", "ignore:Mean of empty", "ignore:Degrees of freedom"
)
NAMES = ["nansum", "nanprod", "nanmax", "nanmin", "nanmean", "nanvar", "nanstd"]
EXACT = ["nanmax", "nanmin"]
TOLERANCE = {"float16": 2e-3, "float32": 2e-6, "float64": 1e-12}
agrees = partial(agree, near=TOLERANCE)


def block(dtype: str) -> np.ndarray:
    x = (np.random.default_rng(1).normal(size=(3, 4, 5)) * 3).astype(dtype)
    if x.dtype.kind == "f":
        x[0, 1] = x[1, :, 2] = x[2, 0, 0] = np.nan
        x[2, 1, 0] = -np.inf
    return x


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64", "int8", "bool"])
@pytest.mark.parametrize("name", NAMES)
def test_axes(name, dtype):
    function, x, compare = getattr(np, name), block(dtype), agree if name in EXACT else agrees
    for axis in (None, 0, -1, (0, 2)):
        compare(lambda x: function(x, axis=axis), x)
        compare(lambda x: function(x, axis=axis, keepdims=True), x)


@pytest.mark.parametrize("name", ["nanargmax", "nanargmin"])
def test_indices(name):
    function, x = getattr(np, name), block("float32")[2]
    for axis in (None, 0, 1):
        agrees(lambda x: function(x, axis=axis), x)
    agrees(function, block("int8"))
    with pytest.raises(ValueCheckError, match="All-NaN slice"):
        jf.jit(lambda x: function(x, axis=0))(np.array([[np.nan, 1.0], [np.nan, 2.0]]))


def test_options():
    x = block("float32")
    agrees(lambda x: np.nansum(x, where=x > 0, initial=2), x)
    agree(lambda x: np.nanmax(x, axis=1, initial=-1, where=x < 1), x)
    agrees(lambda x: np.nanmean(x, axis=0, dtype=np.float64), x)
    agrees(lambda x: np.nanvar(x, axis=0, ddof=2), x)
    agrees(lambda x: np.nanstd(x, axis=1, correction=1), x)


def test_no_derivative_reaches_a_nan():
    x = np.array([1.0, np.nan, 3.0])
    np.testing.assert_array_equal(jf.grad(np.nansum)(x), [1, 0, 1])
    np.testing.assert_array_equal(jf.grad(np.nanmax)(x), [0, 0, 1])
    np.testing.assert_array_equal(jf.grad(np.nanvar)(x), [-1, 0, 1])
    np.testing.assert_array_equal(jf.grad(np.nanstd)(x), [-0.5, 0, 0.5])
    infinite = np.array([1.0, np.inf, 3.0])
    slopes = jf.grad(lambda x: np.var(x, where=[True, False, True]))(infinite)
    np.testing.assert_array_equal(slopes, [-1, 0, 1])
