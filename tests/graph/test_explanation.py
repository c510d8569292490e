"""What a graph says of a run before it: the path, its effects, those off it, the code."""

import pytest

import jitflow.graph as g
from jitflow import optim
from jitflow.errors import ArgumentError


@pytest.fixture(autouse=True)
def graph():
    made = g.Graph()
    with made.as_default():
        yield made


def test_effects_off_the_path_are_listed_with_their_line(graph, capsys):
    two, three = g.constant(2), g.constant(3)
    total = two + three
    printed = g.Print(two, [two, three])
    about = graph.explain(total)
    assert about.runs == [two.op, three.op, total.op] and about.effects == []
    assert about.off_path == [printed.op]
    text = str(about)
    assert text.startswith("add: 3 of 4 operations run\n") and "  effects: none\n" in text
    assert f"    Print prints  ({__file__}:" in text
    assert graph.explain(printed).off_path == []
    assert g.Session().run(total) == 5 and capsys.readouterr().out == ""


def test_what_a_step_of_training_does(graph):
    x, y = g.placeholder(g.float32, name="x"), g.placeholder(g.float32, name="y")
    m = g.get_variable("m", [], initializer=g.zeros_initializer())
    loss = g.square(y - m * x)
    train = optim.SGD(0.1).minimize(loss)
    about = graph.explain([loss, train])
    assert about.feeds == [x.op, y.op] and about.reads == about.sets == [m.op]
    assert [op.name for op in about.off_path] == ["m/Assign"]
    assert about.longest[0] in (x.op, m.op) and about.longest[-1] is train
    assert all(a in b.before for a, b in zip(about.longest, about.longest[1:], strict=False))
    assert about.kernels is None and "kernels" not in str(about)
    about = graph.explain([loss, train], {x: 2.0, y: 3.0})
    assert about.kernels == 1
    assert f"{len(about.runs)} operations become 1 kernel on cpu:0" in repr(about)
    assert "func @" in about.lowered.as_text()


def test_operations_of_equal_steps_do_not_need_each_other(graph):
    x = g.placeholder(g.float32)
    left, right = g.exp(x), g.tanh(x)
    with g.control_dependencies([left]):
        last = g.add(left, right)
    assert graph.steps() == {x.op: 0, left.op: 1, right.op: 1, last.op: 2}
    assert graph.steps(right) == {x.op: 0, right.op: 1}


def test_many_effects_are_counted(graph):
    x = g.constant(1)
    for _ in range(30):
        g.Print(x, [x])
    text = str(graph.explain(x))
    assert text.endswith("    and 10 more") and text.count("prints") == 20


def test_what_cannot_be_explained(graph):
    x = g.placeholder(g.int32)
    with pytest.raises(g.InvalidArgumentError, match="must feed"):
        graph.explain(x, {})
    with pytest.raises(ArgumentError, match=r"feed_dict is a list\n  cure: "):
        graph.explain(x, [x])
    with pytest.raises(ArgumentError, match="cannot be fetched"):
        graph.explain(3)
