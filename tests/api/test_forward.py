"""jvp, linearize, vjp: against each other and by hand, structures, nesting, refusals."""

import numpy as np
import pytest

import jitflow as jf
import jitflow.numpy as jnp
from jitflow.errors import DerivativeError, DtypeError, ShapeError, TraceError

X = np.arange(1.0, 4.0)
ONES = np.ones(3)


def cube(x):
    return (x * x * x).sum()


def pair(x, y):
    return {"product": x * y, "square": (x * x).sum()}


def equal(found, wanted):
    found, tree = jf.trace.pytree.flatten(found)
    wanted, same = jf.trace.pytree.flatten(wanted)
    assert tree == same
    for x, y in zip(found, wanted, strict=True):
        np.testing.assert_allclose(x, y, rtol=1e-12)


IN_AND_OUT = pytest.mark.parametrize("wrap", [lambda f: f, jf.jit], ids=["eager", "jit"])


@IN_AND_OUT
def test_jvp(wrap):
    found = wrap(lambda x, y, dx, dy: jf.jvp(pair, (x, y), (dx, dy)))(X, 2 * X, ONES, X)
    equal(found, (pair(X, 2 * X), {"product": 2 * X + X * X, "square": 12.0}))


@IN_AND_OUT
def test_linearize(wrap):
    def both(x, y):
        result, push = jf.linearize(pair, x, y)
        return result, push(ONES, x), push(x, ONES)

    result, first, second = wrap(both)(X, 2 * X)
    equal(result, pair(X, 2 * X))
    equal(first, {"product": 2 * X + X * X, "square": 12.0})
    equal(second, {"product": 2 * X * X + X, "square": 28.0})


@IN_AND_OUT
def test_vjp(wrap):
    def both(x, y):
        result, pull = jf.vjp(pair, x, y)
        return result, pull({"product": x, "square": 1.0}), pull({"product": ONES, "square": 0})

    result, first, second = wrap(both)(X, 2 * X)
    equal(result, pair(X, 2 * X))
    equal(first, (2 * X * X + 2 * X, X * X))
    equal(second, (2 * X, X))


def test_a_linear_map_goes_in_and_out_of_jitted_functions():
    @jf.jit
    def stage(x):
        return jf.vjp(jnp.sin, x)[1]

    pull = stage(X)
    equal(pull(ONES), (np.cos(X),))
    equal(jf.jit(lambda pull, c: pull(c)[0] * 2)(pull, X), 2 * X * np.cos(X))
    equal(jf.jit(lambda c: pull(c)[0])(X), X * np.cos(X))
    assert repr(pull) == "<linear map of sin>"


def test_a_linear_map_computes_its_own_part_only():
    graph = jf.jit(lambda x: jf.linearize(jnp.exp, x)[1](x)).trace(X).graph
    assert [op.name for op in graph.ops] == ["exp", "mul"]
    _, push = jf.linearize(jnp.exp, X)
    assert [op.name for op in push.recipe.function.ops] == ["mul"]


def test_forward_over_reverse_and_the_other_way_round():
    wanted = 6 * X * ONES
    equal(jf.jvp(jf.grad(cube), (X,), (ONES,))[1], wanted)
    equal(jf.grad(lambda x: jf.jvp(cube, (x,), (ONES,))[1])(X), wanted)
    equal(jf.vjp(jf.grad(cube), X)[1](ONES), (wanted,))
    equal(jf.jvp(lambda x: jf.jvp(cube, (x,), (ONES,))[1], (X,), (ONES,))[1], wanted.sum())
    third = jf.jit(lambda x: jf.jvp(lambda y: jf.jvp(jf.grad(cube), (y,), (y,))[1], (x,), (x,))[1])
    equal(third(X), 12 * X * X)


def test_functions_that_are_jitted_and_functions_that_capture():
    outside = X.copy()
    f = jf.jit(lambda x: x * outside)
    equal(jf.jvp(f, (X,), (ONES,)), (X * X, X))
    outside[:] = 7
    equal(jf.jvp(f, (X,), (ONES,)), (7 * X, outside))
    scale = 1.0
    assert jf.jvp(lambda x: x * scale, (2.0,), (1.0,)) == (2.0, 1.0)
    scale = 3.0
    assert jf.jvp(lambda x: x * scale, (2.0,), (1.0,)) == (6.0, 3.0)


