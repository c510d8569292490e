"""Results of the rules on values that need more than a pattern: constants, orders, conversions.

Each takes the builder, the matched op and the pattern's values, and may decline with None.
"""

from __future__ import annotations

import math
from typing import Any

from jitflow.ir.core import Op, Value
from jitflow.ir.dense import Dense
from jitflow.ir.dtypes import DType, bool_
from jitflow.ir.row import ROWS, OpRow
from jitflow.passes import constants
from jitflow.passes.constants import CONSTANT, is_constant, splat
from jitflow.passes.ranges import decided

_FLIPPED = {"lt": "gt", "le": "ge", "gt": "lt", "ge": "le"}
_NEGATED = {"lt": "ge", "le": "gt", "gt": "le", "ge": "lt"}
_MANTISSA = {"f16": 11, "bf16": 8, "f32": 24, "f64": 53}


def swap(b: Any, op: Op, constant: Value, x: Value) -> Value | None:
    """Constants move right, once: two constants stay."""
    return None if is_constant(x) else b.emit(op.row, (x, constant), op.attrs).result


def regroup(b: Any, op: Op, x: Value, first: Value, second: Value) -> Value | None:
    """(x . C) . D as x . (C . D)."""
    both = _constant(b, op.row, first, second)
    return None if both is None else b.emit(op.row, (x, both)).result


def negate_constant(b: Any, op: Op, x: Value, constant: Value) -> Value | None:
    """(-x) * C and -(x * C) as x * (-C)."""
    negative = _constant(b, ROWS["neg"], constant)
    return None if negative is None else b.mul(x, negative)


def _constant(b: Any, row: OpRow, *operands: Value) -> Value | None:
    """The constant that a row gives on constants, if it is small and exact."""
    op = b.emit(row, operands)
    data = constants.evaluate(op)
    b.ops.pop()
    if data is None:
        return None
    made: Value = b.emit(CONSTANT, (), {"value": data, "type": op.result.type}).result
    return made


def undo(b: Any, op: Op, x: Value) -> Value | None:
    """The operand of the inner op, if both have the same attributes."""
    inner = op.operands[0].op
    assert inner is not None
    return x if inner.attrs == op.attrs else None


def flip_order(b: Any, op: Op, constant: Value, x: Value) -> Value | None:
    if is_constant(x):
        return None
    return b.emit(ROWS[_FLIPPED[op.row.name]], (x, constant)).result


def negate_order(b: Any, op: Op, x: Value, y: Value) -> Value | None:
    """The opposite comparison, where no NaN can be."""
    inner = op.operands[0].op
    assert inner is not None
    if x.type.dtype.is_inexact:
        return None
    return b.emit(ROWS[_NEGATED[inner.row.name]], (x, y)).result


def decide(b: Any, op: Op, x: Value, bound: Value) -> Value | None:
    """A comparison that all elements of an array give the same answer to."""
    answer = decided(op.row.name, x, bound)
    if answer is None:
        return None
    made: Value = b.emit(
        CONSTANT, (), {"value": Dense(answer, bool_), "type": op.results[0].type}
    ).result
    return made


def each_bound(b: Any, op: Op, x: Value, y: Value) -> Value | None:
    """Two bounds of integers that all elements keep, each by itself."""
    if not (_is_bound(x) and _is_bound(y)):
        return None
    first, second = (b.emit(op.row, (side,), op.attrs).result for side in (x, y))
    return b.and_(first, second)


def _is_bound(x: Value) -> bool:
    op = x.op
    if op is None or op.row.name not in _FLIPPED or not op.operands[0].type.dtype.is_integer:
        return False
    return splat(op.operands[1]) is not None


def bound_extreme(b: Any, op: Op, x: Value, bound: Value) -> Value | None:
    """A bound that all elements keep is one that the extreme of them keeps: without masks."""
    inner = op.operands[0]
    if not _is_bound(inner) or 0 in x.type.shape or inner.op is None:
        return None
    limit = splat(bound)
    assert limit is not None
    extreme = b.reduce_max if inner.op.row.name in ("lt", "le") else b.reduce_min
    found = extreme(x, axes=op.attrs["axes"])
    return b.emit(inner.op.row, (found, b.full_like(found, limit.item()))).result


def choose_extreme(b: Any, op: Op, x: Value, bound: Value) -> Value | None:
    """A bound that x keeps, or that all of x is beyond."""
    is_greater = op.row.name == "maximum"
    if decided("ge" if is_greater else "le", x, bound):
        return x
    return bound if decided("le" if is_greater else "ge", x, bound) else None


def keep_inside(b: Any, op: Op, low: Value, x: Value, high: Value) -> Value | None:
    """Bounds that x keeps."""
    return x if decided("ge", x, low) and decided("le", x, high) else None


def multiply_by_reciprocal(b: Any, op: Op, x: Value, divisor: Value) -> Value | None:
    """x / 2**k = x * 2**-k to the bit: both round the same real number."""
    data = splat(divisor)
    if data is None:
        return None
    value = float(data.item())
    if not math.isfinite(value) or value == 0 or abs(math.frexp(value)[0]) != 0.5:
        return None
    reciprocal = Dense(1 / value, data.dtype)
    if float(reciprocal.item()) * value != 1:
        return None
    return b.mul(x, b.full_like(x, reciprocal.item()))


def multiply_by_inverse(b: Any, op: Op, x: Value, divisor: Value) -> Value | None:
    """x / c as x * (1 / c): rounds twice."""
    return None if is_constant(x) else b.mul(x, b.div(b.full_like(x, 1), divisor))


def compress(b: Any, op: Op) -> Value | None:
    """A constant whose elements have equal bits, as one number."""
    data = op.attrs["value"]
    if data.is_splat:
        return None
    smaller = constants.compress(data)
    if smaller is data:
        return None
    return b.emit(CONSTANT, (), {"value": smaller, "type": op.attrs["type"]}).result


def convert_once(b: Any, op: Op, x: Value) -> Value | None:
    """Drops a conversion in between that loses nothing."""
    source, between, target = x.type.dtype, op.operands[0].type.dtype, op.attrs["dtype"]
    if not keeps_values(source, between):
        return None
    return b.convert(x, dtype=target)


def keeps_values(source: DType, target: DType) -> bool:
    """Whether every value of `source` is one of `target`; complex dtypes decline."""
    if "c" in (source.kind, target.kind):
        return False
    if source is target or source.kind == "b":
        return True
    if target.kind == "f":
        return _fits_float(source, target)
    if source.kind == "f" or target.kind == "b":
        return False
    if source.kind == target.kind:
        return source.bits <= target.bits
    return source.kind == "u" and source.bits < target.bits


def _fits_float(source: DType, target: DType) -> bool:
    if source.kind == "f":
        return source.bits < target.bits
    digits = source.bits - (source.kind == "i")
    return digits <= _MANTISSA[target.name]


def bitcast_once(b: Any, op: Op, x: Value) -> Value | None:
    return b.bitcast(x, dtype=op.attrs["dtype"])
