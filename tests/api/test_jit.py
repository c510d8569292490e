"""jit: what it takes, what it gives, when it compiles."""

import copy
import dataclasses
import functools
import gc
import itertools
import os
import pickle
import signal
import threading
import weakref
from collections import namedtuple

import ml_dtypes
import numpy as np
import pytest

import jitflow as jf
import jitflow.numpy as jnp
from jitflow.errors import DtypeError, TraceError

X = np.arange(6, dtype=np.float32).reshape(2, 3)
Pair = namedtuple("Pair", "first second")


def double(x):
    """Twice x."""
    return x * 2


def test_decorators():
    for f in (
        jf.jit(double), jf.jit(static_argnames=())(double), jf.jit(lambda x: x * 2),
        jf.jit(functools.partial(np.multiply, 2)), jf.jit(jf.jit(double)), jf.jit(np.square),
    ):  # fmt: skip
        expected = X * X if "square" in repr(f) else X * 2
        np.testing.assert_array_equal(f(X), expected, strict=True)


def test_the_function_is_wrapped():
    f = jf.jit(double)
    assert (f.__name__, f.__doc__, f.__wrapped__) == ("double", "Twice x.", double)
    assert repr(f) == "<jit of double>"


def test_a_jitted_function_is_pickled_by_name():
    assert pickle.loads(pickle.dumps(module_level)) is module_level
    assert copy.deepcopy(module_level) is module_level


@jf.jit
def module_level(x):
    return x + 1


def test_one_compilation_per_signature():
    f = jf.jit(lambda x, k: x * k)
    f(X, 2.0), f(X, 3.0), f(X + 1, 4.0)
    assert f.cache_info() == (2, 1, 1)
    f(X, 2), f(X[:1], 2.0), f(X.astype(np.float64), 2.0), f(X, k=2.0)
    assert f.cache_info() == (2, 5, 5)
    f.clear_cache()
    assert f.cache_info() == (0, 0, 0)


def test_static_arguments():
    traces = []

    @jf.jit(static_argnames="power")
    def f(x, power=2, *, negate=False):
        traces.append(power)
        return (-x if negate is True else x) ** power

    np.testing.assert_array_equal(f(X), X**2)
    np.testing.assert_array_equal(f(X, 3), X**3)
    np.testing.assert_array_equal(f(X, power=3), X**3)
    np.testing.assert_array_equal(f(X, 3), X**3)
    assert traces == [2, 3, 3]


def test_static_positions_and_negative_ones():
    def f(n, x, m):
        return jnp.broadcast_to(x, (n, m, 2))

    for numbers in ((0, 2), (0, -1)):
        assert jf.jit(f, static_argnums=numbers)(3, X[0, :2], 4).shape == (3, 4, 2)


def test_static_values_of_different_types_do_not_meet():
    f = jf.jit(lambda x, k: x * k, static_argnums=1)
    for k in (1, 1.0, True, 0.0, -0.0):
        np.testing.assert_array_equal(np.signbit(f(-X, k)), np.signbit(-X * k))
    assert f.cache_info().size == 5


@dataclasses.dataclass
class Scaled:
    x: object
    factor: object = dataclasses.field(metadata={"static": True})


def test_static_fields_of_different_types_do_not_meet():
    f = jf.jit(lambda s: s.x * s.factor)
    for _ in range(3):
        for factor in (2, 2.0, 1, True, 0.0, -0.0, np.float32(2)):
            x = np.arange(3)
            found = f(Scaled(x, factor))
            np.testing.assert_array_equal(np.signbit(found), np.signbit(x * factor), strict=True)
            np.testing.assert_array_equal(found, x * factor, strict=True)
    assert f.cache_info().size == 7


def test_varargs_and_keywords():
    f = jf.jit(lambda *xs, **named: sum(xs) + named["a"] * 2 - named["b"])
    np.testing.assert_array_equal(f(X, X, a=X, b=1), X * 4 - 1)


def test_pytrees_in_and_out():
    @jf.jit
    def f(tree):
        return {"sum": tree["a"] + tree["b"][0], "rest": [None, Pair(tree["b"][1], (1.5,))]}

    got = f({"a": X, "b": (X, np.float64(3))})
    np.testing.assert_array_equal(got["sum"], X * 2, strict=True)
    assert got["rest"] == [None, Pair(3.0, (1.5,))]
    assert type(got["rest"][1].first) is np.float64


def test_results_are_fresh_and_dense():
    f = jf.jit(lambda x: (x, x, x.T))
    a, b, c = f(X)
    assert not any(np.shares_memory(p, q) for p, q in [(a, X), (b, X), (c, X), (a, b)])
    assert all(r.flags.c_contiguous and r.flags.writeable for r in (a, b, c))
    assert not np.shares_memory(f(X)[0], a)


def test_rank_0_results_are_numpy_scalars():
    assert type(jf.jit(lambda x: x.sum())(X)) is np.float32
    assert type(jf.jit(lambda: 1)()) is np.int64
    assert type(jf.jit(lambda x: x)(2.5)) is np.float64
    assert type(jf.jit(lambda x: x)(np.bool_(True))) is np.bool_


