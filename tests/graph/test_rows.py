"""Graphs as texts about TensorFlow describe them: what their snippets print, and what they say."""

import numpy as np
import pytest

import jitflow.graph as g
from jitflow.errors import ArgumentError, DtypeError, ShapeError


@pytest.fixture(autouse=True)
def graph():
    made = g.Graph()
    with made.as_default():
        yield made


def shown(capsys, *values):
    print(*values)
    return capsys.readouterr().out.strip()


def test_a_node_prints_its_name_shape_and_dtype(capsys):
    assert shown(capsys, g.constant(2)) == 'Tensor("Const:0", shape=(), dtype=int32)'


def test_each_call_makes_a_node_even_if_equal_ones_exist(graph):
    nodes = [g.constant(2), g.constant(2), g.constant(2)]
    g.constant(3)
    assert len(graph) == 4
    assert [x.op.name for x in nodes] == ["Const", "Const_1", "Const_2"]
    del nodes
    assert len(graph) == 4


def test_a_python_name_is_a_pointer_to_a_node(capsys, graph):
    two_node = g.constant(2)
    another_pointer = two_node
    two_node = None
    text = f'{two_node} Tensor("Const:0", shape=(), dtype=int32)'
    assert shown(capsys, two_node, another_pointer) == text
    assert len(graph) == 1


def test_operators_and_functions_make_the_same_nodes(graph):
    two, three = g.constant(2), g.constant(3)
    total, same = two + three, g.add(two, three)
    assert total.op.type == same.op.type == "Add"
    assert len(graph) == 4
    assert not hasattr(total, "value")


def test_fetches_print_as_numbers(capsys):
    sess = g.Session()
    two, three = g.constant(2), g.constant(3)
    total = two + three  # made after the session
    assert shown(capsys, sess.run(total)) == "5"
    assert shown(capsys, sess.run([two, total])) == "[2, 5]"
    answer, inspection = sess.run([total, [two, three]])
    assert shown(capsys, inspection) == "[2, 3]"
    assert shown(capsys, answer) == "5"
    assert type(answer) is np.int32
    assert shown(capsys, sess.run({"a": two, "b": (two, total)})) == "{'a': 2, 'b': (2, 5)}"


def test_a_placeholder_must_be_fed():
    sess = g.Session()
    x = g.placeholder(g.int32)
    with pytest.raises(g.InvalidArgumentError) as caught:
        sess.run(x)
    text = str(caught.value)
    assert "You must feed a value for placeholder tensor 'Placeholder' with dtype int32" in text
    node = "[[Node: Placeholder = Placeholder[dtype=DT_INT32, shape=<unknown>, _device="
    assert node + '"/job:localhost/replica:0/task:0/device:CPU:0"]()]]' in text
    assert f"made at: {__file__}:" in text
    assert sess.run(x, feed_dict={x: 2}) == 2


def test_only_the_path_to_the_fetch_is_run(capsys):
    sess = g.Session()
    g.placeholder(g.int32)
    g.placeholder(g.int32)
    x = g.placeholder(g.int32)
    three = g.constant(3)
    total = x + three
    assert shown(capsys, sess.run(three)) == "3"
    with pytest.raises(g.InvalidArgumentError, match="placeholder tensor 'Placeholder_2'"):
        sess.run(total)


def test_lists_are_fed_as_arrays():
    p_1 = g.placeholder(g.float32, None, name="placeholder_1")
    func = p_1**2
    assert 'placeholder_1:0", shape=<unknown>' in repr(p_1)
    with g.Session() as sess:
        result = sess.run(func, feed_dict={p_1: [2, 3, 5]})
    np.testing.assert_array_equal(result, np.array([4, 9, 25], np.float32), strict=True)
    with pytest.raises(ArgumentError, match="closed"):
        sess.run(func, feed_dict={p_1: [2]})


def test_a_variable_without_a_value():
    count = g.get_variable("count", [])
    assert (count.dtype, count.shape) == (np.float32, ())
    sess = g.Session()
    with pytest.raises(g.FailedPreconditionError) as caught:
        sess.run(count)
    text = str(caught.value)
    assert "Attempting to use uninitialized value count\n" in text
    assert "[[Node: _retval_count_0_0 = _Retval[T=DT_FLOAT, index=0, _device=" in text
    assert text.count("(count)]]") == 1


def test_assignment_sets_the_variable_for_good(graph):
    count = g.get_variable("count", [])
    zero = g.constant(0.0)
    assign = g.assign(count, zero)
    sess, other = g.Session(), g.Session()
    first = sess.run(assign)
    assert (first, first.dtype) == (0, np.float32)
    assert sess.run(count) == 0
    with pytest.raises(g.FailedPreconditionError):
        other.run(count)
    assert graph.ancestors(assign) == [zero.op, assign.op]
    assert graph.ancestors(count) == [count.op]
    kinds = {k for *_, k in graph.to_networkx().edges(data="kind")}
    assert kinds == {"data", "state"}


