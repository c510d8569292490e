"""expand: math rows become level-3 arithmetic, by the expansion that each row holds."""

from __future__ import annotations

from collections import Counter
from functools import cache
from typing import Any

from jitflow.errors import NoCodeError, explain
from jitflow.ir.builder import Builder
from jitflow.ir.core import Function, Op, Region, Value, walk
from jitflow.ir.row import OpRow
from jitflow.passes.lowering.rebuild import copy_op, rebuild, rebuild_region

CALL_SIZE = 16
"""Ops that an expansion must have for a call to be worth it."""


def expand(function: Function, *, inline: int = 96) -> Function:
    """Replaces ops by the expansions of their rows, for scalars and vectors alike.

    Before: `%1: f32<8> = clamp %low, %x, %high`
    After:  `%0: f32<8> = maximum %x, %low`, `%1: f32<8> = minimum %0, %high`
    An expansion may use rows that have expansions themselves; those are replaced as well.

    inline: ops. A row that stands several times, and whose expansions would have more ops than
    this in all, stays: its code is made once, as a function that each op calls.
    """
    counts = Counter(kind(op) for op in walk(function.body) if op.row.expand is not None)
    shared = {k for k, count in counts.items() if count > 1 and _should_share(k, count, inline)}

    def visit(builder: Builder, op: Op, new: dict[Value, Value]) -> bool:
        if op.row.expand is None or kind(op) in shared:
            return False
        _require_wide(op)
        return _replace(builder, op, new)

    return rebuild(function, visit)


Kind = tuple[OpRow, tuple[Any, ...], tuple[Any, ...]]
"""Row, operand types and attributes: equal for ops that expand to the same."""


def kind(op: Op) -> Kind:
    return (op.row, tuple([v.type for v in op.operands]), tuple(op.attrs.items()))


def _require_wide(op: Op) -> None:
    dtype = op.result.type.dtype
    if dtype.is_float and dtype.bits < 32:
        problem = f"no code for {dtype} yet; expected f32 or f64"
        raise NoCodeError(explain(problem, op=op.row.name, at=op.locations[0]))


def _should_share(kind: Kind, count: int, inline: int) -> bool:
    if kind[1][0].dtype.bits < 32:
        return False
    size = _size(kind)
    return size >= CALL_SIZE and count * size > inline


@cache
def _size(kind: Kind) -> int:
    """Ops of the expansion, constants aside."""
    return sum(op.row.name != "constant" for op in walk(expansion(kind)))


def expansion(kind: Kind) -> Region:
    """What the row expands to, over parameters in place of the operands."""
    row, types, attrs = kind
    assert row.expand is not None
    b = Builder()
    params = [b.param(t) for t in types]
    region = b.region((row.expand(b, *params, **dict(attrs)),))
    return rebuild_region(region, _replace, {})


def _replace(builder: Builder, op: Op, new: dict[Value, Value]) -> bool:
    if op.row.expand is None:
        return False
    inner = Builder(locations=op.locations)
    operands = [new.get(v, v) for v in op.operands]
    result = op.row.expand(inner, *operands, **op.attrs)
    again: dict[Value, Value] = {}
    for made in inner.ops:
        if not _replace(builder, made, again):
            copy_op(builder, made, again, _replace)
    new[op.result] = again.get(result, result)
    return True
