"""interleave: the parts of records are loaded and stored together, where lanes are records.

Complex numbers are records of two parts; short rows are, where a loop over rows has lanes.
"""

from __future__ import annotations

from jitflow.ir.builder import Builder
from jitflow.ir.core import Function, Op, Region, Value, walk
from jitflow.ir.types import BufferType
from jitflow.passes.lowering.packing import Packing
from jitflow.passes.lowering.plans import Block
from jitflow.passes.lowering.rebuild import rebuild
from jitflow.passes.lowering.records import (
    MOST_PARTS,
    Records,
    find_records,
    load_records,
    store_records,
)


def interleave(function: Function) -> Function:
    """Joins accesses to lanes n apart that fill each other's gaps into n dense ones and shuffles.

    Before: `store %re, %a, %i`, `store %im, %b, %i` where %b is %a moved on by one element
    After:  `%0: f32<8> = shuffle %re, %im {lanes=[0, 8, 1, ...]}`, `%1: i64[] = add %i, %i`,
            `store %0, %both, %1`, and the same for the upper half
    Where values that are stored together were computed alike, of loads that stand together too, the
    vectors that are stored are computed in place of the parts (lowering/packing.py).
    Stores meet at the last one, loads at the first; nothing in between touches what they would
    pass. Precondition: after `vectorize`.
    """
    if not any(isinstance(t, BufferType) and _may_hold(t) for t in function.contents.types):
        return function
    regions = [function.body, *(r for op in walk(function.body) for r in op.regions)]
    plans: dict[Op, Packing] = {}
    gone: set[Op] = set()
    for region in regions:
        block = Block(region)
        for records in find_records(region, "store"):
            plan = plans[records.ops[-1]] = Packing(block, records)
            gone.update(records.ops, plan.replaced)
    loads = {}
    for region in regions:
        for records in find_records(region, "load"):
            if not gone.issuperset(records.ops):
                loads[records.ops[0]] = records
                gone.update(records.ops)
    return _rewritten(function, plans, loads, gone) if gone else function


def _may_hold(type: BufferType) -> bool:
    step = type.strides[-1] if type.strides else 0
    return isinstance(step, int) and 2 <= step <= MOST_PARTS


def _rewritten(
    function: Function, plans: dict[Op, Packing], loads: dict[Op, Records], gone: set[Op]
) -> Function:
    def visit(builder: Builder, op: Op, new: dict[Value, Value]) -> bool:
        for region in op.regions:
            _prepare(builder, region, new)
        if op in plans:
            plan = plans[op]
            store_records(builder, plan.records, plan.vectors(builder, new), new)
        elif op in loads:
            load_records(builder, loads[op], new)
        return op in gone

    def _prepare(builder: Builder, region: Region, new: dict[Value, Value]) -> None:
        for inner in region.ops:
            if inner in plans:
                plans[inner].prepare(builder, new)

    return rebuild(function, visit)
