"""Results that share memory with their argument, or not: writes show where NumPy shows them.

Where that depends on strides the read is refused; a number is never the wrong one.
"""

import numpy as np
import pytest

import jitflow as jf
import jitflow.numpy as jnp
from jitflow.errors import ArgumentError, JitflowError, TraceError

CALLS = """
np.diag(a) | np.diag(a, 1) | np.diagonal(a) | a.diagonal() | np.linalg.diagonal(a) | np.real(a)
a.real | a.T | np.transpose(a) | a.ravel() | a.flatten() | np.squeeze(a) | a.swapaxes(0, 1) | a.mT
np.moveaxis(a, 0, 1) | a[1:] | a[0] | a[:, 1] | a[[0, 1]] | a[..., 0] | a.view() | a.reshape(9)
np.expand_dims(a, 0) | np.atleast_3d(a) | np.broadcast_arrays(a, a[0])[0] | np.flip(a)
np.rot90(a) | np.split(a, 3)[1] | np.unstack(a)[0] | xp.asarray(a) | xp.array(a) | np.copy(a)
a.astype(float) | np.astype(a, float, copy=False) | np.astype(a, float) | xp.ascontiguousarray(a)
np.matrix_transpose(a) | np.linalg.matrix_transpose(a) | np.real_if_close(a) | np.conj(a)
np.positive(a) | np.nan_to_num(a, copy=False) | np.triu(a) | np.clip(a, 0, 99) | np.round(a)
np.concatenate([a]) | np.stack([a]) | np.tile(a, 1) | np.roll(a, 0) | np.pad(a, 0)
np.meshgrid(a[0], a[1], copy=False)[0] | np.meshgrid(a[0], a[1], sparse=True)[0]
np.einsum('ij->ji', a) | np.einsum('ii->i', a) | np.diff(a, 0) | a.flat[:] | np.sum(a, axis=())
np.linalg.matrix_power(a, 1) | np.block([a]) | np.atleast_1d(a) | np.asarray(a, like=a)
a[:, 1].ravel() | np.ravel(a[0]) | a.reshape(9).ravel() | xp.ascontiguousarray(a.T)
xp.ascontiguousarray(a[:, 2]) | xp.asfortranarray(a) | xp.asfortranarray(a[0]) | np.require(a)
np.require(a.T, None, ['C']) | np.require(a, None, ['F']) | np.ix_(a[0])[0] | xp.asarray(a, float)
xp.array(a, copy=False) | xp.array(a, copy=None, ndmin=3) | xp.asarray(a, copy=False)
xp.array(a, 'f4', copy=None) | xp.array(a, ndmin=3) | xp.asarray(a, copy=True)
sliding_window_view(a, 2, 0) | a.reshape(3, 3, order='F') | a.ravel('F') | list(a)[1] | a.take([1])
"""
X = np.arange(1.0, 10).reshape(3, 3)


@pytest.mark.parametrize("call", [c for line in CALLS.split("\n") for c in line.split(" | ") if c])
def test_writes_show_where_numpy_shows_them(call, evaluate):
    names = {"np": np, "sliding_window_view": np.lib.stride_tricks.sliding_window_view}
    part = eval(f"lambda a, xp: {call}", names)

    def array_written(a, xp):
        a = a * 1
        result = part(a, xp)
        a[0, 0] = -5
        a *= 2
        return result

    def result_written(a, xp):
        a = a * 1
        result = part(a, xp)
        result[(0,) * result.ndim] = 77
        return a

    for f in (array_written, result_written):
        try:
            expected = f(X, np)
        except (ValueError, DeprecationWarning):
            continue  # it is read-only in NumPy, or will be
        try:
            got = evaluate(lambda a, f=f: f(a, jnp), X)
        except JitflowError as error:
            assert "cannot be written" in str(error) or "was written" in str(error)
            continue
        np.testing.assert_array_equal(got, expected)


def test_no_copy_of_what_must_be_copied_is_refused():
    for function in (
        lambda x: jnp.array(x, "f4", copy=False),
        lambda x: jnp.asarray(x.astype("f4"), float, copy=False),
        lambda x: jnp.array([x, x], copy=False),
    ):
        with pytest.raises(ArgumentError, match="copy=False.*\n.*copy=None"):
            jf.jit(function)(X)


@pytest.mark.parametrize(
    "make",
    [
        lambda xp, x: xp.zeros((3, 3), order="F"),
        lambda xp, x: xp.empty((3, 3), order="F"),
        lambda xp, x: xp.ones((3, 3), order="F"),
        lambda xp, x: xp.full((3, 3), 2.0, order="F"),
        lambda xp, x: xp.array([[1.0, 2, 3], [4, 5, 6], [7, 8, 9]], order="F"),
    ],
)
def test_a_reshape_of_columns_is_no_view(make):
    def f(x, xp=np):
        a = make(xp, x)
        a[...] = x
        part = a.ravel()
        part[0] = 77
        return a

    np.testing.assert_array_equal(f(X), X)
    with pytest.raises(TraceError, match="was written"):
        jf.jit(f)(X)
