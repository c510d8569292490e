"""Graphs and sessions: what a run costs when there is next to nothing to compute."""

from itertools import cycle

import numpy as np
from case import Bar, Case, Over, Run, Within
from peers import import_jax, import_tensorflow, import_torch

RATE = 1e-3
SAMPLES = [(k / 64, 0.35 * k / 64 + 0.32) for k in range(1, 65)]
NODES = 10_000


def fitting(graphs, optimizer, session):
    """Linear regression by a graph, one sample a run, as texts about TensorFlow have it."""
    with graphs.Graph().as_default():
        zero = graphs.constant_initializer(0.0)
        m, b = (graphs.get_variable(name, [], initializer=zero) for name in "mb")
        x, y = graphs.placeholder(graphs.float32), graphs.placeholder(graphs.float32)
        loss = graphs.square(y - (m * x + b))
        train = optimizer(RATE).minimize(loss)
        start = graphs.global_variables_initializer()
        sess = session()
    sess.run(start)
    samples = cycle(SAMPLES)

    def run():
        one, wanted = next(samples)
        value, _ = sess.run([loss, train], feed_dict={x: one, y: wanted})
        return value

    return run


def jitflow_fitting(seed: int) -> Run:
    import jitflow.graph as g
    from jitflow import optim

    return fitting(g, optim.SGD, g.Session)


def tensorflow_fitting(seed: int) -> Run:
    tf, options = import_tensorflow()
    return fitting(tf, tf.train.GradientDescentOptimizer, lambda: tf.Session(config=options))


def jax_fitting(seed: int) -> Run:
    """One jitted function of the state, which stays on the device."""
    jax = import_jax()

    @jax.jit
    def step(m, b, x, y):
        loss, slopes = jax.value_and_grad(lambda m, b: (y - (m * x + b)) ** 2, (0, 1))(m, b)
        return loss, m - RATE * slopes[0], b - RATE * slopes[1]

    m = b = jax.numpy.float32(0)
    samples = cycle(SAMPLES)

    def run():
        nonlocal m, b
        value, m, b = step(m, b, *next(samples))
        return np.float32(value)

    return run


def torch_fitting(seed: int) -> Run:
    torch = import_torch()
    m, b = (torch.zeros((), requires_grad=True) for _ in range(2))
    optimizer = torch.optim.SGD([m, b], RATE)
    samples = cycle(SAMPLES)

    def run():
        x, y = next(samples)
        optimizer.zero_grad()
        loss = (y - (m * x + b)) ** 2
        loss.backward()
        optimizer.step()
        return np.float32(loss.item())

    return run


def a_run(seed: int) -> Run:
    """Two fetches, a feed, and a variable that changes."""
    import jitflow.graph as g

    with g.Graph().as_default():
        x = g.placeholder(g.float32, [4])
        v = g.get_variable("v", [4], initializer=g.zeros_initializer())
        fetches = [x * 2.0, v.assign_add(x)]
        sess = g.Session()
        sess.run(v.initializer)
    ones = np.ones(4, np.float32)
    return lambda: sess.run(fetches, feed_dict={x: ones})[0]


def its_call(seed: int) -> Run:
    """The same as a jitted function of the variable and the feed, which gives both anew."""
    import jitflow as jf

    step = jf.jit(lambda v, x: ([x * np.float32(2), v + x], v + x))
    ones, v = np.ones(4, np.float32), np.zeros(4, np.float32)

    def run():
        nonlocal v
        fetched, v = step(v, ones)
        return fetched[0]

    return run


def short_path(graphs, session, nodes: int) -> Run:
    """Three nodes on the path, and so many that are not."""
    with graphs.Graph().as_default():
        x = graphs.placeholder(graphs.float32, [])
        other = x
        for _ in range(nodes):
            other = other + x
        wanted = (x + 1.0) * 2.0
        sess = session()
    return lambda: sess.run(wanted, {x: 3.0})


def jitflow_path(nodes: int):
    def setup(seed: int) -> Run:
        import jitflow.graph as g

        return short_path(g, g.Session, nodes)

    return setup


def tensorflow_path(seed: int) -> Run:
    tf, options = import_tensorflow()
    return short_path(tf, lambda: tf.Session(config=options), NODES)


CASES = (
    Case(
        name="session_step",
        title="linear regression by a graph: sess.run([loss, train], {x: ..., y: ...})",
        reference=lambda seed: np.square(np.float32(SAMPLES[0][1])),
        rows={
            "jitflow": jitflow_fitting, "tensorflow": tensorflow_fitting, "jax": jax_fitting,
            "torch eager": torch_fitting,
        },
        bars=(Within(3e-6),),
    ),
    Case(
        name="session_run",
        title="sess.run([x * 2, v.assign_add(x)], {x: f32[4]}), and the same by @jit",
        reference=lambda seed: np.full(4, 2, np.float32),
        rows={"jitflow": a_run, "jitflow by @jit": its_call},
        bars=(Over("jitflow by @jit", 1e-6),),
    ),
    Case(
        name="session_path",
        title=f"a path of three nodes in a graph of {NODES}, or of three",
        reference=lambda seed: np.float32(8),
        rows={
            "jitflow": jitflow_path(NODES), "jitflow small graph": jitflow_path(0),
            "tensorflow": tensorflow_path,
        },
        bars=(Bar("jitflow small graph", 1.1),),
    ),
)  # fmt: skip
