"""Medians and quantiles by every method, against NumPy."""

# ruff: noqa: B023 (every lambda is called in its own turn of the loop)

from __future__ import annotations

from functools import partial

import numpy as np
import pytest

import jitflow as jf
from jitflow.errors import ValueCheckError
from tests.support.agreement import agree

pytestmark = pytest.mark.filterwarnings("ignore:All-NaN", "ignore:Mean of empty")
METHODS = [
    "inverted_cdf", "averaged_inverted_cdf", "closest_observation", "interpolated_inverted_cdf",
    "hazen", "weibull", "linear", "median_unbiased", "normal_unbiased", "lower", "higher",
    "midpoint", "nearest",
]  # fmt: skip
TOLERANCE = {"float16": 2e-3, "float32": 5e-7, "float64": 1e-15}
agrees = partial(agree, near=TOLERANCE)
SHARES = np.array([0.0, 0.1, 0.25, 0.5, 0.77, 1.0])


def block(dtype: str, shape: tuple[int, ...] = (3, 4, 5)) -> np.ndarray:
    x = (np.random.default_rng(1).normal(size=shape) * 9).astype(dtype)
    if x.dtype.kind == "f":
        x[0, 1, 1] = np.nan
    return x


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64", "int32", "uint8", "bool"])
@pytest.mark.parametrize("name", ["median", "nanmedian"])
def test_medians(name, dtype):
    function, x = getattr(np, name), block(dtype)
    for axis in (None, 0, -1, (0, 2)):
        agrees(lambda x: function(x, axis=axis), x)
        agrees(lambda x: function(x[:2, :, 1:], axis=axis, keepdims=True), x)
    agrees(function, x.ravel()[:1])


@pytest.mark.filterwarnings("ignore:invalid value")
def test_medians_of_nothing():
    for function in (np.median, np.nanmedian):
        agrees(function, np.zeros(0))
        agrees(lambda x: function(x, axis=0), np.zeros((0, 3)))
    agrees(np.nanmedian, np.full(3, np.nan))


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("name", ["quantile", "nanquantile"])
def test_methods(name, method):
    function = getattr(np, name)
    for x in (block("float64"), block("int32"), block("float32", (2, 2, 2))):
        agrees(lambda x: function(x, SHARES, axis=1, method=method), x)
        agrees(lambda x: function(x, 0.3, method=method), x)


@pytest.mark.parametrize("name", ["quantile", "percentile", "nanquantile", "nanpercentile"])
def test_options(name):
    function, x = getattr(np, name), block("float32")
    x = x if name.startswith("nan") else x[1:]
    scale = 100 if "percentile" in name else 1
    for q in (0.3 * scale, SHARES * scale, 0, scale, np.float32(0.5), [0.5], np.array(0.2)):
        agrees(lambda x: function(x, q), x)
        agrees(lambda x: function(x, q, axis=(0, 2), keepdims=True), x)
    agrees(lambda x: function(x, 0.5, axis=0), x[1:].astype(np.int8))


@pytest.mark.parametrize("method", METHODS)
def test_traced_shares(method):
    x = block("float64")[1:]
    agrees(lambda x, q: np.quantile(x, q, axis=1, method=method), x, SHARES)
    agrees(lambda x, q: np.quantile(x, q, method=method), x, 0.3)
    agrees(lambda x, q: np.nanpercentile(x, q, 0, method=method), block("float64"), 100 * SHARES)


@pytest.mark.parametrize("name", ["quantile", "percentile", "nanquantile", "nanpercentile"])
def test_weights(name):
    function, x = getattr(np, name), block("float32")
    scale = 100 if "percentile" in name else 1
    weights = np.random.default_rng(3).random(x.shape)
    weights[:, :2] = 0
    for q in (0.4 * scale, SHARES * scale, np.float32(0.5)):
        agrees(lambda x, w: function(x, q, weights=w, method="inverted_cdf"), x, weights)
        if not name.startswith("nan"):  # NumPy's own fail with axes
            for axis in (0, -1, (0, 2)):
                options = {"axis": axis, "method": "inverted_cdf", "keepdims": True}
                agrees(lambda x, w: function(x, q, weights=w, **options), x, weights + 0.1)
            options = {"axis": 1, "method": "inverted_cdf"}
            agrees(lambda x, w: function(x, q, weights=w, **options), x, weights[0, :, 0] + 0.1)
    with pytest.raises(ValueError, match="only method|Only method"):
        jf.jit(lambda x: function(x, 0.5, weights=x))(x)
    with pytest.raises(ValueError, match="non-negative"):
        jf.jit(lambda x, w: function(x, 0.5, weights=w, method="inverted_cdf"))(x, -weights)
    with pytest.raises(ValueError, match="all zero"):
        jf.jit(lambda x, w: function(x, 0.5, weights=w, method="inverted_cdf"))(x, 0 * weights)


def test_gradient():
    x = np.array([3.0, 1.0, 2.0, 10.0])
    np.testing.assert_array_equal(jf.grad(np.median)(x), [0.5, 0, 0.5, 0])
    np.testing.assert_allclose(jf.grad(lambda x: np.quantile(x, 0.4))(x), [0.2, 0, 0.8, 0])


def test_faults():
    x = np.ones((2, 2))
    with pytest.raises(ValueError, match="no method 'best'"):
        jf.jit(lambda x: np.quantile(x, 0.5, method="best"))(x)
    with pytest.raises(ValueError, match=r"range \[0, 100\]"):
        jf.jit(lambda x: np.percentile(x, 101))(x)
    with pytest.raises(ValueCheckError, match=r"range \[0, 1\]"):
        jf.jit(np.quantile)(x, 1.5)
    with pytest.raises(ValueError, match="scalar or 1d"):
        jf.jit(lambda x: np.quantile(x, x))(x)
    with pytest.raises(IndexError, match="no elements"):
        jf.jit(lambda x: np.quantile(x, 0.5))(x[:0])
    with pytest.raises(TypeError, match="bool"):
        jf.jit(lambda x: np.quantile(x > 0, 0.5))(x)
