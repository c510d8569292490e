"""bincount, histograms and piecewise against NumPy."""

import numpy as np
import pytest

import jitflow as jf
import jitflow.numpy as jnp
from jitflow.trace.pytree import flatten

RNG = np.random.default_rng(3)
X = RNG.normal(size=300)
W = RNG.normal(size=300)
COUNTS = RNG.integers(0, 9, 50)

CASES = {
    "ten bins": lambda x, w, i: np.histogram(x),
    "bins of integers": lambda x, w, i: np.histogram(i, 9),
    "values on edges": lambda x, w, i: np.histogram(np.round(x * 4) / 4, 8, (-2, 2)),
    "range and density": lambda x, w, i: np.histogram(x, 7, (-1, 1), density=True),
    "weights": lambda x, w, i: np.histogram(x, 7, weights=w),
    "density of narrow weights": lambda x, w, i: np.histogram(
        x, 3, weights=np.full(len(x), 100, "u1"), density=True
    ),
    "edges": lambda x, w, i: np.histogram(x, [-2, -1, 0, 0.5, 2]),
    "traced edges": lambda x, w, i: np.histogram(x, np.sort(w[:9])),
    "equal elements": lambda x, w, i: np.histogram(i * 0),
    "no elements": lambda x, w, i: np.histogram(x[:0], 3),
    "f4": lambda x, w, i: np.histogram(x.astype("f4"), 6),
    "edges alone": lambda x, w, i: np.histogram_bin_edges(x, 5),
    "two axes": lambda x, w, i: np.histogram2d(x, w, [3, 4]),
    "two axes by edges": lambda x, w, i: np.histogram2d(x, w, np.linspace(-1, 1, 5), density=True),
    "rows": lambda x, w, i: np.histogramdd(x.reshape(100, 3), 3, weights=w[:100]),
    "known": lambda x, w, i: np.bincount(jnp.arange(4) * 2, w[:4], 9),
    "no weights to add": lambda x, w, i: np.bincount(i[:0], w[:0], 4),
    "pieces": lambda x, w, i: np.piecewise(x, [x < 0, x > 1], [-1, lambda t: t * t, 5]),
    "one piece": lambda x, w, i: np.piecewise(x, x < 0, [lambda t: -t]),
}


@pytest.mark.parametrize("f", CASES.values(), ids=CASES)
def test_counts(f):
    got, want = jf.jit(f)(X, W, COUNTS), f(X, W, COUNTS)
    for a, b in zip(flatten(got)[0], flatten(want)[0], strict=True):
        assert (a.dtype, a.shape) == (b.dtype, b.shape)
        np.testing.assert_allclose(a, b, rtol=1e-13, atol=1e-13)


def test_bincount_by_its_minlength():
    got = jf.jit(lambda i, w: np.bincount(i, w[: len(i)], minlength=12))(COUNTS, W)
    np.testing.assert_allclose(got, np.bincount(COUNTS, W[: len(COUNTS)], minlength=12))
    pixels = COUNTS.astype("u1")
    got = jf.jit(lambda x: np.bincount(x, minlength=256))(pixels)
    np.testing.assert_array_equal(got, np.bincount(pixels, minlength=256))


def test_bincount_of_a_given_length():
    want = np.bincount(COUNTS)
    for length in (4, 12):
        expected = np.resize(np.append(want, np.zeros(length, int)), length)
        np.testing.assert_array_equal(jnp.bincount(COUNTS, length=length), expected)
        got = jf.jit(lambda i, n=length: jnp.bincount(i, length=n))(COUNTS)
        np.testing.assert_array_equal(got, expected)


@pytest.mark.parametrize(
    ("f", "kind", "text"),
    [
        (lambda x, i: np.bincount(i), TypeError, "length of the result depends"),
        (lambda x, i: np.bincount(i, minlength=5), ValueError, "not below minlength=5"),
        (lambda x, i: jnp.bincount(i - 9, length=3), ValueError, "no negative elements"),
        (lambda x, i: jnp.bincount(x, length=3), TypeError, "x must be integers"),
        (lambda x, i: np.histogram(x, "auto"), TypeError, "depends on the elements"),
        (lambda x, i: np.histogram(x, i[0]), TypeError, "number of bins decides about a shape"),
        (lambda x, i: np.histogram(x, 0), ValueError, "must be positive"),
        (lambda x, i: np.histogram(x, None), TypeError, "`bins` is None, not an integer or"),
        (lambda x, i: np.histogram(x, [1, 0]), ValueError, "must increase monotonically"),
        (lambda x, i: np.histogram(x, 3, (1, 0)), ValueError, "max must be larger than min"),
        (lambda x, i: np.histogram(x * np.nan), ValueError, "range is not finite"),
        (lambda x, i: np.piecewise(x, [x > 0], [1, 2, 3]), ValueError, "either 1 or 2 functions"),
    ],
)
def test_fault(f, kind, text):
    with pytest.raises(kind, match=rf"test_counting.py:\d+: (.|\n)*{text}"):
        jf.jit(f)(X, COUNTS)
