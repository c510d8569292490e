"""Baseline code: when it is made, that it gives the bits of full code, and that this follows."""

import gc
import os
import subprocess
import sys
import threading
import weakref
from dataclasses import replace

import numpy as np
import pytest

import jitflow as jf
import jitflow.graph as gr
from jitflow.api import recent
from jitflow.config import settings
from jitflow.errors import JitflowError
from jitflow.ir.core import walk
from jitflow.runtime import background, tiers
from jitflow.runtime.background import WORKER
from jitflow.runtime.engine import BASELINE, BASELINE_OF_LOOPS, FULL, LOCK, engine
from jitflow.runtime.entry import why_not_native
from jitflow.runtime.executable import Executable
from jitflow.runtime.machine import host_target
from jitflow.runtime.patience import Patience

RANDOM = np.random.default_rng(0)
SMALL = RANDOM.standard_normal((17, 33)).astype(np.float32)
HALF = SMALL.astype(np.float16)
SPECIAL = np.array([np.nan, -0.0, 0.0, np.inf, -np.inf, 1e-45, -3.5, 2**30], np.float32)


def compiled_of(f):
    (compiled,) = f._cache.values()
    return compiled


def code_of(f):
    return compiled_of(f).road.executable


def calls_of(f):
    return code_of(f).body.baseline_calls


@pytest.fixture
def patience(monkeypatch):
    """Sets how many calls baseline code is good for, on any machine."""

    def set_patience(calls):
        monkeypatch.setattr(tiers, "calls_served", lambda *what: calls)

    WORKER.finish()  # with what other tests asked for
    return set_patience


@pytest.fixture
def no_thread(monkeypatch):
    """A system that gives none."""

    def start(thread):
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", start)


def results_of(result):
    return result if isinstance(result, tuple) else (result,)


