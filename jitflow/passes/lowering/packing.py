"""Records that are computed side by side in memory's order, in place of part by part.

Owns which values are alike, and which way takes the fewest shuffles: of n results to the vectors of
their records, or of what they are computed from. All of them give the same bits.
"""

from __future__ import annotations

from collections.abc import Sequence

from jitflow.forks import computed
from jitflow.ir.builder import Builder
from jitflow.ir.core import Op, Value
from jitflow.ir.types import VectorType
from jitflow.passes.lowering.plans import (
    MAX_DEPTH,
    Alike,
    Block,
    Fixed,
    Mixed,
    Plan,
    Read,
    Same,
    number_in,
)
from jitflow.passes.lowering.records import Map, Records, find_near, place

SHIFTS = ("shift_left", "shift_right")
"""Rows that take long where lanes differ in the second operand, and little where they do not."""


class Packing:
    """How the vectors of one group of stores come about."""

    def __init__(self, block: Block, records: Records) -> None:
        self.records = records
        values = [records.parts[k].operands[0] for k in range(records.count)]
        self._plan = _plan(block, records, values, 0)

    @computed
    def replaced(self) -> frozenset[Op]:
        """The ops whose results nothing needs any more, as other vectors are computed."""
        return frozenset(self._plan.replaced())

    def prepare(self, b: Builder, new: Map) -> None:
        """Emits what is the same in all steps of a loop, in front of it."""
        self._plan.prepare(b, new)

    def vectors(self, b: Builder, new: Map) -> list[Value]:
        return self._plan.emit(b, new)


def _plan(block: Block, records: Records, values: Sequence[Value], depth: int) -> Plan:
    """The way of the fewest shuffles."""
    weaving = Plan(block, values)
    if all(block.is_fixed(v) for v in values):
        return Fixed(block, values)
    if len(set(values)) == 1:
        return Same(block, values)
    other = _read(block, records, values) or _mixed(block, records, values)
    other = other or _alike(block, records, values, depth)
    if other is not None and other.cost < weaving.cost + other.saved:
        return other
    return weaving


def _mixed(block: Block, records: Records, values: Sequence[Value]) -> Plan | None:
    """Some values that are read, and some that are fixed; each has one that is near for the other.
    """
    fixed = [v for v in values if block.is_fixed(v)]
    if not 0 < len(fixed) < len(values):
        return None
    near = next(v for v in values if v not in fixed)
    places = []
    for value in values:
        near = near if value in fixed else value
        places.append(near)
    read = _read(block, records, places)
    if read is None:
        return None
    return Mixed(block, values, read, Fixed(block, [v if v in fixed else fixed[0] for v in values]))


def _read(block: Block, records: Records, values: Sequence[Value]) -> Read | None:
    ops = [v.op for v in values if v.op is not None and v.op in block.position]
    if len(ops) < len(values) or any(op.row.name != "load" for op in ops) or records.valid:
        return None
    loads = find_near(ops)
    if loads is None or not block.is_plain or _is_between(block, loads, records):
        return None
    places = [at for at in map(place, ops) if at is not None]
    plan = Read(block, values, loads, places)
    return plan if plan.fits else None


def _is_between(block: Block, loads: Records, records: Records) -> bool:
    """Whether something else writes what is loaded before the records are stored."""
    first = min(block.position[op] for op in loads.ops)
    last = block.position[records.ops[-1]]
    return any(
        first < block.position[op] < last and op not in records.ops
        for op in block.written.get(loads.first.base, ())
    )


def _alike(
    block: Block, records: Records, values: Sequence[Value], depth: int
) -> Plan | None:
    ops = [v.op for v in values if v.op is not None and v.op in block.position]
    if len(ops) < len(values) or depth > MAX_DEPTH or not all(map(_is_plain, ops)):
        return None
    head = ops[0]
    types = [v.type for v in head.operands]
    for op in ops:
        if op.row is not head.row or op.attrs != head.attrs or block.uses[op.result] != 1:
            return None
        if [v.type for v in op.operands] != types:
            return None
    operands = list(zip(*[op.operands for op in ops], strict=True))
    if head.row.name in SHIFTS and len({number_in(v) for v in operands[1]}) > 1:
        return None
    return Alike(block, values, [_plan(block, records, each, depth + 1) for each in operands])


def _is_plain(op: Op) -> bool:
    return op.row.is_elementwise and all(isinstance(v.type, VectorType) for v in op.operands)
