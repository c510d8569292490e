"""Constants, and the rows between vectors and scalars.

Constants become literals in the instructions that use them. Owns no state.
"""

from __future__ import annotations

from jitflow.codegen.elementwise import combine
from jitflow.codegen.emitter import Emit, Emitter, element_pointer
from jitflow.codegen.types import (
    constant,
    counting,
    element_type,
    memory_type,
    register_type,
    splat,
    suffix,
)
from jitflow.errors import VerifyError
from jitflow.ir.core import Op
from jitflow.ir.types import TensorType, VectorType


def _constant(e: Emitter, op: Op) -> None:
    type = op.results[0].type
    register_type(type)
    e.names[op.results[0]] = constant(op.attrs["value"], type)


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
    """One load per lane: faster than a gather instruction where a lane costs a load anyway."""
    (index,) = op.operands
    result = op.results[0].type
    table = e.constant_memory(op.attrs["table"])
    if not isinstance(result, VectorType):
        e.names[op.results[0]] = _table_element(e, op, table, index.type, e.names[index])
        return
    text, element = register_type(result), element_type(result.dtype)
    indices = f"{register_type(index.type)} {e.names[index]}"
    value, scalar = "poison", TensorType(index.type.dtype)
    for lane in range(result.lanes):
        where = e.temp("index", f"extractelement {indices}, i64 {lane}")
        found = _table_element(e, op, table, scalar, where)
        value = e.temp("lookup", f"insertelement {text} {value}, {element} {found}, i64 {lane}")
    e.names[op.results[0]] = value


def _table_element(e: Emitter, op: Op, table: str, index: TensorType, name: str) -> str:
    dtype = op.attrs["table"].dtype
    if index.dtype.bits < 64:
        widen = "sext" if index.dtype.kind == "i" else "zext"
        name = e.temp("wide", f"{widen} {register_type(index)} {name} to i64")
    at = element_pointer(e, table, dtype, name)
    found = e.temp("entry", f"load {memory_type(dtype)}, ptr {at}, align {dtype.itemsize}")
    return e.temp("flag", f"icmp ne i8 {found}, 0") if dtype.kind == "b" else found


EMITTERS: dict[str, Emit] = {
    "constant": _constant,
    "iota": _iota,
    "splat": _splat,
    "extract": _extract,
    "lane_reduce": _lane_reduce,
    "any_lane": _any_lane,
    "lookup": _lookup,
}
