"""`jf.function`: the same results as without it; variables, tapes and optimizers work inside."""

import copy

import numpy as np
import pytest

import jitflow as jf
import jitflow.graph as g
from jitflow import optim
from jitflow.errors import DtypeError, JitflowError, TraceError


def test_variables_are_read_at_each_call():
    v = jf.Variable(3.0)
    traces = []

    @jf.function
    def f(x):
        traces.append(1)
        return v * x + x * v

    assert float(f(jf.constant(2.0))) == 12
    v.assign(5.0)
    assert float(f(jf.constant(2.0))) == 20
    assert len(traces) == 2  # once to find the variable
    assert float(f(np.float32(1))) == 10


def test_variables_are_assigned_when_the_call_has_ended():
    v = jf.Variable(1.0)

    @jf.function
    def f(x):
        v.assign_add(x)
        v.assign(v * 10.0)
        return v * 1.0, x @ jf.constant(np.ones(2, np.float32)) if x.ndim else x

    assert [float(y) for y in f(jf.constant(2.0))] == [30, 2]
    assert float(v) == 30
    w = jf.Variable([1.0, 2.0, 3.0])

    @jf.function
    def fails(x):
        w.assign(x)
        return x @ jf.constant([1.0, 2.0])

    with pytest.raises(JitflowError):
        fails(jf.constant([4.0, 5.0, 6.0]))
    assert w.tolist() == [1, 2, 3]


@pytest.mark.parametrize("opt", [lambda: optim.SGD(0.1), lambda: optim.Adam(0.1)])
def test_a_train_step_inside_is_that_outside(opt):
    x = np.random.default_rng(0).normal(size=(16, 3)).astype(np.float32)
    y = (x @ np.float32([1, -2, 0.5])).astype(np.float32)

    def make():
        w, b = jf.Variable(np.zeros(3, np.float32)), jf.Variable(0.0)
        chosen = opt()

        def step(x, y):
            with jf.GradientTape() as tape:
                loss = np.mean(np.square(x @ w + b - y))
            slopes = tape.gradient(loss, [w, b])
            chosen.apply_gradients(zip(slopes, [w, b], strict=True))
            return loss

        return step, w, b

    (plain, *first), (step, *second) = make(), make()
    compiled = jf.function(step)
    for _ in range(5):
        np.testing.assert_allclose(float(compiled(x, y)), float(plain(x, y)), rtol=1e-5)
    for a, b in zip(first, second, strict=True):
        np.testing.assert_allclose(a.numpy(), b.numpy(), rtol=1e-4)


def test_a_tape_around_sees_one_operation():
    v = jf.Variable(3.0)

    @jf.function
    def f(x):
        return np.sum(v * x * x)

    x = jf.constant([1.0, 2.0])
    with jf.GradientTape() as tape:
        tape.watch(x)
        y = f(x)
    assert [s.tolist() for s in tape.gradient(y, [x, v])] == [[6, 12], 5]
    assert y.op == "f"


def test_a_tape_inside_and_one_around_it():
    @jf.function
    def slope(x):
        with jf.GradientTape() as tape:
            tape.watch(x)
            y = x * x * x
        return tape.gradient(y, x)

    x = jf.constant(2.0)
    with jf.GradientTape() as tape:
        tape.watch(x)
        first = slope(x)
    assert (float(first), float(tape.gradient(first, x))) == (12, 12)


def test_of_nodes_and_in_functions():
    inner = jf.function(lambda x: np.sin(x) * 2.0)
    outer = jf.function(lambda x: inner(x) + 1.0)
    assert float(outer(jf.constant(0.0))) == 1
    with g.Graph().as_default(), g.Session() as sess:
        node = g.constant(0.0)
        assert sess.run([outer(node), *g.gradients(outer(node), node)]) == [1, 2]


def test_methods_have_the_variables_of_their_object():
    class Scale:
        def __init__(self, factor):
            self.factor = jf.Variable(factor)

        @jf.function
        def call(self, x, n=1):
            return self.factor * x * n

    two, three = Scale(2.0), Scale(3.0)
    assert [float(m.call(jf.constant(5.0))) for m in (two, three, two)] == [10, 15, 10]
    two.factor.assign(7.0)
    assert float(two.call(jf.constant(1.0), n=2)) == 14


