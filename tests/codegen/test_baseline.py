"""Text for baseline code: the same bits, whatever it makes of literals and intrinsics."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import jitflow as jf
from jitflow.codegen import baseline_text, kinds_beside
from jitflow.ir.dtypes import DTYPES
from jitflow.ir.types import VectorType
from jitflow.runtime.compile import compile_function
from jitflow.runtime.engine import BASELINE, engine
from jitflow.runtime.machine import host_target

BLOCK = """\
define void @f(ptr %p) nounwind {{
entry:
  %x.1 = load <8 x float>, ptr %p, align 4
  %y.2 = fmul <8 x float> %x.1, splat (float 2.0)
  {middle}
  store <8 x float> %z.3, ptr %p, align 4
  ret void
}}
"""


def test_literals_are_read_from_memory_and_intrinsics_are_called() -> None:
    operands = "<8 x float> %y.2, <8 x float> splat (float 0.0)"
    call = f"%z.3 = call <8 x float> @llvm.maximum.v8f32({operands})"
    text, calls = baseline_text(BLOCK.format(middle=call), 32)
    block = text.partition("  ret void")[0]
    assert "splat" not in block
    assert "@llvm." not in text
    assert "@jitflow_maximum_f32x8(<8 x float> %y.2, <8 x float> %literal.2)" in block
    assert list(calls) == ["jitflow_maximum_f32x8"]
    assert engine().object_image(text, host_target(), calls, BASELINE)


def test_equal_literals_of_a_type_are_there_once() -> None:
    middle = "%y.4 = fadd <8 x float> %y.2, splat (float 2.0)\n"
    middle += "  %y.5 = fadd <4 x float> splat (float 2.0), splat (float 3.0)\n"
    middle += "  %z.3 = fsub <8 x float> splat (float 3.0), %y.4"
    text, _ = baseline_text(BLOCK.format(middle=middle), 32)
    assert text.count("@jitflow.8xfloat, i64 0") == 2
    assert text.count("@jitflow.8xfloat, i64 32") == 1
    assert text.count("@jitflow.4xfloat, i64 16") == 1
    assert text.count("splat (float 2.0)") == 2


def test_short_rows_that_are_called_are_there_for_each_type() -> None:
    names = {c: [kind.row.name for kind in kinds_beside(VectorType(DTYPES[c], 8))]
             for c in ("f32", "i32", "u32")}  # fmt: skip
    assert names["i32"] == names["u32"] == ["maximum", "minimum"]
    assert set(names["f32"]) == {
        "abs", "copysign", "floor", "fma", "maximum", "minimum", "rint", "sqrt",
    }  # fmt: skip


@pytest.mark.parametrize("middle", [
    "%m.4 = fcmp olt <8 x float> %x.1, %y.2\n"
    "  %z.3 = select <8 x i1> %m.4, <8 x float> %x.1, <8 x float> %y.2",
    "%z.3 = shufflevector <8 x float> %y.2, <8 x float> poison, <8 x i32> zeroinitializer",
])  # fmt: skip
def test_blocks_of_what_is_not_known_stay(middle: str) -> None:
    text = BLOCK.format(middle=middle)
    assert baseline_text(text, 32) == (text, {})


@pytest.mark.parametrize(("vector_bytes", "lanes"), [(16, 4), (32, 8), (64, 16)])
def test_vectors_of_several_registers_stay(vector_bytes: int, lanes: int) -> None:
    text = BLOCK.format(middle="%z.3 = fneg <8 x float> %y.2")
    for fitting in (4, lanes):
        known = text.replace("<8 x", f"<{fitting} x")
        assert "splat" not in baseline_text(known, vector_bytes)[0].partition("ret void")[0]
    for other in (lanes // 2 * 3, lanes * 2):
        unknown = text.replace("<8 x", f"<{other} x")
        assert baseline_text(unknown, vector_bytes) == (unknown, {})


def _numbers(x: Any, y: Any) -> Any:
    for k in range(6):
        x = np.maximum(np.abs(x - (k + 2)) * 3, y - 4)
        x = np.minimum(np.copysign(x, y) + 5, x * 7)
    return np.maximum(x, 0.0) - np.minimum(y, -0.0)


def _roots(x: Any, y: Any) -> Any:
    for k in range(6):
        x = np.floor(np.sqrt(np.abs(x)) * (k + 3) - y) + np.rint(x * 7)
    return -np.sqrt(x)


def _integers(x: Any, y: Any) -> Any:
    for k in range(6):
        x = np.minimum(np.maximum(x * 3 - y, k + 4) ^ 21, y | 5)
    return x


@pytest.mark.parametrize(("function", "dtype"), [
    (_numbers, "f4"), (_numbers, "f8"), (_roots, "f4"), (_roots, "f8"), (_integers, "i4"),
    (_integers, "u4"), (_integers, "i8"), (_integers, "i2"),
])  # fmt: skip
def test_baseline_code_gives_the_bits_of_full_code(
    function: Callable[..., Any], dtype: str
) -> None:
    generator = np.random.default_rng(1)
    x, y = (generator.integers(0, 100, 67).astype(dtype) for _ in range(2))
    if np.dtype(dtype).kind == "f":
        special = np.array([0.0, -0.0, np.inf, -np.inf, np.nan, 5e-324, 3.0, -3.0], dtype)
        x[:64], y[:64] = np.repeat(special, 8), np.tile(special, 8)
    with np.errstate(all="ignore"):
        expected = function(x, y)
    code = jf.jit(function).lower(x, y).compile()
    text = code.as_text("llvm")
    vector_bytes = host_target().vector_bytes
    assert vector_bytes < 32 or baseline_text(text, vector_bytes)[0] != text
    found = code(x, y)
    np.testing.assert_array_equal(found, expected)
    if np.dtype(dtype).kind == "f":
        same = np.signbit(found) == np.signbit(expected)
        assert (same | np.isnan(expected)).all()
    (full,) = compile_function(code.road.kernels)([x, y])
    has_number = ~np.isnan(expected)  # which sign a NaN has is the CPU's
    assert found[has_number].tobytes() == full[has_number].tobytes()
