"""vmap: against a loop, axes in and out, trees, nesting with derivatives, refusals."""

import numpy as np
import pytest

import jitflow as jf
import jitflow.numpy as jnp
from jitflow.errors import AxisError, CheckError, ShapeError, TraceError

RNG = np.random.default_rng(5)
X = np.arange(1.0, 4.0)
A = RNG.normal(size=(5, 3))
W = RNG.normal(size=(3, 4))
IN_AND_OUT = pytest.mark.parametrize("wrap", [lambda f: f, jf.jit], ids=["eager", "jit"])


def looped(f, *columns):
    return np.stack([f(*row) for row in zip(*columns, strict=True)])


FUNCTIONS = [
    lambda x: x * 2 + 1,
    lambda x: x.sum(),
    lambda x: x @ W,
    lambda x: jnp.where(x > 0, x, 0.5),
    lambda x: jnp.concatenate([x, x[::-1], np.zeros(1)]),
    lambda x: x.argmax(),
    lambda x: x[1:] - x[:-1],
    lambda x: jnp.outer(x, x),
    lambda x: (x.reshape(3, 1) @ x.reshape(1, 3)).T,
    lambda x: jnp.pad(x, 2, constant_values=7),
    lambda x: x.mean() + jnp.zeros(2),
]


def with_a_write(x):
    y = jnp.zeros(4)
    y[1:] = x
    y[0] += x[2]
    return y


@pytest.mark.parametrize("f", [*FUNCTIONS, with_a_write])
@IN_AND_OUT
def test_a_batch_is_a_loop(wrap, f):
    np.testing.assert_allclose(wrap(jf.vmap(f))(A), looped(jf.jit(f), A), rtol=1e-13)


@pytest.mark.parametrize("in_axes", [0, 1, -1, (0, 0), (1, -2), (None, 0), (-1, None), [0, None]])
@IN_AND_OUT
def test_axes_in(wrap, in_axes):
    square = RNG.normal(size=(3, 3))
    both = in_axes if isinstance(in_axes, (tuple, list)) else (in_axes, in_axes)
    rows = [
        np.moveaxis(x, axis, 0) if axis is not None else np.stack([x] * 3)
        for x, axis in zip((square, square + 1), both, strict=True)
    ]
    found = wrap(jf.vmap(lambda x, y: x * y, in_axes))(square, square + 1)
    taken = [x[0] for x in rows]
    assert found.shape == (3, *np.broadcast_shapes(*(x.shape for x in taken)))
    np.testing.assert_array_equal(found, looped(lambda x, y: x * y, *rows))


@pytest.mark.parametrize("axis", [0, 1, 2, -1, -3])
def test_axes_out(axis):
    found = jf.vmap(lambda x: jnp.outer(x, x), out_axes=axis)(A)
    np.testing.assert_array_equal(found, np.stack([np.outer(x, x) for x in A], axis))


def test_trees_of_axes():
    def f(params, x):
        return {"y": x @ params["w"] + params["b"], "pair": (x.sum(), params["b"])}

    params = {"w": W, "b": RNG.normal(size=(5, 4))}
    found = jf.vmap(
        f, in_axes=({"w": None, "b": 0}, 0), out_axes={"y": 1, "pair": (0, 1)}
    )(params, A)
    np.testing.assert_allclose(found["y"], (A @ W + params["b"]).T)
    np.testing.assert_allclose(found["pair"][0], A.sum(1))
    np.testing.assert_array_equal(found["pair"][1], params["b"].T)


def test_keywords_are_mapped_along_axis_0():
    found = jf.vmap(lambda x, scale, shift: x * scale + shift, in_axes=(0, None))(
        X, 2.0, shift=10 * X
    )
    np.testing.assert_array_equal(found, 12 * X)


def test_what_is_the_same_for_all_is_repeated_or_kept():
    same, kept = jf.vmap(lambda x, y: (y + 1, y * 2), (0, None), (0, None))(A, X)
    np.testing.assert_array_equal(same, np.stack([X + 1] * 5))
    np.testing.assert_array_equal(kept, 2 * X)
    graph = jf.jit(jf.vmap(lambda x, y: x * jnp.exp(y), (0, None))).trace(A, X).graph
    assert [op.result.type.shape for op in graph.ops if op.name == "exp"] == [(3,)]


def test_number_of_elements_by_axis_size():
    np.testing.assert_array_equal(jf.vmap(lambda x: x, None, axis_size=2)(X), [X, X])


