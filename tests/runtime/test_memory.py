"""The pool of large results: who owns a block, when it comes back, and what is kept."""

import copy
import os
import pickle
import threading
from dataclasses import replace

import numpy as np
import pytest

import jitflow as jf
from jitflow.errors import ConfigError
from jitflow.runtime import tiers
from jitflow.runtime.entry import why_not_native
from jitflow.runtime.entry.words import RowWord
from jitflow.runtime.memory import POOL_BYTES, empty, why_no_pool
from jitflow.runtime.memory.control import ALIGNMENT, HANDLER
from jitflow.runtime.memory.words import SLOTS
from tests.support.quiet import quiet

pytestmark = pytest.mark.skipif(bool(why_no_pool()), reason="no pool here")

X = np.arange(1 << 20, dtype=np.float32)
handler_of = np._core.multiarray.get_handler_name


@pytest.fixture(scope="module", autouse=True)
def _quiet():
    """Large arrays that other tests left in cycles go now, not within a test that counts."""
    quiet()


@pytest.fixture(autouse=True)
def _clean():
    """Every test begins and ends with an empty pool, and with nothing alive."""
    cap = jf.memory_stats().cap_bytes
    jf.clear_memory()
    before = jf.memory_stats()
    yield
    jf.set_memory_cap(cap)
    jf.clear_memory()
    after = jf.memory_stats()
    assert (after.used_bytes, after.used_blocks) == (before.used_bytes, before.used_blocks)
    assert (after.free_bytes, after.free_blocks) == (0, 0)


def since(before):
    """What has happened: (reused, mapped)."""
    now = jf.memory_stats()
    return now.reused - before.reused, now.mapped - before.mapped


def called(function):
    """A function with its arguments compiled, and called without Python from now on."""
    function(X)
    jf.clear_memory()
    return function


def test_a_dead_result_is_the_next_one():
    f = called(jf.jit(lambda x: x + 1))
    before = jf.memory_stats()
    place = f(X).ctypes.data
    for _ in range(10):
        y = f(X)
        assert y.ctypes.data == place
        np.testing.assert_array_equal(y, X + 1, strict=True)
        del y
    assert since(before) == (10, 1)


def test_results_are_ordinary_arrays():
    y = jf.jit(lambda x: x + 1)(X)
    assert type(y) is np.ndarray
    assert handler_of(y) == HANDLER
    assert y.flags.owndata and y.flags.writeable and y.flags.c_contiguous and y.base is None
    assert y.ctypes.data % ALIGNMENT == 0
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(y)), y)
    assert handler_of(copy.deepcopy(y)) != HANDLER


def test_small_results_are_numpys():
    y = jf.jit(lambda x: x + 1)(X[:100])
    assert handler_of(y) != HANDLER
    assert handler_of(np.empty(1 << 22)) != HANDLER


def test_the_threads_own_handler_stays():
    before = handler_of(np.empty(1 << 22))
    kept = jf.jit(lambda x: x + 1)(X)
    assert handler_of(np.empty(1 << 22)) == before
    assert handler_of(kept) == HANDLER


def test_views_keep_memory():
    f = called(jf.jit(lambda x: x + 1))
    y = f(X)
    view, place = y[5:9], y.ctypes.data
    memory = memoryview(y)[:3]
    del y
    others = [f(X * 0) for _ in range(3)]
    assert place not in [z.ctypes.data for z in others]
    np.testing.assert_array_equal(view, X[5:9] + 1)
    del view
    others.append(f(X * 0))
    assert list(memory) == [1, 2, 3]
    del memory
    assert f(X).ctypes.data == place


def test_results_of_one_call_are_apart():
    f = called(jf.jit(lambda x: {"a": x + 1, "b": (x * 2, x - 1), "c": x}))
    for _ in range(3):
        y = f(X)
        parts = [y["a"], *y["b"], y["c"], X]
        for i, p in enumerate(parts):
            assert not any(np.shares_memory(p, q) for q in parts[:i])
        np.testing.assert_array_equal(y["a"], X + 1)
        np.testing.assert_array_equal(y["b"][0], X * 2)
        np.testing.assert_array_equal(y["c"], X)


def test_a_result_may_feed_the_next_call():
    f = called(jf.jit(lambda x: x + 1))
    before = jf.memory_stats()
    y = X
    for _ in range(20):
        y = f(y)
    np.testing.assert_array_equal(y, X + 20)
    assert since(before) == (18, 2)
    del y


@pytest.mark.parametrize("size", [1, 1 << 19, 1 << 21, 1 << 22])
def test_resize(size):
    y = jf.jit(lambda x: x + 1)(X)
    y.resize(size, refcheck=False)
    wanted = np.zeros(size, np.float32)
    wanted[: X.size] = (X + 1)[:size]
    np.testing.assert_array_equal(y, wanted)


