"""Indexing by arrays, masks and traced integers against NumPy: reads, writes, functions, faults."""

import numpy as np
import pytest

import jitflow as jf
import jitflow.numpy as jnp
from jitflow.errors import AxisError, TraceError
from tests.support.agreement import agree

RNG = np.random.default_rng(5)
X = RNG.normal(size=(4, 5, 3))
ROWS = np.array([0, -1, 2])
COLUMN = np.array([[1], [-3]])
MASK = X > 0

KEYS = {
    "array": lambda i, j, k: i,
    "list": lambda i, j, k: [0, -1],
    "empty list": lambda i, j, k: [],
    "two arrays": lambda i, j, k: (i, [0, 1, 1]),
    "broadcast arrays": lambda i, j, k: (i, j),
    "array behind a slice": lambda i, j, k: (slice(1, 3), i),
    "array behind an ellipsis": lambda i, j, k: (..., i),
    "array between slices": lambda i, j, k: (slice(None), j, slice(None, None, -2)),
    "arrays apart": lambda i, j, k: (i, slice(None), i),
    "arrays apart by None": lambda i, j, k: (i, None, i),
    "arrays apart by an ellipsis of no axis": lambda i, j, k: (slice(None), i, ..., [1]),
    "flags apart from an integer": lambda i, j, k: (slice(None), [True] * 3 + [False] * 2, ..., 1),
    "arrays before an ellipsis of no axis": lambda i, j, k: (slice(None), i, i, ...),
    "arrays behind an ellipsis of no axis": lambda i, j, k: (slice(1, 3), ..., i, i),
    "traced integer and an ellipsis of no axis": lambda i, j, k: (slice(1, 3), 0, ..., k),
    "array beside an integer": lambda i, j, k: (1, i),
    "integer apart from an array": lambda i, j, k: (0, slice(None), i),
    "None in front": lambda i, j, k: (None, i),
    "traced integer": lambda i, j, k: k,
    "traced integer and slices": lambda i, j, k: (slice(1, 3), k, None, slice(None, None, -1)),
    "traced integer beside an array": lambda i, j, k: (k, i),
    "all traced": lambda i, j, k: (k, k, 0),
    "list of flags": lambda i, j, k: [True, False, True, True],
    "flags behind": lambda i, j, k: (..., [True, False, True]),
    "flags of two axes": lambda i, j, k: np.tri(4, 5, dtype=bool),
    "True": lambda i, j, k: True,
    "False": lambda i, j, k: (False, 0),
    "np.ix_": lambda i, j, k: np.ix_(i, [0, 2]),
    "indices of a triangle": lambda i, j, k: np.tril_indices(3),
}
EVERY_KEY = pytest.mark.parametrize("key", KEYS.values(), ids=KEYS)


@EVERY_KEY
def test_read(key):
    agree(lambda x, i, j, k: x[key(i, j, k)], X, ROWS, COLUMN, -2)


@pytest.mark.parametrize("dtype", ["f4", "i2", "c8", "?", "f2"])
def test_reads_and_writes_of_other_dtypes(dtype):
    def f(x, i, j, k):
        found = []
        for key in KEYS.values():
            y = x.copy()
            y[key(i, j, k)] = x[key(i, j, k)] * 0
            found += x[key(i, j, k)], y
        return found

    agree(f, (X * 10).astype(dtype), ROWS, COLUMN, 1)


@EVERY_KEY
def test_write(key):
    def f(x, i, j, k):
        y, z, w = x * 1, x * 1, x * 1
        y[key(i, j, k)] = 7
        z[key(i, j, k)] = np.abs(x[key(i, j, k)])
        w[key(i, j, k)] += 1
        return y, z, w

    agree(f, X, ROWS, COLUMN, -2)


@EVERY_KEY
def test_ufunc_at(key):
    def f(x, i, j, k):
        y, z = x * 1, x * 1
        np.add.at(y, key(i, j, k), 2.5)
        np.maximum.at(z, key(i, j, k), 0.1)
        return y, z

    agree(f, X, ROWS, COLUMN, -2)


def test_equal_indices_come_in_order():
    def f(x, i, v):
        y, z = x * 1, x * 1
        y[i] = v
        np.multiply.at(z, i, v)
        np.subtract.at(z, i, v)
        return y, z

    agree(f, X[0, 0], np.array([1, 2, 1, 1]), np.arange(4.0))


@pytest.mark.parametrize("dtype", ["i4", "?"])
def test_bits_at(dtype):
    def f(x, i, v):
        y, z, w, s = x.copy(), x.copy(), x.copy(), x.copy()
        np.bitwise_or.at(y, i, v)
        np.bitwise_and.at(z, i, v)
        np.bitwise_xor.at(w, i, v)
        np.add.at(s, i, v)
        return y, z, w, s

    x = np.arange(5).astype(dtype)
    agree(f, x, np.array([1, 2, 1, 1]), np.array([1, 0, 1, 1], dtype))


