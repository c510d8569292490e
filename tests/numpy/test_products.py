"""Products against NumPy: vectors, matrices, batches, einsum."""

from __future__ import annotations

import numpy as np
import pytest

import jitflow as jf
import jitflow.numpy as jnp
from jitflow.errors import AxisError, ShapeError, TraceError
from jitflow.numpy import special

SHAPES = [
    ((3,), (3,)),
    ((2, 3), (3,)),
    ((3,), (3, 4)),
    ((2, 3), (3, 4)),
    ((5, 2, 3), (3, 4)),
    ((2, 3), (5, 3, 4)),
    ((5, 2, 3), (5, 3, 4)),
    ((3,), (5, 3, 4)),
    ((5, 2, 3), (3,)),
    ((6, 1, 2, 3), (5, 3, 4)),
    ((2, 0), (0, 3)),
    ((0, 3), (3, 4)),
    ((4, 1, 2, 3), (1, 5, 3, 2)),
    ((2, 3), (6, 5, 3, 4)),
]


def pair(shapes, first="float32", second="float32"):
    generator = np.random.default_rng(2)
    return [
        (generator.random(s) * 4).astype(d) for s, d in zip(shapes, (first, second), strict=True)
    ]


@pytest.mark.parametrize("shapes", SHAPES, ids=str)
def test_matmul(shapes, check):
    x, y = pair(shapes)
    check(lambda x, y: x @ y, x, y, exact=False)
    check(lambda x, y: np.matmul(x, y), x, y, exact=False)
    if len(shapes[1]) <= 2 or len(shapes[0]) <= 2:
        check(lambda x, y: np.dot(x, y), x, y, exact=False)


def test_dtypes(check):
    for first in ("bool", "int8", "int32", "float32", "float64"):
        for second in ("bool", "uint8", "int64", "float32"):
            check(lambda x, y: x @ y, *pair(((2, 3), (3, 2)), first, second), exact=False)


def test_other_products(check):
    x, y = pair(((2, 3), (4, 3)))
    u, v = pair(((3,), (3,)))
    check(lambda x, y: (np.inner(x, y), np.vdot(x, x), np.outer(x, y)), x, y, exact=False)
    check(
        lambda x, y: (x.dot(y.T), np.dot(x, 2), np.inner(3, y), np.vecdot(x, y[0])),
        x,
        y,
        exact=False,
    )
    check(lambda x, y: (np.tensordot(x, y, (1, 1)), np.tensordot(x, y.T, 1)), x, y, exact=False)
    check(
        lambda x, y: (np.tensordot(x, y, 0), np.tensordot(x, x, ([0, 1], [0, 1]))),
        x,
        y,
        exact=False,
    )
    check(lambda u, v: (u @ v, np.dot(u, v), np.inner(u, v), np.outer(u, v)), u, v, exact=False)
    check(lambda x, y: [[1.0, 2.0]] @ x, x, y, exact=False)
    check(
        lambda x, y: (np.linalg.norm(x), np.linalg.norm(x, axis=1), np.linalg.norm(x[0], 2)),
        x,
        y,
        exact=False,
    )
    check(lambda x: (np.linalg.norm(x, "fro"), np.linalg.norm(x, 1, axis=0)), x, exact=False)
    check(lambda x: np.linalg.norm(x[0], np.inf), x)
    check(lambda x: np.linalg.norm(x, -np.inf, 1, keepdims=True), x)


EINSUMS = ["ij,kj->ik", "ij,kj", "ij,ij->i", "ij,kj->", "ij,kl->ijkl", "ij,kj->jik", "ij,ik->kj"]


@pytest.mark.parametrize("text", EINSUMS)
def test_einsum(text, check):
    x, y = pair(((2, 3), (2, 3)))
    check(lambda x, y: np.einsum(text, x, y), x, y, exact=False)


