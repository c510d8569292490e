"""sliding_window_view against NumPy."""

import numpy as np
import pytest
from numpy.lib.stride_tricks import sliding_window_view

import jitflow as jf
from jitflow.errors import AxisError, ShapeError, TraceError

X = np.random.default_rng(0).normal(size=(5, 6))


@pytest.mark.parametrize(
    "f",
    [
        lambda x: sliding_window_view(x, (2, 3)),
        lambda x: sliding_window_view(x, 3, 0),
        lambda x: sliding_window_view(x, (2, 3), (1, 1)),
        lambda x: sliding_window_view(x, 6, axis=-1),
        lambda x: sliding_window_view(x[0], 4).mean(-1),
        lambda x: np.einsum("ijkl,kl->ij", sliding_window_view(x, (3, 3)), x[:3, :3]),
    ],
)
def test_as_numpys(f, check):
    check(f, X, exact=False)


def test_derivative():
    jf.check_grads(lambda x: (sliding_window_view(x, 3) ** 2).max(-1), (X[0],), order=2)


@pytest.mark.parametrize(
    ("f", "kind", "text"),
    [
        (lambda x: sliding_window_view(x, 3), ShapeError, "1 window extents for 2 axes"),
        (lambda x: sliding_window_view(x, 7, 1), ShapeError, "no window of 7 elements fits"),
        (lambda x: sliding_window_view(x, 2, 5), AxisError, "axis 5 is out of bounds"),
        (lambda x: sliding_window_view(x, 2, 0, writeable=True), TraceError, "writeable=True"),
    ],
)
def test_faults(f, kind, text):
    with pytest.raises(kind, match=text):
        jf.jit(f)(X)


def test_views_that_may_not_show_what_is_written():
    def window_written(x):
        sliding_window_view(x.copy(), 2, 0)[0] = 1

    def array_written(x):
        x = x.copy()
        windows = sliding_window_view(x, 2, 0)
        x[0] = 1
        return windows

    for f, text in ((window_written, "windows overlap"), (array_written, "was written")):
        with pytest.raises(TraceError, match=text):
            jf.jit(f)(X)


def test_views_of_what_belongs_to_the_function_around():
    def outer(x, view):
        y = x * 1
        return jf.grad(lambda z: (view(y).astype(float) * z).sum())(y)

    x = X[0]
    for view in (lambda y: y.view("i8"), lambda y: y.view(), lambda y: y.flat[:]):
        np.testing.assert_array_equal(jf.jit(lambda x, v=view: outer(x, v))(x), view(x))
