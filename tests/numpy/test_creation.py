"""NumPy's functions that make arrays, with like=; jnp.r_ and jnp.c_."""

import numpy as np
import pytest

import jitflow as jf
import jitflow.numpy as jnp
from jitflow.errors import ArgumentError, ShapeError, TraceError

V = np.arange(3.0)
M = np.ones((2, 3), "f4")

LIKE = {
    "zeros": lambda x, like: np.zeros((2, 3), like=like),
    "ones": lambda x, like: np.ones(3, int, like=like),
    "empty": lambda x, like: np.zeros_like(np.empty(3, "f4", like=like)),
    "full": lambda x, like: np.full((2,), x[1], like=like),
    "array": lambda x, like: np.array([[x[0], 1.5], [2, x[1]]], like=like),
    "asarray": lambda x, like: np.asarray(x, dtype="f4", like=like),
    "asanyarray": lambda x, like: np.asanyarray([x[0], x[2]], like=like),
    "ascontiguousarray": lambda x, like: np.ascontiguousarray(x[0], like=like),
    "asfortranarray": lambda x, like: np.asfortranarray(x, like=like),
    "require": lambda x, like: np.require(x, "f4", ["C", "W"], like=like),
    "arange": lambda x, like: np.arange(2, 9, 3, like=like),
    "eye": lambda x, like: np.eye(2, 3, 1, like=like),
    "identity": lambda x, like: np.identity(3, dtype="i4", like=like),
    "tri": lambda x, like: np.tri(3, like=like),
    "fromfunction": lambda x, like: np.fromfunction(lambda i, j: i - j, (2, 3), like=like),
}


@pytest.mark.parametrize("f", LIKE.values(), ids=LIKE)
def test_like(f, check):
    check(lambda x: f(x, x), V)


def test_like_in_our_own_names():
    got = jf.jit(lambda x: (jnp.zeros(2, like=x), jnp.arange(3, like=x)))(V)
    np.testing.assert_array_equal(got[0], np.zeros(2))
    np.testing.assert_array_equal(got[1], np.arange(3))
    assert type(jnp.zeros(2, like=V)) is np.ndarray


def test_what_is_made_can_be_written():
    @jf.jit
    def one_hot(y):
        result = np.zeros((y.size, 3), like=y)
        result[np.arange(y.size), y] = 1
        return result

    np.testing.assert_array_equal(one_hot(np.array([2, 0, 1, 2])), np.eye(3)[[2, 0, 1, 2]])


def test_functions_that_read_no_arrays_take_no_like():
    with pytest.raises(TraceError, match="np.fromiter(.|\n)*call it without like="):
        jf.jit(lambda x: np.fromiter([1, 2], float, like=x))(V)


BRACKETS = {
    "numbers": lambda xp, v, m: xp.r_[v, 0, v],
    "weak numbers": lambda xp, v, m: xp.r_[m[0], 1.5, 2],
    "ranges": lambda xp, v, m: xp.r_[0:3, v, 1:2:4j],
    "downwards": lambda xp, v, m: xp.r_[5:0:-1, v > 1],
    "list": lambda xp, v, m: xp.r_[[0] * 3, v],
    "axis": lambda xp, v, m: xp.r_["-1", m, m],
    "rank": lambda xp, v, m: xp.r_["0,2", v, v],
    "first axis": lambda xp, v, m: xp.r_["1,2,0", v, v],
    "middle axis": lambda xp, v, m: xp.r_["0,3,1", v, v],
    "last axis but one": lambda xp, v, m: xp.r_["0,3,-2", v, v],
    "columns": lambda xp, v, m: xp.c_[v, [1, 2, 3], 5 * v],
    "matrix": lambda xp, v, m: xp.c_[m.T, v],
    "range of columns": lambda xp, v, m: xp.c_[1:4, v],
}


@pytest.mark.parametrize("f", BRACKETS.values(), ids=BRACKETS)
def test_brackets(f):
    got, expected = jf.jit(lambda v, m: f(jnp, v, m))(V, M), f(np, V, M)
    assert (got.dtype, got.shape) == (expected.dtype, expected.shape)
    np.testing.assert_array_equal(got, expected)


def test_faults_in_brackets():
    with pytest.raises(ArgumentError, match="'axis,rank,first', not 'c'"):
        jf.jit(lambda x: jnp.r_["c", x])(V)
    with pytest.raises(ArgumentError, match="nothing to put together"):
        jf.jit(lambda x: jnp.r_[()])(V)
    with pytest.raises(ShapeError, match="differ beside axis 0"):
        jf.jit(lambda x: jnp.r_[x, x[None]])(V)
    assert jnp.r_[1:3, 4].tolist() == [1, 2, 4]
