"""Masks whose elements are not known in a trace, against NumPy: reads, writes, reductions."""

import numpy as np
import pytest

import jitflow as jf
import jitflow.numpy as jnp
from jitflow.errors import CheckError
from tests.support.agreement import agree

RNG = np.random.default_rng(5)
X = RNG.normal(size=(4, 5, 3))
ROWS = np.array([0, -1, 2])
MASK = X > 0


MASKED = {
    "number": lambda y, m: y.__setitem__(m, 0),
    "other number": lambda y, m: y.__setitem__(m, 1.5),
    "first axes": lambda y, m: y.__setitem__(m[:, :, 0], np.arange(3.0)),
    "one axis": lambda y, m: y.__setitem__(m[:, 0, 0], 2),
    "behind a slice": lambda y, m: y.__setitem__((slice(1, 3), m[0, :, 0]), 2),
    "behind an integer": lambda y, m: y.__setitem__((0, m[0, :, 0]), np.arange(3.0)),
    "last axis": lambda y, m: y.__setitem__((..., m[0, 0]), np.ones((4, 5, 1))),
    "at": lambda y, m: np.add.at(y, m, 3),
}


@pytest.mark.parametrize("write", MASKED.values(), ids=MASKED)
def test_masks_whose_elements_are_not_known(write):
    def f(x, m):
        y = x * 1
        write(y, m)
        return y

    agree(f, X, MASK)
    agree(f, X, MASK & False)
    agree(f, X, MASK | True)


def test_values_for_a_mask_come_one_by_one():
    def f(x, m, v, w):
        y, z = x * 1, x * 1
        y[m] = v
        z[:, m[0, :, 0]] = w
        return y, z

    count = MASK[0, :, 0].sum()
    agree(f, X, MASK, np.arange(MASK.sum()), RNG.normal(size=(4, count, 3)))
    with pytest.raises(ValueError, match=r"4 values for a mask that is true at another number"):
        jf.jit(f)(X, MASK, np.arange(4.0), RNG.normal(size=(4, count, 3)))


def test_a_mask_that_is_captured_or_made_in_the_trace():
    mask = np.array([True, False, True, False])
    agree(lambda x: (x[mask], x[jnp.arange(4) % 2 == 0]), X)
    f = jf.jit(lambda x: x[mask])
    assert f(X).shape == (2, 5, 3)
    mask[1] = True
    with pytest.raises(CheckError, match="mask has other elements"):
        f(X)


def test_elements_of_a_mask_are_changed_in_place():
    def f(x, m):
        y, z, w = x * 1, x * 1, x * 1
        y[y > 0] *= 2
        y[m] -= x[0, 0, 0]
        z[z > 0] = np.sqrt(z[z > 0]) + 1
        z[(x < 0) & (x > -1)] = -z[(x < 0) & (x > -1)]
        w[:, m[0, :, 0]] += 3
        w[m[:, :, 0]] = 2 / w[m[:, :, 0]]
        return y, z, w

    agree(f, X, MASK)


def test_elements_of_a_mask_are_reduced():
    def f(x, m):
        s = x[x > 0]
        return s.sum(), s.size, (s > 1).any(), np.max(s), x[m].min(), x[m[:, 0, 0]].max()

    agree(f, np.round(X * 8), MASK)
    agree(f, np.round(X * 8).astype(int), MASK)
    mean = jf.jit(lambda x: (x[x > 0].mean(), np.std(x[x > 0] ** 2)))(X)
    np.testing.assert_allclose(mean, (X[X > 0].mean(), np.std(X[X > 0] ** 2)), rtol=1e-14)


