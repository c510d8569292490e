"""How much a loop does: what its run costs, counted in additions of one vector register.

Owns the model on which it is decided what is worth threads and a call without Python's lock. An
addition stands for 0.1 ns where a loop computes, and 0.3 ns where it waits for memory.
"""

from __future__ import annotations

from collections import Counter

from jitflow.ir.core import Op, Region, Value
from jitflow.ir.nests import RUN
from jitflow.ir.types import BufferType, VectorType
from jitflow.passes.lowering.rebuild import constant_int

LEAST_WORK = 300_000
"""What threads are worth: below it a loop stays on one. 30 to 90 us: where CPUs have other work, a
thread that waits for one keeps the call waiting for longer than that.
"""

ACCESS = 2
"""Of a register that is read or written."""

LOOP_STEP = 2
"""Of counting, and of asking whether there is more."""

CALL = 4
"""Of a function that a math row is, beside what it computes."""


def trip_count(loop: Op) -> int | None:
    """How often a loop runs, None where its ends are not constants."""
    lower, upper = (constant_int(v) for v in loop.operands[:2])
    if lower is None or upper is None:
        return None
    return max(0, -((lower - upper) // int(loop.attrs["step"])))


def usual_trips(loop: Op) -> int:
    """How often a loop runs, or would but for its last run: 1 where nothing is known.

    A run over [i, minimum(i + n, end)) has n elements.
    """
    known = trip_count(loop)
    if known is not None:
        return known
    lower, upper = loop.operands[:2]
    length = _distance(lower, upper)
    return max(1, length // int(loop.attrs["step"]))


def _distance(lower: Value, upper: Value) -> int:
    """The most that lies between two values; 1 where it is not known."""
    op = upper.op
    if upper is lower:
        return 0
    if op is None:
        return 1
    if op.row.name == "constant":
        return _below(lower, constant_int(upper) or 0)
    if op.row.name in ("minimum", "maximum"):
        return max(_distance(lower, v) for v in op.operands)
    if op.row.name == "add" and op.operands[0] is lower:
        return _length(op.operands[1])
    return 1


def _below(lower: Value, upper: int) -> int:
    """What lies between a value and a constant: on average half, from a loop's index on."""
    first = constant_int(lower)
    if first is not None:
        return upper - first
    is_capped = lower.op is not None and lower.op.row.name == "minimum"
    places = lower.op.operands if lower.op is not None and is_capped else (lower,)
    return upper // 2 if any(place.op is None for place in places) else 1


def _length(value: Value) -> int:
    """A value that is a distance, or the whole steps of one."""
    op, known = value.op, constant_int(value)
    if known is not None:
        return known
    if op is not None and op.row.name == "and":
        return _length(op.operands[0])
    if op is not None and op.row.name == "sub":
        return _distance(op.operands[1], op.operands[0])
    return 1


def work(region: Region, vector_bytes: int) -> float:
    """What a run of the region costs, for vector registers of so many bytes."""
    if RUN not in region.contents.rows:
        return sum([work_of(op, vector_bytes) for op in region.ops])
    runs = Counter([id(op.attrs["nest"]) for op in region.ops if op.row is RUN])
    nests = {id(op.attrs["nest"]): op for op in region.ops if op.row is RUN}
    again = sum([runs[key] * work_of(op, vector_bytes) for key, op in nests.items()])
    return again + sum([work_of(op, vector_bytes) for op in region.ops if op.row is not RUN])


def work_of(op: Op, vector_bytes: int) -> float:
    """What an op costs, with all that its regions do."""
    row = op.row
    if row.is_elementwise:
        call = CALL if row.expand is not None else 0
        return (row.cost + call) * _registers(op.results[0], vector_bytes)
    if op.regions:
        inside = [work(region, vector_bytes) for region in op.regions]
        is_loop = row.name == "loop"
        return usual_trips(op) * (inside[0] + LOOP_STEP) if is_loop else 1 + max(inside)
    if row is RUN:
        return work(op.attrs["nest"].body, vector_bytes)
    if row.name == "load":
        return _accesses(op.operands[0], op.results[0], vector_bytes)
    if row.name == "store":
        return _accesses(op.operands[1], op.operands[0], vector_bytes)
    return 0 if row.cost == 0 or row.name in ("alloc", "view", "splat") else 1


def _registers(value: Value, vector_bytes: int) -> int:
    type = value.type
    if not isinstance(type, VectorType):
        return 1
    return max(1, type.lanes * int(type.dtype.itemsize) // vector_bytes)


def _accesses(buffer: Value, value: Value, vector_bytes: int) -> int:
    """For each register where lanes lie side by side, else one for each lane."""
    type, value_type = buffer.type, value.type
    assert isinstance(type, BufferType)
    dense = not type.strides or type.strides[-1] == 1
    if dense or not isinstance(value_type, VectorType):
        return ACCESS * _registers(value, vector_bytes)
    return ACCESS * value_type.lanes