def test_an_initializer_is_only_a_node_until_it_runs():
    count = g.get_variable("count", [], initializer=g.constant_initializer(0.0))
    sess = g.Session()
    with pytest.raises(g.FailedPreconditionError, match="uninitialized value count"):
        sess.run([count])
    init = g.global_variables_initializer()
    later = g.get_variable("later", [], initializer=g.constant_initializer(1.0))
    assert sess.run(init) is None
    assert sess.run(count) == 0
    with pytest.raises(g.FailedPreconditionError, match="later"):
        sess.run(later)


def test_names_of_variables_are_taken_once():
    g.get_variable("w", [2, 3])
    with pytest.raises(ArgumentError, match=rf"w exists; it was made at {__file__}"):
        g.get_variable("w", [2, 3])
    with pytest.raises(TypeError, match="shape"):
        g.get_variable("v")
    with g.variable_scope("layer"):
        inner = g.get_variable("w", [])
    assert inner.name == "layer/w:0"
    with g.variable_scope("layer", reuse=True):
        assert g.get_variable("w", []) is inner
        with pytest.raises(ArgumentError, match="layer/v"):
            g.get_variable("v", [])


def test_prints_come_before_the_result(capsys):
    sess = g.Session()
    two, three = g.constant(2), g.constant(3)
    total = two + three
    printed = g.Print(total, [two, three])
    g.Print(two, [two])  # off the path
    print(sess.run(printed))
    assert capsys.readouterr().out == "[2][3]\n5\n"
    print(sess.run(total))
    assert capsys.readouterr().out == "5\n"
    with pytest.raises(TypeError):
        g.Print(total)


def test_linear_regression_learns_its_line():
    m = g.get_variable("m", [], initializer=g.constant_initializer(0.0))
    b = g.get_variable("b", [], initializer=g.constant_initializer(0.0))
    x, y = g.placeholder(g.float32), g.placeholder(g.float32)
    loss = g.square(y - (m * x + b))
    slopes = g.gradients(loss, [m, b])
    step = g.group(*[v.assign_sub(0.1 * d) for v, d in zip((m, b), slopes, strict=True)])
    sess = g.Session()
    sess.run(g.global_variables_initializer())
    rng = np.random.default_rng(0)
    for _ in range(3000):
        at = rng.random()
        result, nothing = sess.run([loss, step], feed_dict={x: at, y: 0.3519 * at + 0.3242})
        assert nothing is None
    assert result < 1e-9
    slope, start = sess.run([m, b])
    assert f"{slope:.3f}, {start:.3f}" == "0.352, 0.324"


def test_gradients_by_the_chain_rule():
    a, b, d, f = (g.placeholder(g.float64) for _ in range(4))
    result = ((a * b) + d) / f
    with g.Session() as sess:
        feeds = {a: 3.0, b: 5.0, d: 7.0, f: 4.0}
        found = sess.run(g.gradients(result, [a, b, d, f]), feeds)
    assert found == [5 / 4, 3 / 4, 1 / 4, -22 / 16]


def test_gradients_accumulate_and_stop():
    x = g.placeholder(g.float32)
    y = x * x + x
    (slope,) = g.gradients(y, x)
    (curve,) = g.gradients(slope, x)
    (stopped,) = g.gradients(g.stop_gradient(x) * x, x)
    assert g.gradients(y, g.constant(1.0)) == [None]
    with g.Session() as sess:
        assert sess.run([slope, curve, stopped], {x: 3}) == [7, 2, 3]


def test_gradients_of_values_between():
    x = g.placeholder(g.float32)
    h = x * x
    y = h * 3 + x
    with g.Session() as sess:
        assert sess.run(g.gradients(y, [x, h]), {x: 2}) == [13, 3]


def test_literals_take_the_dtype_beside_them():
    x = g.constant(2)
    assert (x + 1).dtype == np.int32
    assert (g.constant(2.0) * 3).dtype == np.float32
    with pytest.raises(DtypeError, match=r"literal 1\.5 is a float, beside an array of int32"):
        x + 1.5
    with pytest.raises(DtypeError, match="int32 and float32 do not mix"):
        x + g.constant(2.0)
    assert g.Session().run(g.cast(x, g.float32) + g.constant(0.5)) == 2.5
    total = g.reduce_sum(g.constant([1, 2, 3]))
    assert total.dtype == np.int32
    assert g.Session().run(total).dtype == np.int32


