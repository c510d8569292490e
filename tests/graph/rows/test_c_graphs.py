"""Chapter C of the rows, C01 to C36: the graph, sessions, placeholders, paths, variables."""

import subprocess
import sys
import time

import numpy as np
import pytest

import jitflow.graph as g
from jitflow.errors import ArgumentError

DEVICE = "/job:localhost/replica:0/task:0/device:CPU:0"


def test_c01_the_graph_is_global(graph):
    assert g.get_default_graph() is graph
    x = g.constant(2)
    del x
    assert [op.name for op in graph] == ["Const"]


def test_c02_nodes_and_edges(graph):
    import networkx

    g.constant(2) + g.constant(3)
    made = graph.to_networkx()
    assert isinstance(made, networkx.DiGraph)
    assert (len(made.nodes), len(made.edges)) == (3, 2)


def test_c03_an_import_makes_no_node():
    code = "import jitflow.graph as g; assert len(g.get_default_graph()) == 0"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_c04_a_node_prints_its_name_shape_and_dtype(shown):
    two_node = g.constant(2)
    assert shown(two_node) == 'Tensor("Const:0", shape=(), dtype=int32)'


def test_c05_four_calls_make_four_nodes(graph):
    two_node = g.constant(2)
    another_two_node = g.constant(2)
    two_node = g.constant(2)
    g.constant(3)
    assert [op.name for op in graph] == ["Const", "Const_1", "Const_2", "Const_3"]
    assert two_node is not another_two_node


def test_c06_pointers_are_no_nodes(shown, graph):
    two_node = g.constant(2)
    another_pointer_at_two_node = two_node
    two_node = None
    assert shown(two_node) == "None"
    assert shown(another_pointer_at_two_node) == 'Tensor("Const:0", shape=(), dtype=int32)'
    assert len(graph) == 1


def test_c07_a_sum_is_a_node(graph):
    two_node, three_node = g.constant(2), g.constant(3)
    sum_node = two_node + three_node
    assert len(graph) == 3
    assert sum_node.op.type == g.add(two_node, three_node).op.type == "Add"


def test_c08_a_graph_has_steps_and_no_results(shown):
    sum_node = g.constant(2) + g.constant(3)
    assert shown(sum_node) == 'Tensor("add:0", shape=(), dtype=int32)'
    with pytest.raises(TypeError):
        int(sum_node)


def test_c09_a_graph_cannot_be_evaluated_without_a_session():
    with pytest.raises(TypeError, match="no default session"):
        g.constant(2).eval()


def test_c10_a_session_sees_later_nodes():
    sess = g.Session()
    assert sess.run(g.constant(2)) == 2


def test_c10_a_session_of_an_empty_graph_is_that_graphs():
    other = g.Graph()
    sess = g.Session(other)
    with other.as_default():
        x = g.constant(2)
    assert sess.graph is other
    assert sess.run(x) == 2
    with pytest.raises(ArgumentError, match="no graph"):
        g.Session(3)


def two_three_sum():
    two_node, three_node = g.constant(2), g.constant(3)
    return two_node, three_node, two_node + three_node


def test_c11_a_run_gives_the_value(shown):
    _, _, sum_node = two_three_sum()
    sess = g.Session()
    assert shown(sess.run(sum_node)) == "5"


def test_c12_lists_are_fetched(shown):
    two_node, _, sum_node = two_three_sum()
    assert shown(g.Session().run([two_node, sum_node])) == "[2, 5]"


def test_c13_one_run_of_many_fetches_runs_shared_nodes_once(capsys):
    x = g.Print(g.constant(2), [g.constant(1)])
    nodes = [x + n for n in range(10)]
    with g.Session() as sess:
        assert sess.run(nodes) == list(range(2, 12))
    assert capsys.readouterr().out == "[1]\n"


def test_c14_an_unfed_placeholder():
    sess = g.Session()
    with pytest.raises(g.InvalidArgumentError) as caught:
        sess.run(g.placeholder(g.int32))
    text = str(caught.value)
    problem = "You must feed a value for placeholder tensor 'Placeholder' with dtype int32\n"
    node = "[[Node: Placeholder = Placeholder[dtype=DT_INT32, shape=<unknown>, _device="
    assert text.startswith(f'{problem}{node}"{DEVICE}"]()]]')
    assert f"made at: {__file__}:" in text
    assert type(caught.value).__name__ == "InvalidArgumentError"


