"""Derivatives of NumPy's functions to second order, compiled, in both modes, against differences.

Functions that are one row are in tests/ops/test_derivatives.py; here are those that are made of
several, and the ways to write them.
"""

import numpy as np
import pytest

import jitflow as jf
import jitflow.numpy as jnp

RNG = np.random.default_rng(0)
X = RNG.normal(size=(3, 4))
Y = RNG.normal(size=(3, 4))
P = RNG.uniform(0.5, 2, size=(3, 4))
V = RNG.normal(size=5)
SQUARE = RNG.normal(size=(3, 3)) + 3 * np.eye(3)


def written(a):
    b = jnp.zeros((3, 4))
    b[1:] = a[1:] * 2
    b[0, 1] = a[0, 0]
    return b * b


def updated(a):
    b = a * 1
    b[:, 1] *= a[:, 0]
    b += 1
    return b


def scattered(a):
    b = a * 1.0
    b[np.array([0, 2, 0])] = a[:3] * a[1:4]
    return b * b


CASES = {
    # Elementwise.
    "degrees": (jnp.degrees, X),
    "cbrt": (jnp.cbrt, P),
    "reciprocal": (jnp.reciprocal, P),
    "float_power": (jnp.float_power, P, Y),
    "logaddexp": (jnp.logaddexp, X, Y),
    "logaddexp2": (jnp.logaddexp2, X, Y),
    "fmod": (jnp.fmod, 3 * X, P),
    "remainder": (jnp.remainder, 3 * X, P),
    "fmax": (jnp.fmax, X, Y),
    "hypot": (jnp.hypot, X, Y),
    "arctan2": (jnp.arctan2, X, Y),
    "clip": (lambda a: jnp.clip(a, -0.5, 0.5), X),
    "where": (lambda a, b: jnp.where(a > 0, a * b, b), X, Y),
    "nan_to_num": (jnp.nan_to_num, X),
    "sigmoid": (jnp.special.sigmoid, X),
    # Reductions.
    "mean": (lambda a: jnp.mean(a, axis=1), X),
    "var": (jnp.var, X),
    "std": (lambda a: jnp.std(a, axis=1, ddof=1), X),
    "prod": (lambda a: jnp.prod(a, axis=1), X),
    "ptp": (lambda a: jnp.ptp(a, axis=0), X),
    "average": (lambda a, w: jnp.average(a, axis=1, weights=w), X, P),
    "nansum": (lambda a: jnp.nansum(jnp.where(a > 1, np.nan, a * a), axis=1), X),
    "nanmean": (jnp.nanmean, X),
    "nanvar": (lambda a: jnp.nanvar(a, axis=1), X),
    "nanmax": (lambda a: jnp.nanmax(a, axis=1), X),
    "median": (lambda a: jnp.median(a, axis=1), X),
    "percentile": (lambda a: jnp.percentile(a, 30), X),
    "quantile": (lambda a: jnp.quantile(a, 0.3, axis=1), X),
    "cumsum": (lambda a: jnp.cumsum(a * a, axis=1), X),
    "cumprod": (lambda a: jnp.cumprod(a, axis=1), X),
    "cov": (jnp.cov, X),
    "corrcoef": (jnp.corrcoef, X),
    "logsumexp": (jnp.special.logsumexp, X),
    "softmax": (lambda a: jnp.special.softmax(a, axis=1), X),
    # Products.
    "matmul": (lambda a, b: a @ b.T, X, Y),
    "dot": (lambda a, b: jnp.dot(a, b.T), X, Y),
    "vdot": (jnp.vdot, X, Y),
    "inner": (jnp.inner, X, Y),
    "outer": (jnp.outer, V, V + 1),
    "tensordot": (lambda a, b: jnp.tensordot(a, b, axes=2), X, Y),
    "einsum": (lambda a, b: jnp.einsum("ij,kj->ik", a, b), X, Y),
    "kron": (jnp.kron, X, SQUARE),
    "cross": (jnp.cross, SQUARE, SQUARE + 1),
    "convolve": (jnp.convolve, V, V + 1),
    "polyval": (jnp.polyval, V, P),
    "vander": (jnp.vander, V),
    "norm": (jnp.linalg.norm, X),
    "norms_of_rows": (lambda a: jnp.linalg.norm(a, axis=1), X),
    "norm_of_order_3": (lambda a: jnp.linalg.norm(a, 3, axis=1), X),
    "matrix_power": (lambda a: jnp.linalg.matrix_power(a, 3), SQUARE),
    # Moving elements.
    "concatenate": (lambda a, b: jnp.concatenate([a * b, b]), X, Y),
    "stack": (lambda a, b: jnp.stack([a * b, b * 2], 1), X, Y),
    "split": (lambda a: jnp.split(a * a, 2, 1), X),
    "tile": (lambda a: jnp.tile(a * a, (2, 2)), X),
    "repeat": (lambda a: jnp.repeat(a * a, 2, 1), X),
    "roll": (lambda a: jnp.roll(a, 1) * a, X),
    "rot90": (lambda a: jnp.rot90(a * a), X),
    "pad": (lambda a: jnp.pad(a * a, 1, mode="reflect"), X),
    "diag": (lambda a: jnp.diag(a) * jnp.trace(a), SQUARE),
    "triu": (lambda a: jnp.triu(a) @ jnp.tril(a), SQUARE),
    "sort": (lambda a: jnp.sort(a, axis=1) ** 2, X),
    "take": (lambda a: jnp.take(a * a, np.array([0, 2, 2]), axis=1), X),
    "take_along_axis": (lambda a: jnp.take_along_axis(a * a, np.argsort(X, 1), 1), X),
    "index_arrays": (lambda a: a[np.array([0, 2]), 1:] ** 2, X),
    "diff": (lambda a: jnp.diff(a * a), X),
    "gradient": (lambda a: jnp.gradient(a * a), V),
    "interp": (lambda a, b: jnp.interp(a, np.arange(5.0), b), P + 1, V),
    "linspace": (lambda a, b: jnp.linspace(a * b, b, 5), 1.0, 2.0),
    "meshgrid": (lambda a, b: [x * y for x, y in [jnp.meshgrid(a, b)]], V, V),
    "write": (written, X),
    "update": (updated, X),
    "scatter": (scattered, V),
}


@pytest.mark.parametrize("name", CASES)
def test_derivatives_to_second_order(name):
    function, *args = CASES[name]
    jf.check_grads(function, tuple(args), 2)
