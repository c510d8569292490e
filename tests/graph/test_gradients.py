"""Gradients are taken where their path ran, whatever was assigned meanwhile."""

import numpy as np
import pytest

import jitflow.graph as g


@pytest.fixture
def sess():
    with g.Session() as made:
        yield made


def start(sess, *values):
    variables = [g.Variable(x) for x in values]
    sess.run(g.global_variables_initializer())
    return variables


def test_of_a_path_before_an_assignment(sess):
    (v,) = start(sess, 3.0)
    y = v * v
    later = v.assign(100.0)
    (slope,) = g.gradients(y, v)
    assert sess.run([later, y, slope]) == [100, 9, 6]
    assert sess.run([slope, v]) == [200, 100]


def test_of_reads_before_and_after(sess):
    (v,) = start(sess, 3.0)
    before = v * v
    change = v.assign(5.0)
    after = v * v * v
    (slope,) = g.gradients([before, after], v)
    (curve,) = g.gradients(slope, v)
    assert sess.run([change, slope, curve]) == [5, 6 + 75, 2 + 30]


def test_of_a_gradient_between_assignments(sess):
    (v,) = start(sess, 2.0)
    (slope,) = g.gradients(v * v * v, v)
    first = v.assign(10.0)
    (curve,) = g.gradients(slope, v)
    second = v.assign(20.0)
    assert sess.run([first, second, slope, curve]) == [10, 20, 12, 12]


def test_of_an_assigned_value(sess):
    v, w = start(sess, 2.0, 3.0)
    assert g.gradients(w.assign(v * v), v) == [None]
    update = v.assign_sub(0.1 * g.gradients(v * w, v)[0])
    with g.control_dependencies([update]):
        (slope,) = g.gradients(v * w, w)
    assert sess.run(slope) == np.float32(2.0) - np.float32(0.1) * np.float32(3.0)


def test_zeros_keep_their_sign(sess):
    x = g.placeholder(g.float32, [])
    h = x * 1.0
    y = np.copysign(np.float32(1), h) * h
    assert sess.run(g.gradients(y, [x, h]), {x: -0.0}) == [-1, -1]


def test_unconnected_repeated_and_integer_sources(sess):
    x, n = g.placeholder(g.float32, []), g.Variable(0)
    y = x * x
    assert g.gradients(y, [n, g.constant(1.0)]) == [None, None]
    assert sess.run(g.gradients(y, [x, x]), {x: 3}) == [6, 6]
    assert sess.run(g.gradients([y, y], x), {x: 3}) == [12]
    assert sess.run(g.gradients([y, x], x, [None, 10.0]), {x: 3}) == [16]
    assert sess.run(g.gradients(y, x, [None]), {x: 3}) == [6]
    assert sess.run(g.gradients(g.Print(y, [y]) * 2, x), {x: 3}) == [12]


def test_in_another_graph_than_the_default(sess):
    other = g.Graph()
    with other.as_default():
        x = g.placeholder(g.float32, [])
        y = x * x
    (slope,) = g.gradients(y, x, [2.0])
    assert slope.graph is other
    with g.Session(other) as inner:
        assert inner.run(slope, {x: 3}) == 12