def test_arrays_take_the_dtype_beside_them():
    x = g.constant([1.0, 2.0])
    assert (x + np.ones(2)).dtype == np.float32
    v = g.Variable(x)
    sess = g.Session()
    sess.run(v.assign(np.array([3.0, 4.0])))
    assert sess.run(v).dtype == np.float32
    with pytest.raises(DtypeError, match="float64 beside one of int32"):
        g.constant([1, 2]) + np.ones(2)
    assert g.reduce_sum(x > 1).dtype == np.int64


def test_plans_are_shared_by_sessions(graph):
    x = g.placeholder(g.float32)
    y = x + 1
    for _ in range(3):
        with g.Session() as sess:
            assert sess.run(y, {x: 1}) == 2
    (plan,) = set(graph.plans.values())
    assert plan.run.cache_info().misses == 1


def test_shapes_are_known_as_far_as_they_can_be():
    x = g.placeholder(g.float32, [None, 3])
    w = g.get_variable("w", [3, 4])
    assert repr(x @ w) == 'Tensor("matmul:0", shape=(?, 4), dtype=float32)'
    assert g.reduce_sum(x, axis=0).shape == (3,)
    with pytest.raises(ShapeError):
        x @ g.get_variable("v", [5, 6])
    with pytest.raises(ShapeError, match="assigned to w:0"):
        w.assign(g.constant([1.0, 2.0]))


def test_feeds_that_do_not_fit():
    x = g.placeholder(g.float32, [None, 3])
    n = g.placeholder(g.int32, [])
    y = x * 2
    sess = g.Session()
    with pytest.raises(g.InvalidArgumentError, match=r"shape \(2,\) for tensor 'Placeholder:0'"):
        sess.run(y, {x: np.zeros(2)})
    with pytest.raises(g.InvalidArgumentError, match="cannot feed float64 for tensor"):
        sess.run(n, {n: 1.5})
    with pytest.raises(g.InvalidArgumentError, match="no placeholder"):
        sess.run(y, {y: np.zeros((1, 3))})
    with pytest.raises(g.InvalidArgumentError, match="cannot feed a str"):
        sess.run(y, {x: "text"})
    with g.Graph().as_default():
        other = g.placeholder(g.float32)
    with pytest.raises(g.InvalidArgumentError, match="another graph"):
        sess.run(y, {x: np.zeros((1, 3)), other: 1.0})
    with pytest.raises(ArgumentError, match="another graph"):
        sess.run(other)
    with pytest.raises(ArgumentError, match="cannot be fetched"):
        sess.run(3)


def test_a_failed_run_changes_nothing():
    v = g.Variable(np.zeros(3))
    i = g.placeholder(g.int32, [])
    add = v.assign_add(g.constant(np.ones(3)))
    with g.control_dependencies([add]):
        read = v[i]
    sess = g.Session()
    sess.run(g.global_variables_initializer())
    assert sess.run(read, {i: 2}) == 1
    with pytest.raises(IndexError):
        sess.run(read, {i: 3})
    np.testing.assert_array_equal(sess.run(v), np.ones(3))


def test_effects_run_in_the_order_in_which_they_were_made():
    v = g.Variable(1.0)
    before = v * 1
    doubled = v.assign(v * 2)
    raised = v.assign_add(3.0)
    sess = g.Session()
    sess.run(g.global_variables_initializer())
    assert sess.run([raised, before, doubled, v]) == [5, 1, 2, 5]


def test_unneeded_nodes_cost_nothing(graph):
    x = g.placeholder(g.float32)
    wanted = x + 1
    other = x
    for _ in range(2000):
        other = other * 2
    with g.Session() as sess:
        assert sess.run(wanted, {x: 1}) == 2
    assert len(graph.ancestors(wanted)) == 3


def test_random_nodes_draw_anew():
    x = g.random_normal([1000], seed=3)
    with g.Session() as sess:
        first, second = sess.run(x), sess.run(x)
    with g.Session() as sess:
        np.testing.assert_array_equal(sess.run(x), first)
    assert not np.array_equal(first, second)
    assert abs(first.mean()) < 0.2
    cut = g.truncated_normal([10_000], seed=1)
    with g.Session() as sess:
        drawn = sess.run(cut)
    assert abs(drawn).max() < 2
    assert abs(drawn.std() - 0.8796) < 0.02


def test_values_are_no_numbers_yet():
    x = g.constant(2.0)
    for use in (bool, float, int, list, np.asarray):
        with pytest.raises(TypeError):
            use(x)


def test_a_dict_of_many_fetches_gives_each_its_own():
    with g.Graph().as_default(), g.Session() as session:
        fetches = {f"n{k}": g.constant(k) for k in range(12)}
        assert session.run(fetches) == {f"n{k}": k for k in range(12)}
        assert list(session.run(fetches)) == list(fetches)
