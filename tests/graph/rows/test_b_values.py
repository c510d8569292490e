"""Chapter B of the rows: tensors, graphs, derivatives, updates."""

import inspect
import sys

import numpy as np
import pytest

import jitflow as jf
import jitflow.graph as g
from jitflow import optim
from jitflow.errors import ArgumentError, JitflowError, ShapeError, TraceError


def test_b01_each_term_has_a_module():

    assert all(inspect.getdoc(x) for x in (jf.graph, jf.eager, jf.optim, jf.api, jf.data))


def test_b02_a_graph_is_operations_joined_by_tensors():
    text = jf.jit(lambda x: np.tanh(x) * 2).trace(np.ones(3, np.float32)).as_text()
    assert "tanh %x" in text
    assert "f32[3]" in text


def test_b03_only_the_forward_pass_is_written():
    value, slope = jf.value_and_grad(lambda x: np.sum(np.sin(x) * x))(np.array([0.5, 2.0]))
    x = np.array([0.5, 2.0])
    assert value == pytest.approx(np.sum(np.sin(x) * x), rel=1e-14)
    np.testing.assert_allclose(slope, np.cos(x) * x + np.sin(x), rtol=1e-14)


def test_b04_devices(graph):
    assert "cpu:0" in str(jf.devices())
    with pytest.raises(JitflowError, match="cpu:0"), graph.device("gpu:0"):
        g.constant(1)


FORMULAS = {
    "SGD": lambda w, d, k, s: (w - 0.1 * d, s),
    "Momentum": lambda w, d, k, s: (w - 0.1 * (0.9 * s + d), 0.9 * s + d),
}


def test_b05_optimizers_follow_their_formulas():
    for name, formula in FORMULAS.items():
        opt = getattr(optim, name)(0.1)
        w = want = np.array([1.0, -2.0, 3.0])
        state, slot = opt.init(w), 0.0
        for k in range(20):
            want, slot = formula(want, 2 * want, k, slot)
            w, state = opt.update(w, 2 * w, state)
            np.testing.assert_allclose(w, want, rtol=1e-12)


def test_b06_shapes_and_broadcasting():
    images = jf.constant(np.zeros((2, 4, 5, 3), np.float32))
    assert (images.shape, images.ndim, images.dtype) == ((2, 4, 5, 3), 4, np.float32)
    node = g.placeholder(g.float32, [None, 4, 5, 3])
    assert (images + np.ones(3)).shape == (2, 4, 5, 3)
    assert (node + np.ones((5, 1))).shape == (None, 4, 5, 3)


def test_b07_a_graph_has_no_cycles(graph):
    a, b = g.constant(np.ones((2, 3))), g.constant(np.ones((3, 2)))
    product = a @ b + 1.0
    assert [x.op.type for x in (product.op.inputs[0], product)] == ["Matmul", "Add"]
    a.op.inputs = (product,)
    with pytest.raises(ArgumentError, match="cycle"):
        g.Session().run(product)


def test_b08_a_function_is_traced_once_for_its_types():
    traces = []

    @jf.function
    def f(x):
        traces.append(x.shape)
        return x * 2

    for _ in range(3):
        f(jf.constant([1.0, 2.0]))
    f(jf.constant(1.0))
    assert traces == [(2,), ()]


def test_b09_built_once_run_often(graph):
    x = g.placeholder(g.float32)
    y = x * 2
    count = len(graph)
    with g.Session() as sess:
        assert [sess.run(y, {x: n}) for n in range(50)] == [2 * n for n in range(50)]
    assert len(graph) == count
    assert len(set(graph.plans.values())) == 1


def test_b10_gradients_accumulate():
    x = g.placeholder(g.float64)
    with g.Session() as sess:
        assert sess.run(g.gradients(x * x + x, x), {x: 3.0}) == [7]
    assert jf.grad(lambda x: x * x + x)(3.0) == 7


def test_b11_one_step_is_the_formula_to_the_bit():
    w = np.random.default_rng(0).normal(size=9)
    slope = np.random.default_rng(1).normal(size=9)
    opt = optim.SGD(0.1)
    new, _ = opt.update(w, slope, opt.init(w))
    np.testing.assert_array_equal(new, w - 0.1 * slope)


