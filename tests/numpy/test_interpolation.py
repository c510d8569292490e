"""np.interp against NumPy: ends, ties, infinities, periods, complex values, derivatives."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest

import jitflow as jf
from tests.support.agreement import agree

agrees = partial(agree, near=1e-15)
XP = np.array([-1.0, 0.0, 0.5, 2.0, 7.0])
FP = np.array([3.0, -2.0, 4.0, 4.0, 0.0])
X = np.array([[-2.0, -1.0, -0.3, 0.0], [0.2, 0.5, 1.0, 2.0], [5.0, 7.0, 8.0, np.nan]])


def test_values():
    agrees(np.interp, X, XP, FP)
    agrees(lambda x: np.interp(x, XP, FP, left=-9, right=np.inf), X)
    agrees(np.interp, 0.3, XP, FP)
    agrees(np.interp, X, XP[:1], FP[:1])
    agrees(np.interp, X.astype(np.float32), XP.astype(np.int8), FP)
    agrees(np.interp, X, np.array([-1.0, 0.0, 0.0, 2.0, 7.0]), FP)
    infinite = np.array([-np.inf, 0.0, 1.0, np.inf])
    agrees(np.interp, X, infinite, np.array([0.0, 1.0, 1.0, np.inf]))


def test_complex():
    agrees(np.interp, X, XP, FP + 1j * FP[::-1])


@pytest.mark.parametrize("period", [3, -2.5, 100.0])
def test_periods(period):
    agrees(lambda x, xp, fp: np.interp(x, xp, fp, period=period), X, XP, FP)


def test_gradient():
    x = np.array([-0.3, 1.0, 3.0])
    slopes = jf.grad(lambda x: np.interp(x, XP, FP).sum())(x)
    np.testing.assert_allclose(slopes, [-5, 0, -0.8])
    weights = jf.grad(lambda fp: np.interp(0.125, XP, fp))(FP)
    np.testing.assert_allclose(weights, [0, 0.75, 0.25, 0, 0])


def test_gradient_at_the_points_is_the_slope_behind_them():
    points, values = np.array([0.0, 1.0, 2.0, 4.0]), np.array([0.0, 1.0, 4.0, 8.0])
    slopes = jf.grad(lambda x: np.interp(x, points, values).sum())(points)
    np.testing.assert_array_equal(slopes, [1, 3, 2, 0])


def test_faults():
    with pytest.raises(ValueError, match="one length"):
        jf.jit(np.interp)(X, XP, FP[1:])
    with pytest.raises(ValueError, match="empty"):
        jf.jit(np.interp)(X, XP[:0], FP[:0])
    with pytest.raises(ValueError, match="period"):
        jf.jit(lambda x: np.interp(x, XP, FP, period=0))(X)
