"""Chapter C of the rows, C37 to C59: training, printing, scopes, inspection."""

import numpy as np
import pytest

import jitflow as jf
import jitflow.graph as g
from jitflow import optim

LINE = (0.3519, 0.3242)


def regression(rate):
    m = g.get_variable("m", [], initializer=g.constant_initializer(0.0))
    b = g.get_variable("b", [], initializer=g.constant_initializer(0.0))
    input_placeholder = g.placeholder(g.float32)
    output_placeholder = g.placeholder(g.float32)
    x, y = input_placeholder, output_placeholder
    y_guess = m * x + b
    loss = g.square(y - y_guess)
    train_op = optim.SGD(rate).minimize(loss)
    return m, b, x, y, loss, train_op


def train(sess, rate, steps):
    m, b, x, y, loss, train_op = regression(rate)
    sess.run(g.global_variables_initializer())
    rng = np.random.default_rng(0)
    true_m, true_b = LINE
    losses = []
    for _ in range(steps):
        input_data = rng.random()
        output_data = true_m * input_data + true_b
        _loss, nothing = sess.run([loss, train_op], feed_dict={x: input_data, y: output_data})
        assert nothing is None
        losses.append(_loss)
    return m, b, losses


def test_c37_the_inner_loop():
    with g.Session() as sess:
        m, b, losses = train(sess, 0.1, 2000)
    assert losses[-1] < 1e-4 * max(losses[:10])


def test_c38_linear_regression():
    with g.Session() as sess:
        m, b, losses = train(sess, 1e-3, 100_000)
        learned = sess.run([m, b])
    assert np.abs(np.subtract(learned, LINE)).max() < 1e-4
    assert max(losses[-100:]) < 1e-9
    text = "Learned parameters: m=%.3f, b=%.3f" % tuple(learned)  # noqa: UP031
    assert text == "Learned parameters: m=0.352, b=0.324"


def test_c39_variables_on_either_side():
    m, x = g.get_variable("m", []), g.placeholder(g.float32)
    assert [y.op.type for y in (m * x, x * m, 2 * m, m**2, -m, m < x)] == [
        "Mul", "Mul", "Mul", "Pow", "Neg", "Less",
    ]
    assert x.shape is None


def test_c40_the_loss_and_the_step_in_one_run(graph):
    *_, x, y, loss, train_op = regression(0.1)
    with g.Session() as sess:
        sess.run(g.global_variables_initializer())
        _loss, _ = sess.run([loss, train_op], feed_dict={x: 1.0, y: 2.0})
    assert (_loss, _) == (4, None)


def test_c41_numbers_can_be_formatted():
    a, b = g.constant(0.35194), g.constant(2.0)
    assert "%.4f, %.4f" % tuple(g.Session().run([a, b])) == "0.3519, 2.0000"  # noqa: UP031


def test_c42_an_optimizer_adds_no_node(graph):
    optim.SGD(1e-3)
    optim.Adam(1e-3)
    assert len(graph) == 0


def test_c43_minimize_updates_the_variables_of_the_path():
    a, b, other = g.Variable(1.0), g.Variable(2.0), g.Variable(3.0)
    train_op = optim.SGD(0.1).minimize(a * b)
    with g.Session() as sess:
        sess.run(g.global_variables_initializer())
        assert sess.run(train_op) is None
        np.testing.assert_allclose(sess.run([a, b, other]), [0.8, 1.9, 3], rtol=1e-6)
    assert getattr(train_op, "outputs", ()) == ()


def test_c44_each_run_is_one_step_and_needs_its_feeds():
    m, _, x, y, _, train_op = regression(0.1)
    with g.Session() as sess:
        sess.run(g.global_variables_initializer())
        with pytest.raises(g.InvalidArgumentError, match="You must feed"):
            sess.run(train_op)
        assert sess.run(m) == 0
        sess.run(train_op, {x: 1.0, y: 1.0})
        assert sess.run(m) == np.float32(0.2)


def test_c45_nothing_is_kept_of_a_run():
    x = g.placeholder(g.float32, [None])
    y = g.reduce_sum(g.exp(x * 2) * x)
    with g.Session() as sess:
        sess.run(y, {x: np.ones(100_000)})
        before = jf.memory_stats().used_bytes
        for _ in range(3):
            sess.run(y, {x: np.ones(1_000_000)})
        assert jf.memory_stats().used_bytes == before


