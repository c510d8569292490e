"""Tensors, tapes and variables: values at once, the same gradients as `grad`."""

import numpy as np
import pytest

import jitflow as jf
from jitflow import optim
from jitflow.eager import GradientTape, Tensor, Variable, constant, function
from jitflow.errors import ArgumentError, DtypeError, ShapeError, TraceError


def test_the_tape_of_the_texts():
    c = constant(2.0)
    with GradientTape() as tape:
        tape.watch(c)
        f = 4 * c
    df_dc = tape.gradient(f, c)
    assert str(df_dc) == "jf.Tensor(4.0, shape=(), dtype=float32)"
    assert df_dc.numpy() == 4
    with GradientTape() as tape:
        f = 4 * c
    assert tape.gradient(f, c) is None


def test_values_are_there_at_once():
    x = constant([[1, 2], [3, 4]])
    assert (x.dtype, x.shape, x.ndim) == (np.int32, (2, 2), 2)
    assert (x + 1).numpy().tolist() == [[2, 3], [4, 5]]
    assert np.sum(x).dtype == np.int32
    assert float(np.sum(x)) == 10
    assert x[0].numpy().tolist() == [1, 2]
    assert x.T.shape == (2, 2)
    assert len(x) == 2
    assert [int(row.sum()) for row in x] == [3, 7]
    assert bool(constant(1.0) < 2.0)
    assert f"{constant(2.5):.2f}" == "2.50"
    assert (x == x).numpy().all()
    np.testing.assert_array_equal(np.asarray(x), x.numpy())


def test_dtypes_do_not_mix():
    x = constant(2)
    with pytest.raises(DtypeError, match="beside an array of int32"):
        x + 1.5
    with pytest.raises(DtypeError, match="do not mix"):
        x * constant(1.0)
    with pytest.raises(TraceError, match="keeps its value"):
        constant([1.0])[0] = 2.0


def test_a_tensor_knows_how_it_was_made():
    x = constant([1.0, 2.0])
    y = np.exp(x) * 3
    assert y.op == "mul"
    assert y.inputs[0].op == "exp"
    assert y.inputs[0].inputs[0] is x
    slope, _ = y.grad_fn(constant([1.0, 1.0]))
    np.testing.assert_array_equal(slope.numpy(), np.float32([3, 3]))
    assert x.op == ""
    assert x.grad_fn is None


def model(w, b, x):
    return np.mean(np.square(np.tanh(x @ w + b)))


def test_gradients_equal_those_of_grad():
    rng = np.random.default_rng(0)
    w, b, x = (rng.normal(size=s).astype(np.float32) for s in ((3, 2), (2,), (5, 3)))
    v, c = Variable(w), Variable(b)
    with GradientTape() as tape:
        loss = model(v, c, constant(x))
    found = tape.gradient(loss, {"w": v, "b": c})
    want_w, want_b = jf.jit(jf.grad(model, argnums=(0, 1)))(w, b, x)
    np.testing.assert_allclose(found["w"].numpy(), want_w, rtol=1e-5)
    np.testing.assert_allclose(found["b"].numpy(), want_b, rtol=1e-5)


def test_nested_tapes_give_higher_orders():
    x = constant(3.0)
    with GradientTape() as outer:
        outer.watch(x)
        with GradientTape() as middle:
            middle.watch(x)
            with GradientTape() as inner:
                inner.watch(x)
                y = x * x * x * x
            first = inner.gradient(y, x)
        second = middle.gradient(first, x)
    third = outer.gradient(second, x)
    assert [float(d) for d in (first, second, third)] == [108, 108, 72]


def test_persistent_and_not():
    x = constant(2.0)
    with GradientTape(persistent=True) as tape:
        tape.watch(x)
        y = x * x
        z = y * y
    assert float(tape.gradient(z, x)) == 32
    assert float(tape.gradient(z, y)) == 8
    assert [float(d) for d in tape.gradient(z, [x, y])] == [32, 8]
    with GradientTape() as tape:
        tape.watch(x)
        y = x * x
    tape.gradient(y, x)
    with pytest.raises(ArgumentError, match="persistent"):
        tape.gradient(y, x)


def test_what_a_tape_does_not_see():
    x, k = constant(2.0), constant(5.0)
    before = x * x
    with GradientTape(persistent=True) as tape:
        tape.watch(x)
        with tape.stop_recording():
            hidden = x * 3
        seen = x * k
    assert tape.gradient(before, x) is None
    assert tape.gradient(hidden, x) is None
    assert tape.gradient(seen, k) is None
    assert float(tape.gradient(x, x)) == 1
    assert float(tape.gradient(seen, x, constant(2.0))) == 10
    with pytest.raises(DtypeError, match="int32"):
        tape.watch(constant(1))


def test_python_control_flow():
    x = constant(1.5)
    with GradientTape() as tape:
        tape.watch(x)
        y = x
        while y < 10:
            y = y * 2 if y < 4 else y + 1
    assert float(tape.gradient(y, x)) == 4


def test_variables_change_and_are_watched():
    v, frozen = Variable([1.0, 2.0]), Variable(3.0, trainable=False)
    with GradientTape() as tape:
        y = np.sum(v * v * frozen)
    assert tape.watched_variables() == [v]
    assert tape.gradient(y, frozen) is None
    v.assign_sub([0.5, 0.5]).assign_add(constant([1.0, 1.0]))
    np.testing.assert_array_equal(v.numpy(), np.float32([1.5, 2.5]))
    with pytest.raises(ShapeError):
        v.assign([1.0])
    with pytest.raises(DtypeError):
        v.assign(constant([1, 2]))


def test_a_variable_that_is_assigned_while_it_is_recorded():
    v = Variable(2.0)
    with GradientTape() as tape:
        y = v * v
        v.assign(5.0)
        z = y + v * v * v
    assert float(tape.gradient(z, v)) == 4 + 75


@pytest.mark.parametrize("opt", [optim.SGD(0.1), optim.Momentum(0.05), optim.Adam(0.1)])
def test_optimizers_change_variables(opt):
    v = Variable(np.array([3.0, -2.0]))
    params = v.numpy()
    state = opt.init(params)
    for _ in range(5):
        with GradientTape() as tape:
            loss = np.sum(v * v)
        assert opt.apply_gradients(zip(tape.gradient(loss, [v]), [v], strict=True)) is None
        params, state = opt.update(params, 2 * params, state)
    np.testing.assert_allclose(v.numpy(), params, rtol=1e-12)
    assert bool(opt.variables()) == (type(opt) is not optim.SGD)


def test_functions_of_tensors_are_compiled():
    traces = []

    @function
    def f(x, y):
        traces.append(1)
        return {"a": x * y, "b": x + y}

    x = constant(2.0)
    for _ in range(3):
        with GradientTape() as tape:
            tape.watch(x)
            out = f(x, constant(4.0))
            y = out["a"] * out["b"]
        assert isinstance(y, Tensor)
        assert float(tape.gradient(y, x)) == 4 * 6 + 8
    assert len(traces) <= 2
    assert f(np.float32(2), np.float32(3))["a"] == 6


def test_gradients_of_equal_recordings_are_compiled_once():
    from jitflow.eager.program import compiled_gradient

    compiled_gradient.cache_clear()
    for n in range(5):
        x = constant([float(n), 1.0])
        with GradientTape() as tape:
            tape.watch(x)
            y = np.sum(np.exp(x) * 2)
        tape.gradient(y, x)
    assert compiled_gradient.cache_info().misses == 1
