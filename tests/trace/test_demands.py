"""What asks a traced array for numbers: the error says what it was, and what to write instead."""

import functools
import math

import numpy as np
import pytest

import jitflow as jf
import jitflow.numpy as jnp
from jitflow.errors import TraceError

TABLE = np.arange(5.0)
ROWS = np.zeros((2, 3))
RANDOM = np.random.default_rng(0)


def written(dtype, value):
    out = np.zeros(3, dtype)

    def f(x):
        out[0] = value(x)
        return out

    return f


def row_written(x):
    out = ROWS
    out[1] = x
    return out


def added(x):
    out = ROWS[0]
    out += x
    return out


WRITES = {
    "float": written(float, lambda x: x[0]),
    "int": written(int, lambda x: x[0]),
    "bool": written(bool, lambda x: x[0] > 1),
    "complex": written(complex, lambda x: x[0]),
    "row": row_written,
}


@pytest.mark.parametrize("f", WRITES.values(), ids=WRITES)
def test_a_write_into_a_numpy_array(f):
    match = r"test_demands.py:\d+: out\[(.|\n)*a write into a NumPy array(.|\n)*np.array\(a\)"
    with pytest.raises(TraceError, match=match):
        jf.jit(f)(np.ones(3))


OWN = {name: getattr(np, name) for name in ("array", "c_", "full", "sum", "take", "vectorize")}
"""As `from numpy import array` has them: they are NumPy's own in every trace."""

CASES = {
    "index": (lambda x, i: TABLE[i], "indexing a NumPy array", r"jnp.asarray\(array\)\[index\]"),
    "list": (lambda x, i: [1, 2][i], "use as a Python index", r"index jnp.array\(list\)"),
    "dtype": (lambda x, i: np.float64(i), r"np.float64\(\)", r"x.astype\(np.float64\)"),
    "random": (lambda x, i: np.random.choice(x), "choice, which takes arrays", "outside @jit"),
    "fill": (lambda x, i: ROWS.fill(i), "a write into a NumPy array", "np.zeros"),
    "strings": (lambda x, i: written("U3", sum)(x), "an array of strings", "format the result"),
    "nditer": (lambda x, i: list(np.nditer(x)), "np.nditer", "np.ndindex"),
    "buffer": (lambda x, i: memoryview(x), "a bytes-like object", "outside @jit"),
    "array": (lambda x, i: OWN["array"](x), "conversion to a NumPy array", "jnp.array"),
    "function": (lambda x, i: OWN["sum"]([i, i]), "NumPy's sum", "jnp.array"),
    "take": (lambda x, i: OWN["take"](TABLE, i), "NumPy's take", r"jnp.asarray\(array\)"),
    "full": (lambda x, i: OWN["full"](3, i), "np.full", "like=x"),
    "brackets": (lambda x, i: OWN["c_"][x, x], "np.c_", "jnp.c_"),
    "vectorize": (lambda x, i: OWN["vectorize"](abs)(x), "np.vectorize", "jnp.vectorize"),
    "ndenumerate": (lambda x, i: list(np.ndenumerate(x)), "np.ndenumerate", "np.ndindex"),
    "strided": (
        lambda x, i: np.lib.stride_tricks.as_strided(x, (2,)), "as_strided", "sliding_window_view",
    ),
    "max": (lambda x, i: max(x), "a Python function that compares", "np.max"),
    "reduce": (lambda x, i: functools.reduce(max, x), "a Python function that compares", "np.max"),
    "if": (lambda x, i: 1 if i else 2, "use as a Python bool", "jnp.where"),
    "math": (lambda x, i: math.sqrt(i), "the math module", "NumPy's functions"),
    "range": (lambda x, i: list(range(i)), "use as a Python index or size", "x.shape"),
    "size": (lambda x, i: np.zeros(i), "a size cannot be a traced value", "x.shape"),
    "sizes": (lambda x, i: OWN["full"]((i, 2), 1.0), "use as a Python index or size", "x.shape"),
    "broadcast": (lambda x, i: np.broadcast_to(ROWS, i), "a size cannot be", "static_argnames"),
    "window": (lambda x, i: np.hanning(i), "NumPy's hanning, given it as a", "static_argnames"),
    "draw": (lambda x, i: RANDOM.normal(size=i), "a size cannot be a traced value", "x.shape"),
    "repeated": (lambda x, i: [0.0] * i, "a list repeated a traced number", r"jnp.asarray\(list\)"),
    "repeats": (lambda x, i: i * (0.0, 1.0), "a tuple repeated a traced number", "static_argnames"),
    "in place": (lambda x, i: added(x), "out= is not supported", "a = a [+] x"),
}  # fmt: skip


@pytest.mark.parametrize(("f", "problem", "cure"), CASES.values(), ids=CASES)
def test_demands(f, problem, cure):
    with pytest.raises(TraceError, match=rf"test_demands.py:\d+: (.|\n)*{problem}(.|\n)*{cure}"):
        jf.jit(f)(np.ones(3), 2)


def test_the_cures_work():
    @jf.jit
    def f(x, i):
        out = np.zeros(3, like=x)
        out[0] = x[0]
        table = jnp.asarray(TABLE)
        return out, table[i], np.take(table, i), np.sum(jnp.array([i, i])), jnp.c_[x, x]

    out, element, taken, total, columns = f(np.full(3, 7.0), 2)
    assert out.tolist() == [7, 0, 0]
    assert (element, taken, total) == (2, 2, 4)
    assert columns.tolist() == [[7, 7]] * 3
