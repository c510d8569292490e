"""Traced arrays: handles, views, writes, weak numbers, captures, and what needs a number."""

import numpy as np
import pytest

import jitflow as jf
import jitflow.numpy as jnp
from jitflow.errors import TraceError
from jitflow.ir.core import walk
from jitflow.trace import TracedArray


def same_as_numpy(function, *args):
    """The jitted function gives what the plain one gives, dtypes included."""
    expected = function(*[x.copy() if isinstance(x, np.ndarray) else x for x in args])
    got = jf.jit(function)(*args)
    for a, b in zip(np.atleast_1d(got), np.atleast_1d(expected), strict=True):
        np.testing.assert_array_equal(a, b, strict=True)


X = np.arange(12.0).reshape(3, 4)


def test_facts_of_a_traced_array():
    seen = {}

    def f(x):
        seen.update(
            shape=x.shape, dtype=x.dtype, ndim=x.ndim, size=x.size, length=len(x), text=repr(x),
            itemsize=x.itemsize, nbytes=x.nbytes, rows=len(list(x)), transposed=x.T.shape,
        )
        return x * 2

    jf.jit(f)(X.astype(np.float32))
    assert seen == {
        "shape": (3, 4), "dtype": np.dtype("f4"), "ndim": 2, "size": 12, "length": 3,
        "text": "TracedArray(f32[3, 4])", "itemsize": 4, "nbytes": 48, "rows": 3,
        "transposed": (4, 3),
    }


def view_sees_write(x):
    y = x + 0
    v = y[1:]
    y += 1
    return v * 1


def write_through_view(x):
    y = x + 0
    v = y[1:, ::2]
    v += 100
    return y


def write_through_reversed_transpose(x):
    y = x + 0
    v = y.T[::-1]
    v *= 2
    v[0] = -1
    return y


def assign_elements(x):
    y = np.zeros_like(x)
    y[0, 1] = 5
    y[-1] = x[0]
    y[:, 2] += 7
    y[...] += 1
    return y


def assign_by_mask(x):
    y = x * 1
    y[y > 4] = -1
    return y


def copy_is_apart(x):
    y = x + 0
    z = y.copy()
    y += 1
    return y - z


def scalar_element_is_apart(x):
    y = x + 0
    first = y[0, 0]
    y += 1
    return first + y


def element_with_an_ellipsis_is_a_view(x):
    y = x + 0
    element, other = y[1, 2, ...], y[..., 0, 0]
    y[1] = 5
    other += 3
    element[...] = 7
    return y + element + other


def augmented_scalar_rebinds(x):
    total = x.sum()
    kept = total
    total += 1
    return total - kept


def reshape_before_a_write_is_kept(x):
    y = x + 0
    total = y.reshape(-1) * 2
    y += 1
    return y.reshape(-1) + total


def reshape_is_written(x):
    y = (x * 2).reshape(4, 3)
    y[0] = 5
    part = y[1:]
    part += y[0]
    y[..., 1] *= part.sum()
    return y


def reshape_of_a_reshape_is_written(x):
    y = np.ravel(x + 0).reshape(2, 6)
    y -= 1
    return y.T


def reshapes_of_arrays_in_c_order_are_views(x):
    y, z, filled = x.copy(), jnp.zeros((4, 4)), jnp.full((3, 4), x)
    y[2].fill(x[0, 1])
    y.reshape(-1)[1:3] = 7
    y.ravel().reshape(2, 6)[1] *= 2
    z.reshape(-1)[::5] = x[0]
    filled[0] = 9
    flat = z.reshape(-1)
    z += 1
    return jnp.concatenate([part.reshape(-1) for part in (y, z.reshape(2, 8), flat, x, filled)])


def inserted_axis_is_a_view(x):
    y = x + 0
    v = y[:, None, :]
    v += 1
    return y


@pytest.mark.parametrize("function", [
    view_sees_write, write_through_view, write_through_reversed_transpose, assign_elements,
    assign_by_mask, copy_is_apart, scalar_element_is_apart, augmented_scalar_rebinds,
    element_with_an_ellipsis_is_a_view,
    inserted_axis_is_a_view, reshape_before_a_write_is_kept, reshape_is_written,
    reshape_of_a_reshape_is_written, reshapes_of_arrays_in_c_order_are_views,
])  # fmt: skip
def test_views_and_writes_are_numpys(function):
    same_as_numpy(function, X)


def write_argument(x):
    x += 1
    return x


def write_view_of_argument(x):
    x[0] = 1
    return x


def write_reshape_of_argument(x):
    x.reshape(-1)[0] = 1
    return x


def write_after_reshape(x):
    y = x + 0
    flat = y.reshape(-1)
    flat += 1
    return y


def read_reshape_after_write(x):
    y = x + 0
    flat = y.reshape(-1)
    y += 1
    return flat


def write_broadcast(x):
    y = np.broadcast_to(x + 0, (2, 3, 4))
    y += 1
    return y


@pytest.mark.parametrize(("function", "reason"), [
    (write_argument, "it is argument x"),
    (write_view_of_argument, "it is argument x"),
    (write_reshape_of_argument, "it is argument x"),
    (write_after_reshape, "may have made a copy"),
    (read_reshape_after_write, "or a reshape of it, was written"),
    (write_broadcast, "it is broadcast"),
])
def test_writes_that_numpy_might_do_otherwise_are_refused(function, reason):
    with pytest.raises(TraceError, match=reason):
        jf.jit(function)(X)


