"""Runs: dtypes, shapes, feeds, the order of effects, random numbers."""

import numpy as np
import pytest

import jitflow.graph as g
from jitflow.errors import ArgumentError, CheckError, DtypeError, JitflowError, ShapeError


@pytest.fixture(autouse=True)
def graph():
    made = g.Graph()
    with made.as_default():
        yield made


def shown(capsys, *values):
    print(*values)
    return capsys.readouterr().out.strip()


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


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        (np.array(["a"]), "an array for tensor 'x:0': dtype <U1"),
        (np.array([object()]), "an array for tensor 'x:0': dtype object"),
        (np.array(["2020-01-01"], "M8[D]"), "int64"),
        (np.zeros(2, ">f4"), "byte-swapped"),
        (np.zeros(2, [("a", "f4")]), "fields"),
        (np.ones((1, 1)).view(np.matrix), r"a matrix for(.|\n)*cure: pass np.asarray"),
        (np.ma.array([1.0]), r"a MaskedArray for(.|\n)*filled"),
        (np.str_("a"), "a str_ for"),
        (None, "None for tensor 'x:0': it has no numbers"),
        ([1.0, None], "a list for"),
        ([[1.0], [1.0, 2.0]], "inhomogeneous"),
        (10**400, "an int for tensor 'x:0': it is out of range"),
    ],
)
def test_feeds_that_are_no_numbers_name_the_placeholder(value, problem):
    x = g.placeholder(g.float32, name="x")
    with pytest.raises(g.InvalidArgumentError, match=problem) as caught:
        g.Session().run(x * 2, {x: value})
    assert f"made at: {__file__}" in str(caught.value)


def test_errors_of_a_run_name_the_line_of_the_node():
    v, i, x = g.Variable([1.0, 2.0]), g.placeholder(g.int32, []), g.placeholder(g.float32, [None])
    read = v[i]
    update = v.assign_add(x)
    (slope,) = g.gradients(read * read, v)
    with g.Session() as sess:
        sess.run(v.initializer)
        for fetches, feeds, line in (
            (read, {i: 7}, "read = v[i]"), ([v, slope], {i: 7}, "read = v[i]"),
            (update, {x: [1.0, 2.0, 3.0]}, "update = v.assign_add(x)"),
        ):  # fmt: skip
            with pytest.raises(JitflowError) as caught:
                sess.run(fetches, feeds)
            first = str(caught.value).splitlines()[0]
            assert first.startswith(__file__)
            assert first.endswith(line)


def test_integers_that_a_placeholder_cannot_hold():
    x, b = g.placeholder(g.int32), g.placeholder(g.uint8)
    v = g.Variable(0)
    update = v.assign_add(g.reduce_sum(x))
    with g.Session() as sess:
        sess.run(g.global_variables_initializer())
        assert sess.run(update, {x: np.array([1, 2])}) == 3
        for value in (2**40, [2**40], np.array([1, -(2**40)])):
            with pytest.raises((CheckError, OverflowError), match="int32"):
                sess.run(update, {x: value})
        assert sess.run(v) == 3
        with pytest.raises((CheckError, OverflowError, g.InvalidArgumentError), match="uint8"):
            sess.run(b + 1, {b: 300})


@pytest.mark.parametrize("dtype", [np.uint8, np.uint32, np.uint64])
def test_unsigned_placeholders_take_integers_that_they_can_hold(dtype):
    x = g.placeholder(dtype)
    with g.Session() as sess:
        for value in (3, [1, 2], np.int64(200), np.array([0, 7])):
            result = sess.run(g.identity(x), {x: value})
            assert result.dtype == dtype
            assert np.array_equal(result, value)
        for value in (-1, [4, -4], np.int8(-1)):
            with pytest.raises(CheckError, match="do not fit uint"):
                sess.run(x, {x: value})


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
