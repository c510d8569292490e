"""Phases change no bit, on any target, for any number of threads."""

import numpy as np
import pytest

import jitflow as jf
import jitflow.numpy as jnp
from jitflow.ir.core import walk
from jitflow.ir.parser import parse_function
from jitflow.passes.manager import run_pipeline
from jitflow.passes.pipeline import loops_for
from jitflow.runtime import compile_function
from tests.support.programs import assert_same_bits

TARGETS = [(16, 16), (32, 16), (64, 32)]


def calls(s, k, t):
    a = np.sqrt(t) * s.dtype.type(0.2)
    d = (np.log(s / k) + t) / a
    return s * np.tanh(d) - k * np.exp(-t) * np.tanh(d - a), d > 0


def crossing(s, k, t):
    """Values of the first phase that the last one needs, of several types."""
    sign = np.sin(s) > np.cos(k)
    count = np.rint(np.exp(t)).astype(np.int32)
    return np.where(sign, np.tanh(np.log(s)), np.sin(k * t)) + count, np.expm1(np.log1p(t)) - s


def neighbours(s, k, t):
    return np.exp(s[1:]) + np.tanh(np.log(k[:-1]) * np.sin(t[1:])) + jnp.arange(s[1:].shape[-1])


def looked_up(s, k, t):
    """A place that one phase computes is read from in another."""
    place = (np.exp(s) * 9).astype(np.int64)
    found = np.take(t.reshape(-1)[:50], place, mode="clip")
    return np.tanh(found * np.sin(k)) + np.log(k) * np.take(t.reshape(-1), place, mode="clip")


@pytest.fixture(autouse=True)
def number_of_threads():
    before = jf.get_num_threads()
    yield
    jf.set_num_threads(before)


@pytest.mark.parametrize("dtype", ["f4", "f8"])
@pytest.mark.parametrize("shape", [(33001,), (130, 257)])
@pytest.mark.parametrize("program", [calls, crossing, neighbours, looked_up])
def test_the_bits_without(program, shape, dtype):
    rng = np.random.default_rng(1)
    arrays = [rng.uniform(0.1, 2, shape).astype(dtype) for _ in range(3)]
    function = parse_function(jf.jit(program).lower(*arrays).as_text("opt"))
    results = []
    for target in TARGETS:
        full = loops_for(*target)
        with_phases = run_pipeline(full, function)
        assert any(v.name == "phase" for op in walk(with_phases.body) for v in op.results)
        without = run_pipeline([step for step in full if step != "phases"], function)
        results.append(compile_function(without)(arrays))
        native = compile_function(with_phases)
        for threads in (1, 2, 3, 7, 16):
            jf.set_num_threads(threads)
            results.append(native(arrays))
    for result in results[1:]:
        assert_same_bits(result, results[0])


@pytest.mark.parametrize(("extent", "strip"), [(1000, 256), (300, 160), (513, 176), (512, 256)])
def test_strips_pass_few_elements_twice(extent, strip):
    function = parse_function(f"""
        func @f(%x: &f64[{extent}], %out: &f64[{extent}]) {{outputs=1}} {{
          %0: i64[] = constant {{value=0}}
          %n: i64[] = constant {{value={extent}}}
          loop %0, %n {{kind="parallel"}} (%i: i64[]) {{
            %1: f64[] = load %x, %i
            %2: f64[] = log %1
            %3: f64[] = sin %2
            store %3, %out, %i
            yield
          }}
          return
        }}""")
    changed = run_pipeline(["phases{most=40, hot=256}"], function)
    (outer,) = (op for op in changed.body.ops if op.row.name == "loop")
    assert outer.attrs["step"] == strip
