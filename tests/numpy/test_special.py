"""Special functions beside SciPy's: traced, eager, and as SciPy's ufuncs on traced arrays."""

import numpy as np
import pytest
import scipy.special

import jitflow as jf
from jitflow.numpy import special

X = np.array([0.1, 0.3, 0.5, 0.52, 0.9, 2.0, 0.0, 1.0, -1.5, -20.0, np.nan, np.inf, -np.inf])
ONE = [
    "digamma", "entr", "erf", "erfc", "erfcinv", "erfcx", "erfinv", "expit", "gammaln", "i0", "i1",
    "log_ndtr", "logit", "ndtr", "ndtri",
]  # fmt: skip
TWO = ["xlog1py", "xlogy"]
TOLERANCE = {np.float64: 1e-14, np.float32: 1e-6}


def same(found, expected, dtype):
    assert found.dtype == dtype
    tolerance = TOLERANCE[dtype]
    np.testing.assert_allclose(found, expected, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize("name", [*ONE, *TWO])
def test_agrees_with_scipy(name, dtype):
    ours, scipys = getattr(special, name), getattr(scipy.special, name)
    x = X[:-2] if name in ("gammaln", "i0", "i1") else X  # SciPy is wrong at infinities
    arrays = [x.astype(dtype), np.roll(x, 4).astype(dtype)][: 2 if name in TWO else 1]
    with np.errstate(all="ignore"):
        expected = scipys(*arrays)
        same(ours(*arrays), expected, dtype)
    same(jf.jit(lambda *xs: ours(*xs))(*arrays), expected, dtype)
    same(jf.jit(lambda *xs: scipys(*xs))(*arrays), expected, dtype)


def test_integers_become_floats():
    for name in ONE:
        found = jf.jit(getattr(special, name))(np.arange(2, 4))
        assert found.dtype == np.float64


def test_derivatives_where_a_choice_is_made():
    x = np.array([0.0, 1.0, 2.0])
    grad = jf.grad(lambda x: special.xlogy(x, 2.0).sum())(x)
    np.testing.assert_allclose(grad, [0, np.log(2), np.log(2)])
    middle = np.array([0.1, 0.25, 0.5, 0.75, 0.9])
    grad = jf.grad(lambda x: special.logit(x).sum())(middle)
    np.testing.assert_allclose(grad, 1 / (middle * (1 - middle)))


def test_softplus():
    x = np.array([-800.0, -1.0, 0.0, 1.0, 800.0])
    np.testing.assert_allclose(jf.jit(special.softplus)(x), np.logaddexp(x, 0), rtol=1e-15)
    grad = jf.grad(lambda x: special.softplus(x).sum())(x)
    np.testing.assert_allclose(grad, scipy.special.expit(x), rtol=1e-14)
