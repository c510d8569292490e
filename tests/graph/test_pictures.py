"""Pictures of graphs: what is in them, what a fetch runs and what it leaves out."""

from xml.etree import ElementTree

import pytest

import jitflow.graph as g
from jitflow import optim
from jitflow.errors import ArgumentError

SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture(autouse=True)
def graph():
    made = g.Graph()
    with made.as_default():
        yield made


def boxes(text):
    """By name: the classes and the texts of each box."""
    svg = ElementTree.fromstring(text)
    return {
        (box.get("id") or "").removeprefix("node-"): (
            (box.get("class") or "").split(), [text.text for text in box.iter(f"{SVG}text")]
        )
        for box in svg.iter(f"{SVG}g") if (box.get("id") or "").startswith("node-")
    }  # fmt: skip


def lines(text, kind):
    """What the lines of a kind say, with their classes."""
    svg = ElementTree.fromstring(text)
    return {
        line.find(f"{SVG}title").text: line.get("class").split()
        for line in svg.iter(f"{SVG}g") if f"edge {kind}" in (line.get("class") or "")
    }  # fmt: skip


def test_the_path_of_a_fetch_and_what_is_off_it(graph):
    two, three = g.constant(2), g.constant(3)
    total = two + three
    g.Print(total, [two, three])
    shown = boxes(graph.to_svg(total))
    assert shown["add"] == (["op", "wanted"], ["add", "int32 ()"])
    assert shown["Const"] == (["constant"], ["Const", "2 \u00b7 int32 ()"])
    assert shown["Print"] == (["effect", "off"], ["Print", "int32 ()", "prints"])
    assert "3 of 4 operations run" in graph.to_svg(total)
    both = lines(graph.to_svg(total), "data")
    assert set(map(tuple, both.values())) == {("edge", "data", "on"), ("edge", "data", "faint")}
    assert "Print" not in boxes(graph.to_svg(total, only_path=True))
    assert "off" not in str(boxes(graph.to_svg()))
    assert graph.to_svg("add:0") == graph.to_svg(total)


def test_a_variable_and_its_assignment_are_joined_and_neither_waits(graph):
    count = g.get_variable("count", [])
    assign = g.assign(count, g.constant(0.0))
    with g.control_dependencies([assign]):
        read = g.identity(count)
    text = graph.to_svg()
    assert set(lines(text, "state")) == {"count/Assign sets count", "Assign sets count"}
    assert list(lines(text, "control")) == ["Assign runs before Identity"]
    assert boxes(text)["Assign"][1][-1] == "sets count"
    assert boxes(text)["count"][0] == ["variable"]
    assert "count: Variable\ngives count:0: float32 ()\non cpu:0\n" in text and __file__ in text
    assert boxes(graph.to_svg(count))["Assign"][0] == ["effect", "off"]
    assert read.op.name in boxes(text)


def test_sizes_that_are_not_known_are_shown(graph):
    g.placeholder(g.float32, [None, 3], name="x")
    g.placeholder(g.float32, name="y")
    shown = boxes(graph.to_svg())
    assert shown["x"][1] == ["x", "Placeholder \u00b7 float32 (?, 3)"]
    assert shown["y"][1] == ["y", "Placeholder \u00b7 float32 <unknown>"]


def test_a_training_graph(graph):
    x, y = g.placeholder(g.float32, [None, 4]), g.placeholder(g.float32, [None])
    with g.variable_scope("layer"):
        w = g.get_variable("w", [4])
        loss = g.mean((y - g.matmul(x, w)) ** 2)
    train = optim.Adam(0.1).minimize(loss)
    init = g.global_variables_initializer()
    text = graph.to_svg([loss, train])
    shown = boxes(text)
    assert len(shown) == len(graph)
    on = [name for name, (kinds, _) in shown.items() if "off" not in kinds]
    assert len(on) == len(graph.ancestors(loss, train))
    assert "off" in shown[init.name][0]
    few = boxes(graph.to_svg([loss, train], depth=0))
    assert few["Adam"][0] == ["scope", "wanted"] and "has side effects" in few["Adam"][1]
    assert "layer" in few and "layer_2f_w" not in few
    assert ElementTree.fromstring(graph._repr_svg_()).tag == f"{SVG}svg"


def test_numbers_beside_nodes_stand_with_them(graph):
    x = g.placeholder(g.float32)
    (x * 2.5) * 3.5
    shown = boxes(graph.to_svg())
    assert shown["mul_2f_x" if "mul_2f_x" in shown else "mul_2f_y"][1] == ["2.5"]
    assert "frame" not in graph.to_svg().partition("</style>")[2]


def test_notebooks_show_no_picture_of_thousands(graph):
    x = g.placeholder(g.float32)
    for _ in range(1600):
        x = g.exp(x)
    assert graph._repr_svg_() is None
    with pytest.raises(ArgumentError, match=r"--only-path"):
        graph.to_svg(depth="few")


def test_after_each_statement(graph):
    assert "an empty graph" in graph.to_svg()
    texts = []
    for _ in range(3):
        g.constant(2)
        texts.append(graph.to_svg())
    assert [len(boxes(text)) for text in texts] == [1, 2, 3]
    assert texts[-1] == graph.to_svg()


def test_what_cannot_be_drawn(graph):
    with pytest.raises(ArgumentError, match="expected 'LR' or 'TB'"):
        graph.to_svg(direction="RL")
    with pytest.raises(ArgumentError, match="another graph"):
        with g.Graph().as_default():
            other = g.constant(1)
        graph.to_svg(other)
    with pytest.raises(ArgumentError, match="no operation 'nope'"):
        graph.to_svg("nope")
