"""Each optimizer follows its formula, as functions within jit and as nodes of a graph."""

import numpy as np
import pytest

import jitflow as jf
import jitflow.graph as g
from jitflow import optim
from jitflow.errors import ArgumentError, DtypeError, TraceError

RATE = 0.1


def adam(x, d, s, t, decay=0.0):
    s["m"] = 0.9 * s["m"] + 0.1 * d
    s["v"] = 0.999 * s["v"] + 0.001 * d * d
    m, v = s["m"] / (1 - 0.9**t), s["v"] / (1 - 0.999**t)
    return x - RATE * m / (np.sqrt(v) + 1e-8) - RATE * decay * x


def momentum(x, d, s, t, nesterov=False):
    s["v"] = 0.9 * s["v"] + d
    return x - RATE * (d + 0.9 * s["v"] if nesterov else s["v"])


def rmsprop(x, d, s, t):
    s["v"] = 0.9 * s["v"] + 0.1 * d * d
    return x - RATE * d / (np.sqrt(s["v"]) + 1e-7)


def rmsprop_with_momentum(x, d, s, t):
    s["v"] = 0.9 * s["v"] + 0.1 * d * d
    s["m"] = 0.5 * s["m"] + RATE * d / (np.sqrt(s["v"]) + 1e-7)
    return x - s["m"]


def adagrad(x, d, s, t):
    s["v"] = s["v"] + d * d
    return x - RATE * d / (np.sqrt(s["v"]) + 1e-7)


RULES = {
    "sgd": (optim.SGD(RATE), lambda x, d, s, t: x - RATE * d),
    "momentum": (optim.Momentum(RATE), momentum),
    "nesterov": (
        optim.Momentum(RATE, nesterov=True), lambda x, d, s, t: momentum(x, d, s, t, True),
    ),
    "adam": (optim.Adam(RATE), adam),
    "adamw": (
        optim.AdamW(RATE, weight_decay=0.2), lambda x, d, s, t: adam(x, d, s, t, 0.2),
    ),
    "rmsprop": (optim.RMSProp(RATE), rmsprop),
    "rmsprop with momentum": (optim.RMSProp(RATE, momentum=0.5), rmsprop_with_momentum),
    "adagrad": (optim.Adagrad(RATE), adagrad),
}  # fmt: skip


def loss(p):
    return np.sum(np.square(p["w"]) * np.arange(1.0, 4.0)) + np.sum(np.cos(p["b"]))


def slopes(p):
    return {"w": 2 * p["w"] * np.arange(1.0, 4.0), "b": -np.sin(p["b"])}


def first():
    return {"w": np.array([1.0, -2.0, 0.5]), "b": np.array([[0.3], [2.0]])}


def reference(formula, steps=20):
    p = first()
    state = {name: {"m": 0.0, "v": 0.0} for name in p}
    for t in range(1, steps + 1):
        d = slopes(p)
        p = {name: formula(p[name], d[name], state[name], t) for name in p}
    return p


@pytest.mark.parametrize("name", RULES)
def test_updates_within_jit(name):
    opt, formula = RULES[name]

    @jf.jit
    def step(params, state):
        return opt.update(params, jf.grad(loss)(params), state)

    params = first()
    state = opt.init(params)
    for _ in range(20):
        params, state = step(params, state)
    assert state.count == 20
    for key, wanted in reference(formula).items():
        np.testing.assert_allclose(params[key], wanted, rtol=1e-12)


@pytest.mark.parametrize("name", RULES)
def test_updates_in_a_graph(name):
    opt, formula = RULES[name]
    with g.Graph().as_default() as graph:
        p = {key: g.Variable(x, name=key) for key, x in first().items()}
        before = len(graph)
        type(opt)()
        assert len(graph) == before
        train = opt.minimize(loss(p))
        sess = g.Session()
        sess.run(g.global_variables_initializer())
        for _ in range(20):
            assert sess.run(train) is None
        for key, wanted in reference(formula).items():
            np.testing.assert_allclose(sess.run(p[key]), wanted, rtol=1e-12)
        names = [v.name for v in opt.variables()]
    if name == "sgd":
        assert names == []
    if name == "adam":
        assert "Adam/w/m:0" in names
        assert "Adam/count:0" in names


