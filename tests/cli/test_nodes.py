"""`jitflow nodes`: nodes, ancestors, paths and side effects of a graph."""

import json

import pytest

from jitflow.cli.main import main

GRAPH = """\
import jitflow.graph as g

graph = g.Graph()
with graph.as_default():
    x = g.placeholder(g.float32, [None, 2], name="x")
    count = g.get_variable("count", [], initializer=g.constant_initializer(0.0))
    with g.control_dependencies([x]):
        total = x + count
    shown = g.Print(total, [x])


def function():
    pass
"""


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "graph_for_nodes.py").write_text(GRAPH)


def shown(capsys, *arguments):
    assert main(["nodes", *arguments]) == 0
    return capsys.readouterr().out


def test_all_nodes(capsys):
    lines = shown(capsys, "graph_for_nodes.py:graph").splitlines()
    assert len(lines) == 7
    assert lines[0].split() == "node type dtype shape device step inputs after effect".split()
    assert lines[1].split() == ["x", "Placeholder", "float32", "(?,", "2)", "cpu:0", "0"]
    assert lines[4].endswith("sets count") and lines[6].endswith("prints")


def test_what_a_fetch_runs(capsys):
    text = shown(capsys, "graph_for_nodes.py:total", "--only-path")
    assert "Print " not in text.partition("\n\n")[0]
    assert "add: 3 of 6 operations run" in text and "Print prints" in text
    told = json.loads(shown(capsys, "graph_for_nodes.py:graph", "--fetch", "Print:0", "--json"))
    runs = {node["node"]: node["runs"] for node in told["nodes"]}
    assert runs == {
        "x": "yes", "count": "yes", "count/Const": "no", "count/Assign": "no", "add": "yes",
        "Print": "yes",
    }  # fmt: skip
    assert told["run"]["effects"] == ["Print"] and told["run"]["off_path"] == ["count/Assign"]
    assert told["run"]["longest"] == ["x", "add", "Print"]


@pytest.mark.parametrize(
    ("target", "problem"),
    [("function", "is a function"), ("g", "expected a function, a graph"), ("nope", "no function")],
)
def test_what_is_no_graph(capsys, target, problem):
    assert main(["nodes", f"graph_for_nodes.py:{target}"]) == 2
    assert problem in capsys.readouterr().err
