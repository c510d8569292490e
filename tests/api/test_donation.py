"""Donated arguments: the same array comes back, and an error comes before any write."""

import sys
import tracemalloc
from dataclasses import replace

import numpy as np
import pytest

import jitflow as jf
from jitflow.errors import CheckError, TraceError
from jitflow.passes.stream_size import stream_bytes
from jitflow.runtime import host_target, tiers
from jitflow.runtime.entry import why_not_native
from jitflow.runtime.memory import why_no_pool
from tests.support.quiet import quiet

X = np.arange(6, dtype=np.float32)


def fresh(*shape):
    return np.arange(np.prod(shape), dtype=np.float32).reshape(shape)


def step(params, x):
    return {"w": params["w"] - x, "b": params["b"] * 2}, x.sum()


@pytest.mark.parametrize("option", [{"donate_argnums": 0}, {"donate_argnames": "params"},
                                    {"donate_argnums": (-2,)}, {"donate_argnames": ["params"]}])
@pytest.mark.parametrize("by_name", [False, True])
def test_the_same_arrays_come_back(option, by_name):
    f = jf.jit(step, **option)
    params = {"w": fresh(6), "b": fresh(3, 2)}
    plain = {"w": fresh(6), "b": fresh(3, 2)}
    for _ in range(4):
        made, total = f(params=params, x=X) if by_name else f(params, X)
        plain, wanted = step(plain, X)
        assert made["w"] is params["w"] and made["b"] is params["b"]
        np.testing.assert_array_equal(made["w"], plain["w"])
        np.testing.assert_array_equal(made["b"], plain["b"])
        assert total == wanted
    assert f.cache_info() == (3, 1, 1)


def test_results_that_read_what_others_overwrite():
    f = jf.jit(lambda x, y: (y[::-1] + x.sum(), x[::-1]), donate_argnums=(0, 1))
    x, y = fresh(6), fresh(6) * 2
    a, b = f(x, y)
    assert a is x and b is y
    np.testing.assert_array_equal(a, (X * 2)[::-1] + X.sum())
    np.testing.assert_array_equal(b, X[::-1])


def test_an_argument_that_is_the_result():
    f = jf.jit(lambda x, y: (y, x), donate_argnums=(0, 1))
    x, y = fresh(6), fresh(6) * 2
    a, b = f(x, y)
    assert a is x and b is y
    np.testing.assert_array_equal(a, X * 2)
    np.testing.assert_array_equal(b, X)


def test_other_results_stay_apart():
    f = jf.jit(lambda x: (x + 1, x + 1, x), donate_argnums=0)
    x = fresh(6)
    a, b, c = f(x)
    assert a is x
    assert not any(np.shares_memory(p, q) for p, q in ((a, b), (a, c), (b, c)))
    np.testing.assert_array_equal(c, X)


def frozen():
    x = fresh(6)
    x.flags.writeable = False
    return x


def misaligned():
    x = np.zeros(25, np.uint8)[1:].view(np.float32)
    assert not x.flags.aligned
    return x


UNFIT = {
    "read-only": (frozen, "read-only"),
    "strided": (lambda: fresh(12)[::2], "not dense"),
    "reversed": (lambda: fresh(6)[::-1], "not dense"),
    "transposed": (lambda: fresh(200, 300).T, "not dense"),
    "misaligned": (misaligned, "not dense, aligned"),
    "number": (lambda: 1.5, "it is a float"),
    "scalar": (lambda: np.float32(1), "it is a float32"),
    "rank 0": (lambda: np.array(1.5), "rank 0"),
    "memory map": (lambda: fresh(6).view(np.memmap), "it is a memmap"),
}


@pytest.mark.parametrize("warm", [False, True])
@pytest.mark.parametrize("make, problem", UNFIT.values(), ids=UNFIT)
def test_what_cannot_be_donated(make, problem, warm):
    f = jf.jit(lambda x: x + 1, donate_argnums=0)
    if warm:
        f(fresh(*np.shape(make()) or (6,)))
    with pytest.raises(TraceError, match=problem) as raised:
        f(make())
    assert "argument x" in str(raised.value) and "donate_argnums" in str(raised.value)
    assert "test_donation.py" in str(raised.value)


def test_no_result_for_it():
    f = jf.jit(lambda x, y: (x + y).sum(), donate_argnums=1)
    y = fresh(6)
    with pytest.raises(TraceError, match=r"no result that is left is float32\[6\]"):
        f(X, y)
    g = jf.jit(lambda x, y: x + y, donate_argnums=(0, 1))
    with pytest.raises(TraceError, match="argument y"):
        g(fresh(6), y)
    np.testing.assert_array_equal(y, X)


