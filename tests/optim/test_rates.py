"""Learning rates: numbers, schedules, arrays, nodes, variables; steps that count; slots kept."""

import numpy as np
import pytest

import jitflow as jf
import jitflow.graph as g
from jitflow import optim
from jitflow.checkpoint import Checkpoints
from jitflow.errors import ArgumentError, DtypeError

X = np.ones(3, np.float32)


@pytest.mark.parametrize("rate", [0.5, np.float64(0.5), np.float32(0.5), np.array(0.5), 1 / 2])
def test_any_number_keeps_the_dtype(rate):
    for opt in (optim.SGD(rate), optim.Adam(rate, beta1=np.float64(0.9), epsilon=np.float64(1e-8))):
        new, state = jf.jit(opt.update)(X, X, opt.init(X))
        assert new.dtype == np.float32
        np.testing.assert_allclose(new, 0.5, rtol=1e-6)
        assert all(slot.dtype == np.float32 for slot in state.slots.values())


def test_a_rate_that_the_code_is_given():
    step = jf.jit(lambda p, s, rate: optim.SGD(rate).update(p, p, s))
    over = jf.jit(lambda p, s, rate: optim.SGD(7.0).update(p, p, s, rate))
    for rate in (0.5, 0.25):
        for function in (step, over):
            np.testing.assert_array_equal(function(X, optim.SGD().init(X), rate)[0], 1 - rate)


def test_a_rate_that_is_changed_between_steps_of_a_tape():
    v, rate = jf.Variable(1.0), jf.Variable(0.25)
    opt = optim.SGD(0.5)
    opt.apply_gradients([(1.0, v)])
    opt.learning_rate = 0.0
    opt.apply_gradients([(1.0, v)])
    assert v.numpy() == 0.5
    opt = optim.SGD(rate)
    opt.apply_gradients([(1.0, v)])
    rate.assign(0.125)
    opt.apply_gradients([(1.0, v)])
    assert v.numpy() == 0.125


def test_rates_in_graphs():
    with g.Graph().as_default():
        steps = g.Variable(np.int64(0), trainable=False)
        fed = g.placeholder(g.float32, [])
        v, w = g.Variable(np.ones(2, np.float32)), g.Variable(1.0)
        first = optim.SGD(optim.exponential_decay(1.0, 1, 0.5)(steps))
        second = optim.SGD(fed)
        one = first.apply_gradients([(g.constant([0.5, 0.5]), v)], global_step=steps)
        other = second.minimize(w * w, global_step=steps)
        sess = g.Session()
        sess.run(g.global_variables_initializer())
        sess.run(one)
        sess.run(one)
        np.testing.assert_array_equal(sess.run(v), 0.25)
        sess.run(other, {fed: 0.25})
        assert sess.run([w, steps]) == [0.5, 3]


def test_slots_by_name():
    with g.Graph().as_default():
        w = g.Variable(np.ones(2), name="w")
        opt = optim.Adam()
        opt.minimize(np.sum(w))
        assert opt.slot(w, "m").name == "Adam/w/m:0"
        with pytest.raises(ArgumentError, match=r"no slot 'x'.*there is m, v"):
            opt.slot(w, "x")
        with pytest.raises(ArgumentError, match="save the session"):
            opt.checkpoint_state()


def eager(seed=0):
    values = np.random.default_rng(seed).normal(size=(2, 3))
    variables = [jf.Variable(x) for x in values]
    return optim.Adam(optim.cosine_decay(0.1, 10)), variables


def train(opt, variables, steps):
    for _ in range(steps):
        with jf.GradientTape() as tape:
            loss = np.sum(np.cos(variables[0]) * variables[1])
        pairs = zip(tape.gradient(loss, variables), variables, strict=True)
        opt.apply_gradients(pairs)


def test_an_optimizer_of_a_tape_is_saved(tmp_path):
    opt, variables = eager()
    train(opt, variables, 3)
    store = Checkpoints(tmp_path)
    store.save(3, opt=opt, variables=dict(enumerate(variables)))
    train(opt, variables, 3)
    other, again = eager(1)
    other.build(again)
    found = store.restore(opt=other, variables=dict(enumerate(again)))
    for place, v in enumerate(again):
        v.assign(found["variables"][place])
    train(other, again, 3)
    for a, b in zip(variables, again, strict=True):
        np.testing.assert_array_equal(a.numpy(), b.numpy())


REFUSED = [
    lambda: optim.SGD("fast"), lambda: optim.SGD(float("nan")), lambda: optim.SGD(True),
    lambda: optim.SGD(X), lambda: optim.Momentum(0.1, 1.0), lambda: optim.Adam(beta2=-0.1),
    lambda: optim.AdamW(weight_decay=-1), lambda: optim.SGD(clip_norm="x"),
    lambda: optim.cosine_decay(0.1, 0), lambda: optim.clip_by_global_norm(X, 0.0),
    lambda: optim.SGD().apply_gradients([(1.0, v := jf.Variable(1.0)), (2.0, v)]),
    lambda: setattr(optim.SGD(), "learning_rate", -1),
]  # fmt: skip


@pytest.mark.parametrize("number", range(len(REFUSED)))
def test_settings_that_are_refused(number):
    with pytest.raises(ArgumentError, match=r"test_rates\.py:"):
        REFUSED[number]()


def test_gradients_that_are_no_floats():
    for slope in (np.ones(3, int), np.ones(3, complex), [1.0, 1.0, 1.0]):
        with pytest.raises((DtypeError, TypeError)):
            optim.SGD().update(X, slope, optim.SGD().init(X))


@pytest.mark.parametrize("opt", [optim.SGD(0.5), optim.Momentum(0.5), optim.Adam(0.5)])
def test_an_update_leaves_no_node_that_nobody_runs(opt):
    with g.Graph().as_default() as graph:
        w = g.Variable(X, name="w")
        train = opt.minimize(g.reduce_sum(w * w))
        used = graph.ancestors(train, g.global_variables_initializer())
    assert list(graph) == used
