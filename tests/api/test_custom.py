"""custom_jvp, custom_vjp, stop_gradient: in every transform, to any order; rules that are wrong."""

import functools

import numpy as np
import pytest

import jitflow as jf
import jitflow.numpy as jnp
from jitflow.errors import DerivativeError, DtypeError, ShapeError, TraceError

X = np.arange(1.0, 4.0)
ONES = np.ones(3)


@jf.custom_jvp
def log1pexp(x):
    return jnp.log(1 + jnp.exp(x))


@log1pexp.defjvp
def _(primals, tangents):
    (x,), (t,) = primals, tangents
    return log1pexp(x), (1 - 1 / (1 + jnp.exp(x))) * t


@jf.custom_vjp
def sin_times(x, y):
    return jnp.sin(x) * y


def sin_times_fwd(x, y):
    return sin_times(x, y), {"cos": jnp.cos(x), "sin": jnp.sin(x), "y": y}


def sin_times_bwd(kept, ct):
    return kept["cos"] * ct * kept["y"], kept["sin"] * ct


sin_times.defvjp(sin_times_fwd, sin_times_bwd)


def logistic(x):
    return 1 / (1 + np.exp(-x))


def test_outside_of_traces_it_is_the_function():
    np.testing.assert_array_equal(log1pexp(X), np.log(1 + np.exp(X)))
    assert isinstance(sin_times(X, X), np.ndarray)
    assert repr(log1pexp) == "<custom_jvp log1pexp>"


def test_without_derivatives_there_is_no_rule_in_the_graph():
    graph = jf.jit(log1pexp).trace(X).graph
    assert [op.name for op in graph.ops if op.name != "constant"] == ["exp", "add", "log"]


def test_the_rule_of_custom_jvp_is_what_counts():
    far = 1000 * X
    np.testing.assert_array_equal(jf.elementwise_grad(log1pexp)(far), ONES)
    np.testing.assert_array_equal(jf.jvp(log1pexp, (far,), (X,))[1], X)
    np.testing.assert_allclose(jf.jacfwd(log1pexp)(X), np.diag(logistic(X)))
    np.testing.assert_allclose(jf.jacrev(log1pexp)(X), np.diag(logistic(X)))


def test_second_and_third_order():
    s = logistic(X)
    second, third = s * (1 - s), s * (1 - s) * (1 - 2 * s)
    np.testing.assert_allclose(
        jf.hessian(lambda x: log1pexp(x).sum())(X), np.diag(second), rtol=1e-12
    )
    nested = jf.elementwise_grad(jf.elementwise_grad(jf.elementwise_grad(log1pexp)))
    np.testing.assert_allclose(nested(X), third, rtol=1e-11)
    by_vjp = jf.elementwise_grad(jf.elementwise_grad(lambda x: sin_times(x, 2 * ONES)))
    np.testing.assert_allclose(by_vjp(X), -2 * np.sin(X))
    forward_over = jf.jvp(jf.elementwise_grad(lambda x: sin_times(x, 2 * ONES)), (X,), (X,))[1]
    np.testing.assert_allclose(forward_over, -2 * np.sin(X) * X)


def test_a_rule_other_than_the_derivative_holds_at_every_order():
    @jf.custom_jvp
    def round_through(x):
        return jnp.round(x)

    @round_through.defjvp
    def _(primals, tangents):
        return round_through(*primals), tangents[0]

    f = lambda x: (round_through(x) ** 3).sum()  # noqa: E731
    x = np.array([0.6, 1.2])
    np.testing.assert_array_equal(jf.grad(f)(x), 3 * np.round(x) ** 2)
    np.testing.assert_array_equal(jf.hessian(f)(x), np.diag(6 * np.round(x)))


def test_the_rules_of_custom_vjp_are_what_count():
    @jf.custom_vjp
    def clipped(x):
        return x * 1.0

    clipped.defvjp(lambda x: (x * 1.0, None), lambda kept, ct: (jnp.clip(ct, -1, 1),))
    np.testing.assert_array_equal(
        jf.grad(lambda x: (clipped(x) * X).sum() * 0.5)(X), np.clip(0.5 * X, -1, 1)
    )
    by_x, by_y = jf.grad(lambda x, y: sin_times(x, y).sum(), argnums=(0, 1))(X, X)
    np.testing.assert_allclose(by_x, np.cos(X) * X)
    np.testing.assert_allclose(by_y, np.sin(X))
    np.testing.assert_allclose(jf.jacrev(sin_times)(X, X), np.diag(np.cos(X) * X))


@pytest.mark.parametrize("transform", [
    lambda f: jf.jvp(f, (X,), (X,)), lambda f: jf.linearize(f, X), lambda f: jf.jacfwd(f)(X),
    lambda f: jf.grad(lambda x: jf.jvp(f, (x,), (x,))[1].sum())(X),
])
def test_custom_vjp_has_no_forward_mode(transform):
    with pytest.raises(DerivativeError, match="sin_times has a rule for reverse mode only"):
        transform(lambda x: sin_times(x, 2 * ONES))