def test_shared_memory():
    whole = fresh(12)
    f = jf.jit(lambda x, y: x + y, donate_argnums=0)
    for x, y in ((whole[:6], whole[3:9]), (whole[:6], whole[:6]), (whole[:6], whole[10:4:-1])):
        with pytest.raises(TraceError, match="argument x: cannot be donated: it shares memory with"
                                             " argument y"):
            f(x, y)
    g = jf.jit(lambda x: x + whole[:6], donate_argnums=0)
    with pytest.raises(TraceError, match="from outside"):
        g(whole[2:8])
    both = jf.jit(lambda x, y: (x, y), donate_argnums=(0, 1))
    with pytest.raises(TraceError, match="shares memory"):
        both(whole[:6], whole[:6])
    np.testing.assert_array_equal(whole, fresh(12))
    for start in range(7):  # those that touch in one byte only, too
        if start == 6:
            assert f(whole[:6], whole[6:])[0] == 6
        else:
            with pytest.raises(TraceError, match="argument y"):
                f(whole[:6], whole[start : start + 6])
    with pytest.raises(TraceError, match="argument y"):
        f(whole[6:], whole[1:7])


@pytest.mark.skipif(bool(why_not_native()), reason="no native entry here")
@pytest.mark.parametrize("late", [False, True])
def test_calls_run_no_python_and_keep_nothing(late):
    f = jf.jit(lambda p, x: {"w": (p["w"][::-1] if late else p["w"]) + x}, donate_argnums=0)
    params, x = {"w": fresh(64)}, fresh(64)
    f(params, x)
    w = params["w"]
    quiet()
    before = sys.getrefcount(w), sys.getrefcount(x), sys.getrefcount(w.dtype)
    for _ in range(1000):
        made = f(params, x)
    assert made["w"] is w
    del made
    assert f._entry.calls == 1000
    assert (sys.getrefcount(w), sys.getrefcount(x), sys.getrefcount(w.dtype)) == before
    with pytest.raises(TraceError, match="shares memory"):
        f(params, w)
    assert sys.getrefcount(w) == before[0]
    assert f(params, np.zeros(64, np.float32))["w"] is w


def test_a_failed_check_writes_nothing():
    f = jf.jit(lambda x, i: x + x[i], donate_argnums=0)
    x = fresh(6)
    assert f(x, 1) is x
    before = x.copy()
    with pytest.raises(CheckError):
        f(x, 6)
    np.testing.assert_array_equal(x, before)


@pytest.mark.parametrize("options, problem", [
    ({"donate_argnums": 2}, "donate_argnums names 2"),
    ({"donate_argnames": "z"}, "donate_argnames names 'z'"),
    ({"donate_argnums": "x"}, "donate_argnums takes int"),
    ({"donate_argnums": 0, "static_argnums": 0}, "both donated and static"),
    ({"donate_argnums": 1, "static_argnames": "y"}, "both donated and static"),
])
def test_wrong_options(options, problem):
    with pytest.raises(TraceError, match=problem):
        jf.jit(lambda x, y: x, **options)


def test_beside_static_arguments():
    options = {"static_argnums": 0, "static_argnames": "m", "donate_argnums": 1}
    f = jf.jit(lambda n, x, *, m: x * n + m, **options)
    x = fresh(6)
    assert f(3, x, m=2) is x
    np.testing.assert_array_equal(x, X * 3 + 2)


def test_methods():
    class Model:
        @jf.jit(donate_argnames="x")
        def update(self, x):
            return x + 1

    x = fresh(6)
    assert Model().update(x) is x


def test_within_another_trace_it_means_nothing():
    f = jf.jit(lambda x: x + 1, donate_argnums=0)
    x = fresh(6)
    np.testing.assert_array_equal(jf.jit(lambda x: f(x) + x)(x), 2 * X + 1)
    np.testing.assert_array_equal(jf.grad(lambda x: f(x).sum())(x), np.ones(6))
    np.testing.assert_array_equal(x, X)


@pytest.mark.skipif(bool(why_no_pool()), reason="no pool here")
@pytest.mark.parametrize("donates", [False, True])
def test_a_train_loop_allocates_nothing(donates, monkeypatch):
    monkeypatch.setattr(tiers, "settings", replace(tiers.settings, baseline=False))

    def loss(params, x, y):
        return ((np.tanh(x @ params["w"] + params["b"]) - y) ** 2).mean()

    def update(params, x, y):
        value, slopes = jf.value_and_grad(loss)(params, x, y)
        return {k: p - np.float32(0.1) * slopes[k] for k, p in params.items()}, value

    jf.clear_memory()  # blocks of other sizes, which other tests gave back, would be taken in turns
    f = jf.jit(update, donate_argnums=0) if donates else jf.jit(update)
    params = {"w": np.full((640, 640), 0.001, np.float32), "b": np.zeros(640, np.float32)}
    x, y = np.ones((64, 640), np.float32), np.zeros((64, 640), np.float32)
    for _ in range(3):
        params, first = f(params, x, y)
    quiet()  # arrays that other tests left go to the pool now, not in between
    before = jf.memory_stats()
    tracemalloc.start()
    params, last = f(params, x, y)
    tracemalloc.reset_peak()
    held, _ = tracemalloc.get_traced_memory()
    for _ in range(20):
        params, last = f(params, x, y)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    after = jf.memory_stats()
    assert peak - held < (2 << 10 if donates else 2 * params["w"].nbytes)
    assert after.mapped == before.mapped
    assert (after.used_bytes, after.free_bytes) == (before.used_bytes, before.free_bytes)
    assert last < first