def test_a_block_serves_what_is_a_little_smaller():
    f = jf.jit(lambda x: x + 1)
    for x in (X, X[:-5], X[: X.size * 7 // 8], X[: X.size // 2]):
        np.testing.assert_array_equal(f(x), x + 1)
    stats = jf.memory_stats()
    assert stats.free_blocks == 2
    assert stats.free_bytes == X.nbytes * 3 // 2


def test_the_cap():
    f = called(jf.jit(lambda x: x + 1))
    jf.set_memory_cap(2 * X.nbytes)
    alive = [f(X) for _ in range(5)]
    assert jf.memory_stats().used_bytes == 5 * X.nbytes
    del alive
    assert jf.memory_stats().free_blocks == 2
    jf.set_memory_cap(X.nbytes)
    assert jf.memory_stats().free_blocks == 1
    jf.set_memory_cap(X.nbytes - 1)
    assert jf.memory_stats().free_blocks == 0
    np.testing.assert_array_equal(f(X), X + 1)
    assert jf.memory_stats().free_blocks == 0
    jf.set_memory_cap(0)
    np.testing.assert_array_equal(f(X), X + 1)


@pytest.mark.parametrize("cap", [-1, 1.5, "1", True, 1 << 63])
def test_a_cap_is_bytes(cap):
    with pytest.raises(ConfigError, match="number of bytes"):
        jf.set_memory_cap(cap)


def test_the_oldest_blocks_go_first():
    arrays = [empty((POOL_BYTES,), np.uint8) for _ in range(SLOTS + 10)]
    places = [x.ctypes.data for x in arrays]
    while arrays:
        arrays.pop(0)
    assert jf.memory_stats().free_blocks == SLOTS
    again = [empty((POOL_BYTES,), np.uint8) for _ in range(SLOTS)]
    assert [x.ctypes.data for x in again] == places[: 9 : -1]
    del again


def test_memory_goes_back_to_the_system():
    f = jf.jit(lambda x: x + 1)

    def resident():
        with open("/proc/self/statm") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")

    if not os.path.exists("/proc/self/statm"):
        pytest.skip("no /proc")
    x = np.zeros(1 << 24, np.float32)
    f(x)
    jf.clear_memory()
    before = resident()
    f(x)
    assert resident() - before > 0.8 * x.nbytes
    jf.clear_memory()
    assert resident() - before < 0.2 * x.nbytes
    for _ in range(200):
        f(x)
    jf.clear_memory()
    assert resident() - before < 0.2 * x.nbytes


def test_no_memory_is_an_error():
    before = jf.memory_stats()
    with pytest.raises(MemoryError):
        empty((1 << 45,), np.float32)
    with pytest.raises(MemoryError):
        empty((1 << 50,), np.float32)
    assert jf.memory_stats()[:4] == before[:4]
    assert handler_of(np.empty(1 << 22)) != HANDLER


def test_a_failed_check_gives_memory_back():
    f = jf.jit(lambda x, i: (x + 1, x[i]))
    f(X, 0)
    used = jf.memory_stats().used_blocks
    for _ in range(3):
        with pytest.raises(IndexError):
            f(X, X.size)
    assert jf.memory_stats().used_blocks == used


def test_threads():
    f = jf.jit(lambda x, y: x * y + 1)
    errors = []

    def work(seed):
        x = np.full(POOL_BYTES // 4 * (1 + seed % 3), seed, np.float32)
        kept = []
        for k in range(60):
            kept.append((k, f(x, np.float32(k))))
            if len(kept) > 1 + seed % 4:
                k, y = kept.pop(0)
                if not (y == seed * k + 1).all():
                    errors.append((seed, k))

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not errors


def ranked(x):
    """Needs temporaries as large as x."""
    return np.cumsum(np.sort(x + 1)[::-1])[-3:]


def test_calls_share_what_temporaries_lie_in(monkeypatch):
    monkeypatch.setattr(tiers, "settings", replace(tiers.settings, baseline=False))
    f, g = called(jf.jit(ranked)), called(jf.jit(lambda x: ranked(x) - 1))
    before = jf.memory_stats()
    for _ in range(5):
        assert (f(X) == g(X) + 1).all()
    assert since(before) == (9, 1)
    assert jf.memory_stats().used_blocks == before.used_blocks


@pytest.mark.skipif(bool(why_not_native()), reason="no native entry here")
def test_without_room_for_temporaries_python_takes_the_call():
    f = called(jf.jit(ranked))
    (row,) = f._entry.rows.values()
    wanted = f(X)
    row.words.memory[RowWord.ARENA_BYTES] = 1 << 50
    assert (f(X) == wanted).all()
    assert f._entry.calls == 1


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork")
def test_fork():
    f = called(jf.jit(lambda x: x + 1))
    y, waiting = f(X), f(X)
    del waiting
    child = os.fork()
    if not child:
        right = (y == X + 1).all()
        y[:] = 7
        z = [f(X) for _ in range(3)]
        right = right and all((part == X + 1).all() for part in z)
        del y, z
        jf.clear_memory()
        os._exit(0 if right and jf.memory_stats().used_blocks == 0 else 1)
    assert os.waitpid(child, 0)[1] == 0
    np.testing.assert_array_equal(y, X + 1)
    np.testing.assert_array_equal(f(X), X + 1)
    del y


@pytest.mark.parametrize("exponent", [50, 57])
def test_temporaries_that_no_machine_has(exponent):
    """Offsets beyond 63 bits would begin at 0 again."""
    f = jf.jit(lambda x: np.cumsum(np.tile(x, 2**exponent))[0])
    for _ in range(2):
        with pytest.raises(MemoryError):
            f(np.ones(4))
