"""expand: math rows become level-3 arithmetic, by the expansion that each row holds."""

from __future__ import annotations

from jitflow.ir.builder import Builder
from jitflow.ir.core import Function, Op, Value
from jitflow.passes.lowering.rebuild import copy_op, rebuild


def expand(function: Function) -> Function:
    """Replaces every op whose row has an expansion, for scalars and vectors alike.

    Before: `%1: f32<8> = clamp %low, %x, %high`
    After:  `%0: f32<8> = maximum %x, %low`, `%1: f32<8> = minimum %0, %high`
    An expansion may use rows that have expansions themselves; those are replaced as well.
    """
    return rebuild(function, _visit)


def _visit(builder: Builder, op: Op, new: dict[Value, Value]) -> bool:
    if op.row.expand is None:
        return False
    inner = Builder(locations=op.locations)
    operands = [new.get(v, v) for v in op.operands]
    result = op.row.expand(inner, *operands, **op.attrs)
    again: dict[Value, Value] = {}
    for made in inner.ops:
        if not _visit(builder, made, again):
            copy_op(builder, made, again, _visit)
    new[op.result] = again.get(result, result)
    return True
