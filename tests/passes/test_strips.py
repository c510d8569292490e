"""Strips change no bit: reductions and running sums over leading axes, of every size and target."""

import numpy as np
import pytest

import jitflow as jf
from jitflow.ir.builder import Builder
from jitflow.ir.core import walk
from jitflow.ir.dtypes import DTYPES
from jitflow.ir.interpreter import interpret
from jitflow.ir.types import TensorType
from jitflow.passes.manager import run_pipeline
from jitflow.passes.pipeline import loops_for
from jitflow.runtime import compile_function
from tests.support.native import HERE
from tests.support.programs import assert_same_bits

TARGETS = [(16, 16), (32, 16), (64, 32)]


def program(name, shape, steps):
    """Several reductions in one kernel, of what is computed on the way."""
    b = Builder(locations=HERE)
    x = b.param(TensorType(DTYPES[name], shape))
    return b.build("f", steps(b, x))


def check(function, array):
    """With the pass and without it, on all targets, the bits are the same."""
    results = []
    for target in TARGETS:
        full = loops_for(*target)
        without = tuple(step for step in full if step != "strips")
        loops = [run_pipeline(passes, function, verify_each=True) for passes in (full, without)]
        assert any(v.name == "strip" for op in walk(loops[0].body) for v in op.results)
        results += [compile_function(each)([array]) for each in loops]
    for result in results[1:]:
        assert_same_bits(result, results[0])
    return results[0]


def sample(name, shape):
    return (np.random.default_rng(3).normal(size=shape) * 9).astype(DTYPES[name].numpy)


@pytest.mark.parametrize("name", ["f32", "f64", "i8", "i64", "f16"])
@pytest.mark.parametrize("rows", [16, 33, 65])
def test_sums(name, rows):
    shape = (rows, 8, 640)
    check(program(name, shape, lambda b, x: [b.reduce_sum(x, axes=(0,))]), sample(name, shape))


@pytest.mark.parametrize("width", [2053, 1037, 4096])
def test_several_reductions_with_work_before_and_after(width):
    def steps(b, x):
        y = b.mul(x, x)
        total, most = b.reduce_sum(y, axes=(0,)), b.reduce_max(x, axes=(0,))
        return [b.div(total, most), b.argmax(y, axis=0)]

    check(program("f32", (37, width), steps), sample("f32", (37, width)))


def test_the_interpreter_agrees():
    shape = (18, 1001)
    function = program("f32", shape, lambda b, x: [b.reduce_sum(b.add(x, x), axes=(0,))])
    array, total = sample("f32", shape), np.zeros(shape[1:], np.float32)
    interpret(run_pipeline(loops_for(16, 16), function), [array, total])
    assert_same_bits(check(function, array), [total])


@pytest.mark.parametrize("shape", [(3, 18, 1024), (2, 3, 20, 1500)])
def test_inside_of_other_loops(shape):
    function = program("f32", shape, lambda b, x: [b.reduce_sum(x, axes=(len(shape) - 2,))])
    check(function, sample("f32", shape))


def test_two_axes():
    shape = (20, 2, 3, 1100)
    check(
        program("f32", shape, lambda b, x: [b.reduce_prod(x, axes=(0, 2))]), sample("f32", shape)
    )


@pytest.fixture
def number_of_threads():
    before = jf.get_num_threads()
    yield
    jf.set_num_threads(before)


def columns(b, x):
    """Reductions whose states differ, and what each of them needs from the others."""
    y = b.mul(x, x)
    total = b.reduce_sum(y, axes=(0,))
    spread = b.sub(b.reduce_max(x, axes=(0,)), b.reduce_min(x, axes=(0,)))
    return [b.add(total, spread), b.argmin(y, axis=0)]


@pytest.mark.parametrize("name", ["f32", "f64"])
@pytest.mark.parametrize("shape", [(5003, 200), (3000, 1000), (1100, 4100), (2, 2600, 300)])
def test_runs_apart_for_any_number_of_threads(name, shape, number_of_threads):
    def steps(b, x):
        return columns(b, b.reshape(x, shape=(shape[0] * shape[1], *shape[2:])))

    function = program(name, shape, steps if len(shape) == 3 else columns)
    loops = run_pipeline(loops_for(32, 16), function, verify_each=True)
    assert any(v.name == "partial" for op in walk(loops.body) for v in op.results)
    jf.set_num_threads(1)
    array = sample(name, shape)
    native, expected = compile_function(loops), check(function, array)
    for threads in (1, 2, 3, 7, 16):
        jf.set_num_threads(threads)
        assert_same_bits(native([array]), expected)
