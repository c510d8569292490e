"""Conversions between dtypes, by value and by bits.

Float to integer saturates and sends NaN to 0 on every CPU: the number is brought into range first,
where LLVM's own saturation would take lanes one by one. Owns no state.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from jitflow.codegen.elementwise import compare_instruction, literal, zero
from jitflow.codegen.emitter import Emit, Emitter
from jitflow.codegen.types import number, register_type
from jitflow.errors import VerifyError
from jitflow.ir.core import Op
from jitflow.ir.dtypes import DType, bool_, f16, f32, i32, u16
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
        _saturate(e, op)
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


def _saturate(e: Emitter, op: Op) -> None:
    """A float between the least and the greatest one in range, truncated; then what was not there.

    NaN becomes the least on the way. Narrow integers are truncated from 32 bits.
    """
    (x,) = op.operands
    target, text, name = op.results[0].type, register_type(x.type), e.names[x]
    limits = np.iinfo(target.dtype.numpy)
    low, high = float(limits.min), _greatest_below(limits.max, x.type.dtype)
    least, most = (_float(x.type, bound) for bound in (low, high))
    mask = register_type(x.type.with_dtype(bool_))

    def chosen(condition: str, type: str, yes: str, no: str) -> str:
        holds = e.temp("inside", f"fcmp {condition}")
        return e.temp("bounded", f"select {mask} {holds}, {type} {yes}, {type} {no}")

    bounded = chosen(f"ogt {text} {name}, {least}", text, name, least)
    bounded = chosen(f"olt {text} {bounded}, {most}", text, bounded, most)
    wide = target if target.dtype.bits >= 32 else target.with_dtype(i32)
    sign = "u" if wide.dtype.kind == "u" else "s"
    result = e.temp("whole", f"fpto{sign}i {text} {bounded} to {register_type(wide)}")
    whole = register_type(target)
    if wide is not target:
        result = e.temp("narrow", f"trunc {register_type(wide)} {result} to {whole}")
    if int(high) != limits.max:
        end = literal(target, str(limits.max))
        result = chosen(f"ogt {text} {name}, {most}", whole, end, result)
    if limits.min:
        is_number = e.temp("number", f"fcmp ord {text} {name}, {name}")
        e.define(op, f"select {mask} {is_number}, {whole} {result}, {whole} {zero(target)}")
    else:
        e.names[op.results[0]] = result


def _greatest_below(limit: int, dtype: DType) -> float:
    """The greatest float of a dtype that is not above an integer."""
    nearest = dtype.numpy.type(limit)
    return float(nearest if int(nearest) <= limit else np.nextafter(nearest, dtype.numpy.type(0)))


def _float(type: Any, value: float) -> str:
    return literal(type, number(value, type.dtype))


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
