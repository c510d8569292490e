"""Constants, and the rows between vectors and scalars.

Constants become literals in the instructions that use them. Owns no state.
"""

from __future__ import annotations

from jitflow.codegen.elementwise import combine, literal
from jitflow.codegen.emitter import SHUFFLES, Emit, Emitter, element_pointer
from jitflow.codegen.memory import from_memory
from jitflow.codegen.types import (
    constant,
    counting,
    element_type,
    memory_type,
    register_type,
    splat,
    suffix,
    vector_text,
)
from jitflow.errors import VerifyError
from jitflow.ir.core import Op, Value
from jitflow.ir.dtypes import i64, u8
from jitflow.ir.types import VectorType


def _constant(e: Emitter, op: Op) -> None:
    result = op.results[0]
    register_type(result.type)
    e.names[result] = constant(op.attrs["value"], result.type)


def _iota(e: Emitter, op: Op) -> None:
    type = op.results[0].type
    if not isinstance(type, VectorType):
        raise VerifyError(f"{type} is not a vector; run the pass lower")
    e.names[op.results[0]] = counting(type)


def _splat(e: Emitter, op: Op) -> None:
    (x,) = op.operands
    scalar, name = x.type, e.names[x]
    if name.startswith("%"):
        e.names[op.results[0]] = spread(e, name, op.results[0].type)
    else:
        e.names[op.results[0]] = splat(name, scalar.dtype)


def spread(e: Emitter, scalar: str, type: VectorType) -> str:
    """A scalar in every lane."""
    text, element = register_type(type), element_type(type.dtype)
    first = e.temp("lane", f"insertelement {text} poison, {element} {scalar}, i64 0")
    mask = f"<{type.lanes} x i32> zeroinitializer"
    return e.temp("splat", f"shufflevector {text} {first}, {text} poison, {mask}")


def _extract(e: Emitter, op: Op) -> None:
    (x,) = op.operands
    e.define(op, f"extractelement {register_type(x.type)} {e.names[x]}, i64 {op.attrs['lane']}")


def _shuffle(e: Emitter, op: Op) -> None:
    x, y = op.operands
    if SHUFFLES in (e.shuffled.get(x), e.shuffled.get(y)):
        e.cut()
    e.shuffled[op.results[0]] = 1 + max(e.shuffled.get(x, 0), e.shuffled.get(y, 0))
    text, lanes = register_type(x.type), op.attrs["lanes"]
    mask = ", ".join(f"i32 {k}" for k in lanes)
    operands = f"{text} {e.names[x]}, {text} {e.names[y]}"
    e.define(op, f"shufflevector {operands}, <{len(lanes)} x i32> <{mask}>")


def _lane_reduce(e: Emitter, op: Op) -> None:
    """Lower half with upper half until one lane is left: the row's own order."""
    (x,) = op.operands
    row, value, type = op.attrs["op"], e.names[x], x.type
    while type.lanes > 1:
        half = VectorType(type.dtype, type.lanes // 2)
        low = _lanes(e, value, type, 0, half.lanes)
        high = _lanes(e, value, type, half.lanes, type.lanes)
        value, type = e.temp(row, combine(row, half, low, high)), half
    e.define(op, f"extractelement {register_type(type)} {value}, i64 0")


def _lanes(e: Emitter, value: str, type: VectorType, first: int, last: int) -> str:
    """The lanes from `first` to before `last`."""
    mask = ", ".join(f"i32 {k}" for k in range(first, last))
    text = register_type(type)
    picked = f"shufflevector {text} {value}, {text} poison, <{last - first} x i32> <{mask}>"
    return e.temp("half", picked)


def _any_lane(e: Emitter, op: Op) -> None:
    (x,) = op.operands
    if isinstance(x.type, VectorType):
        text = f"{register_type(x.type)} {e.names[x]}"
        e.define(op, f"call i1 @llvm.vector.reduce.or.{suffix(x.type)}({text})")
    else:
        e.names[op.results[0]] = e.names[x]


def _lookup(e: Emitter, op: Op) -> None:
    """A load, or a gather: LLVM turns it into one load per lane where the CPU has none."""
    (index,) = op.operands
    result, table = op.results[0].type, e.constant_memory(op.attrs["table"])
    where = _entry_index(e, index, op.attrs["table"].array.size)
    element = memory_type(result.dtype)
    if not isinstance(result, VectorType):
        at = element_pointer(e, table, result.dtype, where)
        found = e.temp("entry", f"load {element}, ptr {at}, align {result.dtype.itemsize}")
    else:
        lanes, text = result.lanes, vector_text(result.lanes, element)
        at = e.temp("at", f"getelementptr inbounds {element}, ptr {table}, <{lanes} x i64> {where}")
        mask = f"<{lanes} x i1> splat (i1 true)"
        stored = result.with_dtype(u8) if result.dtype.kind == "b" else result
        name = f"@llvm.masked.gather.{suffix(stored)}.v{lanes}p0"
        pointers = f"<{lanes} x ptr> align {result.dtype.itemsize} {at}"
        found = e.temp("entries", f"call {text} {name}({pointers}, {mask}, {text} poison)")
    e.names[op.results[0]] = from_memory(e, found, result)


def _entry_index(e: Emitter, index: Value, size: int) -> str:
    """The index in 64 bits; that of the last entry where there is none."""
    type, name = index.type, e.names[index]
    wide = type.with_dtype(i64)
    text = register_type(wide)
    if type.dtype.bits < 64:
        widen = "sext" if type.dtype.kind == "i" else "zext"
        name = e.temp("wide", f"{widen} {register_type(type)} {name} to {text}")
    operands = f"{text} {name}, {text} {literal(wide, str(size - 1))}"
    return e.temp("entry", f"call {text} @llvm.umin.{suffix(wide)}({operands})")


EMITTERS: dict[str, Emit] = {
    "constant": _constant,
    "iota": _iota,
    "splat": _splat,
    "extract": _extract,
    "shuffle": _shuffle,
    "lane_reduce": _lane_reduce,
    "any_lane": _any_lane,
    "lookup": _lookup,
}