def test_in_vmap_in_grad_in_any_order():
    f = lambda x, y: (x * y * y).sum()  # noqa: E731
    np.testing.assert_allclose(jf.vmap(jf.grad(f))(A, A), A * A)
    np.testing.assert_allclose(jf.grad(lambda x: jf.vmap(f)(x, x).sum())(A), 3 * A * A)
    per_pair = jf.vmap(jf.vmap(f, (None, 0)), (0, None))
    np.testing.assert_allclose(per_pair(A, A), np.einsum("ik,jk->ij", A, A * A))
    np.testing.assert_allclose(
        jf.vmap(lambda x: jf.jvp(jnp.sin, (x,), (x,))[1])(A), A * np.cos(A)
    )
    np.testing.assert_allclose(
        jf.jvp(jf.vmap(lambda x: (x * x).sum()), (A,), (A,))[1], 2 * (A * A).sum(1)
    )
    pull = jf.vmap(lambda x: jf.vjp(jnp.sin, x)[1](x)[0])
    np.testing.assert_allclose(pull(A), A * np.cos(A))


def test_jitted_functions_and_captured_values():
    shift = X.copy()
    f = jf.vmap(jf.jit(lambda x: x + shift))
    np.testing.assert_array_equal(f(A), A + X)
    outer = jf.jit(lambda a, s: jf.vmap(lambda x: x * s)(a))
    np.testing.assert_array_equal(outer(A, X), A * X)
    inner = jf.jit(lambda a, b: jf.vmap(lambda x: jf.vmap(lambda y: (x * y).sum())(b))(a))
    np.testing.assert_allclose(inner(A, A), A @ A.T)


def test_static_arguments_of_a_jitted_function_stay_static():
    f = jf.jit(lambda x, how: getattr(x, how)(), static_argnums=1)
    np.testing.assert_array_equal(jf.vmap(f, (0, None))(A, "max"), A.max(1))


def test_dtypes_and_empty_batches():
    assert jf.vmap(lambda x: x * 2)(A.astype(np.float32)).dtype == np.float32
    assert jf.vmap(lambda x: x.sum())(np.zeros((0, 3))).shape == (0,)
    assert jf.vmap(lambda x: x * x)(np.arange(3)).tolist() == [0, 1, 4]


def test_a_check_fails_for_any_element():
    f = jf.vmap(lambda x, n: x ** n)
    np.testing.assert_array_equal(f(np.arange(3), np.array([0, 1, 2])), [1, 1, 4])
    with pytest.raises(CheckError, match="negative"):
        f(np.arange(3), np.array([0, -1, 2]))


@pytest.mark.parametrize(("call", "kind", "text"), [
    (lambda: jf.vmap(jnp.sin)(2.0), AxisError, "argument x has no axis 0"),
    (lambda: jf.vmap(lambda x: x, 2)(A), AxisError, "argument x has no axis 2"),
    (lambda: jf.vmap(lambda x, y: x)(X, A), ShapeError, "argument y has 5 elements.* x says 3"),
    (lambda: jf.vmap(lambda x: x, axis_size=4)(X), ShapeError, "3 elements on axis 0.*says 4"),
    (lambda: jf.vmap(lambda x: x, None)(X), TraceError, "nothing is mapped"),
    (lambda: jf.vmap(lambda x, y: x, (0,))(X, X), TraceError, "in_axes has 1 entries, .* 2 pos"),
    (lambda: jf.vmap(lambda x: x, ((0, 0),))(X), TraceError, "a tuple of 2 where there is an arr"),
    (lambda: jf.vmap(lambda x: x, ({"a": 0},))({"b": X}), TraceError, "in_axes has a dict of 1"),
    (lambda: jf.vmap(lambda x: x, (True,))(X), TraceError, "in_axes takes ints, None"),
    (lambda: jf.vmap(lambda x: x, "rows"), TraceError, "in_axes is an int, None, or a tuple"),
    (lambda: jf.vmap(lambda x: x, out_axes=None)(X), TraceError, "differs from element to elem"),
    (lambda: jf.vmap(lambda x: x, out_axes=1)(X), AxisError, "result has no axis 1"),
    (lambda: jf.vmap(lambda x: x, out_axes=(0, 0))(X), TraceError, "out_axes has a tuple of 2"),
    (lambda: jf.vmap(lambda x: x, axis_size="n")(X), TraceError, "axis_size is a number >= 0"),
    (lambda: jf.vmap(3), TraceError, "vmap takes a function"),
])  # fmt: skip
@IN_AND_OUT
def test_refusals(wrap, call, kind, text):
    with pytest.raises(kind, match=text) as caught:
        wrap(call)()
    assert "test_vmap.py" in str(caught.value)
