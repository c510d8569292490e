"""Native calls that run Python: what it raises, changes and calls meanwhile, threads, leaks."""

import gc
import os
import random
import sys
import threading

import numpy as np
import pytest

import jitflow as jf
from jitflow.errors import TraceError
from jitflow.runtime.entry import why_not_native
from tests.support.python_classes import (
    Box,
    Layer,
    Pair,
    Scaled,
    calls,
    depth,
    same,
)
from tests.support.quiet import quiet

pytestmark = pytest.mark.skipif(bool(why_not_native()), reason="no native entry here")

X = np.arange(4, dtype=np.float32)


@pytest.mark.parametrize("hook", ["on_flatten", "on_build"])
def test_rows_are_forgotten_while_python_runs(hooks, hook):
    f = jf.jit(lambda box, x: Box(box.content + x))
    others = [np.arange(n, dtype=np.float32) for n in range(3)]
    noise = []

    def forget(box):
        f.clear_cache()
        noise.append([bytes(100 * n) for n in range(100)])

    for x in others:
        f(Box(x), x)
    hooks(**{hook: forget})
    for x in others * 2:
        same(f(Box(x), x), Box(2 * x))
    assert depth() == 0


@pytest.mark.parametrize("error", [KeyboardInterrupt, ValueError, MemoryError])
def test_what_classes_raise(hooks, error):
    def fail(box):
        raise error("from the class")

    f = jf.jit(lambda box, x: Box([box.content, x + 1]))
    box = Box(X)
    f(box, X), f(box, X)
    watched = [box, X, X.dtype, f]
    quiet()
    before = list(map(sys.getrefcount, watched))
    for name in ("on_flatten", "on_build"):
        hooks(**{name: fail})
        for _ in range(20):
            with pytest.raises(error, match="from the class"):
                f(box, X)
        hooks(**{name: lambda box: None})
    assert list(map(sys.getrefcount, watched)) == before
    assert depth() == 0
    same(f(box, X), Box([X, X + 1]))


def test_arguments_change_while_they_are_taken_apart(hooks):
    f = jf.jit(lambda parts, table: [parts[1] + 1, table["b"] + 1])
    parts, table = [Box(X), X.copy(), X], {"a": Box(X), "b": X.copy()}
    f(parts, table), f(parts, table)

    def change(box):
        parts.clear()
        table.clear()
        gc.collect()

    hooks(on_flatten=change)
    for _ in range(10):
        parts[:], table["a"], table["b"] = [Box(X), X.copy(), X], Box(X), X.copy()
        with pytest.raises((KeyError, IndexError, TraceError)):
            f(parts, table)
    assert depth() == 0


def test_an_array_is_read_after_python_ran(hooks):
    """Where an array lies is asked last."""
    f = jf.jit(lambda x, box: x + box.content)
    x = np.ones(5000)
    f(x, Box(1.0)), f(x, Box(1.0))

    def move(box):
        x.resize(500_000, refcheck=False)
        x.resize(5000, refcheck=False)

    hooks(on_flatten=move)
    for _ in range(5):
        same(f(x, Box(1.0)), x + 1)
    assert calls(f) == 6


def test_calls_in_calls_without_end(hooks):
    f = jf.jit(lambda box: box.content + 1)
    f(Box(X)), f(Box(X))
    hooks(on_flatten=lambda box: f(box))
    with pytest.raises(RecursionError):
        f(Box(X))
    assert depth() == 0
    hooks(on_flatten=lambda box: None)
    same(f(Box(X)), X + 1)


def test_references_are_kept_in_balance():
    made = Layer(X, X)
    f = jf.jit(lambda t, box, s: {"a": Pair(t.w, 1), "b": Scaled(t.b, "s"), "c": Box(s.sum())})
    x = np.arange(8.0)[::2]
    box = Box([X, X], ("label",))
    f(made, box, x), f(made, box, x)
    watched = [made, box, box.content, box.label, X, X.dtype, x, Layer, Pair, Scaled, f, None, True]
    quiet()
    before = list(map(sys.getrefcount, watched))
    for _ in range(500):
        f(made, box, x)
        with pytest.raises(Exception, match="."):
            f(made, Box([X, Layer], 1), x)
    changed = [sys.getrefcount(y) - n for y, n in zip(watched, before, strict=True)]
    assert max(map(abs, changed)) < 10
    assert calls(f) == 501