def test_only_variables_on_the_path_are_updated():
    with g.Graph().as_default():
        x, other = g.Variable(1.0), g.Variable(2.0)
        frozen = g.Variable(3.0, trainable=False)
        opt = optim.SGD(0.5)
        pairs = opt.compute_gradients(x * x * frozen)
        assert [v for _, v in pairs] == [x, other]
        assert pairs[1][0] is None
        train = opt.apply_gradients(pairs)
        sess = g.Session()
        sess.run(g.global_variables_initializer())
        sess.run(train)
        assert sess.run([x, other, frozen]) == [-2, 2, 3]


SCHEDULES = {
    "constant": (optim.constant(0.3), lambda n: 0.3),
    "piecewise": (
        optim.piecewise_constant([2, 5], [1.0, 0.5, 0.1]),
        lambda n: 1.0 if n < 2 else 0.5 if n < 5 else 0.1,
    ),
    "exponential": (optim.exponential_decay(0.5, 4, 0.9), lambda n: 0.5 * 0.9 ** (n / 4)),
    "staircase": (
        optim.exponential_decay(0.5, 4, 0.9, staircase=True), lambda n: 0.5 * 0.9 ** (n // 4),
    ),
    "cosine": (
        optim.cosine_decay(2.0, 6, 0.1),
        lambda n: 2 * (0.9 * 0.5 * (1 + np.cos(np.pi * min(n / 6, 1))) + 0.1),
    ),
    "warm-up": (
        optim.warmup(3, optim.exponential_decay(1.0, 1, 0.5)),
        lambda n: 0.5 ** max(n - 3, 0) * min((n + 1) / 3, 1),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", SCHEDULES)
def test_schedules(name):
    schedule, wanted = SCHEDULES[name]
    opt = optim.SGD(schedule)
    step = jf.jit(lambda p, s: opt.update(p, np.ones_like(p), s))
    p = np.zeros(2)
    state = opt.init(p)
    with g.Graph().as_default():
        v = g.Variable(np.zeros(2))
        train = opt.apply_gradients([(g.constant(np.ones(2)), v)])
        sess = g.Session()
        sess.run(g.global_variables_initializer())
        for n in range(10):
            q, state = step(p, state)
            np.testing.assert_allclose(p - q, wanted(n), rtol=1e-12)
            p = q
            sess.run(train)
            np.testing.assert_allclose(sess.run(v), p, rtol=1e-12)


def test_clipping_by_the_global_norm():
    tree = {"a": np.array([3.0, 0.0], np.float32), "b": np.array([4.0])}
    assert jf.jit(optim.global_norm)(tree) == 5
    clipped = jf.jit(lambda t: optim.clip_by_global_norm(t, 1.0))(tree)
    np.testing.assert_allclose(clipped["a"], [0.6, 0], rtol=1e-6)
    np.testing.assert_allclose(clipped["b"], [0.8], rtol=1e-12)
    assert clipped["a"].dtype == np.float32
    same = optim.clip_by_global_norm(tree, 10.0)
    np.testing.assert_array_equal(same["b"], tree["b"])
    opt = optim.SGD(1.0, clip_norm=1.0)
    new, _ = opt.update(tree, tree, opt.init(tree))
    np.testing.assert_allclose(new["b"], [3.2], rtol=1e-12)


def test_float32_stays_float32():
    for opt, _ in RULES.values():
        p = np.ones(3, np.float32)
        new, state = jf.jit(opt.update)(p, p, opt.init(p))
        assert new.dtype == np.float32
        assert all(x.dtype == np.float32 for x in state.slots.values())


def test_what_optimizers_refuse():
    opt = optim.Adam()
    with pytest.raises(DtypeError, match="int64"):
        opt.init({"w": np.arange(3)})
    with pytest.raises(TraceError, match="grads"):
        opt.update({"w": np.ones(3)}, {"v": np.ones(3)}, opt.init({"w": np.ones(3)}))
    with pytest.raises(ArgumentError, match="learning rate"):
        optim.SGD(-1.0)
    with pytest.raises(ArgumentError):
        optim.piecewise_constant([2, 1], [1.0, 0.5, 0.1])
    with pytest.raises(TraceError, match="init and update"):
        opt.minimize(np.float32(3))
    with pytest.raises(ArgumentError, match="no variable has a gradient"):
        opt.apply_gradients([(None, 3)])
