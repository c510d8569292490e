"""Arithmetic, comparison, logic and shifts: each row is one instruction or a few.

No fast-math flags and no contraction: every result is the row's, bit for bit. Owns no state.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from jitflow.codegen.emitter import Emit, Emitter
from jitflow.codegen.soft import write_soft
from jitflow.codegen.types import element_type, register_type, suffix
from jitflow.ir.core import Op, Value
from jitflow.ir.dtypes import bool_, f32, f64
from jitflow.ir.types import VectorType
from jitflow.passes.halves import is_half

HALF_SIGN, HALF_SIZE = "-32768", "32767"
"""The bits of f16 and bf16, which registers hold as i16."""


def combine(row: str, type: Any, x: str, y: str) -> str:
    """The instruction of a binary row that needs one only: lane_reduce writes it too."""
    before, between, end = _around(row, type)
    return f"{before} {x}, {between}{y}{end}"


@cache
def _around(row: str, type: Any) -> tuple[str, str, str]:
    """What stands before, between and behind the operands."""
    kind, text = type.dtype.kind, register_type(type)
    mnemonic = BINARY[row].get(kind)
    if mnemonic is not None:
        return f"{mnemonic} {text}", "", ""
    call = f"call {text} @llvm.{_INTRINSICS[row][kind]}.{suffix(type)}"
    return f"{call}({text}", f"{text} ", ")"


BINARY: dict[str, dict[str, str]] = {
    "add": {"f": "fadd", "i": "add", "u": "add"},
    "sub": {"f": "fsub", "i": "sub", "u": "sub"},
    "mul": {"f": "fmul", "i": "mul", "u": "mul"},
    "div": {"f": "fdiv"},
    "and": {"b": "and", "i": "and", "u": "and"},
    "or": {"b": "or", "i": "or", "u": "or"},
    "xor": {"b": "xor", "i": "xor", "u": "xor"},
    "maximum": {"b": "or"},
    "minimum": {"b": "and"},
    "copysign": {},
}
"""Instructions by row and dtype kind; what is not here is an intrinsic."""

_INTRINSICS: dict[str, dict[str, str]] = {
    "maximum": {"f": "maximum", "i": "smax", "u": "umax"},
    "minimum": {"f": "minimum", "i": "smin", "u": "umin"},
    "copysign": {"f": "copysign"},
}

_FLOAT_PREDICATES = {
    "eq": "oeq", "ne": "une", "lt": "olt", "le": "ole", "gt": "ogt", "ge": "oge",
}


def _binary(row: str) -> Emit:
    def emit(e: Emitter, op: Op) -> None:
        x, y = op.operands
        e.define(op, combine(row, x.type, e.names[x], e.names[y]))

    return emit


def _compare(row: str) -> Emit:
    def emit(e: Emitter, op: Op) -> None:
        x, y = op.operands
        instruction = compare_instruction(row, x.type.dtype.kind)
        e.define(op, f"{instruction} {register_type(x.type)} {e.names[x]}, {e.names[y]}")

    return emit


def compare_instruction(row: str, kind: str) -> str:
    """`ne` is true for NaN, the others are false; bool is ordered as an unsigned integer."""
    if kind == "f":
        return f"fcmp {_FLOAT_PREDICATES[row]}"
    if row in ("eq", "ne"):
        return f"icmp {row}"
    return f"icmp {'s' if kind == 'i' else 'u'}{row}"


def _unary_intrinsic(intrinsic: str) -> Emit:
    def emit(e: Emitter, op: Op) -> None:
        (x,) = op.operands
        text = register_type(x.type)
        e.define(op, f"call {text} @llvm.{intrinsic}.{suffix(x.type)}({text} {e.names[x]})")

    return emit


def _neg(e: Emitter, op: Op) -> None:
    (x,) = op.operands
    text = register_type(x.type)
    if is_half(x):
        e.define(op, f"xor {text} {e.names[x]}, {literal(x.type, HALF_SIGN)}")
    elif x.type.dtype.is_float:
        e.define(op, f"fneg {text} {e.names[x]}")
    else:
        e.define(op, f"sub {text} {zero(x.type)}, {e.names[x]}")


def _abs(e: Emitter, op: Op) -> None:
    (x,) = op.operands
    text, kind = register_type(x.type), x.type.dtype.kind
    if is_half(x):
        e.define(op, f"and {text} {e.names[x]}, {literal(x.type, HALF_SIZE)}")
    elif kind == "f":
        e.define(op, f"call {text} @llvm.fabs.{suffix(x.type)}({text} {e.names[x]})")
    elif kind == "i":
        e.define(op, f"call {text} @llvm.abs.{suffix(x.type)}({text} {e.names[x]}, i1 false)")
    else:
        e.names[op.results[0]] = e.names[x]


def _copysign(e: Emitter, op: Op) -> None:
    x, y = op.operands
    if not is_half(x):
        e.define(op, combine("copysign", x.type, e.names[x], e.names[y]))
        return
    text = register_type(x.type)
    size = e.temp("size", f"and {text} {e.names[x]}, {literal(x.type, HALF_SIZE)}")
    sign = e.temp("sign", f"and {text} {e.names[y]}, {literal(x.type, HALF_SIGN)}")
    e.define(op, f"or {text} {size}, {sign}")


def _float_intrinsic(row: str) -> Emit:
    """One instruction, or several where the CPU has none."""

    def emit(e: Emitter, op: Op) -> None:
        result = op.results[0]
        kind = suffix(result.type)
        if row in e.lacks:
            operands = dict(zip("xyz", [e.names[v] for v in op.operands], strict=False))
            e.names[result] = write_soft(e, row, kind, operands)
            return
        text = register_type(result.type)
        given = ", ".join(f"{text} {e.names[v]}" for v in op.operands)
        e.define(op, f"call {text} @llvm.{row}.{kind}({given})")

    return emit


def _not(e: Emitter, op: Op) -> None:
    (x,) = op.operands
    ones = literal(x.type, "true" if x.type.dtype.kind == "b" else "-1")
    e.define(op, f"xor {register_type(x.type)} {e.names[x]}, {ones}")


def _select(e: Emitter, op: Op) -> None:
    condition, x, y = op.operands
    text = register_type(x.type)
    chosen = f"{register_type(condition.type)} {e.names[condition]}"
    e.define(op, f"select {chosen}, {text} {e.names[x]}, {text} {e.names[y]}")


def _shift_left(e: Emitter, op: Op) -> None:
    _shift_or_zero(e, op, "shl")


def _shift_right(e: Emitter, op: Op) -> None:
    """Of signed numbers, an amount past the width leaves the sign bit everywhere."""
    x, amount = op.operands
    if x.type.dtype.kind != "i":
        _shift_or_zero(e, op, "lshr")
        return
    text, by = register_type(x.type), e.names[amount]
    if not _in_range(amount):
        operands = f"{text} {by}, {text} {literal(x.type, str(x.type.dtype.bits - 1))}"
        by = e.temp("amount", f"call {text} @llvm.umin.{suffix(x.type)}({operands})")
    e.define(op, f"ashr {text} {e.names[x]}, {by}")


def _shift_or_zero(e: Emitter, op: Op, mnemonic: str) -> None:
    """LLVM leaves an amount past the width undefined, and `select` hides that result."""
    x, amount = op.operands
    text = register_type(x.type)
    shift = f"{mnemonic} {text} {e.names[x]}, {e.names[amount]}"
    if _in_range(amount):
        e.define(op, shift)
        return
    shifted = e.temp("shifted", shift)
    width = literal(x.type, str(x.type.dtype.bits))
    inside = e.temp("inside", f"icmp ult {text} {e.names[amount]}, {width}")
    mask = register_type(x.type).replace(element_type(x.type.dtype), "i1")
    e.define(op, f"select {mask} {inside}, {text} {shifted}, {text} {zero(x.type)}")


def _in_range(amount: Value) -> bool:
    """True of a constant amount of which no lane reaches the width."""
    made_by = amount.op
    if made_by is None or made_by.row.name != "constant":
        return False
    array = made_by.attrs["value"].array
    return bool(array.min() >= 0 and array.max() < amount.type.dtype.bits)


def _quotient(e: Emitter, op: Op) -> None:
    """LLVM leaves division by zero, and of the least integer by -1, undefined: 1 stands in.

    CPUs divide vectors of floats only: those hold a quotient of narrower integers closely enough,
    as it is 1 / |y| away from the next integer at least.
    """
    x, y = op.operands
    text, signed = register_type(x.type), x.type.dtype.kind == "i"
    divide, dividend, divisor = "sdiv" if signed else "udiv", e.names[x], e.names[y]
    if _is_plain_divisor(y):
        e.define(op, f"{divide} {text} {dividend}, {divisor}")
        return
    mask = register_type(x.type.with_dtype(bool_))
    one, minus_one, nothing = literal(x.type, "1"), literal(x.type, "-1"), zero(x.type)
    is_zero = e.temp("is_zero", f"icmp eq {text} {divisor}, {nothing}")
    safe = e.temp("divisor", f"select {mask} {is_zero}, {text} {one}, {text} {divisor}")
    if signed:
        negates = e.temp("negates", f"icmp eq {text} {divisor}, {minus_one}")
        safe = e.temp("divisor", f"select {mask} {negates}, {text} {one}, {text} {safe}")
    if isinstance(x.type, VectorType) and x.type.dtype.bits <= 32:
        found = _divided_as_floats(e, x.type, dividend, safe)
    else:
        found = e.temp("quotient", f"{divide} {text} {dividend}, {safe}")
    if signed:
        negative = e.temp("negative", f"sub {text} {nothing}, {dividend}")
        found = e.temp("quotient", f"select {mask} {negates}, {text} {negative}, {text} {found}")
    e.define(op, f"select {mask} {is_zero}, {text} {nothing}, {text} {found}")


def _divided_as_floats(e: Emitter, type: VectorType, dividend: str, divisor: str) -> str:
    """x / y truncated: f32 has 8 bits to spare for integers of 16, f64 21 for those of 32."""
    sign = "s" if type.dtype.kind == "i" else "u"
    integers = register_type(type)
    floats = register_type(type.with_dtype(f64 if type.dtype.bits == 32 else f32))
    x, y = (
        e.temp("float", f"{sign}itofp {integers} {name} to {floats}")
        for name in (dividend, divisor)
    )
    ratio = e.temp("ratio", f"fdiv {floats} {x}, {y}")
    return e.temp("quotient", f"fpto{sign}i {floats} {ratio} to {integers}")


def _is_plain_divisor(y: Value) -> bool:
    """True of a constant in which no lane is 0, or -1 of a signed dtype."""
    made_by = y.op
    if made_by is None or made_by.row.name != "constant":
        return False
    array = made_by.attrs["value"].array
    return bool((array != 0).all() and not (y.type.dtype.is_signed and (array == -1).any()))


def literal(type: Any, number: str) -> str:
    """A number as a scalar or in every lane."""
    if isinstance(type, VectorType):
        return f"splat ({element_type(type.dtype)} {number})"
    return number


def zero(type: Any) -> str:
    return literal(type, "0.0" if type.dtype.is_float else "0")


EMITTERS: dict[str, Emit] = {
    **{row: _binary(row) for row in BINARY},
    **{row: _compare(row) for row in _FLOAT_PREDICATES},
    "copysign": _copysign,
    "neg": _neg,
    "abs": _abs,
    "sqrt": _unary_intrinsic("sqrt"),
    "floor": _float_intrinsic("floor"),
    "rint": _float_intrinsic("rint"),
    "fma": _float_intrinsic("fma"),
    "not": _not,
    "select": _select,
    "shift_left": _shift_left,
    "shift_right": _shift_right,
    "quotient": _quotient,
    "bit_count": _unary_intrinsic("ctpop"),
}