@pytest.mark.parametrize("number", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("key", [0, np.eye(3, 4) > 0], ids=["row", "mask"])
def test_integers_take_no_nan(number, key):
    def f(x):
        y = x.astype(int)
        y[key] = number
        return y

    with pytest.raises(OverflowError, match=f"cannot convert {number} to int64"):
        jf.jit(f)(X)


def test_a_captured_array_is_not_written():
    outside = X.copy()

    def f(x):
        y = jnp.asarray(outside)
        y[0] += x
        return y

    with pytest.raises(TraceError, match="it is a captured array"):
        jf.jit(f)(X[0])


def test_a_numpy_array_counts_with_what_it_held_when_it_was_used():
    def f(x):
        total, buffer, row = x * 0, np.zeros(4), np.full(4, np.nan)[::2]
        for i in range(3):
            buffer[:] = i + 1
            total = total + x * buffer
        first = total[:2] + row
        row[...] = -0.0
        return total, first, total[:2] * row, x + buffer, jf.jit(lambda z: z - buffer)(x)

    jitted = jf.jit(f)
    for _ in range(2):
        for got, expected in zip(jitted(X[0]), f(X[0]), strict=True):
            np.testing.assert_array_equal(got, expected, strict=True)


@pytest.mark.parametrize("other", [1, 1.5, True, 2j, np.float64(2), np.float32(2), np.int8(3)])
@pytest.mark.parametrize("dtype", ["f4", "f8", "i1", "i8", "u1", "?"])
def test_python_numbers_are_weak_and_numpys_are_strong(other, dtype):
    x = np.array([0, 1, 2]).astype(dtype)
    expected = x * other
    got = jf.jit(lambda x: x * other)(x)
    np.testing.assert_array_equal(got, expected, strict=True)
    got = jf.jit(lambda x, y: x * y)(x, other)
    np.testing.assert_array_equal(got, expected, strict=True)


def test_a_weak_integer_out_of_range_is_refused():
    x = np.zeros(2, np.int8)
    with pytest.raises(OverflowError, match="300 out of bounds for int8"):
        jf.jit(lambda x: x + 300)(x)


def test_a_weak_integer_argument_is_checked_at_each_call():
    f = jf.jit(lambda x, n: x + n)
    x = np.zeros(2, np.int8)
    np.testing.assert_array_equal(f(x, 100), x + 100, strict=True)
    for n in (300, -129):
        with pytest.raises(OverflowError, match="out of bounds for int8"):
            f(x, n)
    assert f.cache_info().size == 1


def test_an_outer_trace_is_captured_by_a_nested_one():
    def f(x, w):
        return jf.grad(lambda v: (v * w * x).sum())(x + 1)

    np.testing.assert_allclose(jf.jit(f)(X, 2 * X), 2 * X * X)


def test_an_outer_array_is_not_written_in_a_nested_trace():
    def f(x, write):
        kept = x * 1

        def g(v):
            write(kept, v)
            return v.sum()

        return jf.grad(g)(x)

    def through_a_view(kept, v):
        row = kept[0]
        row += v[0]

    for write in (lambda kept, v: kept.__setitem__(0, v[0]), through_a_view):
        with pytest.raises(TraceError, match="the function around this one"):
            jf.jit(f, static_argnames="write")(X, write)


def test_an_array_is_dead_after_its_trace():
    kept = []

    @jf.jit
    def f(x):
        kept.append(x * 2)
        return x

    f(X)
    assert isinstance(kept[0], TracedArray)
    for use in (lambda: kept[0] + 1, lambda: jf.jit(lambda x: x + kept[0])(X)):
        with pytest.raises(TraceError, match=r"kept.append\(x \* 2\)"):
            use()


def test_lists_of_traced_values_are_stacked():
    np.testing.assert_array_equal(jf.jit(lambda x: x + [x[0, 0], 2, 3, 4])(X), X + [0, 2, 3, 4])


def test_ops_carry_the_users_line():
    def f(x):
        y = x + 1
        return jnp.exp(y).sum()

    lines = {op.name: op.locations[0] for op in walk(jf.jit(f).trace(X).graph.body)}
    first = f.__code__.co_firstlineno
    assert lines["add"] == (__file__, first + 1, "f")
    assert lines["exp"].text == "return jnp.exp(y).sum()"


def test_numpy_functions_trace_too():
    f = jf.jit(lambda x: np.sqrt(np.maximum(x, 1)).sum() + np.add.reduce(x).sum())
    np.testing.assert_allclose(f(X), np.sqrt(np.maximum(X, 1)).sum() + X.sum())


def test_the_graph_keeps_dead_and_duplicate_ops_in_program_order():
    def f(x):
        x * 3
        a = x + 1
        b = x + 1
        return a * b

    names = [op.name for op in jf.jit(f).trace(X).graph.ops if op.name != "constant"]
    assert names == ["mul", "add", "add", "mul"]


def rows_of(function, *args):
    return {op.row.name for op in jf.jit(function).trace(*args).graph.ops}


def test_a_write_to_a_slice_is_an_update():
    def f(x):
        y = x + 0
        y[1:, 1:-1] *= 2
        return y

    def strided(x):
        y = x + 0
        y[1:, ::2] *= 2
        return y

    assert rows_of(f, X) == rows_of(strided, X) == {"constant", "add", "slice", "mul", "update"}
    gradient = jf.grad(lambda x: (f(x) ** 2 + strided(x)).sum())
    assert not {"concatenate", "pad"} & rows_of(gradient, X)
    factor = np.ones_like(X)
    factor[1:, 1:-1] = 4
    strides = np.ones_like(X)
    strides[1:, ::2] = 2
    np.testing.assert_array_equal(gradient(X), 2 * X * factor + strides)
