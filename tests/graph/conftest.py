"""Each test builds in a graph of its own."""

from types import SimpleNamespace

import pytest

import jitflow.graph as g


@pytest.fixture(autouse=True)
def graph():
    made = g.Graph()
    with made.as_default():
        yield made


@pytest.fixture
def shown(capsys):
    """What Python's print shows of values."""

    def show(*values):
        capsys.readouterr()
        print(*values)
        return capsys.readouterr().out.rstrip("\n")

    return show


@pytest.fixture
def nodes():
    """A graph of its own, with a session whose variables have values."""
    with g.Graph().as_default() as graph:
        x = g.placeholder(g.float32, [None, 3], name="x")
        k = g.placeholder(g.int32, [], name="k")
        w = g.get_variable("w", [3, 2], initializer=g.random_normal_initializer(seed=1))
        count = g.get_variable("count", [], initializer=g.zeros_initializer())
        y = g.reduce_sum(x @ w) + count
        step = g.group(w.assign_sub(w * 0.1), count.assign_add(1.0))
        with g.control_dependencies([step]):
            row = w[k]
        noise = g.random_normal([4], seed=3)
        init = g.global_variables_initializer()
        sess = g.Session()
        sess.run(init)
        yield SimpleNamespace(**{**locals(), "graph": graph})
