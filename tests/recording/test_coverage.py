"""Every function of `jitflow.numpy` on nodes and on tensors gives what it gives on arrays.

Or it says why not. The calls are those of tests/support/numpy_samples.py.
"""

import numpy as np
import pytest

import jitflow as jf
import jitflow.graph as g
import jitflow.numpy as jnp
from jitflow.errors import JitflowError
from jitflow.recording import Operand
from jitflow.trace import FUNCTIONS
from jitflow.trace.dispatch import fill_tables
from jitflow.trace.pytree import flatten
from tests.support.numpy_samples import METHODS, SAMPLES, calls, function, operands

pytestmark = pytest.mark.filterwarnings("ignore")  # NumPy's, of the same numbers

fill_tables()
UFUNCS = sorted(
    {f.__name__ for f in FUNCTIONS if isinstance(f, np.ufunc) and hasattr(np, f.__name__)}
)
NAMES = [name for name in (*SAMPLES, *METHODS, *UFUNCS) if calls(name)]
GROUPS = [NAMES[i::24] for i in range(24)]
"""Names whose nodes are run together."""

WITHOUT_FLOATS = {
    "bitwise_and", "bitwise_count", "bitwise_or", "bitwise_xor", "gcd", "invert", "lcm", "ldexp",
    "left_shift", "right_shift",
}  # fmt: skip

REFUSED = {
    **dict.fromkeys(("copyto", "fill_diagonal", "place", "put", "put_along_axis", "putmask"),
                    "writes"),
    **dict.fromkeys((".fill", ".sort", ".partition", ".put"), "writes in place"),
    ".flat": r"np\.ravel",
    **dict.fromkeys(
        ("array", "asarray", "asanyarray", "ascontiguousarray", "asfortranarray",
         "asarray_chkfinite"), "conversion to a NumPy array",
    ),
}  # fmt: skip
"""What cannot be done with nodes, and a part of the error that says so."""

WITH_VALUES = {name for name in REFUSED if name.startswith("as") or name == "array"}
"""What tensors do all the same, as they have values."""


def prepared(name):
    """A call, its operands, and what NumPy makes of them."""
    dtype = np.dtype("i8" if name in WITHOUT_FLOATS else "f8")
    arrays = operands(dtype, dtype)
    call = calls(name)[0]
    return call, arrays, flatten(function(call, np)(*arrays.values()))[0]


def require_equal(call, found, expected):
    assert len(found) == len(expected), call
    for x, y in zip(found, expected, strict=True):
        a, b = np.asarray(x), np.asarray(y)
        assert (a.dtype, a.shape) == (b.dtype, b.shape), call
        np.testing.assert_allclose(a, b, rtol=1e-12, atol=1e-12, err_msg=call)


@pytest.mark.parametrize("name", NAMES)
def test_on_tensors(name):
    if name in REFUSED and name not in WITH_VALUES:
        with pytest.raises((JitflowError, TypeError), match=REFUSED[name]):
            on_tensors(name)
    else:
        on_tensors(name)


def on_tensors(name):
    call, arrays, expected = prepared(name)
    found = function(call, jnp)(*map(jf.constant, arrays.values()))
    require_equal(call, flatten(found)[0], expected)


@pytest.mark.parametrize("group", GROUPS)
def test_on_nodes(group):
    made, wanted = [], []
    for name in group:
        call, arrays, expected = prepared(name)
        nodes = [g.constant(x) for x in arrays.values()]
        if name in REFUSED:
            with pytest.raises((JitflowError, TypeError), match=REFUSED[name]):
                function(call, np)(*nodes)
            continue
        made.append((call, flatten(function(call, np)(*nodes))[0]))
        wanted.append(expected)
    with g.Session() as sess:
        fetched = sess.run([[x for x in leaves if isinstance(x, Operand)] for _, leaves in made])
    for (call, leaves), values, expected in zip(made, fetched, wanted, strict=True):
        rest = iter(values)
        found = [next(rest) if isinstance(x, Operand) else x for x in leaves]
        require_equal(call, found, expected)


@pytest.fixture(autouse=True)
def graph():
    with g.Graph().as_default():
        yield


def test_the_graphs_own_names():
    x = g.constant([1.0, -2.0])
    with g.Session() as sess:
        found = sess.run([
            g.reduce_sum(x), g.neg(x), g.sigmoid(g.zeros([])), g.concat([x, x], 0), g.mul(2, 3),
            g.exp([0.0]), g.reduce_max([1, 5, 2]), g.stack([1.0, 2.0]),
        ])
    assert [np.asarray(v).tolist() for v in found] == [
        -1, [-1, 2], 0.5, [1, -2, 1, -2], 6, [1], 5, [1, 2],
    ]
    assert [v.dtype.name for v in found[3:]] == ["float32", "int32", "float32", "int32", "float32"]
    assert [f(3).dtype.name for f in (g.arange, g.eye, g.zeros)] == ["int32", "float32", "float32"]
    assert g.zeros([2], np.float64).dtype == np.float64
    with pytest.raises(AttributeError, match="nosuch"):
        g.nosuch  # noqa: B018
    with pytest.raises(JitflowError, match="writes into an array"):
        g.put(x, [0], [1.0])