def test_views_by_traced_integers_are_written_through():
    def f(x, k):
        y = x * 1
        row = y[k]
        row += 1
        row[k] = 5
        y[:, k][1] = -1
        y += 10
        return y, row

    agree(f, X, 2)
    agree(f, X, -1)


@pytest.mark.parametrize("dtype", ["i1", "u1", "u8", "i4"])
def test_index_dtypes(dtype):
    agree(lambda x, i: x[i], X, np.array([0, 3, 1], dtype))


def test_a_write_through_a_view():
    def f(x, i):
        y = x * 1
        y[1:3].T[i] = 0
        y[::-1][i] *= 3
        return y

    agree(f, X, np.array([0, 2]))


def test_known_arrays_that_are_large():
    mask = np.arange(5000) % 3 == 0
    places = np.arange(5000) - 7

    def f(x):
        y = x.copy()
        y[mask] += x[mask] ** 2
        return x[jnp.arange(5000)[::-1]], x[jnp.arange(4000) - 7], x[places], x[list(range(999))], y

    agree(f, np.arange(5000.0))
    assert len(jf.jit(f).lower(np.arange(5000.0)).as_text("ir")) < 10_000


FUNCTIONS = {
    "take": lambda x, i: (np.take(x, i), np.take(x, i, 1), x.take(i, -1)),
    "take, other modes": lambda x, i: (
        np.take(x, i * 9, 0, mode="wrap"), np.take(x, i * 9, 1, mode="clip"),
    ),
    "take_along_axis": lambda x, i: np.take_along_axis(x, np.argsort(x, 1), 1),
    "take_along_axis, broadcast": lambda x, i: np.take_along_axis(x, i[:, None, None], 0),
    "choose": lambda x, i: (
        np.choose(i * i, [x[0, 0], 1, i, 2, 3]), np.choose(i, [1, 2.5], mode="wrap"),
    ),
    "compress": lambda x, i: (np.compress([True, False, True], x, 1), x.compress([False, True])),
    "extract": lambda x, i: np.extract(np.tri(4, 5)[:, :, None] * np.ones(3) > 0, x),
    "unravel_index": lambda x, i: np.unravel_index(i * i, (3, 2)),
    "ravel_multi_index": lambda x, i: np.ravel_multi_index((i * i, [0, 1, 1]), (5, 2)),
    "where": lambda x, i: x[np.where(np.tri(4, 5))],
    "nonzero": lambda x, i: (np.nonzero(jnp.eye(3)), jnp.eye(2).nonzero(), np.argwhere(jnp.eye(2))),
    "from": lambda x, i: (
        x[0][np.tril_indices_from(x[0])], x[0][np.triu_indices_from(x[0], 1)],
        x[:3, :3, 0][np.diag_indices_from(x[:3, :3, 0])],
    ),
}  # fmt: skip


@pytest.mark.parametrize("f", FUNCTIONS.values(), ids=FUNCTIONS)
def test_function(f):
    agree(f, X, ROWS)


WRITERS = {
    "put": lambda y, i: (np.put(y, i, [1, 2]), y.put(i + 4, y[0]), np.put(y, i * 99, 0, "clip")),
    "put, wrapped": lambda y, i: np.put(y, i * 99, 3, mode="wrap"),
    "putmask": lambda y, i: (np.putmask(y, y > 0, i), np.putmask(y, y < 0, 3)),
    "putmask of another shape": lambda y, i: np.putmask(y, y.ravel() > 0, i),
    "place": lambda y, i: np.place(y, y > 0, i),
    "copyto": lambda y, i: (np.copyto(y, y[0]), np.copyto(y, 0, where=y > 0.5)),
    "put_along_axis": lambda y, i: np.put_along_axis(y, i[:, None, None], 7, 0),
    "fill_diagonal": lambda y, i: (np.fill_diagonal(y[0], 3), np.fill_diagonal(y[:, 0], i, True)),
}


@pytest.mark.parametrize("write", WRITERS.values(), ids=WRITERS)
def test_function_that_writes(write):
    def f(x, i):
        y = x * 1
        write(y, i)
        return y

    agree(f, X, ROWS)


def test_places_of_a_given_number():
    x = X[0]
    found = jf.jit(lambda x: jnp.nonzero(x > 0, size=20, fill_value=-1))(x)
    for got, want in zip(found, np.nonzero(x > 0), strict=True):
        np.testing.assert_array_equal(got, np.pad(want, (0, 20 - len(want)), constant_values=-1))
    f = lambda x: (jnp.flatnonzero(x > 0, size=2), jnp.argwhere(x > 0, size=9))  # noqa: E731
    agree(f, x)


