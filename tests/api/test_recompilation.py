"""Functions that are compiled again and again say so, once, and what differs."""

import numpy as np
import pytest

import jitflow as jf
from jitflow.api import function
from jitflow.api.recompilation import RecompilationWarning


class Net:
    def __init__(self):
        self.w, self.rate = np.ones(3), 1.0

    @jf.jit
    def step(self, x):
        return self.w * x * self.rate


def rates():
    net = Net()
    for k in range(8):
        net.rate = 1.0 + k
        np.testing.assert_array_equal(net.step(np.ones(3)), np.full(3, 1.0 + k))


def objects():
    for _ in range(8):
        Net().step(np.ones(4)[:3])


def shapes():
    f = jf.jit(lambda x: x + 1)
    for k in range(8):
        f(np.ones(k))


def structures():
    f = jf.jit(lambda xs: sum(xs))
    for k in range(1, 9):
        f([np.ones(2)] * k)


def static():
    f = jf.jit(lambda x, n: x * n, static_argnames="n")
    for n in range(8):
        f(np.ones(2), n)


CASES = {
    rates: r"the attribute rate\n +cure: pass rate as an argument",
    objects: r"the object\n +cure: register its class",
    shapes: r"dtypes and shapes of arguments\n",
    structures: r"the structure of the arguments\n",
    static: r"the static argument n\n +cure: pass n as an argument that is not static",
}


@pytest.mark.parametrize("calls", CASES)
def test_many_signatures_are_said_once(calls, monkeypatch):
    monkeypatch.setattr(function, "MAX_ROWS", 4)
    Net.step.clear_cache()
    with pytest.warns(RecompilationWarning, match=r"256 signatures; .* in " + CASES[calls]) as seen:
        calls()
    (warning,) = seen
    assert warning.filename == __file__


def test_code_stays_where_the_warning_is_an_error(monkeypatch):
    monkeypatch.setattr(function, "MAX_ROWS", 2)
    f = jf.jit(lambda x: x + 1)
    f(np.ones(1))
    with pytest.raises(RecompilationWarning):
        f(np.ones(2))
    assert f(np.ones(2)).tolist() == [2.0, 2.0]
    assert f.cache_info().misses == 2


def test_code_that_is_made_anew_is_no_further_signature(monkeypatch):
    monkeypatch.setattr(function, "MAX_ROWS", 2)
    Net.step.clear_cache()
    net = Net()
    net.step(np.ones(3))
    net.rate = 2.0
    with pytest.warns(RecompilationWarning) as seen:
        for k in range(4):
            net.w = np.full(3, k)
            net.step(np.ones(3))
    assert len(seen) == 1
