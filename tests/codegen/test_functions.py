"""Math rows that stand often: one function, the bits of the inlined code."""

import numpy as np
import pytest

from jitflow.ir.parser import parse_function
from jitflow.passes.expand import expand
from jitflow.passes.manager import run_pipeline
from jitflow.passes.pipeline import LOOPS
from jitflow.runtime import compile_function

BEFORE = ",".join(LOOPS[: LOOPS.index("expand")])
AFTER = ",".join(LOOPS[LOOPS.index("expand") + 1 :])


def compiled(text, inline):
    loops = run_pipeline(BEFORE, parse_function(text))
    return compile_function(run_pipeline(AFTER, expand(loops, inline=inline)))


def tower(row, dtype, height):
    lines = [f"%0: {dtype}[37] = {row} %x"]
    lines += [f"%{k}: {dtype}[37] = {row} %{k - 1}" for k in range(1, height)]
    return "\n".join([f"func @f(%x: {dtype}[37]) {{", *lines, f"return %{height - 1}", "}"])


@pytest.mark.parametrize("dtype", ["f32", "f64"])
@pytest.mark.parametrize("row", ["exp", "log1p", "sin", "tanh", "erf"])
def test_a_shared_function_gives_the_bits_of_inlined_code(row, dtype):
    text = tower(row, dtype, 4)
    shared, inlined = compiled(text, inline=0), compiled(text, inline=10_000)
    definitions = [line for line in shared.llvm_text.splitlines() if "define internal" in line]
    assert len(definitions) == 1 and f"jitflow_f.{row}." in definitions[0]
    assert "define internal" not in inlined.llvm_text
    special = [0.0, -0.0, np.nan, np.inf, -np.inf, 1e30, 1e-40]
    values = np.concatenate([special, np.linspace(-3, 60000, 30)])
    x = values.astype({"f32": "f4", "f64": "f8"}[dtype])
    np.testing.assert_array_equal(shared([x])[0], inlined([x])[0])


def test_rows_that_stand_once_are_inlined():
    assert "define internal" not in compiled(tower("sin", "f64", 1), inline=0).llvm_text


def test_a_row_of_two_operands_is_shared():
    text = """
    func @f(%x: f32[8], %y: f32[8]) {
      %0: f32[8] = pow %x, %y
      %1: f32[8] = pow %0, %x
      return %1
    }"""
    x = np.linspace(0.1, 2, 8, dtype=np.float32)
    shared = compiled(text, inline=0)
    assert "@jitflow_f.pow.v8f32(<8 x float> %x.0, <8 x float> %x.1)" in shared.llvm_text
    np.testing.assert_array_equal(shared([x, x])[0], compiled(text, inline=10_000)([x, x])[0])
