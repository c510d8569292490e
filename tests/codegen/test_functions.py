"""Math rows that are called: functions beside the object, the bits of inlined code."""

import numpy as np
import pytest

from jitflow.codegen import called_rows
from jitflow.ir.core import walk
from jitflow.ir.parser import parse_function
from jitflow.passes.expand import expand
from jitflow.passes.manager import run_pipeline
from jitflow.passes.pipeline import LOOPS
from jitflow.runtime import compile_function
from jitflow.runtime.compile import llvm_text
from jitflow.runtime.symbols import undefined_symbols

BEFORE = ",".join(LOOPS[: LOOPS.index("expand")])
AFTER = ",".join(LOOPS[LOOPS.index("expand") + 1 :])
NUMPY = {"f32": np.float32, "f64": np.float64}


def expanded(text, **options):
    return run_pipeline(AFTER, expand(run_pipeline(BEFORE, parse_function(text)), **options))


def calling(text):
    return expanded(text, hot=10**9)


def inlined(text):
    return expanded(text, hot=0, inline=10**9)


def called(function):
    return called_rows(walk(function.body))


def tower(row, dtype, height, size=37):
    lines = [f"%0: {dtype}[{size}] = {row} %x"]
    lines += [f"%{k}: {dtype}[{size}] = {row} %{k - 1}" for k in range(1, height)]
    return "\n".join([f"func @f(%x: {dtype}[{size}]) {{", *lines, f"return %{height - 1}", "}"])


@pytest.mark.parametrize("dtype", NUMPY)
@pytest.mark.parametrize("row", ["exp", "log1p", "sin", "cos", "tanh", "erf"])
def test_a_call_gives_the_bits_of_inlined_code(row, dtype):
    text = tower(row, dtype, 3)
    calls, alone = compile_function(calling(text)), compile_function(inlined(text))
    assert f"call <{32 // alone.body.inputs[0].dtype.itemsize} x" in llvm_text(calling(text))
    assert any(s.startswith(f"jitflow_{row}_") for s in undefined_symbols(calls.object_bytes))
    assert not any(s.startswith("jitflow_") for s in undefined_symbols(alone.object_bytes))
    special = [0.0, -0.0, np.nan, np.inf, -np.inf, 1e30, 1e-40]
    x = np.concatenate([special, np.linspace(-3, 60000, 30)]).astype(NUMPY[dtype])
    np.testing.assert_array_equal(calls([x])[0], alone([x])[0])


def test_a_row_of_two_operands():
    text = """
    func @f(%x: f32[8], %y: f32[8]) {
      %0: f32[8] = pow %x, %y
      %1: f32[8] = pow %0, %x
      return %1
    }"""
    x = np.linspace(0.1, 2, 8, dtype=np.float32)
    calls = compile_function(calling(text))
    assert "@jitflow_pow_f32x8(<8 x float> %load" in llvm_text(calling(text))
    np.testing.assert_array_equal(calls([x, x])[0], compile_function(inlined(text))([x, x])[0])


def test_the_code_for_large_arrays_is_inlined_and_for_small_ones_called():
    for size, names in ((100, ["jitflow_sin_f32x8"]), (1_000_000, [])):
        assert list(called(expanded(tower("sin", "f32", 1, size)))) == names


def test_what_stands_very_often_is_called_for_large_arrays_too():
    assert list(called(expanded(tower("tanh", "f64", 50, 10**6)))) == ["jitflow_tanh_f64x4"]


def test_short_expansions_are_inlined():
    text = """
    func @f(%x: f32[8]) {
      %0: f32[8] = clamp %x, %x, %x
      return %0
    }"""
    assert not called(calling(text))


def test_objects_do_not_depend_on_what_was_compiled_before():
    text = tower("log", "f32", 2, 21)
    first = compile_function(calling(text))
    again = compile_function(calling(text))
    assert first.object_bytes == again.object_bytes and first.body.calls == again.body.calls


def test_a_long_body_is_a_function_of_its_own():
    steps = [f"%{k}: f32[100] = {'mul' if k % 2 else 'add'} %{k - 1 if k else 'x'}, %c{k % 7}"
             for k in range(300)]  # fmt: skip
    constants = [f"%c{k}: f32[100] = constant {{value={1 + k / 64}}}" for k in range(7)]
    head, end = ["func @f(%x: f32[100]) {"], ["return %299", "}"]
    function = expanded("\n".join([*head, *constants, *steps, *end]))
    executable = compile_function(function)
    assert llvm_text(function).count("call void @jitflow_f.body0(") == 1
    x = np.linspace(-2, 2, 100, dtype=np.float32)
    expected = x
    for k in range(300):
        c = np.float32(1 + k % 7 / 64)
        expected = expected * c if k % 2 else expected + c
    np.testing.assert_array_equal(executable([x])[0], expected)