def backward(loss, leaf):
    """A small engine over what tensors remember: the gradient of `loss` for `leaf`."""
    slopes, order, seen = {id(loss): jf.constant(1.0)}, [], set()

    def visit(t):
        if id(t) not in seen:
            seen.add(id(t))
            for x in t.inputs:
                visit(x)
            order.append(t)

    visit(loss)
    for t in reversed(order):
        if t.grad_fn is None:
            continue
        for x, slope in zip(t.inputs, t.grad_fn(slopes[id(t)]), strict=True):
            if slope is not None:
                slopes[id(x)] = slopes[id(x)] + slope if id(x) in slopes else slope
    return slopes[id(leaf)]


def test_b12_a_small_engine_over_tensors():
    w, x = jf.constant([0.5, -1.0]), jf.constant([2.0, 3.0])
    loss = np.sum(np.square(np.tanh(w * x) * w))
    want = jf.grad(lambda w: np.sum(np.square(np.tanh(w * x.numpy()) * w)))(w.numpy())
    np.testing.assert_allclose(backward(loss, w).numpy(), want, rtol=1e-6)
    assert len(inspect.getsource(sys.modules[__name__].backward).splitlines()) < 60


def test_b13_tensors_know_how_they_were_made():
    x = jf.constant([1.0, 2.0])
    y = np.exp(x) * 3
    assert (y.op, y.inputs[0].op, y.inputs[0].inputs[0]) == ("mul", "exp", y.inputs[0].inputs[0])
    assert y.inputs[0].inputs[0] is x
    slope, _ = y.grad_fn(jf.constant([1.0, 1.0]))
    assert slope.tolist() == [3, 3]
    assert (x.op, x.inputs, x.grad_fn) == ("", (), None)


def test_b14_both_modes_give_the_same():
    def f(x):
        return np.sum(x * x + 2 * x - x / (x + 1))

    x = np.linspace(1, 2, 64, dtype=np.float32)
    jitted = jf.jit(f)
    np.testing.assert_allclose(float(f(jf.constant(x))), jitted(x), rtol=1e-6)
    lowered = jitted.lower(x)
    assert sum(op.name == "kernel" for op in lowered.road.fused.ops) == 1


def test_b15_eager_values_print_numbers_and_traced_ones_types(capsys):
    def f(x):
        print(x)
        return x

    f(jf.constant([1.0, 2.0]))
    assert capsys.readouterr().out == "jf.Tensor([1. 2.], shape=(2,), dtype=float32)\n"
    jf.function(f)(jf.constant([1.0, 2.0]))
    out = capsys.readouterr().out
    assert "f32[2]" in out
    assert "1." not in out


def test_b16_the_kernel_of_an_op_on_a_device_for_a_dtype():
    found = [kernel for kernel in jf.kernels() if kernel.op == "tanh"]
    assert {"f32", "f64"} <= {str(kernel.dtype) for kernel in found}
    assert {str(kernel.device) for kernel in found} == {"cpu:0"}


def test_b17_shapes_are_contracts():
    a, b = np.ones((3, 4)), np.ones((5, 6))
    calls = [
        lambda: jf.constant(a) @ jf.constant(b), lambda: g.constant(a) @ g.constant(b),
        lambda: jf.jit(np.matmul)(a, b),
    ]  # fmt: skip
    for call in calls:
        with pytest.raises(ShapeError, match=r"matmul[\s\S]*3, 4[\s\S]*5, 6") as caught:
            call()
        assert __file__ in str(caught.value)


def test_b18_shapes_stand_before_dtypes():
    with pytest.raises(ShapeError) as caught:
        g.constant(np.ones((3, 4))) @ g.constant(np.ones((5, 6)))
    text = str(caught.value)
    assert text.index("shapes:") < text.index("dtypes:")


def test_b19_tensors_are_immutable_and_variables_mutable():
    v, t = jf.Variable([1.0, 2.0]), jf.constant([1.0, 2.0])
    for _ in range(3):
        v.assign_add([1.0, 1.0])
    assert v.tolist() == [4, 5]
    with pytest.raises(TraceError, match="keeps its value"):
        t[0] = 5.0