def test_gradients():
    i, k = ROWS, np.int64(1)

    def f(x):
        y = x * x
        y[i] = y[i] * x[k]
        np.add.at(y, i, np.sin(x[k]))
        y[k] *= 2
        return np.take_along_axis(y, np.argsort(y, 1), 1).sum() + (y[i, i] * y[k, i]).sum()

    jf.check_grads(f, (X,), order=2)


# Faults.


@pytest.mark.parametrize(
    ("f", "kind", "text"),
    [
        (lambda x, i: x[i + 9], IndexError, "index 9 is out of bounds for axis 0 with size 4"),
        (lambda x, i: x[i[1] - 9], IndexError, "index -10 is out of bounds for axis 0 with size 4"),
        (lambda x, i: jf.jit(lambda x: x[i + 9])(x), IndexError, "an index is out of bounds"),
        (lambda x, i: x[:, i - 9], IndexError, "out of bounds for axis 1 with size 5"),
        (lambda x, i: x[[0, 7]], AxisError, "index 7 is out of bounds for axis 0 with size 4"),
        (lambda x, i: np.add.at(x * 1, i + 9, 1), IndexError, "out of bounds"),
        (lambda x, i: np.take(x, i + 99), IndexError, "out of bounds for axis 0 with size 60"),
        (lambda x, i: x[i, [0, 1]], IndexError, r"could not be broadcast .* \(3,\) \(2,\)"),
        (lambda x, i: x[i * 1.0], IndexError, "must be of integer"),
        (lambda x, i: x[["a"]], IndexError, "must be of integer"),
        (lambda x, i: x[np.array(["a"])], IndexError, "must be of integer"),
        (lambda x, i: x["a"], IndexError, "or an array of integers or bool, got str"),
        (lambda x, i: np.add.at(i * 1, i, 1.5), TypeError, "cannot cast the operand"),
        (lambda x, i: np.copyto(i * 1, 1.5), TypeError, "cannot cast from float64 to int64"),
        (lambda x, i: x[[True, False]], IndexError, "size of corresponding boolean axis is 2"),
        (lambda x, i: x[x > 0], TypeError, "depends on the elements of the mask"),
        (lambda x, i: x[: i[0]], TypeError, "bounds of a slice decide about a shape"),
        (lambda x, i: jnp.nonzero(x), TypeError, "give jnp.nonzero a size="),
        (lambda x, i: np.where(x), TypeError, "depends on the elements"),
        (lambda x, i: x[:0][i], IndexError, "out of bounds for axis 0 with size 0"),
        (lambda x, i: np.choose(i, [1, 2]), ValueError, "invalid entry in choice array"),
        (lambda x, i: np.put(x, i, 0), TypeError, "cannot be written in place"),
        (lambda x, i: np.add.at(x, i, 0), TypeError, "cannot be written in place"),
    ],
)
def test_fault_names_the_line(f, kind, text):
    with pytest.raises(kind, match=rf"test_indexing.py:\d+: (.|\n)*({text})"):
        jf.jit(f)(X, ROWS)


def test_an_array_of_another_size_is_not_assigned():
    def f(x, i, v):
        y = x * 1
        y[i] = v

    with pytest.raises(ValueError, match="cannot assign an array of shape"):
        jf.jit(f)(X, ROWS, np.ones(2))
    with pytest.raises(TraceError, match="cannot be written in place"):
        jf.jit(lambda x, i: x.__setitem__(i, 0))(X, ROWS)


def test_the_cure_of_a_write_into_a_numpy_array_helps():
    with pytest.raises(TypeError, match=r"or write on np\.array\(x\)"):
        jf.jit(lambda i: np.add.at(X.copy(), i, 1))(ROWS)

    def f(i):
        y = np.array(X.copy())
        np.add.at(y, i, 1)
        return y

    agree(f, ROWS)


def test_no_index_leaves_the_array():
    """Should the check come too late, memory is safe all the same."""
    f = jf.jit(lambda x, i: x[i])
    for index in (np.iinfo(np.int64).min, np.iinfo(np.int64).max, 10**9):
        with pytest.raises(IndexError):
            f(X, np.full(3, index))


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "uint32", "uint64", "int8"])
def test_indices_of_narrow_dtypes(dtype):
    index = np.random.default_rng(9).integers(0, 100, 500).astype(dtype)
    for size in (100, 256, 70_000):
        table = np.arange(size, dtype="float32")
        np.testing.assert_array_equal(jf.jit(lambda t, i: t[i])(table, index), table[index])
    index[7] = 101
    with pytest.raises(IndexError, match="out of bounds"):
        jf.jit(lambda t, i: t[i])(np.arange(100.0), index)
