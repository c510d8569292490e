"""Chapter D of the rows: what a graph library is made of."""

import subprocess
import sys

import numpy as np
import pytest

import jitflow as jf
import jitflow.graph as g
from jitflow.errors import ArgumentError


def test_d01_the_classes():
    names = ("Graph", "Operation", "Tensor", "Variable", "placeholder", "Session")
    assert all(hasattr(g, name) for name in names)


def test_d02_building_needs_no_native_code():
    code = """
import sys, jitflow.ir, jitflow.graph as g
assert "llvmlite" not in sys.modules
x = g.placeholder(g.float32)
y = g.exp(x * 2) + 1
assert not any(name.startswith("llvmlite") for name in sys.modules)
"""
    subprocess.run([sys.executable, "-c", code], check=True)


def test_d03_vertices_and_directed_edges(graph):
    g.constant(1) + g.constant(2)
    assert graph.to_networkx().is_directed()


def test_d04_no_cycles(graph):
    import networkx

    x = g.constant(1.0)
    y = x * 2 + 1
    assert networkx.is_directed_acyclic_graph(graph.to_networkx())
    x.op.controls = (y.op,)
    with pytest.raises(ArgumentError, match="cycle: Const -> mul -> add -> Const"):
        g.Session().run(y)


def test_d05_common_subexpressions_are_computed_once(graph, capsys):
    f = jf.jit(lambda a, b: (a + b) * (a + b))
    x = np.ones(3)
    traced, lowered = f.trace(x, x), f.lower(x, x)
    assert [op.name for op in traced.graph.ops] == ["add", "add", "mul"]
    assert lowered.as_text("opt").count("= add") == 1
    a = g.constant(1.0)
    g.Session().run(g.Print(a, [a]) + g.Print(a, [a]))
    assert capsys.readouterr().out == "[1.0]\n[1.0]\n"


def test_d06_order_and_independence(graph):
    a, b = g.constant(1.0), g.constant(2.0)
    c, d = a + b, a * b
    e = c - d
    order = graph.ancestors(e)
    assert all(order.index(x.op) < order.index(op) for op in order for x in op.inputs)
    steps = graph.steps(e)
    assert steps[c.op] == steps[d.op] == 1
    assert steps[e.op] == 2
    assert [len(graph.explain(e).longest), graph.explain(e).longest[-1]] == [3, e.op]


def test_d07_three_kinds_of_nodes(graph):
    kinds = [x.op.type for x in (g.constant(1), g.placeholder(g.float32), g.Variable(1.0))]
    assert kinds == ["Const", "Placeholder", "Variable"]
    assert all(isinstance(op, g.Operation) for op in graph)


def test_d08_edges_have_types():
    x = g.constant(np.ones((2, 3)))
    y = x * 2
    assert y.op.inputs[0] is x
    assert (x.dtype, x.shape) == (np.float64, (2, 3))


def test_d09_as_many_edges_as_uses(graph):
    a, b = g.placeholder(g.float32), g.placeholder(g.float32)
    (a + b) * a - b
    assert len(graph.to_networkx().edges) == sum(len(op.inputs) for op in graph) == 6
    folded = jf.jit(lambda: jf.numpy.array(2.0) * 3.0 + 1.0).lower()
    assert folded.as_text("opt").count("mul") == 0


def test_d10_left_to_right_or_top_to_bottom(graph):
    g.exp(g.exp(g.exp(g.constant(1.0))))

    def size(direction):
        head = graph.to_svg(direction=direction)[:600]
        return [float(head.split(f'{side}="')[1].split('"')[0]) for side in ("width", "height")]

    wide, tall = size("LR"), size("TB")
    assert wide[0] > tall[0]
    assert wide[1] < tall[1]


def test_d11_a_page_of_terms():
    from pathlib import Path

    text = (Path(__file__).parents[3] / "docs" / "terms.md").read_text()
    for term in ("data flow graph", "placeholder", "session", "kernel", "side effect"):
        assert term in text