@pytest.mark.parametrize(
    "f",
    [
        lambda x: np.median(x[x > 0]),
        lambda x: np.percentile(2 * x[x < 1], [5, 50]),
        lambda x: np.quantile(x[x > 0], 0.3),
        lambda x: np.median((8 * x).astype(int)[x > 0]),
        lambda x: np.median(np.where(x > 1, np.nan, x)[x > 0]),
        lambda x: np.median(np.where(x > 1, np.nan, x)[x < 0]),
        lambda x: np.linalg.norm(x[x > 0]),
        lambda x: np.count_nonzero(np.floor(x[x > 0])),
        lambda x: np.dot(x[x > 0], x[x > 0] + 1),
        lambda x: x[x > 0] @ np.exp(x[x > 0]),
        lambda x: x[x > 0].max(initial=0.5) + np.min(x[x > 9], initial=2),
    ],
)
def test_elements_of_a_mask_have_ranks_and_lengths(f):
    got, expected = jf.jit(f)(X), f(X)
    assert got.dtype == expected.dtype
    np.testing.assert_allclose(got, expected, rtol=1e-12)


def test_rows_that_a_mask_selects_meet_arrays_and_are_reduced_along_them():
    x = np.round(RNG.normal(size=(4, 4, 3)) * 8)

    def f(x, labels):
        m = labels == 1
        y = x * 1
        y[m] -= x.sum(0)
        s = x[m]
        return y, s.sum(0), s.sum((0, 2)), s.max(axis=0), x[:, m].min(1), (s + x[0]).sum(axis=0)

    agree(f, x, np.array([1, 0, 1, 0]))
    with pytest.raises(TypeError, match="depends on the elements"):
        jf.jit(lambda x: x[x[:, 0, 0] > 0].sum(1))(X)
    with pytest.raises(TypeError, match="depends on the elements"):
        jf.jit(lambda x: x[x[:, 0, 0] > 0] + x)(X)
    with pytest.raises(TypeError, match="depends on the elements"):
        jf.jit(lambda x: x[0, :, x[0, 0] > 0].sum(0))(X)
    agree(lambda x: x[0, :, x[0, 0] > 0].sum(), np.round(X * 8))


def test_the_derivative_knows_no_element_that_is_left_out():
    slope = jf.grad(lambda x: np.sqrt(x[x > 0]).sum())(X)
    np.testing.assert_allclose(slope[X > 0], 0.5 / np.sqrt(X[X > 0]))
    assert not slope[X <= 0].any()


@pytest.mark.parametrize(
    "f",
    [
        lambda x: x[x > 0],
        lambda x: x[x > 0] + np.ones(3),
        lambda x: x[0, 0] + x[x > 0],
        lambda x: x[x > 0] + x[x < 0],
        lambda x: (x * 1).__setitem__(x > 0, x[x < 0]),
        lambda x: x[x > 0].reshape(-1),
        lambda x: len(x[x > 0]),
        lambda x: list(x[x > 0]),
        lambda x: np.sort(x[x > 0]),
        lambda x: np.exp(x[x > 0]).T,
        lambda x: x[x > 0][0],
        lambda x: x[x > 0] @ x[x > 1],
        lambda x: x[x > 0] @ np.ones(3),
        lambda x: np.linalg.norm(x[x > 0], 1),
        lambda x: np.median(x[x > 0], axis=0),
        lambda x: x[x[:, 0, 0] > 0].sum(1),
    ],
)
def test_what_needs_the_number_of_elements_is_refused(f):
    with pytest.raises(TypeError, match=r"test_masks.py:\d+: .*\nthe shape of x\[mask\]"):
        jf.jit(f)(X)


def test_selection_faults():
    with pytest.raises(ValueError, match="zero-size array to reduction operation maximum"):
        jf.jit(lambda x: x[x > 99].max())(X)
    with pytest.raises(TypeError, match="cannot cast the result in place from float64 to int64"):
        jf.jit(lambda x: x.astype(int)[x > 0].__iadd__(1.5))(X)


@pytest.mark.parametrize("holds", [True, False])
@pytest.mark.parametrize("shape", [(), (3,), (3, 2)])
def test_a_number_of_bool_is_a_mask_without_axes(holds, shape):
    def write(x, flag):
        x = x.copy()
        x[flag] = 7
        x[..., flag] *= 2
        return x

    x = np.arange(np.prod(shape, dtype=int)).reshape(shape).astype(float)
    flag = np.bool_(holds)
    np.testing.assert_array_equal(jf.jit(write)(x, flag), write(x, flag))
    assert jf.jit(lambda x, flag: x[flag].sum())(x, flag) == x[flag].sum()