def test_threads_run_python_in_calls(hooks):
    """Rows come and go, arguments change, and every answer is right or an error of Python."""
    f = jf.jit(lambda t, parts: Box(t.w.content + parts[0] + parts[1]["x"]))
    shared = [X, {"x": X}]
    faults = []
    stop = threading.Event()

    def switch(box):
        for _ in range(random.randrange(20)):
            pass

    hooks(on_flatten=switch, on_build=switch)

    def work():
        n = random.randrange(1, 9)
        x = np.ones(n)
        for _ in range(150):
            if not np.array_equal(f(Layer(Box(x), n), [x, {"x": x}]).content, 3 * x):
                faults.append(n)
            try:
                f(Layer(Box(X), 1), shared)
            except (IndexError, KeyError, TraceError):
                continue

    def disturb():
        while not stop.is_set():
            shared[:] = []
            f.clear_cache()
            shared[:] = [X + 1, {"x": X * 2}]
            shared[1].pop("x")

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    try:
        threads = [threading.Thread(target=work) for _ in range(4)]
        disturber = threading.Thread(target=disturb)
        for thread in [*threads, disturber]:
            thread.start()
        for thread in threads:
            thread.join()
        stop.set()
        disturber.join()
    finally:
        sys.setswitchinterval(interval)
    assert not faults
    assert depth() == 0


def test_arguments_change_while_code_runs_without_the_lock():
    """Any values, and any container, may change at any time: an answer or an error, no crash."""
    count = 500_000
    take = jf.jit(lambda table, i: table[i].sum())
    add = jf.jit(lambda tree: np.tanh(tree["a"]).sum() + tree["b"][0].sum())
    table, indices = np.arange(1000.0), np.zeros(count, np.int64)
    tree = {"a": np.ones(count), "b": [np.ones(count)]}
    take(table, indices), add(tree)
    stop = threading.Event()
    faults = []

    def work():
        for _ in range(12):
            try:
                take(table, indices)
                add(tree)
            except IndexError:
                continue
            except Exception as error:  # noqa: BLE001 (in a thread)
                faults.append(error)

    def disturb():
        chosen = np.random.default_rng(0)
        while not stop.is_set():
            indices[:1000] = chosen.integers(-(2**62), 2**62, 1000)
            tree["a"], before = np.ones(count), tree["b"]
            tree["b"] = [np.ones(count)]
            before.clear()
            indices[:] = 0
            add.clear_cache()

    threads = [threading.Thread(target=work) for _ in range(3)]
    disturber = threading.Thread(target=disturb)
    for thread in [*threads, disturber]:
        thread.start()
    for thread in threads:
        thread.join()
    stop.set()
    disturber.join()
    assert not faults
    assert depth() == 0


@pytest.mark.skipif(not os.path.exists("/proc/self/statm"), reason="Linux says what it has")
def test_a_million_calls_do_not_grow_the_process():
    def resident():
        with open("/proc/self/statm") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")

    f = jf.jit(lambda x, box: Box(x + box.content))
    plain, strided = jf.jit(lambda x: x + 1), X[::-1]
    f(X, Box(X)), plain(strided)
    for compiled in plain._cache.values():
        compiled.road.executable.refine()  # not in between
    quiet()
    objects, before = len(gc.get_objects()), resident()
    for _ in range(20_000):
        f(X, Box(X)), plain(strided)
    for _ in range(1_000_000):
        plain(X)
    quiet()
    assert abs(len(gc.get_objects()) - objects) < 100
    assert resident() - before < 8 << 20