def test_what_is_captured_from_the_trace_around_has_its_tangent():
    def f(x):
        return jf.jvp(lambda y: x * y * y, (x,), (x,))[1].sum()

    equal(jf.grad(f)(X), 6 * X * X)


def test_aux():
    def f(x):
        return x * x, {"n": 3, "double": 2 * x}

    aux = {"n": 3, "double": 2 * X}
    equal(jf.jvp(f, (X,), (ONES,), has_aux=True), (X * X, 2 * X, aux))
    result, push, found = jf.linearize(f, X, has_aux=True)
    equal((result, push(ONES), found), (X * X, 2 * X, aux))
    result, pull, found = jf.vjp(f, X, has_aux=True)
    equal((result, pull(ONES), found), (X * X, (2 * X,), aux))


def test_integers_in_results_have_tangents_of_zero_and_no_cotangent():
    def f(x):
        return x * x, x.argmax()

    equal(jf.jvp(f, (X,), (ONES,)), ((X * X, 2), (2 * X, 0)))
    _, pull = jf.vjp(f, X)
    equal(pull((ONES, 5)), (2 * X,))


def test_dtypes_and_numbers():
    result, tangent = jf.jvp(lambda x: x * x, (np.float32(3),), (1,))
    assert (result, tangent) == (9, 6) and type(tangent) is np.float32
    assert jf.jvp(lambda x: x * x, (3.0,), (1.0,)) == (9, 6)
    found = jf.jvp(lambda x: x.astype(np.float32), (X,), (ONES,))[1]
    assert found.dtype == np.float32
    assert jf.vjp(lambda x: x.astype(np.float32), X)[1](ONES.astype("f4"))[0].dtype == np.float64


def test_no_influence_gives_zeros():
    equal(jf.jvp(lambda x: np.ones(2), (X,), (ONES,)), (np.ones(2), np.zeros(2)))
    equal(jf.vjp(lambda x: np.ones(2), X)[1](np.ones(2)), (np.zeros(3),))


@pytest.mark.parametrize(("call", "kind", "text"), [
    (lambda: jf.jvp(pair, X, X), TraceError, "primals is a tuple with an entry for each argument"),
    (lambda: jf.jvp(pair, (X, X), X), TraceError, "tangents is a tuple"),
    (lambda: jf.jvp(pair, (X, X), (X,)), DerivativeError, "expected tuple of 2, got tuple of 1"),
    (lambda: jf.jvp(cube, (X,), (X[:2],)), ShapeError, r"tangents\[0\] has shape \(2,\).*\(3,\)"),
    (lambda: jf.jvp(cube, (X,), (X > 1,)), DtypeError, r"tangents\[0\] is bool, .* is f64"),
    (lambda: jf.jvp(cube, (X,), (X.astype("f4"),)), DtypeError, r"write .astype\('float64'\)"),
    (lambda: jf.jvp(cube, (np.arange(3),), (X,)), DtypeError, "leave it to the function: lam"),
    (lambda: jf.vjp(cube, X)[1](X), ShapeError, r"cotangent has shape \(3,\)"),
    (lambda: jf.vjp(cube, X)[1](1.0, 2.0), TraceError, "takes one cotangent.* not 2"),
    (lambda: jf.vjp(pair, X, X)[1](1.0), DerivativeError, "expected dict of 2, got a leaf"),
    (lambda: jf.linearize(cube, X)[1](X, X), DerivativeError, "expected tuple of 1"),
    (lambda: jf.linearize(cube, 3), DtypeError, "linearize: argument x: no derivative by integers"),
    (lambda: jf.vjp(3, X), TraceError, "vjp takes a function, got an int"),
    (lambda: jf.vjp(cube, X, has_aux=True), DerivativeError, "returns .value, aux., not a Traced"),
])  # fmt: skip
@IN_AND_OUT
def test_refusals(wrap, call, kind, text):
    with pytest.raises(kind, match=text) as caught:
        wrap(call)()
    assert "test_forward.py" in str(caught.value)
