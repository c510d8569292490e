"""vectorize, apply_along_axis, apply_over_axes: Python functions of parts of arrays."""

from __future__ import annotations

import numpy as np
import pytest

import jitflow as jf
import jitflow.numpy as jnp
from jitflow.errors import ShapeError, TraceError

X = np.random.default_rng(0).normal(size=(3, 4, 5))


def clipped(a, limit=1.0):
    """Works on one number."""
    return jnp.where(a > limit, limit, a * 2)


def test_vectorize(check):
    f = jnp.vectorize(clipped)
    assert f.__name__ == "clipped" and f.__doc__ == "Works on one number."
    check(lambda x: f(x, x[0, 0]), X)
    check(lambda x: f(x, limit=x[:, :, :1]), X)
    check(lambda x: jnp.vectorize(lambda a, b: (a + b, a * b))(x, x[0]), X)
    check(lambda x: jnp.vectorize(clipped, otypes=["f4"])(x), X)
    check(lambda x: jnp.vectorize(lambda a, n: a * len(n), excluded={1})(x, [1, 2]), X)


def test_vectorize_with_a_signature(check):
    f = jnp.vectorize(lambda m, v: m @ v, signature="(m,n),(n)->(m)")
    check(lambda x: f(x, x[0, 0]), X, exact=False)
    check(lambda x: f(x, x[:, 0]), X, exact=False)
    with pytest.raises(TraceError, match="does not fit 1 arguments"):
        jf.jit(lambda x: f(x))(X)


def test_the_function_is_traced_once():
    calls = []

    @jnp.vectorize
    def counted(a):
        calls.append(a)
        return a + 1

    jf.jit(lambda x: counted(x))(X)
    assert len(calls) == 1 and calls[0].shape == ()


@pytest.mark.parametrize("axis", [0, 1, -1])
def test_apply_along_axis(axis, check):
    check(lambda x: np.apply_along_axis(lambda r: r[::-1] - r[0], axis, x), X)
    check(lambda x: np.apply_along_axis(np.max, axis, x), X)
    check(lambda x: np.apply_along_axis(lambda r: np.stack([r, 2 * r]), axis, x), X)
    check(lambda x: np.apply_along_axis(lambda r, k, c=0: r[:2] * k + c, axis, x, 3, c=1), X)


def test_what_is_the_same_for_every_row(check):
    check(lambda x: np.apply_along_axis(lambda r: np.arange(3), 1, x), X)
    with pytest.raises(ShapeError, match="iteration dimensions are 0"):
        jf.jit(lambda x: np.apply_along_axis(np.max, 1, x))(np.ones((0, 3)))


def test_apply_over_axes(check):
    check(lambda x: np.apply_over_axes(np.sum, x, (0, 2)), X, exact=False)
    check(lambda x: np.apply_over_axes(np.sort, x, [-1]), X)
    with pytest.raises(ShapeError, match="the correct shape"):
        jf.jit(lambda x: np.apply_over_axes(lambda a, k: a.sum(), x, 0))(X)


def test_gradients_pass():
    f = jf.jit(jf.grad(lambda x: np.apply_along_axis(lambda r: r * r.sum(), 1, x).sum()))
    x = X[0]
    np.testing.assert_allclose(f(x), 2 * x.sum(axis=1, keepdims=True) * np.ones_like(x))