def test_in_vmap_and_vmap_in_it():
    np.testing.assert_allclose(jf.vmap(jf.grad(log1pexp))(X), logistic(X))
    np.testing.assert_allclose(jf.vmap(jf.grad(sin_times), (0, None))(X, 2.0), 2 * np.cos(X))
    total = jf.grad(lambda x, y: jf.vmap(sin_times, (0, None))(x, y).sum(), argnums=(0, 1))
    by_x, by_y = total(X, 2.0)
    np.testing.assert_allclose(by_x, 2 * np.cos(X))
    np.testing.assert_allclose(by_y, np.sin(X).sum())
    np.testing.assert_allclose(
        jf.grad(lambda x: jf.vmap(log1pexp)(x).sum())(X), logistic(X)
    )


def test_in_jitted_functions_and_jitted_functions_in_it():
    f = jf.custom_jvp(jf.jit(lambda x: x * x))
    f.defjvp(jf.jit(lambda primals, tangents: (primals[0] ** 2, 5 * tangents[0])))
    assert jf.jit(jf.grad(lambda x: f(x)))(3.0) == 5.0
    assert jf.grad(jf.jit(lambda x: jf.jit(f)(x)))(3.0) == 5.0


def test_trees_several_results_and_integers():
    @jf.custom_jvp
    def f(p, n):
        return {"sum": p["a"] + p["b"][0] * n, "count": n + 1}

    @f.defjvp
    def _(primals, tangents):
        p, n = primals
        dp, dn = tangents
        assert dn.dtype == n.dtype and set(dp) == {"a", "b"}
        tangent = dp["a"] * 10 + dp["b"][0] * n
        return f(p, n), {"sum": tangent, "count": n}

    params = {"a": X, "b": [2 * X]}
    found = jf.grad(lambda p: f(p, np.int64(4))["sum"].sum())(params)
    np.testing.assert_array_equal(found["a"], 10 * ONES)
    np.testing.assert_array_equal(found["b"][0], 4 * ONES)
    result, tangent = jf.jvp(lambda p: f(p, np.int64(4)), (params,), (params,))
    assert result["count"] == 5 and tangent["count"] == 0
    np.testing.assert_array_equal(tangent["sum"], 18 * X)

    @jf.custom_vjp
    def g(p, n):
        return p["a"] * n, n

    g.defvjp(lambda p, n: (g(p, n), (n, 3.0)), lambda kept, ct: ({"a": ct[0] * kept[1]}, None))
    found = jf.grad(lambda p: g(p, 4)[0].sum())({"a": X})
    np.testing.assert_array_equal(found["a"], 3 * ONES)


def test_nondiff_argnums_keywords_and_defaults():
    @functools.partial(jf.custom_jvp, nondiff_argnums=(0, 2))
    def apply(f, x, how="sum", scale=1.0):
        return getattr(f(x) * scale, how)()

    @apply.defjvp
    def _(f, how, primals, tangents):
        x, scale = primals
        return apply(f, x, how, scale), tangents[0].sum() * 7 + tangents[1]

    np.testing.assert_array_equal(jf.grad(lambda x: apply(jnp.exp, x))(X), 7 * ONES)
    assert jf.grad(lambda s: apply(jnp.exp, X, scale=s, how="max"))(2.0) == 1.0

    @functools.partial(jf.custom_vjp, nondiff_argnames="n")
    def power(x, n):
        return x**n

    power.defvjp(lambda x, n: (power(x, n), x), lambda n, x, ct: (ct * n * x ** (n - 1),))
    np.testing.assert_array_equal(jf.elementwise_grad(lambda x: power(x, 3))(X), 3 * X**2)


def test_a_rule_for_each_argument():
    f = jf.custom_jvp(lambda x, y: x * y)
    f.defjvps(lambda t, out, x, y: 2 * t * y, None)
    by_x, by_y = jf.grad(lambda x, y: f(x, y).sum(), argnums=(0, 1))(X, 2 * X)
    np.testing.assert_array_equal(by_x, 4 * X)
    np.testing.assert_array_equal(by_y, 0 * X)
    f.defjvps(lambda t, out, x, y: t, lambda t, out, x, y: -t)
    assert jf.jvp(f, (1.0, 2.0), (3.0, 5.0)) == (2.0, -2.0)
    f.defjvps(None, None)
    assert jf.jvp(f, (1.0, 2.0), (3.0, 5.0)) == (2.0, 0.0)


def test_captured_arrays_and_values_of_the_trace_around():
    outside = X.copy()
    f = jf.custom_vjp(lambda x: x * outside)
    f.defvjp(lambda x: (x * outside, None), lambda kept, ct: (ct * outside * 2,))
    np.testing.assert_array_equal(jf.elementwise_grad(f)(X), 2 * X)
    outside[:] = 5
    np.testing.assert_array_equal(jf.jit(jf.elementwise_grad(f))(X), 10 * ONES)

    @jf.jit
    def traced(x, y):
        g = jf.custom_vjp(lambda x: x * y)
        g.defvjp(lambda x: (x * y, jnp.sin(y)), lambda s, ct: (ct * s * y,))
        return jf.grad(lambda x: g(x).sum())(x)

    np.testing.assert_allclose(traced(X, 2 * X), np.sin(2 * X) * 2 * X)


