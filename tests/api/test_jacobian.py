"""jacfwd, jacrev, hessian, hvp, elementwise_grad: against formulas and against each other."""

import numpy as np
import pytest

import jitflow as jf
import jitflow.numpy as jnp
from jitflow.errors import DerivativeError, DtypeError, ShapeError, TraceError

RNG = np.random.default_rng(3)
X = np.arange(1.0, 4.0)
A = RNG.normal(size=(4, 3))
IN_AND_OUT = pytest.mark.parametrize("wrap", [lambda f: f, jf.jit], ids=["eager", "jit"])
BOTH_MODES = pytest.mark.parametrize("jacobian", [jf.jacfwd, jf.jacrev])


def cube(x):
    return (x * x * x).sum()


@BOTH_MODES
@IN_AND_OUT
def test_jacobian_of_a_linear_map(wrap, jacobian):
    np.testing.assert_allclose(wrap(jacobian(lambda x: A @ x))(X), A)


@BOTH_MODES
def test_shapes_are_the_results_then_the_arguments(jacobian):
    found = jacobian(lambda x: jnp.outer(A @ x, x).reshape(2, 2, 3))(X)
    wanted = A[:, None, :] * X[:, None] + (A @ X)[:, None, None] * np.eye(3)
    np.testing.assert_allclose(found, wanted.reshape(2, 2, 3, 3))
    assert jacobian(lambda x: (A * x).sum())(A).shape == (4, 3)
    assert jacobian(lambda x: A * x)(2.0).shape == (4, 3)
    assert jacobian(lambda x: x * x)(3.0) == 6.0


@BOTH_MODES
def test_trees_argnums_and_aux(jacobian):
    def f(p, x):
        return {"a": jnp.sin(p["w"]) * x, "b": (p["w"] * p["w"]).sum()}

    params = {"w": X, "unused": np.ones(2)}
    (by_p, by_x) = (found := jacobian(f, argnums=(0, 1))(params, 2.0))["a"]
    np.testing.assert_allclose(by_p["w"], np.diag(2 * np.cos(X)))
    np.testing.assert_array_equal(by_p["unused"], np.zeros((3, 2)))
    np.testing.assert_allclose(by_x, np.sin(X))
    by_p, by_x = found["b"]
    np.testing.assert_allclose(by_p["w"], 2 * X)
    assert by_x == 0 and by_p["unused"].tolist() == [0, 0]
    found, aux = jacobian(lambda x: (x * x, x.argmax()), has_aux=True)(X)
    np.testing.assert_allclose(found, np.diag(2 * X))
    assert aux == 2


@IN_AND_OUT
def test_hessian(wrap):
    np.testing.assert_allclose(wrap(jf.hessian(cube))(X), np.diag(6 * X))
    blocks = wrap(jf.hessian(lambda x, y: (x * x * y).sum(), argnums=(0, 1)))(X, X)
    np.testing.assert_allclose(blocks[0][0], np.diag(2 * X))
    np.testing.assert_allclose(blocks[0][1], np.diag(2 * X))
    np.testing.assert_allclose(blocks[1][1], np.zeros((3, 3)))
    np.testing.assert_allclose(wrap(jf.hessian(lambda x: x**4))(2.0), 48)


def test_hessian_with_aux():
    found, aux = jf.hessian(lambda x: (cube(x), x.sum()), has_aux=True)(X)
    np.testing.assert_allclose(found, np.diag(6 * X))
    assert aux == 6.0


def test_third_derivatives():
    third = jf.jacfwd(jf.jacrev(jf.jacfwd(lambda x: (x**3).sum())))(X)
    wanted = np.zeros((3, 3, 3))
    wanted[range(3), range(3), range(3)] = 6
    np.testing.assert_allclose(third, wanted)


def loss(w, x, y):
    p = 1 / (1 + jnp.exp(-(x @ w)))
    return -(y * jnp.log(p) + (1 - y) * jnp.log(1 - p)).mean()


@IN_AND_OUT
def test_hvp_is_the_hessian_times_a_vector(wrap):
    y = (A.sum(1) > 0).astype(float)
    direction = RNG.normal(size=3)

    def product(w, v):
        return jf.hvp(lambda w: loss(w, A, y), (w,), (v,))

    wanted = jf.hessian(loss)(X / 3, A, y) @ direction
    np.testing.assert_allclose(wrap(product)(X / 3, direction), wanted, rtol=1e-10)


def test_hvp_by_several_arguments():
    by_x, by_y = jf.hvp(lambda x, y: (x * x * y).sum(), (X, X), (X, 2 * X))
    np.testing.assert_allclose(by_x, 2 * X * X + 2 * X * 2 * X)
    np.testing.assert_allclose(by_y, 2 * X * X)


def test_elementwise_grad():
    np.testing.assert_allclose(jf.elementwise_grad(jnp.sin)(A), np.cos(A))
    second = jf.elementwise_grad(jf.elementwise_grad(jnp.sin))
    np.testing.assert_allclose(jf.jit(second)(A), -np.sin(A), rtol=1e-12)
    by_y = jf.elementwise_grad(lambda x, y: x * y * y, argnums=1)(A, A + 1)
    np.testing.assert_allclose(by_y, 2 * A * (A + 1))


@pytest.mark.parametrize(("call", "kind", "text"), [
    (lambda: jf.jacfwd(lambda x: x.argmax())(X), DerivativeError, "jacfwd: result is i64"),
    (lambda: jf.jacrev(lambda x: (x, x > 1))(X), DerivativeError, r"result\[1\] is bool"),
    (lambda: jf.jacrev(cube)(np.arange(3)), DtypeError, "argument x: no derivative by integers"),
    (lambda: jf.jacfwd(cube, argnums="x"), TraceError, "argnums as an int or a tuple"),
    (lambda: jf.jacfwd(cube, argnums=1)(X), DerivativeError, "argnums has 1"),
    (lambda: jf.hessian(4), TraceError, "hessian takes a function"),
    (lambda: jf.hvp(jnp.sin, (X,), (X,)), DerivativeError, "a gradient is of a scalar"),
    (lambda: jf.hvp(cube, (X,), (X[:1],)), ShapeError, r"tangents\[0\] has shape"),
    (lambda: jf.hvp(cube, X, X), TraceError, "primals is a tuple"),
    (lambda: jf.elementwise_grad(lambda x: (x, x))(X), DerivativeError, "returns a tuple, not one"),
])  # fmt: skip
def test_refusals(call, kind, text):
    with pytest.raises(kind, match=text) as caught:
        call()
    assert "test_jacobian.py" in str(caught.value)
