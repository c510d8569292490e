"""A forked child finds no lock of jitflow held by a thread that is not there."""

import builtins
import os
import sys
import threading
import time

import numpy as np
import pytest

import jitflow as jf
import jitflow.graph as gr
from jitflow.forks import computed, forked_lock
from jitflow.runtime.entry import callable as callable_module

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")

SECONDS = 120


def status_of_child(run):
    """The exit status of a forked child that runs the function; None where it hangs."""
    child = os.fork()
    if not child:
        status = 1
        try:
            run()
            status = 0
        finally:
            os._exit(status)
    end = time.monotonic() + SECONDS
    while time.monotonic() < end:
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            return status
        time.sleep(0.001)
    os.kill(child, 9)
    os.waitpid(child, 0)
    return None


def while_another_thread(holds, run):
    """`status_of_child(run)` while a thread is in the middle of `holds(wait)`."""
    inside, leave = threading.Event(), threading.Event()

    def wait():
        inside.set()
        leave.wait(SECONDS)

    thread = threading.Thread(target=holds, args=(wait,))
    thread.start()
    assert inside.wait(SECONDS)
    try:
        return status_of_child(run)
    finally:
        leave.set()
        thread.join()


def held(lock):
    def hold(wait):
        with lock:
            wait()

    return hold


def test_a_lock_of_another_thread_is_free():
    lock = forked_lock()
    assert while_another_thread(held(lock), lambda: held(lock)(int)) == 0


def test_a_part_that_another_thread_loads_is_whole(tmp_path, monkeypatch):
    """The thread is in an import within jitflow when the fork begins, which waits for it."""
    (tmp_path / "slow_part.py").write_text("import time\nbegun()\ntime.sleep(0.3)\nis_whole = True")
    monkeypatch.syspath_prepend(tmp_path)
    begun = threading.Event()
    monkeypatch.setattr(builtins, "begun", begun.set, raising=False)
    names = {"__name__": "jitflow.some_part"}
    thread = threading.Thread(target=exec, args=("import slow_part", names))
    thread.start()
    assert begun.wait(SECONDS)

    def load():
        import slow_part  # noqa: PLC0415

        assert slow_part.is_whole

    try:
        assert status_of_child(load) == 0
    finally:
        thread.join()
        sys.modules.pop("slow_part", None)


def test_a_thread_that_loads_something_else_is_not_waited_for(tmp_path, monkeypatch):
    (tmp_path / "endless.py").write_text("begun()\nleave()")
    monkeypatch.syspath_prepend(tmp_path)
    begun, leave = threading.Event(), threading.Event()
    monkeypatch.setattr(builtins, "begun", begun.set, raising=False)
    monkeypatch.setattr(builtins, "leave", lambda: leave.wait(SECONDS), raising=False)
    thread = threading.Thread(target=exec, args=("import endless", {"__name__": "theirs"}))
    thread.start()
    assert begun.wait(SECONDS)
    start = time.monotonic()
    try:
        assert status_of_child(lambda: None) == 0
        assert time.monotonic() - start < SECONDS / 6
    finally:
        leave.set()
        thread.join()
        sys.modules.pop("endless", None)


def test_a_lock_of_the_forking_thread_stays_its_own():
    lock = forked_lock()

    def give_back():
        lock.release()
        with lock:
            pass

    lock.acquire()
    assert status_of_child(give_back) == 0
    lock.release()


class Slow:
    def __init__(self, wait):
        self.wait = wait

    @computed
    def value(self):
        """What takes long."""
        self.wait()
        return 3


def test_a_property_that_another_thread_computes():
    assert Slow.value.__doc__ == "What takes long."
    assert Slow(int).value == 3
    assert while_another_thread(lambda wait: Slow(wait).value, lambda: Slow(int).value) == 0


def test_a_function_that_another_thread_compiles():
    """The user's function waits in its trace, so all that a compilation begins with is begun."""
    waits = []

    @jf.jit
    def f(x):
        for wait in waits:
            wait()
        return np.tanh(x @ x).sum(axis=0) * 2

    def compile_and_wait(wait):
        waits.append(wait)
        f(np.ones((5, 5)))

    def run():
        waits.clear()
        np.testing.assert_array_equal(f(np.zeros((5, 5))), np.zeros(5))

    assert while_another_thread(compile_and_wait, run) == 0


def test_a_graph_that_another_thread_writes():
    graph = gr.Graph()

    def add():
        with graph.as_default():
            gr.constant(1.0)

    assert while_another_thread(held(graph._lock), add) == 0


def test_a_function_that_another_thread_makes(monkeypatch):
    """A fork comes while an entry has no state: nothing is renewed that is half made."""
    state = threading.local()

    def words(*args):
        if wait := getattr(state, "wait", None):
            wait()
        return made(*args)

    made = callable_module.Words
    monkeypatch.setattr(callable_module, "Words", words)

    def make(wait):
        state.wait = wait
        jf.jit(lambda x: x)

    kept = [jf.jit(lambda x: x + 1) for _ in range(20)]

    def run():
        assert not failures
        for f in kept:
            f(np.ones(3))

    failures = []
    monkeypatch.setattr(sys, "unraisablehook", failures.append)
    assert while_another_thread(make, run) == 0