def test_c15_a_fed_placeholder(shown):
    input_placeholder = g.placeholder(g.int32)
    sess = g.Session()
    assert shown(sess.run(input_placeholder, feed_dict={input_placeholder: 2})) == "2"


def test_c16_what_is_fed():
    x = g.placeholder(g.float32, [None])
    y = x * 2
    with g.Session() as sess:
        for value in ([1, 2], (1.0, 2.0), np.array([1.0, 2.0]), np.float32([1, 2])):
            assert sess.run(y, {x: value}).tolist() == [2, 4]
        for feeds, text in (
            ({y: [1.0]}, "no placeholder"), ({"nothing": 1}, "no operation"),
            ({3: 1}, "no placeholder"), ({x: 1j * np.ones(2)}, "complex128"),
            ({x: np.ones((2, 2))}, r"shape \(2, 2\)"), ({x: "text"}, "str"),
        ):
            with pytest.raises((g.InvalidArgumentError, ArgumentError), match=text):
                sess.run(y, feeds)


def test_c17_only_the_path_needs_its_placeholders(shown):
    g.placeholder(g.int32)
    g.placeholder(g.int32)
    input_placeholder = g.placeholder(g.int32)
    three_node = g.constant(3)
    sum_node = input_placeholder + three_node
    sess = g.Session()
    assert shown(sess.run(three_node)) == "3"
    with pytest.raises(g.InvalidArgumentError) as caught:
        sess.run(sum_node)
    text = str(caught.value)
    assert "placeholder tensor 'Placeholder_2' with dtype int32" in text
    node = "[[Node: Placeholder_2 = Placeholder[dtype=DT_INT32, shape=<unknown>, _device="
    assert f'{node}"{DEVICE}"' in text


def test_c18_a_run_is_all_ancestors_and_only_these(graph, capsys):
    a, b = g.constant(1), g.constant(2)
    on = g.Print(a + b, [a])
    g.Print(a, [b])
    assert graph.ancestors(on) == [a.op, b.op, *[x.op for x in on.op.inputs[:1]], on.op]
    g.Session().run(on)
    assert capsys.readouterr().out == "[1]\n"


def test_c19_other_nodes_cost_nothing(graph):
    x = g.placeholder(g.float32, [])
    y = x * 2 + 1
    other = x
    for _ in range(5000):
        other = other * 2
    assert len(graph) >= 10_000
    sess = g.Session()
    start = time.process_time()
    assert sess.run(y, {x: 1}) == 3
    assert time.process_time() - start < 3
    (plan,) = set(graph.plans.values())
    assert len(plan.operations) == 5


def test_c20_three_kinds_of_nodes_without_ancestors(graph):
    c, p, v = g.constant(1.0), g.placeholder(g.float32), g.Variable(1.0)
    assert [graph.ancestors(x) for x in (c, p, v)] == [[c.op], [p.op], [v.op]]
    with g.Session() as sess:
        sess.run(g.global_variables_initializer())
        first = sess.run([c, p, v], {p: 1.0})
        sess.run(v.assign(5.0))
        assert (first, sess.run([c, p, v], {p: 3.0})) == ([1, 1, 1], [1, 3, 5])


def test_c21_evaluation_leaves_variables_as_they_are():
    v = g.Variable(np.random.default_rng(0).normal(size=5))
    x = g.placeholder(g.float64, [None, 5])
    with g.Session() as sess:
        sess.run(g.global_variables_initializer())
        before = sess.run(v)
        for n in (1, 2, 3):
            sess.run(x @ v, {x: np.ones((n, 5))})
        np.testing.assert_array_equal(sess.run(v), before)


def test_c22_a_variable_needs_a_shape():
    with pytest.raises(TypeError, match="needs a shape") as caught:
        g.get_variable("v")
    assert __file__ in str(caught.value)


def test_c23_names_of_variables_are_taken_once():
    g.get_variable("w", [2])
    with pytest.raises(ValueError, match=rf"w exists; it was made at {__file__}:"):
        g.get_variable("w", [2])


def test_c24_shapes():
    assert g.get_variable("a", [3, 8]).shape == (3, 8)
    assert g.get_variable("b", []).shape == ()


