"""Rebuilding level-3 functions: one sweep with a value map, into regions by depth only."""

from __future__ import annotations

from collections.abc import Callable

from jitflow.ir.builder import Builder
from jitflow.ir.core import Function, Op, Region, Value
from jitflow.ir.row import ROWS
from jitflow.passes.rewrite import map_values
from jitflow.passes.rewrite import rebuild_region as like

_CONSTANT = ROWS["constant"]

Visit = Callable[[Builder, Op, dict[Value, Value]], bool]
"""visit(builder, op, new): emits what stands for the op, maps its results in `new`, and says
whether it did; otherwise the op is copied on mapped operands."""


def rebuild(function: Function, visit: Visit) -> Function:
    """The function with every op passed through `visit`; the same object if nothing changed."""
    body = rebuild_region(function.body, visit, {})
    return function.with_body(body)


def rebuild_region(region: Region, visit: Visit, new: dict[Value, Value]) -> Region:
    builder = Builder(region.params)
    for op in region.ops:
        builder.locations = op.locations
        if not visit(builder, op, new):
            copy_op(builder, op, new, visit)
    return like(region, builder.ops, map_values(region.results, new))


def copy_op(builder: Builder, op: Op, new: dict[Value, Value], visit: Visit) -> Op:
    """Appends the op on mapped operands; the same object if neither they nor regions changed."""
    operands, regions = map_values(op.operands, new), op.regions
    if regions:
        regions = tuple([rebuild_region(r, visit, new) for r in regions])
    if operands is op.operands and regions == op.regions:
        return builder.append(op)
    moved = op.with_operands(operands, regions)
    new.update(zip(op.results, moved.results, strict=True))
    return builder.append(moved)


def constant_int(value: Value) -> int | None:
    """The value of an i64[] constant, else None."""
    op = value.op
    return int(op.attrs["value"].array.item()) if op is not None and op.row is _CONSTANT else None
