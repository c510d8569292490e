"""grad and value_and_grad: structures, captured values, nesting, refusals."""

import numpy as np
import pytest

import jitflow as jf
import jitflow.numpy as jnp
from jitflow.errors import DerivativeError, DtypeError

X = np.arange(1.0, 4.0)


def cube(x):
    return (x * x * x).sum()


def test_gradient_of_an_array():
    np.testing.assert_allclose(jf.grad(cube)(X), 3 * X**2)
    value, gradient = jf.value_and_grad(cube)(X)
    assert value == cube(X) and type(value) is np.float64
    np.testing.assert_allclose(gradient, 3 * X**2)


@pytest.mark.parametrize("wrap", [
    lambda f: jf.jit(jf.grad(f)),
    lambda f: jf.grad(jf.jit(f)),
    lambda f: jf.jit(jf.grad(jf.jit(f))),
])
def test_jit_and_grad_in_any_order(wrap):
    np.testing.assert_allclose(wrap(cube)(X), 3 * X**2)


def test_gradient_of_gradient():
    second = jf.grad(lambda x: jf.grad(cube)(x).sum())
    np.testing.assert_allclose(second(X), 6 * X)
    third = jf.jit(jf.grad(lambda x: jf.grad(lambda y: jf.grad(lambda z: z**4)(y))(x)))
    assert third(2.0) == 48.0


def test_gradient_of_python_floats_and_dtypes():
    got = jf.grad(lambda x: x * x)(3.0)
    assert got == 6.0 and type(got) is np.float64
    assert jf.grad(cube)(X.astype(np.float32)).dtype == np.float32


def test_argnums():
    def f(x, y, z):
        return (x * y).sum() * z

    gx, gz = jf.grad(f, argnums=(0, 2))(X, 2 * X, 3.0)
    np.testing.assert_allclose(gx, 6 * X)
    assert gz == (X * 2 * X).sum()
    assert jf.grad(f, argnums=-1)(X, X, 1.0) == (X * X).sum()
    (only,) = jf.grad(f, argnums=(1,))(X, X, 1.0)
    np.testing.assert_allclose(only, X)


def test_integers_beside_the_differentiated_argument():
    np.testing.assert_allclose(jf.grad(lambda x, n: (x * n).sum())(X, np.arange(3)), [0, 1, 2])


def test_pytrees_and_aux():
    def loss(params, x):
        y = x * params["w"] + params["b"]
        return (y * y).mean(), {"y": y, "n": 3, "none": None}

    params = {"w": np.float64(2), "b": X}
    (value, aux), gradient = jf.value_and_grad(loss, has_aux=True)(params, X)
    y = X * 2 + X
    assert value == (y * y).mean() and aux["n"] == 3 and aux["none"] is None
    np.testing.assert_allclose(aux["y"], y)
    np.testing.assert_allclose(gradient["b"], 2 * y / 3)
    np.testing.assert_allclose(gradient["w"], (2 * y * X / 3).sum())
    gradient, aux = jf.grad(loss, has_aux=True)(params, X)
    np.testing.assert_allclose(gradient["b"], 2 * y / 3)
    assert aux["n"] == 3


def test_no_influence_gives_zeros():
    np.testing.assert_array_equal(jf.grad(lambda x: 2.0)(X), np.zeros(3), strict=True)
    np.testing.assert_array_equal(jf.grad(lambda x, y: y.sum())(X, X), np.zeros(3), strict=True)


def test_static_arguments_of_a_jitted_function_stay_static():
    f = jf.jit(lambda x, n: (x**n).sum(), static_argnums=1)
    np.testing.assert_allclose(jf.grad(f)(X, 3), 3 * X**2)


def test_a_gradient_in_the_middle_of_a_trace_is_inlined():
    def step(w, x):
        return w - 0.1 * jf.grad(lambda v: ((x * v) ** 2).sum())(w)

    graph = jf.jit(step).trace(X, X).graph
    assert "call" not in {op.name for op in graph.ops}
    np.testing.assert_allclose(jf.jit(step)(X, X), X - 0.2 * X**3)


def test_captured_arrays_of_a_gradient():
    outside = X.copy()
    f = jf.grad(lambda w: (w * outside).sum())
    np.testing.assert_array_equal(f(X), outside)
    outside[:] = 7
    np.testing.assert_array_equal(f(X), outside)


@pytest.mark.parametrize(("function", "args", "kind", "text"), [
    (lambda x: x * 2, (X,), DerivativeError, r"shape \(3,\).*gradient is of a scalar"),
    (lambda x: (x.sum(), 1), (X,), DerivativeError, "returns a tuple, not a scalar"),
    (lambda x: None, (X,), DerivativeError, "returns None, not a scalar"),
    (lambda x: x.argmax(), (X,), DerivativeError, "the result is i64"),
    (cube, (np.arange(3),), DtypeError, "argument x: no gradient by integers"),
    (cube, (3,), DtypeError, "argument x: no gradient by integers"),
    (lambda p: p["w"].sum(), ({"w": X > 1},), DtypeError, r"argument p\['w'\]"),
    (lambda: 1.0, (), DerivativeError, "argnums has 0"),
])
def test_refusals(function, args, kind, text):
    with pytest.raises(kind, match=text):
        jf.grad(function)(*args)


def test_aux_must_be_a_pair():
    with pytest.raises(DerivativeError, match="returns .value, aux., not a TracedArray"):
        jf.grad(cube, has_aux=True)(X)


def test_training_learns():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(64, 5))
    truth = rng.normal(size=5)
    y = x @ truth

    @jf.jit
    def step(w):
        loss, gradient = jf.value_and_grad(lambda w: jnp.mean((x @ w - y) ** 2))(w)
        return loss, w - 0.1 * gradient

    w = np.zeros(5)
    for _ in range(200):
        loss, w = step(w)
    assert loss < 1e-6
    np.testing.assert_allclose(w, truth, atol=1e-3)


def test_methods_that_are_jitted():
    class Model:
        def __init__(self):
            self.w = np.array([1.0, 2.0])

        @jf.jit
        def loss(self, x):
            return (self.w * x * x).sum()

        @jf.jit(static_argnames="how")
        def reduced(self, x, how, scale=1.0):
            return getattr(self.w * x * x, how)() * scale

    model, x = Model(), np.array([3.0, 5.0])
    np.testing.assert_array_equal(jf.grad(model.loss)(x), 2 * model.w * x)
    np.testing.assert_array_equal(jf.jit(model.loss)(x), model.loss(x))
    np.testing.assert_array_equal(jf.grad(model.reduced)(x, "sum", 2.0), 4 * model.w * x)
    value, gradient = jf.value_and_grad(model.reduced, argnums=2)(x, "sum", 2.0)
    assert (value, gradient) == (118.0, 59.0)


def test_argnums_that_name_an_argument_twice():
    for argnums in ((0, 0), (1, -1)):
        with pytest.raises(DerivativeError, match="names an argument twice"):
            jf.grad(lambda x, y: x * y, argnums=argnums)(1.0, 2.0)


def test_sigmoid_far_out():
    def total(x):
        return jf.numpy.special.sigmoid(x).sum()

    gradient = jf.grad(total)(np.array([-1000.0, -1.0, 0.0, 1.0, 1000.0]))
    np.testing.assert_allclose(gradient, [0, 0.19661193324, 0.25, 0.19661193324, 0], rtol=1e-10)