IN_PLACE = {
    "elementwise": (lambda x: x * 2 + 1, (64,), True),
    "rows": (lambda x: x * 2 + x[0, 0], (8, 64), False),
    "reversed": (lambda x: x[::-1] + 1, (64,), False),
    "a tail": (lambda x: x * 2 + 1, (67,), None),
    "all read first": (lambda x: x * 0 + np.sort(x)[0], (64,), None),
    "softmax": (lambda x: np.exp(x) / np.exp(x).sum(-1, keepdims=True), (8, 64), None),
    "transposed": (lambda x: x.T + 1, (64, 64), False),
    "product": (lambda x: x @ x, (64, 64), False),
    "rolled": (lambda x: np.roll(x, 1) * x, (64,), None),
    "cumulative": (lambda x: np.cumsum(x), (64,), None),
    "taken": (lambda x: x[np.array([3, 1] * 32)], (64,), False),
    "itself": (lambda x: x, (64,), None),
}


@pytest.mark.parametrize("function, shape, in_place", IN_PLACE.values(), ids=IN_PLACE)
def test_in_place_gives_the_same_bits(function, shape, in_place):
    x = np.sin(fresh(*shape))
    wanted = jf.jit(function)(x)
    f = jf.jit(function, donate_argnums=0)
    for _ in range(2):
        y = x.copy()
        assert f(y) is y
        np.testing.assert_array_equal(y, wanted)
    (target,) = next(iter(f._cache.values())).donated
    assert in_place is None or target.in_place is in_place


STEPS = (
    lambda a, b: a + b, lambda a, b: a * b, lambda a, b: a - b.T, lambda a, b: a[::-1] * 2,
    lambda a, b: a - a.mean(), lambda a, b: np.roll(a, 1, 0), lambda a, b: np.exp(-a * a),
    lambda a, b: a @ b, lambda a, b: a * b.sum(1, keepdims=True), lambda a, b: np.sort(a),
)  # fmt: skip


@pytest.mark.parametrize("seed", range(24))
def test_programs_give_the_same_bits(seed):
    random = np.random.default_rng(seed)
    steps = [(STEPS[k], random.random(2)) for k in random.integers(len(STEPS), size=4)]

    def function(x, y):
        values = [x, y]
        for step, chosen in steps:
            left, right = [values[int(place * len(values))] for place in chosen]
            values.append(step(left, right))
        return values[-1], values[-2], values[-3]

    n = (4, 16, 17, 64)[seed % 4]
    x, y = random.standard_normal((2, n, n)).astype(np.float32)
    wanted = jf.jit(function)(x, y)
    donated = jf.jit(function, donate_argnums=(0, 1))(x, y)
    for found, result in zip(donated, wanted, strict=True):
        np.testing.assert_array_equal(found, result)


@pytest.mark.parametrize("offset", range(0, 17, 4))
def test_large_arrays_anywhere(offset):
    nbytes = stream_bytes(host_target().cache_bytes)
    memory = np.zeros(nbytes + 64, np.uint8)
    x = memory[offset : offset + nbytes].view(np.float32)
    f = jf.jit(lambda x: x + 1, donate_argnums=0)
    assert f(x) is x and (x == 1).all()
    assert f(x) is x and (x == 2).all()


def test_numbers_beside_donated_arrays_stay_values():
    step = jf.jit(lambda state: {"x": state["x"] + state["rate"], **state, "n": state["n"] + 1},
                  donate_argnums=0)  # fmt: skip
    x = np.zeros(4, np.float32)
    state = {"x": x, "rate": np.float32(0.5), "n": 1}
    for _ in range(3):
        state = step(state)
    assert state["x"] is x
    assert state["n"] == 4


def test_large_donated_arrays_that_lie_anywhere_are_written_in_place():
    """Code for them asks for no alignment, so that it needs no copy, and no Python."""
    size = stream_bytes(host_target().cache_bytes) // 4 + 64
    memory = np.zeros(size + 1, np.float32)
    x = memory[1:]
    double = jf.jit(lambda x: x + x, donate_argnums=0)
    for _ in range(3):
        x[:] = 1
        assert double(x) is x
        assert x.min() == x.max() == 2
    (compiled,) = double._cache.values()
    assert not compiled.road.executable.body.streamed
    assert [d.in_place for d in compiled.donated] == [True]
    if not why_not_native():
        assert double._entry.calls == 2


def test_many_donated_arrays_are_compared_fast():
    """What lies apart is sorted, not compared pair by pair."""
    tree = {f"p{i}": np.ones(2, np.float32) for i in range(300)}
    step = jf.jit(lambda tree: {name: x + 1 for name, x in tree.items()}, donate_argnums=0)
    step(tree)
    tree["p7"] = tree["p299"][:]
    with pytest.raises(TraceError, match="'p7'.*shares memory with .*'p299'"):
        step(tree)
    assert tree["p7"][0] == 2
