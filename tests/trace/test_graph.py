"""Graphs for networkx."""

import networkx
import numpy as np

import jitflow as jf

X = np.arange(3.0)


def f(x, y):
    return x - y, y * y, x


def test_nodes_are_in_program_order_with_type_and_location():
    graph = jf.jit(f).trace(X, X).to_networkx()
    assert [graph.nodes[n]["op"] for n in graph] == ["parameter", "parameter", "sub", "mul"]
    assert [graph.nodes[n]["name"] for n in graph][:2] == ["x", "y"]
    assert graph.nodes[2]["type"] == "f64[3]"
    assert graph.nodes[2]["location"] == f"{__file__}:{f.__code__.co_firstlineno + 1}"
    assert networkx.is_directed_acyclic_graph(graph)


def test_edges_carry_operand_positions():
    graph = jf.jit(f).trace(X, X).to_networkx()
    edges = [(a, b, d["operand"]) for a, b, d in graph.edges(data=True)]
    assert sorted(edges) == [(0, 2, 0), (1, 2, 1), (1, 3, 0), (1, 3, 1)]


def test_results_are_marked():
    graph = jf.jit(f).trace(X, X).to_networkx()
    assert [graph.nodes[n]["result"] for n in graph] == [[2], [], [0], [1]]