def test_what_a_function_may_return():
    constant = np.arange(3)
    assert jf.jit(lambda x: None)(X) is None
    assert jf.jit(lambda: ())() == ()
    got = jf.jit(lambda: (constant, np.int8(3), True, [2.0]))()
    np.testing.assert_array_equal(got[0], constant, strict=True)
    assert got[1:] == (3, True, [2.0])
    got[0][0] = 9
    assert constant[0] == 0


def strange_layouts():
    base = np.arange(48, dtype=np.float64).reshape(6, 8)
    memory = np.zeros(6 * 8 * 8 + 1, np.uint8)[1:].view(np.float64).reshape(6, 8)
    memory[...] = base
    read_only = base.copy()
    read_only.flags.writeable = False
    return {
        "misaligned": memory, "reversed": base[::-1, ::-1], "strided": base[::2, ::3],
        "read_only": read_only, "fortran": np.asfortranarray(base), "transposed": base.T,
        "broadcast": np.broadcast_to(base[0], (6, 8)), "empty": base[:0], "rank_0": base[0, 0, ...],
        "size_1": base[:1, :1],
    }  # fmt: skip


@pytest.mark.parametrize("name", strange_layouts())
def test_layouts(name):
    x = strange_layouts()[name]
    np.testing.assert_array_equal(jf.jit(lambda x: x * 2 + 1)(x), x * 2 + 1)


def test_memory_maps(tmp_path):
    x = np.memmap(tmp_path / "x", np.float32, "w+", shape=(4, 5))
    x[:] = 3
    got = jf.jit(double)(x)
    assert type(got) is np.ndarray
    np.testing.assert_array_equal(got, np.full((4, 5), 6, np.float32), strict=True)


def test_captured_arrays_are_read_at_each_call():
    outside = np.ones(3, np.float32)
    factor = 2.0
    f = jf.jit(lambda x: x * outside * factor + outside)
    np.testing.assert_array_equal(f(X), X * 2 + 1)
    outside[:] = 5
    np.testing.assert_array_equal(f(X), X * 10 + 5)
    assert f.cache_info() == (1, 1, 1)
    assert f.captured() == (
        ("outside", "float32[3]", "read at each call"), ("factor", "2.0", "frozen when traced"),
    )
    assert len(next(iter(f._cache.values())).captured) == 1


def test_nested_jit_is_a_call():
    inner = jf.jit(lambda x, k: {"y": x * k})
    outer = jf.jit(lambda x: inner(x, 2)["y"] + inner(x + 1, k=X)["y"])
    np.testing.assert_array_equal(outer(X), X * 2 + (X + 1) * X)
    calls = [op for op in outer.trace(X).graph.ops if op.name == "call"]
    assert [op.attrs["name"] for op in calls] == ["<lambda>"] * 2


def test_recursion_on_a_static_argument():
    @jf.jit(static_argnames="n")
    def power(x, n):
        return x if n == 1 else x * power(x, n - 1)

    np.testing.assert_array_equal(power(X, 5), X**5)


def test_threads_share_one_compilation():
    traces = []

    @jf.jit
    def f(x):
        traces.append(1)
        return x * 2 + 1

    results = {}
    start = threading.Barrier(8)

    def work(k):
        start.wait()
        for _ in range(20):
            results[k] = f(np.full(5, float(k)))

    threads = [threading.Thread(target=work, args=(k,)) for k in range(8)]
    [t.start() for t in threads]
    [t.join() for t in threads]
    assert len(traces) == 1
    assert all((results[k] == 2 * k + 1).all() for k in range(8))


def test_an_error_in_the_function_leaves_no_trace_open():
    @jf.jit
    def f(x, fail):
        if fail is None:
            raise KeyError("mine")
        return x

    with pytest.raises(KeyError, match="mine"):
        f(X, None)
    np.testing.assert_array_equal(f(X, 1), X)
    np.testing.assert_array_equal(jnp.exp(X), np.exp(X))


def test_deep_trees():
    tree = X
    for _ in range(500):
        tree = [tree]
    got = jf.jit(lambda t: t)(tree)
    for _ in range(500):
        (got,) = got
    np.testing.assert_array_equal(got, X)


def test_a_method_of_an_unhashable_object_is_refused():
    class Unhashable:
        __hash__ = None

        @jf.jit
        def f(self, x):
            return x

    with pytest.raises(TraceError, match="must be hashable, got an Unhashable"):
        Unhashable().f(X)


def test_the_big_integer_argument():
    with pytest.raises(OverflowError):
        jf.jit(lambda n: n + 1)(2**63)


def test_byte_swapped_after_native_is_refused():
    f = jf.jit(double)
    f(X)
    with pytest.raises(DtypeError, match="argument x"):
        f(X.astype(">f4"))


