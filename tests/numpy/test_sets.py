"""Sets with size=, under jit and outside, against NumPy."""

import numpy as np
import pytest

import jitflow as jf
import jitflow.numpy as jnp
from jitflow.errors import TraceError

SETS = ("union1d", "intersect1d", "setdiff1d", "setxor1d")


@pytest.mark.parametrize("name", SETS)
@pytest.mark.parametrize("dtypes", ["ii", "BB", "ff", "DD", "??", "hd"])
def test_as_numpys(name, dtypes):
    random = np.random.default_rng(0)
    ours, numpys = getattr(jnp, name), getattr(np, name)
    for n, m, high in ((7, 5, 9), (90, 80, 120), (0, 3, 9), (3, 0, 9)):
        a = random.integers(0, high, n).astype(dtypes[0])
        b = random.integers(0, high, m).astype(dtypes[1])
        expected = numpys(a, b)
        size = len(expected)
        got = jf.jit(lambda a, b, size=size: ours(a, b, size=size))(a, b)
        assert got.dtype == expected.dtype
        np.testing.assert_array_equal(got, expected)


@pytest.mark.parametrize("name", SETS)
@pytest.mark.parametrize("fill_value", [None, 9])
def test_size_cuts_and_fills_inside_as_outside(name, fill_value):
    a, b = np.array([5, 3, 8, 3]), np.array([3, 4])
    f = getattr(jnp, name)
    for size in (0, 1, 6):
        options = {"size": size, "fill_value": fill_value}
        got = jf.jit(lambda a, b, options=options: f(a, b, **options))(a, b)
        np.testing.assert_array_equal(got, f(a, b, **options))
    nothing = jnp.intersect1d(a, a + 100, size=2)
    np.testing.assert_array_equal(nothing, [0, 0])


@pytest.mark.parametrize("name", SETS)
def test_nan(name):
    a, b = np.array([np.nan, 1, np.nan, 2]), np.array([np.nan, 2, 3])
    expected = getattr(np, name)(a, b)
    got = jf.jit(lambda a, b: getattr(jnp, name)(a, b, size=len(expected)))(a, b)
    np.testing.assert_array_equal(got, expected)


def test_difference_of_what_is_assumed_to_be_unique():
    a, b = np.array([5, 3, 8, 3]), np.array([8])
    got = jf.jit(lambda a, b: jnp.setdiff1d(a, b, assume_unique=True, size=3))(a, b)
    np.testing.assert_array_equal(got, np.setdiff1d(a, b, assume_unique=True))


@pytest.mark.parametrize("name", ["unique_all", "unique_counts", "unique_inverse"])
def test_kinds_of_unique(name):
    x = np.array([[3, 1, 1], [5, 3, 3]])
    got = jf.jit(lambda x: getattr(jnp, name)(x, size=3))(x)
    expected = getattr(np, name)(x)
    assert type(got) is type(expected)
    for a, b in zip(got, expected, strict=True):
        np.testing.assert_array_equal(a, b)


def test_unique_values():
    x = np.array([2.0, np.nan, 1, np.nan])
    got = jf.jit(lambda x: jnp.unique_values(x, size=4))(x)
    np.testing.assert_array_equal(got, [1, 2, np.nan, np.nan])
    np.testing.assert_array_equal(np.sort(jnp.unique_values(x)), got)


@pytest.mark.parametrize(
    ("f", "text"),
    [
        (lambda x: jnp.union1d(x, x), "union1d: how many elements(.|\n)*size="),
        (lambda x: jnp.unique_all(x), "unique_all: how many elements(.|\n)*size="),
        (lambda x: np.setxor1d(x, x), "jnp.setxor1d with size="),
        (lambda x: jnp.intersect1d(x, x, return_indices=True, size=2), "return_indices="),
    ],
)
def test_faults(f, text):
    with pytest.raises(TraceError, match=text):
        jf.jit(f)(np.ones(3))


@pytest.mark.parametrize("count", [3, 63, 64, 200])
def test_membership_among_few_and_many(count, check):
    x = np.array([[1.0, np.nan, 5, 70], [199, 200, -0.0, np.inf]])
    many = np.append(np.arange(1.0, count), np.nan)[::-1]
    check(lambda x, many: np.isin(x, many), x, many)
    check(lambda x, many: np.isin(x, many, invert=True), x.astype("f4"), many)
