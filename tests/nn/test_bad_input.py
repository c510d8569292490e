"""What the training front ends refuse, and where the errors point."""

import numpy as np
import pytest

import jitflow as jf
import jitflow.graph as g
from jitflow import nn, optim
from jitflow.data import Dataset
from jitflow.errors import ArgumentError, DtypeError, ShapeError, TraceError

X = np.ones((4, 3), np.float32)


def model():
    made = nn.Sequential([nn.Dense(2)])
    made.compile(optim.SGD(0.1), "mse")
    return made


def feed(dtype, value):
    x = g.placeholder(dtype)
    return g.Session().run(x * 2, {x: value})


REFUSED = {
    "no data": (lambda: model().fit(None), ArgumentError, "got None"),
    "an array alone": (lambda: model().fit(X), ArgumentError, "got an ndarray"),
    "no pairs": (
        lambda: model().fit(Dataset.from_arrays(X).batch(2)), ArgumentError, "a batch is",
    ),
    "other lengths": (lambda: model().fit(X, X[:3]), ShapeError, r"\(4, 3\), \(3, 3\)"),
    "no axes": (lambda: model().fit(np.float32(1), np.float32(2)), ShapeError, "rows"),
    "a layer of a scalar": (
        lambda: nn.Dense(2).init(jf.random.key(0), np.float32(1)), ShapeError, "last axis",
    ),
    "a layer of integers": (
        lambda: nn.Dense(2).init(jf.random.key(0), np.ones((2, 3), int)), DtypeError, "int64",
    ),
    "an activation by name": (
        lambda: nn.Dense(2, "relu"), ArgumentError, "activation is 'relu'; it (.|\n)* nn.relu is",
    ),
    "an initializer by name": (
        lambda: nn.Dense(2, kernel="zeros"), ArgumentError, "kernel is 'zeros'; it must be",
    ),
    "a rate as text": (lambda: nn.Dropout("0.5"), ArgumentError, "rate is '0.5'; it is a number"),
    "a gradient that would broadcast": (
        lambda: optim.SGD().update(X, X[0], optim.SGD().init(X)), ShapeError, r"\(4, 3\), \(3,\)",
    ),
    "the state of other parameters": (
        lambda: optim.Adam().update({"a": X}, {"a": X}, optim.Adam().init({"b": X})), TraceError,
        "the state",
    ),
    "a source that is no tensor": (
        lambda: jf.GradientTape().gradient(jf.constant(1.0), 3), ArgumentError, "not for an int",
    ),
    "a ragged literal": (lambda: g.constant([[1], [2, 3]]), ShapeError, "inhomogeneous"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_errors_name_the_line(name):
    call, kind, message = REFUSED[name]
    with g.Graph().as_default(), pytest.raises(kind, match=message) as caught:
        call()
    assert "test_bad_input.py:" in str(caught.value)


@pytest.mark.parametrize(
    ("dtype", "value", "message"),
    [
        (np.float32, None, "None .* it has no numbers"),
        (np.float32, [1.0, None], "a list .* it has no numbers"),
        (np.int32, [1.5], "cannot feed float64"),
        (np.float32, [[1.0], [2.0, 3.0]], "inhomogeneous"),
    ],
)
def test_feeds_that_would_lose_numbers(dtype, value, message):
    with g.Graph().as_default(), pytest.raises(g.InvalidArgumentError, match=message):
        feed(dtype, value)
    with g.Graph().as_default():
        assert feed(dtype, [2, 3]).dtype == dtype


def test_lists_are_predicted_as_arrays():
    made = model()
    made.build(X)
    np.testing.assert_array_equal(made.predict(X.tolist()[:1]).shape, (1, 2))
