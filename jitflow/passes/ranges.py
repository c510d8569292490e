"""Between which two numbers the elements of a value are, as far as the ops that made it say so.

Bytes that index a table of 256, numbers that were clipped, remainders: what compares them with a
bound, or keeps them inside one, has nothing to do. Owns no state.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from jitflow.ir.core import Op, Value
from jitflow.ir.dtypes import DType, f32, f64
from jitflow.ir.row import ROWS
from jitflow.ir.types import TensorType

_KERNEL = ROWS["kernel"]

DEPTH = 16
"""Ops behind each other that are looked at: what bounds an index stands near it."""


class Range(NamedTuple):
    """From `low` to `high`, both included; a float may be NaN beside."""

    low: Any
    high: Any


def range_of(value: Value) -> Range | None:
    """The range of all elements; None of 16-bit floats and complex numbers."""
    return _Search()(value)


def decided(row: str, x: Value, y: Value) -> bool | None:
    """What a comparison of integers gives for all elements, where their ranges say so."""
    first, second = range_of(x), range_of(y)
    if first is None or second is None:
        return None
    if row in ("gt", "ge"):
        row, first, second = {"gt": "lt", "ge": "le"}[row], second, first
    if first.high < second.low or row == "le" and first.high == second.low:
        return True
    if first.low > second.high or row == "lt" and first.low == second.high:
        return False
    return None


def _of_dtype(dtype: DType) -> Range:
    if dtype.kind == "b":
        return Range(0, 1)
    if dtype.kind == "f":
        return Range(-np.inf, np.inf)
    info = np.iinfo(dtype.numpy)
    return Range(int(info.min), int(info.max))


class _Search:
    """Asks each op behind a value once."""

    def __init__(self) -> None:
        self.known: dict[Value, Range | None] = {}
        self.depth = 0

    def __call__(self, value: Value) -> Range | None:
        dtype = value.type.dtype
        if dtype.kind not in "biu" and dtype not in (f32, f64):
            return None
        if value not in self.known:
            whole, found = _of_dtype(dtype), self._made(value, dtype)
            fits = found is not None and whole.low <= found.low and found.high <= whole.high
            self.known[value] = found if fits else whole
        return self.known[value]

    def _made(self, value: Value, dtype: DType) -> Range | None:
        op = value.op
        if op is None or self.depth == DEPTH:
            return None
        self.depth += 1
        if op.row is _KERNEL:
            found = self(op.regions[0].results[op.results.index(value)])
        else:
            rule = _RULES.get(op.row.name)
            found = rule(op, dtype, self) if rule is not None else None
        self.depth -= 1
        return found


def _constant(op: Op, dtype: DType, ask: _Search) -> Range | None:
    array = op.attrs["value"].array
    if not array.size or dtype.kind == "f" and np.isnan(array).any():
        return None
    return Range(array.min().item(), array.max().item())


def _iota(op: Op, dtype: DType, ask: _Search) -> Range | None:
    type = op.results[0].type
    extent = type.shape[op.attrs["axis"]] if isinstance(type, TensorType) else type.lanes
    if not isinstance(extent, int) or not extent:
        return None
    last = extent - 1
    return Range(0, float(dtype.numpy.type(last)) if dtype.is_float else last)  # floats round up


def _convert(op: Op, dtype: DType, ask: _Search) -> Range | None:
    """Of integers the same numbers, if the dtype has them; of floats cut off, and 0 of NaN."""
    source, found = op.operands[0].type.dtype, ask(op.operands[0])
    if found is None or dtype.kind == "f" and source.kind != "f":
        return None
    if source.kind != "f":
        return found
    if dtype.kind == "f":
        return found if dtype is f64 else None
    if dtype.kind == "b":
        return None
    whole = _of_dtype(dtype)
    low, high = (
        int(min(max(end, whole.low), whole.high)) for end in (min(found.low, 0), max(found.high, 0))
    )
    return Range(low, high)


def _extreme(pick: Callable[[Any, Any], Any]) -> Any:
    """minimum and maximum, of which one operand alone bounds one side."""

    def rule(op: Op, dtype: DType, ask: _Search) -> Range | None:
        x, y = (ask(v) for v in op.operands)
        if x is None or y is None:
            return None
        return Range(pick(x.low, y.low), pick(x.high, y.high))

    return rule


def _clamp(op: Op, dtype: DType, ask: _Search) -> Range | None:
    low, x, high = (ask(v) for v in op.operands)
    if low is None or x is None or high is None:
        return None
    raised = Range(max(low.low, x.low), max(low.high, x.high))
    return Range(min(raised.low, high.low), min(raised.high, high.high))


def _either(op: Op, dtype: DType, ask: _Search) -> Range | None:
    x, y = (ask(v) for v in op.operands[1:])
    if x is None or y is None:
        return None
    return Range(min(x.low, y.low), max(x.high, y.high))


def _arithmetic(function: Callable[[Any, Any], Any]) -> Any:
    """Sums, differences and products: at the ends, as rounding keeps order."""

    def rule(op: Op, dtype: DType, ask: _Search) -> Range | None:
        x, y = (ask(v) for v in op.operands)
        if x is None or y is None:
            return None
        if dtype.kind != "f":
            ends = [function(a, b) for a in x for b in y]
        else:
            number = dtype.numpy.type
            with np.errstate(all="ignore"):
                ends = [float(function(number(a), number(b))) for a in x for b in y]
            if not np.isfinite(ends).all():
                return None
        return Range(min(ends), max(ends))

    return rule


def _remainder(op: Op, dtype: DType, ask: _Search) -> Range | None:
    divisor = ask(op.operands[1])
    if dtype.kind not in "iu" or divisor is None or divisor.low < 1:
        return None
    return Range(0, divisor.high - 1)


def _floor_divide(op: Op, dtype: DType, ask: _Search) -> Range | None:
    x, divisor = (ask(v) for v in op.operands)
    if dtype.kind not in "iu" or x is None or divisor is None or divisor.low < 1:
        return None
    ends = [a // b for a in x for b in divisor]
    return Range(min(ends), max(ends))


def _masked(op: Op, dtype: DType, ask: _Search) -> Range | None:
    """An `and` with what is not negative leaves no more than that."""
    found = [ask(v) for v in op.operands]
    highs = [r.high for r in found if r is not None and r.low >= 0]
    return Range(0, min(highs)) if dtype.kind in "iu" and highs else None


def _shift_right(op: Op, dtype: DType, ask: _Search) -> Range | None:
    x, amount = (ask(v) for v in op.operands)
    if x is None or amount is None or amount.low < 0 or amount.high >= dtype.bits:
        return None
    ends = [a >> b for a in x for b in amount]
    return Range(min(ends), max(ends))


def _rounded(function: Any) -> Any:
    def rule(op: Op, dtype: DType, ask: _Search) -> Range | None:
        found = ask(op.operands[0])
        if found is None or not np.isfinite(found).all():
            return None
        return Range(float(function(found.low)), float(function(found.high)))

    return rule


def _same(op: Op, dtype: DType, ask: _Search) -> Range | None:
    """What moves elements, or picks some."""
    return ask(op.operands[0])


def _place(op: Op, dtype: DType, ask: _Search) -> Range | None:
    """An index along an axis of the operand."""
    shape = op.operands[0].type.shape
    extent = shape[op.attrs.get("axis", len(shape) - 1)]
    return Range(0, extent - 1) if isinstance(extent, int) and extent else None


def _sorted_place(op: Op, dtype: DType, ask: _Search) -> Range | None:
    extent = op.operands[0].type.shape[-1]
    return Range(0, extent) if isinstance(extent, int) else None


_RULES: dict[str, Any] = {
    "constant": _constant,
    "iota": _iota,
    "convert": _convert,
    "minimum": _extreme(min),
    "maximum": _extreme(max),
    "clamp": _clamp,
    "select": _either,
    "add": _arithmetic(lambda x, y: x + y),
    "sub": _arithmetic(lambda x, y: x - y),
    "mul": _arithmetic(lambda x, y: x * y),
    "remainder": _remainder,
    "floor_divide": _floor_divide,
    "and": _masked,
    "shift_right": _shift_right,
    "floor": _rounded(np.floor),
    "rint": _rounded(np.rint),
    **dict.fromkeys(("reshape", "broadcast", "transpose", "slice", "reverse", "splat"), _same),
    **dict.fromkeys(("gather", "dynamic_slice", "sort"), _same),
    **dict.fromkeys(("argmax", "argmin", "argsort"), _place),
    "searchsorted": _sorted_place,
}
"""By row: (op, dtype of the result, search) to a range that its exact result keeps to.

One that the dtype does not hold is none: integers wrap.
"""
