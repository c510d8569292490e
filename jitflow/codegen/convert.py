"""Conversions between dtypes, by value and by bits.

Float to integer saturates and sends NaN to 0 on every CPU: LLVM's `.sat` intrinsics. Owns no state.
"""

from __future__ import annotations

from jitflow.codegen.elementwise import compare_instruction, zero
from jitflow.codegen.emitter import Emit, Emitter
from jitflow.codegen.types import register_type, suffix
from jitflow.errors import VerifyError
from jitflow.ir.core import Op
from jitflow.ir.dtypes import DType, f16, f32, u16
from jitflow.passes.halves import is_half


def _convert(e: Emitter, op: Op) -> None:
    (x,) = op.operands
    target = op.results[0].type
    from_dtype, to_dtype = x.type.dtype, target.dtype
    source = f"{register_type(x.type)} {e.names[x]}"
    if from_dtype is to_dtype:
        e.names[op.results[0]] = e.names[x]
    elif is_half(x) or is_half(op.result):
        _convert_half(e, op)
    elif to_dtype.kind == "b":
        e.define(op, f"{compare_instruction('ne', from_dtype.kind)} {source}, {zero(x.type)}")
    elif from_dtype.is_float and to_dtype.is_integer:
        sign = "s" if to_dtype.kind == "i" else "u"
        text = register_type(target)
        name = f"llvm.fpto{sign}i.sat.{suffix(target)}.{suffix(x.type)}"
        e.define(op, f"call {text} @{name}({source})")
    elif (cast := _cast(from_dtype, to_dtype)) is not None:
        e.define(op, f"{cast} {source} to {register_type(target)}")
    else:
        e.names[op.results[0]] = e.names[x]


def _convert_half(e: Emitter, op: Op) -> None:
    """Between f16, whose register holds bits, and f32; half_bits writes all others out."""
    (x,) = op.operands
    target = op.results[0].type
    if {x.type.dtype, target.dtype} != {f16, f32}:
        raise VerifyError(f"convert of {x.type} to {target}: run the pass half_bits")
    source = f"{register_type(x.type)} {e.names[x]}"
    numbers = register_type(x.type.with_dtype(u16)).replace("i16", "half")
    if x.type.dtype is f16:
        found = e.temp("half", f"bitcast {source} to {numbers}")
        e.define(op, f"fpext {numbers} {found} to {register_type(target)}")
    else:
        found = e.temp("half", f"fptrunc {source} to {numbers}")
        e.define(op, f"bitcast {numbers} {found} to {register_type(target)}")


def _cast(source: DType, target: DType) -> str | None:
    """The instruction that converts without saturation; None where the bits stay."""
    if target.is_float:
        if source.is_float:
            return "fpext" if target.bits > source.bits else "fptrunc"
        return "sitofp" if source.kind == "i" else "uitofp"
    if source.bits == target.bits:
        return None
    if target.bits < source.bits:
        return "trunc"
    return "sext" if source.kind == "i" else "zext"


def _bitcast(e: Emitter, op: Op) -> None:
    (x,) = op.operands
    source, target = register_type(x.type), register_type(op.results[0].type)
    if source == target:
        e.names[op.results[0]] = e.names[x]
    else:
        e.define(op, f"bitcast {source} {e.names[x]} to {target}")


EMITTERS: dict[str, Emit] = {"convert": _convert, "bitcast": _bitcast}