def uninitialized(name):
    return (
        f"Attempting to use uninitialized value {name}\n"
        f'[[Node: _retval_{name}_0_0 = _Retval[T=DT_FLOAT, index=0, _device="{DEVICE}"]({name})]]'
    )


def test_c25_a_variable_without_a_value():
    count_variable = g.get_variable("count", [])
    with pytest.raises(g.FailedPreconditionError) as caught:
        g.Session().run(count_variable)
    assert str(caught.value).startswith(uninitialized("count"))
    assert count_variable.dtype == np.float32


def test_c26_two_ways_to_fill_a_variable():
    v = g.get_variable("v", [], initializer=g.constant_initializer(2.0))
    with g.Session() as one, g.Session() as two:
        one.run(v.initializer)
        two.run(g.assign(v, 3.0))
        assert (one.run(v), two.run(v)) == (2, 3)


def test_c27_assign(shown):
    count_variable = g.get_variable("count", [])
    assign_node = g.assign(count_variable, g.constant(0.0))
    sess = g.Session()
    sess.run(assign_node)
    result = sess.run(count_variable)
    assert shown(result) == "0.0"
    assert (result, result.dtype) == (0, np.float32)


def test_c28_assign_is_an_identity():
    assert g.Session().run(g.assign(g.get_variable("v", []), 0.5)) == 0.5


def test_c29_an_assignment_is_for_good_in_its_session():
    v = g.get_variable("v", [])
    one, two = g.Session(), g.Session()
    one.run(v.assign(1.0))
    assert [one.run(v), one.run(v)] == [1, 1]
    with pytest.raises(g.FailedPreconditionError):
        two.run(v)


def test_c30_variable_and_assignment_do_not_depend_on_each_other(graph):
    v, zero_node = g.get_variable("v", []), g.constant(0.0)
    assign_node = g.assign(v, zero_node)
    assert graph.ancestors(assign_node) == [zero_node.op, assign_node.op]
    assert graph.ancestors(v) == [v.op]
    edges = {(a, b): kind for a, b, kind in graph.to_networkx().edges(data="kind")}
    assert edges[assign_node.op.name, "v"] == "state"
    assert "dash" in graph.to_svg()


def test_c31_effects_happen_on_the_path(graph):
    v = g.get_variable("v", [])
    on, off = v.assign(1.0), v.assign(2.0)
    explained = graph.explain(on)
    assert list(explained.effects) == [on.op]
    assert off.op in explained.off_path


def test_c32_an_initializer_that_was_not_run():
    count_variable = g.get_variable("count", [], initializer=g.constant_initializer(0.0))
    with pytest.raises(g.FailedPreconditionError) as caught:
        g.Session().run([count_variable])
    assert str(caught.value).startswith(uninitialized("count"))


def test_c33_two_sessions_hold_different_values():
    v = g.Variable(g.random_normal([3]))
    one, two = g.Session(), g.Session()
    init = g.global_variables_initializer()
    one.run(init)
    two.run(init)
    two.run(v.assign(np.zeros(3)))
    assert one.run(v).any()
    assert not two.run(v).any()


def test_c34_the_initializer_of_all_variables(shown):
    count_variable = g.get_variable("count", [], initializer=g.constant_initializer(0.0))
    init = g.global_variables_initializer()
    sess = g.Session()
    assert sess.run(init) is None
    assert shown(sess.run(count_variable)) == "0.0"


def test_c35_it_knows_the_variables_that_are_there_when_it_is_made(graph):
    v = g.Variable(1.0)
    init = g.global_variables_initializer()
    later = g.Variable(2.0, name="later")
    sess = g.Session()
    sess.run(init)
    assert sess.run(v) == 1
    with pytest.raises(g.FailedPreconditionError, match="uninitialized value later"):
        sess.run(later)
    assert v.initializer.op in graph.ancestors(init)


def test_c36_a_pointer_is_the_way_to_share():
    v = g.get_variable("w", [2])
    assert (v * 2).op.inputs[0] is v.tensor
    with g.variable_scope("layer"):
        inner = g.get_variable("w", [])
    with g.variable_scope("layer", reuse=True):
        assert g.get_variable("w", []) is inner
        with pytest.raises(ArgumentError, match="layer/v"):
            g.get_variable("v", [])
