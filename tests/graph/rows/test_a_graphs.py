"""Chapter A of the rows: tensors, graphs, sessions, gradients by the chain rule."""

import time

import numpy as np
import pytest

import jitflow as jf
import jitflow.graph as g
from jitflow.ir.types import TensorType
from jitflow.passes.differentiate import gradient  # noqa: F401  (the walk that A15 names)


def test_a01_a_tensor_is_an_array_of_any_number_of_axes():
    assert g.constant(np.zeros((2, 3, 4))).ndim == 3
    value = jf.jit(lambda x: x * 2).trace(np.ones((2, 3))).graph.results[0]
    assert isinstance(value.type, TensorType)
    assert len(value.type.shape) == 2


@pytest.mark.parametrize("rank", [0, 1, 2, 3, 8, 32])
def test_a02_ranks(rank):
    x = np.ones((1,) * rank)
    assert jf.jit(lambda x: x + x)(x).ndim == rank
    assert g.constant(x).ndim == rank
    assert jf.constant(x).ndim == rank


def test_a03_numbers_are_tensors_of_rank_0():
    assert g.constant(2).shape == ()
    assert jf.jit(lambda x: x)(2.5).shape == ()
    assert (g.constant([1.0, 2.0]) * np.float32(2)).op.inputs[1].shape == ()


def test_a04_all_entries_at_once():
    x = np.random.default_rng(0).normal(size=20_000).astype(np.float32)
    f = jf.jit(lambda x: x * x + x * 2 - 1)
    f(x)

    def seconds(call, times):
        best = 1e9
        for _ in range(times):
            start = time.process_time()
            call()
            best = min(best, time.process_time() - start)
        return best

    assert seconds(lambda: [v * v + v * 2 - 1 for v in x], 2) > 50 * seconds(lambda: f(x), 20)


def test_a05_edges_lead_from_producers_to_consumers(graph):
    x = g.placeholder(g.float32, name="x")
    g.exp(x * x, name="y")
    assert sorted((a, b) for a, b, _ in graph.to_networkx().edges) == [
        ("mul", "y"), ("x", "mul"), ("x", "mul"),
    ]


def test_a06_a_shared_result_is_computed_once(capsys):
    x = g.constant(2.0)
    shared = g.Print(x * 3, [x], "once ")
    with g.Session() as sess:
        assert sess.run([shared + 1, shared + 2, shared]) == [7, 8, 6]
    assert capsys.readouterr().out == "once [2.0]\n"


def test_a07_nothing_runs_before_a_run(capsys, graph):
    g.Print(g.constant(1), [g.constant(1)])
    assert capsys.readouterr().out == ""
    assert graph.plans == {}


def test_a08_a_run_has_fewer_kernels_than_nodes(graph):
    x = g.placeholder(g.float32, [100])
    y = g.reduce_sum(g.exp(x * 2 + 1) * x - g.tanh(x))
    explained = graph.explain(y, {x: np.ones(100, np.float32)})
    assert explained.kernels == 1
    assert len(explained.runs) > 5


def test_a09_only_sessions_have_values():
    v = g.Variable(1.0)
    one, two = g.Session(), g.Session()
    one.run(v.assign(5.0))
    two.run(v.assign(7.0))
    assert (one.run(v), two.run(v)) == (5, 7)
    assert not any(hasattr(x, "value") for x in (v, v.tensor, v.op))


def test_a10_operations_are_made_without_data():
    x = g.placeholder(g.float32, [None, 3])
    assert (x @ g.constant(np.ones((3, 2), np.float32))).shape == (None, 2)


def test_a11_a_list_is_fed():
    p_1 = g.placeholder(g.float32, None, name="placeholder_1")
    func = p_1**2
    with g.Session() as sess:
        res = sess.run(func, feed_dict={p_1: [2, 3, 5]})
    np.testing.assert_array_equal(res, np.array([4, 9, 25], np.float32), strict=True)
    with pytest.raises(ValueError, match="closed"):
        sess.run(func, feed_dict={p_1: [2]})


def test_a12_a_placeholder_shows_its_name_and_that_its_shape_is_unknown():
    p_1 = g.placeholder(g.float32, None, name="placeholder_1")
    assert repr(p_1) == 'Tensor("placeholder_1:0", shape=<unknown>, dtype=float32)'


def test_a13_outside_of_jit_the_same_code_gives_values_at_once():
    def f(x):
        return jf.numpy.exp(x) * 2

    x = np.linspace(0, 1, 5)
    assert isinstance(jf.numpy.exp(x), np.ndarray)
    np.testing.assert_allclose(f(x), jf.jit(f)(x), rtol=1e-15)


def forward():
    a, b, d, f = (g.placeholder(g.float64, [], name=name) for name in "abdf")
    return ((a * b) + d) / f, [a, b, d, f]


def test_a14_the_forward_pass(graph):
    result, (a, b, d, f) = forward()
    assert [op.type for op in graph] == ["Placeholder"] * 4 + ["Mul", "Add", "Div"]
    with g.Session() as sess:
        assert sess.run(result, {a: 3.0, b: 5.0, d: 7.0, f: 4.0}) == ((3 * 5) + 7) / 4


def test_a15_gradients_by_the_chain_rule_from_the_last_node():
    def f(a, b, d, f):
        return ((a * b) + d) / f

    at = (3.0, 5.0, 7.0, 4.0)
    partials = jf.grad(f, argnums=(0, 1, 2, 3))(*at)
    for i, partial in enumerate(partials):
        high, low = list(at), list(at)
        high[i], low[i] = high[i] + 1e-6, low[i] - 1e-6
        assert abs((f(*high) - f(*low)) / 2e-6 - partial) < 1e-7
    text = jf.jit(jf.grad(f)).lower(*at).as_text("opt")
    assert text.index("div") < text.index("mul")


def test_a16_partial_derivatives_have_the_form_of_the_rule():
    result, (a, b, d, f) = forward()
    feeds = {a: 3.0, b: 5.0, d: 7.0, f: 4.0}
    with g.Session() as sess:
        found = sess.run(g.gradients(result, [a, b, d, f]), feeds)
    assert found == [5 / 4, 3 / 4, 1 / 4, -22 / 16]
    ops = jf.jit(jf.grad(lambda a, b, d, f: (a * b + d) / f)).lower(3.0, 5.0, 7.0, 4.0)
    assert [op.name for op in ops.road.opt.ops if op.name != "constant"].count("mul") <= 1
