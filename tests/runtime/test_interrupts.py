"""Ctrl-C at any time leaves jitted functions, and all other threads, as if it had not been."""

import gc
import os
import random
import signal
import threading
import time

import numpy as np
import pytest

import jitflow as jf
from jitflow.runtime.entry import TRACES
from jitflow.runtime.interrupts import Uninterrupted
from jitflow.trace.context import STATE

pytestmark = pytest.mark.skipif(
    threading.current_thread() is not threading.main_thread(), reason="the main thread has signals"
)

X = np.linspace(0.1, 1.0, 7)


class Stop(Exception):
    """What the handler of these tests raises."""


@pytest.fixture
def stops():
    """Has SIGINT raise Stop as often as `stops.append` allowed it."""
    allowed = []

    def handle(number, frame):
        if allowed:
            allowed.pop()
            raise Stop

    before = signal.signal(signal.SIGINT, handle)
    yield allowed
    allowed.clear()
    signal.signal(signal.SIGINT, before)


def test_it_is_raised_at_the_end(stops):
    stops.append(1)
    reached = []
    with pytest.raises(Stop):
        with Uninterrupted():
            with Uninterrupted():
                signal.raise_signal(signal.SIGINT)
                reached.append(1)
            reached.append(2)
    assert reached == [1, 2]
    assert not stops
    with Uninterrupted():
        pass


def test_an_error_inside_goes_on(stops):
    stops.append(1)
    with pytest.raises(Stop) as caught, Uninterrupted():
        signal.raise_signal(signal.SIGINT)
        raise ValueError
    assert isinstance(caught.value.__context__, ValueError)


@pytest.mark.parametrize("handler", [signal.SIG_IGN, signal.SIG_DFL])
def test_handlers_that_are_no_functions_stay(handler):
    before = signal.signal(signal.SIGINT, handler)
    try:
        with Uninterrupted():
            assert signal.getsignal(signal.SIGINT) is handler
    finally:
        signal.signal(signal.SIGINT, before)


def test_other_threads_have_no_signals():
    before, seen = signal.getsignal(signal.SIGINT), []

    def work():
        with Uninterrupted():
            seen.append(signal.getsignal(signal.SIGINT))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert seen == [before]


def function(k):
    """A function that was never compiled, with a call and a scalar in it."""
    inner = jf.jit(lambda a: a * k)
    return jf.jit(lambda a, b: (inner(a) + b, a.sum()))


# An interrupt in a callback of weakref or in __del__ is printed, as Python does.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_interrupts_at_random_times(stops):
    start = time.perf_counter()
    wanted = function(2.0)(X, X)
    took = time.perf_counter() - start
    chosen = random.Random(5)
    for round in range(6):
        f = function(2.0)
        delay = chosen.uniform(0, took)
        timer = threading.Timer(delay, os.kill, (os.getpid(), signal.SIGINT))
        try:
            stops.append(round)
            timer.start()
            f(X, X)
            timer.join()
            stops.clear()
        except Stop:
            timer.join()
        assert (STATE.context, STATE.traces, TRACES.value, gc.isenabled()) == (None, 0, 0, True)
        found = []
        thread = threading.Thread(target=lambda f=f, found=found: found.append(f(X, X)))
        thread.start()
        thread.join()
        for result in (*found, f(X, X), f(X, X)):
            np.testing.assert_array_equal(result[0], wanted[0])
            assert result[1] == wanted[1]
        assert f._entry.calls or not f._entry.is_native