class Scale:
    def __init__(self, factor):
        self.factor = jf.Variable(factor)

    @jf.function
    def call(self, x):
        return self.factor * x


class TenTimes(Scale):
    @jf.function
    def call(self, x):
        return super().call(x) * 10


def test_methods_that_call_those_of_their_base():
    scale, x = TenTimes(2.0), jf.constant(1.0)
    assert [float(scale.call(x)) for _ in range(3)] == [20, 20, 20]


@pytest.mark.parametrize("kind", [Scale, TenTimes])
def test_methods_of_copies_read_the_copy(kind):
    scale, x = kind(2.0), jf.constant(1.0)
    first = float(scale.call(x))
    for copied in (copy.copy(scale), copy.deepcopy(scale)):
        copied.factor = jf.Variable(3.0)
        assert float(copied.call(x)) == first * 1.5 and float(scale.call(x)) == first


def test_methods_that_a_class_gets_later():
    class Later:
        factor = jf.constant(2.0)

    Later.call = jf.function(lambda self, x: self.factor * x)
    assert float(Later().call(jf.constant(3.0))) == 6


def test_methods_of_objects_without_room():
    class Slots:
        __slots__ = ()

        @jf.function
        def call(self, x):
            return x

    with pytest.raises(TraceError, match="__slots__"):
        Slots().call(jf.constant(1.0))


def test_tensors_in_jitted_functions():
    c, v = jf.constant([1.0, 2.0]), jf.Variable(2.0)
    one = np.ones(2, np.float32)
    assert jf.jit(lambda x: np.dot(x, c))(one) == 3
    assert jf.jit(lambda x: c * x)(one).tolist() == [1, 2]
    assert jf.grad(lambda x: np.sum(x * c))(one).tolist() == [1, 2]
    for reads in (lambda x: x * v, lambda x: v * x, lambda x: np.dot(x, v), lambda x: v.assign(x)):
        with pytest.raises(TraceError, match=r"jf\.function|constant|traced") as caught:
            jf.jit(reads)(np.float32(1))
        assert __file__ in str(caught.value)
    assert float(v) == 2
    with pytest.raises(TraceError, match=r"decorate the function by jf\.function"):
        jf.jit(lambda x: x)(c)


def test_what_a_function_cannot_do():
    x = jf.constant([1.0, 2.0])
    with pytest.raises(TraceError, match="makes variables again"):
        jf.function(lambda x: x * jf.Variable(2.0))(x)
    with pytest.raises(TraceError, match="read-only"):
        jf.function(lambda x: x + 1, donate_argnums=0)(x)
    with pytest.raises(DtypeError, match="do not mix"):
        jf.function(lambda x, y: x * y)(x, np.ones(2))
    for use in (lambda x: float(x[0]), lambda x: x if x[0] > 0 else -x):
        with pytest.raises(TraceError, match="traced array"):
            jf.function(use)(x)
    with pytest.raises(TraceError, match="keeps its value"):
        jf.function(lambda x: x.__setitem__(0, 1.0))(x)


def test_numbers_take_the_dtype_beside_them():
    f = jf.function(lambda x, n: x * n)
    assert f(jf.constant([1.0]), 2.5).dtype == np.float32
    assert f(jf.constant([1]), 2).dtype == np.int32
    with pytest.raises(DtypeError):
        f(jf.constant([1]), 2.5)
    assert jf.function(lambda x, n: x * n, static_argnames="n")(jf.constant(2.0), 3).item() == 6


def test_special_functions_are_recorded():
    x = jf.constant(0.0)
    with jf.GradientTape() as tape:
        tape.watch(x)
        y = jf.numpy.special.erf(x) + jf.numpy.special.sigmoid(x)
    np.testing.assert_allclose(float(tape.gradient(y, x)), 2 / np.pi**0.5 + 0.25, rtol=1e-6)
    with g.Graph().as_default(), g.Session() as sess:
        assert sess.run(g.sigmoid(g.constant(0.0))) == 0.5
