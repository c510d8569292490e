"""Training takes no memory from the system once it is going, in any front end."""

import numpy as np
import pytest

import jitflow as jf
import jitflow.graph as g
from jitflow import nn, optim
from jitflow.runtime.memory import POOL_BYTES, why_no_pool

pytestmark = pytest.mark.skipif(bool(why_no_pool()), reason="no pool here")

ROWS = POOL_BYTES // 4 // 64
X = np.ones((2, ROWS), np.float32)
Y = np.ones((2, 64), np.float32)


def by_jit():
    opt = optim.Adam(1e-3)

    def loss(w, x, y):
        return np.mean(np.square(x @ w - y))

    @jf.jit(donate_argnums=(0, 1))
    def step(w, state, x, y):
        return opt.update(w, jf.grad(loss)(w, x, y), state)

    w = np.zeros((ROWS, 64), np.float32)
    state = opt.init(w)

    def run():
        nonlocal w, state
        w, state = step(w, state, X, Y)

    return run


def by_session():
    with g.Graph().as_default():
        x, y = g.placeholder(g.float32, X.shape), g.placeholder(g.float32, Y.shape)
        w = g.get_variable("w", [ROWS, 64], initializer=g.zeros_initializer())
        loss = g.reduce_mean(g.square(x @ w - y))
        train = optim.Adam(1e-3).minimize(loss)
        sess = g.Session()
        sess.run(g.global_variables_initializer())
    return lambda: sess.run([loss, train], {x: X, y: Y})


def by_fit():
    model = nn.Sequential([nn.Dense(64)])
    model.compile(optim.Adam(1e-3), "mse")
    return lambda: model.fit(X, Y, epochs=2, verbose=False)


@pytest.mark.parametrize("make", [by_jit, by_session, by_fit])
def test_a_step_of_training_maps_no_memory(make):
    run = make()
    for _ in range(4):
        run()
    before = jf.memory_stats()
    for _ in range(10):
        run()
    after = jf.memory_stats()
    assert after.mapped == before.mapped
    assert after.used_blocks == before.used_blocks