def softmax(x):
    e = np.exp(x - x.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


FUNCTIONS = {
    "elementwise": (lambda x: np.tanh(x * 1.5 + 2) / np.maximum(np.sin(x), 0.25), SMALL),
    "special": (lambda x: (np.minimum(x, 0.0), np.maximum(x, -0.0), np.exp(x), x // 2), SPECIAL),
    "to_integers": (lambda x: (x.astype(np.int32), x.astype(np.uint8), x > 0), SPECIAL),
    "sums": (lambda x: (x.sum(), x.sum(axis=0), x.mean(axis=1), x.argmax(axis=1)), SMALL),
    "softmax": (softmax, SMALL),
    "product": (lambda x: (x @ x.T, x.T @ x), SMALL),
    "gradient": (jf.grad(lambda x: np.tanh(x @ x.T).mean()), SMALL),
    "views": (lambda x: np.concatenate([x.T[::-1], x.T * 2]), SMALL),
    "halves": (lambda x: x * x + np.float16(0.1), HALF),
    "complex": (lambda x: np.abs((x + 1j) * (x - 2j)), SMALL),
    "sorted": (lambda x: np.sort(x, axis=1).cumsum(axis=1), SMALL),
    "gather": (lambda x: x[x.argmax(axis=0), ::2].copy() + 1, SMALL),
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_both_tiers_give_the_same_bits(name, patience):
    patience(1 << 30)
    function, x = FUNCTIONS[name]
    f = jf.jit(function)
    first = f(x)
    code = code_of(f)
    before, old = code.body, code.address
    assert before.baseline_calls > 0
    code.refine()
    assert code.address != old
    assert code.body == before._replace(code=code.body.code, baseline_calls=0, text="")
    for one, other in zip(results_of(first), results_of(f(x)), strict=True):
        np.testing.assert_array_equal(one, other, strict=True)


def test_code_is_made_well_once_it_has_served(patience):
    patience(40)
    f = jf.jit(lambda x: x * 2 + 1)
    x = np.arange(8192.0, dtype=np.float32)
    f(x)
    calls = calls_of(f)
    assert calls == 40
    for _ in range(calls - 2):
        f(x)
    assert calls_of(f) == calls and WORKER.thread is None
    (row,) = f._entry.rows.values()
    for _ in range(5):
        np.testing.assert_array_equal(f(x), x * 2 + 1)
    WORKER.finish()
    assert calls_of(f) == 0
    assert list(f._entry.rows.values()) == [row]
    native = row.calls
    np.testing.assert_array_equal(f(x), x * 2 + 1)
    assert row.calls == native + 1
    assert f.cache_info() == (calls + 4, 1, 1)
    steps = [step.step for step in compiled_of(f).compile_report().steps]
    assert steps.count("machine code") == 2
    assert "refine" in steps


def test_one_call_is_not_worth_it():
    WORKER.finish()
    f = jf.jit(lambda x: (x @ x).sum())
    f(np.ones((100, 100)))
    assert calls_of(f) > 1 and WORKER.thread is None


def test_where_no_thread_is_to_be_had_it_is_done_between_two_calls(patience, no_thread):
    patience(40)
    f = jf.jit(lambda x: x * 2 + 1)
    x = np.arange(8192.0, dtype=np.float32)
    f(x)
    for _ in range(calls_of(f)):
        np.testing.assert_array_equal(f(x), x * 2 + 1)
    assert calls_of(f) == 0 and WORKER.thread is None


def test_calls_through_python_are_counted_too(patience):
    patience(20)
    f = jf.jit(lambda x: x * 2 + 1)
    x = np.arange(8192.0, dtype=np.float32)
    f(x)
    f._entry.clear()
    f._entry.is_native = False
    for _ in range(calls_of(f)):
        np.testing.assert_array_equal(f(x), x * 2 + 1)
    WORKER.finish()
    assert calls_of(f) == 0


def test_signatures_count_by_themselves(patience):
    patience(20)
    f = jf.jit(lambda x: x * 2 + 1)
    arrays = [np.arange(8192.0 + k, dtype=np.float32) for k in range(3)]
    for _ in range(100):
        for x in arrays:
            np.testing.assert_array_equal(f(x), x * 2 + 1)
    WORKER.finish()
    assert [c.road.executable.body.baseline_calls for c in f._cache.values()] == [0, 0, 0]
    assert f.cache_info() == (297, 3, 3)
    assert len(f._entry.rows) == 3


def test_transforms_that_are_made_anew_share_a_count(patience, monkeypatch):
    monkeypatch.setattr(recent, "_RECENT", {})
    patience(20)
    x = np.arange(1000.0)

    def slope():
        return jf.grad(lambda x: (x * x * 0.5).sum())(x)

    slope()
    (code,) = recent._RECENT.values()
    for _ in range(code.body.baseline_calls):
        np.testing.assert_array_equal(slope(), x)
    WORKER.finish()
    assert code.body.baseline_calls == 0


def test_long_calls_and_long_code_are_made_well_at_once(monkeypatch):
    f = jf.jit(lambda x: x * 2 + 1)
    ops = list(walk(f.lower(np.ones(8)).road.kernels.body))
    (tier, calls), (_, fewer) = tiers.tier_of(ops, 100.0), tiers.tier_of(ops, 1000.0)
    assert tier is BASELINE and calls > fewer > 0
    assert tiers.tier_of(ops, 1e9) == (FULL, 0)
    assert tiers.tier_of(ops * 16384, 100.0) == (FULL, 0)
    monkeypatch.setattr(tiers, "settings", replace(settings, baseline=False))
    assert tiers.tier_of(ops, 100.0) == (FULL, 0)


def test_each_tier_has_its_own_code():
    target = host_target()
    text = jf.jit(lambda x: x @ x).lower(np.ones((33, 33), np.float32)).as_text("llvm")
    make = engine().object_image
    order = (BASELINE, BASELINE_OF_LOOPS, FULL)
    images = {tier: make(text, target, (), tier) for tier in order}
    assert len(set(images.values())) == 3
    for tier in (FULL, BASELINE, FULL, BASELINE_OF_LOOPS):
        assert make(text, target, (), tier) == images[tier]


def test_code_that_is_gone_is_not_refined(patience, monkeypatch):
    patience(5)
    made = []
    monkeypatch.setattr(Executable, "refine", made.append)
    f = jf.jit(lambda x: x * 2 + 1)
    x = np.arange(8192.0, dtype=np.float32)
    with LOCK:
        for _ in range(10):
            f(x)
        assert WORKER.waiting
        del f
        gc.collect()
    WORKER.finish()
    assert not made


def test_what_the_thread_raises_is_reported_once(patience, monkeypatch):
    patience(5)
    reported = []
    monkeypatch.setattr(threading, "excepthook", reported.append)
    f, g = jf.jit(lambda x: x * 2 + 1), jf.jit(lambda x: x * 3 + 1)
    x = np.arange(8192.0, dtype=np.float32)
    f(x), g(x)
    code_of(f).body = code_of(f).body._replace(text="no module")
    for _ in range(50):
        np.testing.assert_array_equal(f(x), x * 2 + 1)
    WORKER.finish()
    for _ in range(50):
        np.testing.assert_array_equal(f(x), x * 2 + 1)
        np.testing.assert_array_equal(g(x), x * 3 + 1)
    WORKER.finish()
    (report,) = reported
    assert report.exc_type is JitflowError
    assert calls_of(f) > 0 == calls_of(g)


def test_what_waits_behind_a_failure_is_still_refined(patience, monkeypatch):
    patience(5)
    monkeypatch.setattr(threading, "excepthook", lambda report: None)
    f, g = jf.jit(lambda x: x * 2 + 1), jf.jit(lambda x: x * 3 + 1)
    x = np.arange(8192.0, dtype=np.float32)
    f(x), g(x)
    code_of(f).body = code_of(f).body._replace(text="no module")
    with LOCK:  # both wait
        for _ in range(10):
            f(x), g(x)
        assert len(WORKER.waiting) == 2
    WORKER.finish()
    assert calls_of(f) > 0 == calls_of(g)


def test_what_goes_wrong_without_a_thread_is_raised_once(patience, no_thread):
    patience(40)
    f = jf.jit(lambda x: x * 2 + 1)
    x = np.arange(8192.0, dtype=np.float32)
    f(x)
    code_of(f).body = code_of(f).body._replace(text="no module")
    raised = 0
    for _ in range(3 * calls_of(f)):
        try:
            np.testing.assert_array_equal(f(x), x * 2 + 1)
        except JitflowError:
            raised += 1
    assert raised == 1


class _Row:
    """What a count asks of a row."""

    calls = 0


@pytest.mark.parametrize("after", range(6))
def test_rows_may_go_while_calls_are_counted(after):
    count = Patience(1000)
    rows = [_Row() for _ in range(40)]
    for row in rows:
        row.itself = row
        count._rows.add(weakref.ref(row, count._rows.discard))
    del row, rows[::2]
    threshold = gc.get_threshold()
    gc.set_threshold(gc.get_count()[0] + after)
    try:
        assert not count.is_due()
    finally:
        gc.set_threshold(*threshold)
    gc.collect()
    assert len(count._rows) == len(rows)


def test_baseline_code_from_the_disk_is_refined_there(tmp_path):
    program = """
import numpy as np, jitflow as jf
from jitflow.runtime import tiers
from jitflow.runtime.background import WORKER
tiers.calls_served = lambda *what: 5
f, x = jf.jit(lambda x: x * 2 + 1), np.arange(8192.0, dtype="f4")
for _ in range(CALLS):
    assert (f(x) == x * 2 + 1).all()
WORKER.finish()
(code,) = f._cache.values()
print(code.road.executable.body.baseline_calls, len(code.road.executable.body.text) > 0)
print([s.step for s in code.compile_report().steps if s.step in ("lower", "machine code")])
"""
    environment = {**os.environ, "JITFLOW_CACHE_DIR": str(tmp_path)}
    seen = []
    for calls in (1, 20, 1):
        command = [sys.executable, "-c", program.replace("CALLS", str(calls))]
        ran = subprocess.run(command, capture_output=True, text=True, env=environment, check=True)
        seen.append(ran.stdout.split("\n"))
    first, second, third = seen
    assert first[0].endswith(" True") and not first[0].startswith("0")
    assert second[:2] == ["0 False", "['machine code']"]
    assert third[:2] == ["0 False", "[]"]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_a_child_asks_anew_for_what_waited(patience):
    patience(5)
    f = jf.jit(lambda x: x * 2 + 1)
    x = np.arange(8192.0, dtype=np.float32)
    WORKER.finish()
    taken = WORKER.waiting
    f(x)
    WORKER.waiting = [weakref.ref(code_of(f))]  # as if a thread were about to begin
    code_of(f).patience.end()
    child = os.fork()
    if not child:
        for _ in range(20):
            f(x)
        WORKER.finish()
        os._exit(0 if calls_of(f) == 0 else 1)
    WORKER.waiting = taken
    assert os.waitpid(child, 0)[1] == 0
    assert calls_of(f) > 0


def test_threads_call_while_code_is_exchanged(patience):
    patience(40)
    x = np.random.default_rng(3).standard_normal((32, 32))
    wrong = []

    def call(f, expected):
        for _ in range(300):
            if not np.array_equal(f(x), expected):
                wrong.append(f)

    for k in range(5):
        f = jf.jit(lambda x, k=k: np.tanh(x @ x * 0.125) + k)
        expected = f(x)
        threads = [threading.Thread(target=call, args=(f, expected)) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        WORKER.finish()
        assert calls_of(f) == 0 and not wrong


def test_the_interpreter_may_end_meanwhile():
    program = """
import numpy as np, jitflow as jf
from jitflow.runtime import background
from jitflow.runtime.engine import LOCK
def f(x):
    for k in range(60):
        x = np.sin(x * k) + x
    return x
codes = [jf.jit(f).lower(np.ones(n)).compile().road.executable for n in (100, 101, 102)]
with LOCK:
    for code in codes:
        background.refine_soon(code)
    assert len(background.WORKER.waiting) == 3
"""
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "", "")


def test_the_interpreter_may_end_as_another_thread_starts_it(patience, monkeypatch):
    patience(5)
    worker, begins, may_begin = background.Worker(), threading.Event(), threading.Event()

    class SlowThread(threading.Thread):
        def start(self):
            begins.set()
            may_begin.wait(60)
            super().start()

    f = jf.jit(lambda x: x * 2 + 1)
    f(np.arange(8192.0, dtype=np.float32))
    caller = threading.Thread(target=worker.takes, args=(code_of(f),))
    monkeypatch.setattr(threading, "Thread", SlowThread)
    caller.start()
    assert begins.wait(60)
    threading.Timer(0.1, may_begin.set).start()
    worker.close()
    caller.join()
    assert worker.thread is None


@pytest.mark.skipif(bool(why_not_native()), reason="no native entry here")
def test_runs_of_sessions_stay_native(patience):
    patience(20)
    with gr.Graph().as_default() as graph:
        x = gr.placeholder("float32", [1024], name="x")
        y = x * 2.0 + 1.0
    session = gr.Session(graph)
    value = np.arange(1024, dtype=np.float32)
    for _ in range(300):
        np.testing.assert_array_equal(session.run(y, {x: value}), value * 2 + 1)
    WORKER.finish()
    assert session._native.calls == 298  # not the first, and not the one after the twentieth
    (row,) = session._native._entry.rows.values()
    assert len(session._native._tried) == 1 and row.executable.body.baseline_calls == 0


@pytest.mark.skipif(bool(why_not_native()), reason="no native entry here")
def test_calls_of_functions_of_tensors_stay_native(patience):
    patience(20)
    f = jf.function(lambda x: x * 2 + 1)
    x = jf.constant(np.arange(1024, dtype=np.float32))
    for _ in range(300):
        np.testing.assert_array_equal(f(x).numpy(), x.numpy() * 2 + 1)
    WORKER.finish()
    (row,) = f._entry.rows.values()
    assert row.calls == 298 and row.executable.body.baseline_calls == 0