def sums():
    two_node, three_node = g.constant(2), g.constant(3)
    return two_node, three_node, two_node + three_node


def test_c46_the_sum(shown):
    assert shown(g.Session().run(sums()[2])) == "5"


def test_c47_nested_fetches(shown):
    two_node, three_node, sum_node = sums()
    sess = g.Session()
    answer, inspection = sess.run([sum_node, [two_node, three_node]])
    assert shown(inspection) == "[2, 3]"
    assert shown(answer) == "5"
    found = sess.run({"a": two_node, "b": (three_node, {"c": [sum_node]})})
    assert shown(found) == "{'a': 2, 'b': (3, {'c': [5]})}"


def test_c48_print(capsys):
    two_node, three_node, sum_node = sums()
    print_sum_node = g.Print(sum_node, [two_node, three_node])
    print(g.Session().run(print_sum_node))
    assert capsys.readouterr().out == "[2][3]\n5\n"


def test_c49_print_is_an_identity():
    x = g.constant(np.random.default_rng(0).normal(size=9))
    sess = g.Session()
    np.testing.assert_array_equal(sess.run(g.Print(x, [])), sess.run(x))
    with pytest.raises(TypeError):
        g.Print(x)


def test_c50_a_print_off_the_path(capsys, graph):
    two_node, three_node, sum_node = sums()
    print_two_node = g.Print(two_node, [two_node, three_node, sum_node])
    print(g.Session().run(sum_node))
    assert capsys.readouterr().out == "5\n"
    assert list(graph.explain(sum_node).off_path) == [print_two_node.op]


def test_c51_a_print_right_behind_what_it_copies(capsys):
    two_node = g.constant(2)
    two_node = g.Print(two_node, [two_node])
    print(g.Session().run(two_node + 3))
    assert capsys.readouterr().out == "[2]\n5\n"


def test_c52_the_older_spelling():
    v = g.Variable(2.0, name="v")
    with g.Session() as sess:
        sess.run(v.initializer)
        assert (sess.run(v), v.name) == (2, "v:0")


def test_c53_scopes():
    with g.variable_scope("outer"), g.variable_scope("inner"):
        assert g.get_variable("w", []).name == "outer/inner/w:0"
        assert g.constant(1).name == "outer/inner/Const:0"
    with g.name_scope("outer"):
        assert g.constant(1).name == "outer/Const:0"


def test_c54_prints_go_through_pythons_stdout(capsys, tmp_path):
    x = g.constant(2)
    with open(tmp_path / "out", "w") as stream:
        g.Session().run(g.Print(x, [x], stream=stream))
    assert (tmp_path / "out").read_text() == "[2]\n"
    g.Session().run(g.Print(x, [x]))
    assert capsys.readouterr().out == "[2]\n"


def test_c55_the_graph_before_the_session_or_after():
    early = g.Session()
    x = g.constant(2)
    assert early.run(x) == g.Session().run(x) == 2


def test_c56_a_picture_after_each_statement(graph):
    v = g.get_variable("v", [])
    before = graph.to_svg()
    v.assign(1.0)
    after = graph.to_svg()
    assert before.startswith("<svg")
    assert after.count("<g") > before.count("<g")
    assert graph._repr_svg_().startswith("<svg")


def test_c57_several_graphs_and_sessions():
    graphs = [g.Graph() for _ in range(3)]
    sessions = []
    for n, one in enumerate(graphs):
        with one.as_default():
            v = g.Variable(float(n))
            sessions.append((g.Session(one), v, g.global_variables_initializer()))
    for sess, _, init in sessions:
        sess.run(init)
    assert [sess.run(v) for sess, v, _ in sessions] == [0, 1, 2]
    with pytest.raises(ValueError, match="another graph"):
        sessions[0][0].run(sessions[1][1])


def test_c58_inspection(graph):
    x = g.placeholder(g.float32, name="x")
    v = g.Variable(1.0, name="v")
    update = v.assign_add(x * 2)
    text = str(graph.explain(update))
    assert "v" in text
    assert "x" in text


def test_c59_errors_name_the_device():
    device = "/job:localhost/replica:0/task:0/device:CPU:0"
    with pytest.raises(g.InvalidArgumentError, match=device):
        g.Session().run(g.placeholder(g.int32))