def test_no_derivative_by_what_is_captured():
    def loss(w):
        f = jf.custom_jvp(lambda x: x * w)
        f.defjvp(lambda primals, tangents: (f(*primals), tangents[0] * w))
        return f(X).sum()

    with pytest.raises(DerivativeError, match="by a value that <lambda> captures"):
        jf.grad(loss)(2.0)


def test_stop_gradient():
    f = lambda x: (jf.stop_gradient(x) * x).sum()  # noqa: E731
    np.testing.assert_array_equal(jf.grad(f)(X), X)
    np.testing.assert_array_equal(jf.hessian(f)(X), np.zeros((3, 3)))
    assert jf.jvp(lambda x: jf.stop_gradient(x) * 2, (1.0,), (1.0,)) == (2.0, 0.0)
    tree = jf.grad(lambda p: (jf.stop_gradient(p)["a"] * p["n"] * p["a"]).sum())
    np.testing.assert_array_equal(tree({"a": X, "n": 2.0})["a"], 2 * X)
    np.testing.assert_array_equal(jf.vmap(jf.grad(lambda x: jf.stop_gradient(x) * x))(X), X)
    assert jf.stop_gradient({"a": 3}) == {"a": 3}
    graph = jf.jit(jf.stop_gradient).trace(X).graph
    assert not graph.ops


def refused(rule=None, fwd=None, bwd=None):
    """The gradient of a function x -> x * x with these rules."""
    if rule is not None:
        f = jf.custom_jvp(lambda x: x * x)
        f.defjvp(rule)
    else:
        f = jf.custom_vjp(lambda x: x * x)
        f.defvjp(fwd or (lambda x: (x * x, x)), bwd)
    return lambda: jf.grad(lambda x: f(x).sum())(X)


def undefined(kind):
    return lambda: jf.grad(lambda x: kind(lambda x: x)(x).sum())(X)


@pytest.mark.parametrize(("call", "kind", "text"), [
    (undefined(jf.custom_jvp), DerivativeError, "there is no rule"),
    (undefined(jf.custom_vjp), DerivativeError, "there are no rules"),
    (refused(lambda p, t: p[0]), DerivativeError, "the rule returns .result, tangent., not a Tr"),
    (refused(lambda p, t: ((p[0],), t[0])), DerivativeError, "result is not like the function's"),
    (refused(lambda p, t: (p[0], t)), DerivativeError, "the structure differs at tangent"),
    (refused(lambda p, t: (p[0].sum(), t[0])), ShapeError, r"result has shape \(\)"),
    (refused(lambda p, t: (p[0], t[0].sum())), ShapeError, r"tangent has shape \(\)"),
    (refused(lambda p, t: (p[0], t[0].astype("f4"))), DtypeError, "tangent is f32"),
    (refused(lambda p, t: (p[0], t[0] * t[0])), DerivativeError, "mul: is not linear in a tang"),
    (refused(fwd=lambda x: x, bwd=lambda k, c: (c,)), DerivativeError, "fwd returns .result, res"),
    (refused(bwd=lambda k, c: c), DerivativeError, "a cotangent for each of 1 arguments, not Tr"),
    (refused(bwd=lambda k, c: (c, c)), DerivativeError, "each of 1 arguments, not 2"),
    (refused(bwd=lambda k, c: ([c],)), DerivativeError, r"differs at cotangent\[0\]"),
    (refused(bwd=lambda k, c: (c.sum(),)), ShapeError, r"cotangent\[0\] has shape \(\)"),
    (refused(fwd=lambda x: (x, "no"), bwd=lambda k, c: (c,)), TraceError, "residuals"),
    (lambda: jf.custom_jvp(3), TraceError, "custom_jvp takes a function"),
    (lambda: jf.custom_jvp(np.sin, nondiff_argnums=(-1,)), TraceError, "takes positions"),
    (lambda: jf.custom_vjp(lambda x: x, nondiff_argnames="y"), TraceError, "takes names of .'x'"),
    (lambda: jf.custom_vjp(np.sin).defvjp(np.sin, None), TraceError, "takes a function"),
])  # fmt: skip
def test_refusals(call, kind, text):
    with pytest.raises(kind, match=text) as caught:
        call()
    assert "test_custom.py" in str(caught.value)


def test_arguments_that_do_not_fit_the_function():
    with pytest.raises(TypeError, match="log1pexp: too many positional arguments"):
        jf.grad(lambda x: log1pexp(x, x))(1.0)
    f = jf.custom_jvp(lambda x, *, y: x)
    with pytest.raises(DerivativeError, match="y can be given by keyword only"):
        jf.grad(lambda x: f(x, y=x))(1.0)