def test_arrays_of_others_are_refused_with_a_cure():
    class Theirs:
        def __array__(self, dtype=None, copy=None):
            return X

    with pytest.raises(TraceError, match=r"argument x: .* got a Theirs\n  cure: pass np.asarray"):
        jf.jit(double)(Theirs())
    with pytest.raises(DtypeError, match=r"int4 is not supported; convert with .astype\(float"):
        jf.jit(double)(np.ones(2, ml_dtypes.int4))
    with pytest.raises(DtypeError, match="take its fields one by one"):
        jf.jit(double)(np.ones(2, [("a", "f4")]))


def test_arguments_are_not_kept_alive():
    f = jf.jit(double)
    x = np.ones(1000)
    seen = weakref.ref(x)
    f(x)
    del x
    gc.collect()
    assert seen() is None


@pytest.mark.parametrize("left", [2, 2.5, np.float32(2), np.float64(2), X, X[0], [1.0, 2, 3], True])
def test_reflected_operators(left):
    for op in (
        lambda a, b: a + b, lambda a, b: a - b, lambda a, b: a * b, lambda a, b: a / b,
        lambda a, b: a < b, lambda a, b: a == b,
    ):  # fmt: skip
        expected = op(left, X + 1)
        got = jf.jit(lambda x, op=op: op(left, x + 1))(X)
        np.testing.assert_array_equal(got, expected, strict=True)


def test_keywords_are_not_taken_for_a_dict_argument():
    @jf.jit
    def f(a, b=None, **named):
        return (a[0] + b["y"] if b is not None else a - named["y"])

    for _ in range(2):
        np.testing.assert_array_equal(f((X,), {"y": X}), X + X)
        np.testing.assert_array_equal(f(X, y=X), X - X)


@pytest.mark.parametrize("on", [True, False])
def test_the_cycle_collector_is_as_it_was_after_a_compilation(on):
    def broken(x):
        assert not gc.isenabled()
        raise ValueError("from the user's function")

    def fine(x):
        return x + 1

    was_on = gc.isenabled()
    (gc.enable if on else gc.disable)()
    try:
        jf.jit(fine)(np.ones(3))
        with pytest.raises(ValueError, match="user's"):
            jf.jit(broken)(np.ones(3))
        assert gc.isenabled() is on
    finally:
        (gc.enable if was_on else gc.disable)()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_fork_while_another_thread_compiles():
    started, forked = threading.Event(), threading.Event()

    @jf.jit
    def slow(x):
        started.set()
        forked.wait(60)
        return x + 1

    thread = threading.Thread(target=slow, args=(1.0,))
    thread.start()
    started.wait(60)
    child = os.fork()
    if child == 0:
        signal.alarm(60)
        forked.set()
        os._exit(0 if slow(1.0) == 2 and jf.jit(lambda x: x * 2)(3.0) == 6 else 1)
    forked.set()
    thread.join()
    assert os.waitpid(child, 0)[1] == 0


# Layouts.


def test_large_arrays_are_read_as_they_lie():
    """In any order of axes; results are in C order, and the code is for that order."""
    x = np.random.default_rng(0).normal(size=(40, 30, 20))
    f = jf.jit(lambda x: (x * 2, x.sum(axis=1), x[3:9, ::2], x.reshape(-1, 2), x[5]))
    for count, order in enumerate(itertools.permutations(range(3)), start=1):
        y = x.transpose(order).copy().transpose(np.argsort(order))
        results = f(y)
        expected = y * 2, y.sum(axis=1), y[3:9, ::2], y.reshape(-1, 2), y[5]
        for got, want in zip(results, expected, strict=True):
            assert got.flags.c_contiguous
            np.testing.assert_allclose(got, want, rtol=1e-12)
        assert f.cache_info().misses == count
    assert f(x[::2, ::2, ::-1])[0].shape == (20, 15, 20)


def test_an_array_in_another_order_is_an_argument_like_others():
    x = np.asfortranarray(np.random.default_rng(0).normal(size=(80, 90)))
    f = jf.jit(lambda x: x * captured)
    captured = x
    np.testing.assert_array_equal(f(x), x * x)
    np.testing.assert_array_equal(f(np.ascontiguousarray(x)), x * x)
    np.testing.assert_array_equal(f.lower(x).compile()(x), x * x)
    np.testing.assert_array_equal(jf.grad(lambda x: (x * x).sum())(x), 2 * x)

    @jf.jit
    def write(x):
        x[0] = 1
        return x

    with pytest.raises(TraceError, match="argument x"):
        write(x)


@jf.jit
@functools.lru_cache
def cached(x):
    return x


def test_a_function_that_is_no_python_code_names_the_line_of_the_call():
    with pytest.raises(TraceError, match=r"test_jit\.py:\d+: cached\(2\)"):
        cached(2)


def test_what_numpy_makes_of_arrays_from_outside_is_frozen():
    weights = np.ones(3)
    f = jf.jit(lambda x: (x * (weights * 2), x * (jnp.asarray(weights) * 2), x * weights[::-1]))
    f(1.0)
    weights[:] = 5.0
    for result, expected in zip(f(1.0), (2.0, 10.0, 5.0), strict=True):
        np.testing.assert_array_equal(result, np.full(3, expected))
