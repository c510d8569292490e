"""`jitflow viz`: pictures are whole, well formed, true to the function, and ask for nothing."""

import re
from xml.etree import ElementTree

import pytest

from jitflow.cli.main import main

SVG = "{http://www.w3.org/2000/svg}"
FILE = """\
import numpy as np

def loss(x, w):
    z = np.tanh(x @ w)  # <&">
    return (z * z).sum()
"""
GRAPH = """\
import jitflow.graph as g

graph = g.Graph()
with graph.as_default():
    x = g.placeholder(g.float32, name="x")
    count = g.get_variable("count", [], initializer=g.constant_initializer(0.0))
    total = x + count
    shown = g.Print(total, [x])
number = 3
"""


@pytest.fixture
def model(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "model_for_viz.py").write_text(FILE)
    return ["viz", "model_for_viz.py:loss", "--args", "f32[4, 3], f32[3, 2]"]


def titles(svg):
    return [title.text for title in svg.iter(f"{SVG}title")]


def texts(svg):
    return [text.text for text in svg.iter(f"{SVG}text")]


def test_picture_of_the_kernels(model, tmp_path, capsys):
    assert main([*model, "--grad", "-o", "out.svg"]) == 0
    assert capsys.readouterr().out == "wrote out.svg\n"
    svg = ElementTree.fromstring((tmp_path / "out.svg").read_text())
    assert svg.tag == f"{SVG}svg" and "kernel loop" in texts(svg)
    assert any("tanh" in text for text in texts(svg))
    place = re.escape(str(tmp_path / "model_for_viz.py"))
    assert any(re.match(rf'{place}:4: z = np.tanh\(x @ w\)  # <&">', t) for t in titles(svg))


def test_page_shows_both(model, tmp_path, capsys):
    assert main(model) == 0
    assert capsys.readouterr().out == "wrote loss.html\n"
    page = (tmp_path / "loss.html").read_text()
    graph, fused = (ElementTree.fromstring(t) for t in re.findall("(?s)<svg.*?</svg>", page))
    assert not any("kernel" in text for text in texts(graph))
    kernels = sum(text.startswith("kernel ") for text in texts(fused))
    assert "As it was written: 4 ops" in page and f"As it was fused: {kernels} kernels" in page


def test_page_asks_for_nothing(model, capsys):
    assert main([*model, "-o", "-"]) == 0
    page = capsys.readouterr().out.replace('xmlns="http://www.w3.org/2000/svg"', "")
    assert not re.search(r"https?:|src=|href=|@import|url\(|<script", page)


def test_text_of_ir(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "f.jf").write_text("func @f(%x: f32[4]) {\n  %0: f32[4] = exp %x\n  return %0\n}\n")
    assert main(["viz", "f.jf", "-o", "f.svg"]) == 0
    assert any("f.jf:2" in t for t in titles(ElementTree.parse("f.svg").getroot()))


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("func @f(%x: f32[4]) {", "f.jf:1"),
        ("", "f.jf"),
        ("func @f() { return } func @g() { return }", "--function must name one"),
        ("func @f(%x: &f32[4]) { %0: &f32[4] temp = alloc return }", "is loop IR"),
    ],
)
def test_text_that_cannot_be_drawn(tmp_path, monkeypatch, capsys, text, problem):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "f.jf").write_text(text)
    assert main(["viz", "f.jf"]) == 2
    assert problem in capsys.readouterr().err
    assert not (tmp_path / "f.html").exists()


@pytest.fixture
def graph(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "graph_for_viz.py").write_text(GRAPH)
    return "graph_for_viz.py"


def test_a_graph(graph, tmp_path, capsys):
    assert main(["viz", f"{graph}:graph"]) == 0
    assert capsys.readouterr().out == "wrote graph.html\n"
    page = (tmp_path / "graph.html").read_text()
    (svg,) = (ElementTree.fromstring(t) for t in re.findall("(?s)<svg.*?</svg>", page))
    assert {"x", "count", "Print"} <= set(texts(svg))
    assert any("graph_for_viz.py:7: total = x + count" in t for t in titles(svg))


def test_a_node_of_a_graph_is_fetched(graph, tmp_path):
    assert main(["viz", f"{graph}:total", "-o", "total.svg"]) == 0
    svg = ElementTree.parse(tmp_path / "total.svg").getroot()
    assert "fetch add: 3 of 6 operations run" in texts(svg)
    options = ["--only-path", "--direction", "TB", "--fetch", "count/Assign"]
    assert main(["viz", f"{graph}:count", *options, "-o", "down.svg"]) == 0
    svg = ElementTree.parse(tmp_path / "down.svg").getroot()
    assert "Print" not in texts(svg) and "sets count" in texts(svg)


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        (["number"], "is an int; expected a function, a graph or a node of one"),
        (["graph", "--fetch", "nope"], "no operation 'nope'"),
        (["graph", "--fetch", "add:7"], "'add' has 1 outputs"),
        (["graph", "--only-path"], "--only-path needs a node"),
        (["graph", "--depth", "-2"], "depth -2"),
        (["graph", "--grad"], "--args, --static and --grad are of functions"),
    ],
)
def test_graphs_that_cannot_be_drawn(graph, tmp_path, capsys, options, problem):
    assert main(["viz", f"{graph}:{options[0]}", *options[1:]]) == 2
    assert problem in capsys.readouterr().err
    assert not list(tmp_path.glob("*.html"))


def test_functions_have_no_fetches(model, capsys):
    assert main([*model, "--fetch", "x"]) == 2
    assert "are of graphs" in capsys.readouterr().err