def test_einsum_of_one_and_three(check):
    x, y = pair(((2, 3), (3, 3)))
    check(
        lambda x, y: (np.einsum("ij->ji", x), np.einsum("ij->j", x), np.einsum("ij", x)),
        x,
        y,
        exact=False,
    )
    check(lambda x, y: np.einsum("ij,jk,lk->il", x, y, x), x, y, exact=False)


def test_plain_products_are_one_op(rows):
    x, y = pair(((2, 3), (3, 4)))
    batch = np.ones((5, 2, 3), np.float32)
    assert rows(lambda x, y: x @ y, x, y) == ["dot_general"]
    assert rows(lambda x, y: x @ y, batch, y) == ["dot_general"]
    assert rows(lambda x: np.einsum("ij,kj->ik", x, x), x) == ["dot_general"]


def test_faults(evaluate):
    x, y = pair(((2, 3), (2, 3)))
    for product in (lambda x, y: x @ y, np.dot, lambda x, y: np.tensordot(x, y, 1)):
        with pytest.raises(ShapeError, match=r"axis 1 of size 3 meets axis 0 of size 2\n  shapes"):
            evaluate(product, x, y)
    with pytest.raises(ValueError, match="one dimension or more"):
        evaluate(lambda x: x @ 2, x)
    with pytest.raises(ValueError, match="do not broadcast"):
        evaluate(lambda x, y: x @ y, np.ones((2, 1, 3)), np.ones((3, 3, 1)))
    with pytest.raises(ValueError, match="names 3 axes"):
        evaluate(lambda x: np.einsum("ijk->i", x), x)


def test_special_functions(evaluate, check):
    x = np.array([[1.0, 2.0, -900.0], [800.0, -np.inf, 3.0]], np.float32)
    for function in (
        special.softmax,
        special.log_softmax,
        special.logsumexp,
        special.relu,
        special.sigmoid,
    ):
        check(function, x, exact=False)
    check(lambda x: special.logsumexp(x, axis=1, keepdims=True), x, exact=False)
    check(lambda x: special.one_hot(x.argmax(axis=1), 4, np.float32), x)
    check(special.erf, x, exact=False)
    assert special.erf(0) == 0.0 and isinstance(special.erf(np.float32(1)), np.float32)


def test_ufuncs_of_scipy(check):
    scipy_special = pytest.importorskip("scipy.special")
    x = np.array([-np.inf, -2.0, 0.0, 0.5, 40.0], np.float32)
    check(scipy_special.erf, x, exact=False)
    check(scipy_special.expit, x, exact=False)
    with pytest.raises(TraceError, match="the ufunc gamma is not supported"):
        jf.jit(scipy_special.gamma)(x)


def test_a_dense_layer(check):
    x, w = pair(((8, 4), (4, 3)))

    def loss(x, w, b, rate=0.1):
        hidden = jnp.tanh(x @ w + b)
        centred = hidden - hidden.mean(axis=0)
        return rate * jnp.sum(centred**2) / len(x)

    check(loss, x, w, np.zeros(3, np.float32), exact=False)


@pytest.mark.parametrize("function", [np.vecdot, np.linalg.vecdot])
@pytest.mark.parametrize(
    ("first", "second", "axis"), [((3, 4), (3, 4), 0), ((2, 3, 4), (3, 4), -2), ((5,), (2, 5), -1)]
)
def test_vecdot_over_an_axis(check, function, first, second, axis):
    random = np.random.default_rng(0)
    x = random.integers(-9, 9, first) + 1j
    y = random.integers(-9, 9, second).astype(float)
    check(lambda x, y: function(x, y, axis=axis), x, y)


def test_vecdot_over_no_axis():
    with pytest.raises(AxisError, match="vecdot: axis 5 is out of bounds"):
        jf.jit(lambda x: np.vecdot(x, x, axis=5))(np.ones((2, 3)))
    with pytest.raises(ShapeError, match="vecdot: operands need 1 and 1 dimensions"):
        jf.jit(lambda x: np.vecdot(x, 2.0))(np.ones(3))
