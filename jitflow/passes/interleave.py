"""interleave: the two parts of complex results are stored together. Asks what memory is touched."""

from __future__ import annotations

from jitflow.ir.builder import Builder
from jitflow.ir.core import Function, Op, Region, Value, walk
from jitflow.ir.row import ROWS, Effect
from jitflow.ir.types import MAX_LANES, BufferType, VectorType
from jitflow.passes.lowering.footprint import address, view_offset
from jitflow.passes.lowering.rebuild import base_of, constant_int, rebuild


def interleave(function: Function) -> Function:
    """Joins stores of lanes two apart that fill each other's gaps into one store.

    Before: `store %re, %a, %i`, `store %im, %b, %i` where %b is %a moved on by one element
    After:  `%0: f32<16> = shuffle %re, %im {lanes=[0, 8, 1, ...]}`, `%1: i64[] = add %i, %i`, `store %0, %both, %1`
    The first store moves down to the second, past what does not touch its buffer.
    Precondition: after `vectorize`.
    """
    pairs: dict[Op, Op] = {}
    for region in _regions(function):
        pairs.update(_pairs(region))
    if not pairs:
        return function
    first = set(pairs.values())

    def visit(builder: Builder, op: Op, new: dict[Value, Value]) -> bool:
        if op in pairs:
            _store_both(builder, pairs[op], op, new)
        return op in first or op in pairs

    return rebuild(function, visit)


def _regions(function: Function) -> list[Region]:
    return [function.body, *(region for op in walk(function.body) for region in op.regions)]


def _pairs(region: Region) -> dict[Op, Op]:
    """Second stores of the region, each with its first one."""
    found: dict[Op, Op] = {}
    open_: dict[Value, Op] = {}
    for op in region.ops:
        if op.row.effect is Effect.ORDERED or op.regions:
            open_.clear()
        elif op.row.name in ("load", "store"):
            base = base_of(address(op)[0])
            before = open_.pop(base, None)
            if before is not None and _fill_each_other(before, op):
                found[op] = before
            elif _has_gaps(op):
                open_[base] = op
    return found


def _has_gaps(op: Op) -> bool:
    """Whether the op stores lanes two apart."""
    type = op.operands[0].type
    if op.row.name != "store" or not isinstance(type, VectorType) or 2 * type.lanes > MAX_LANES:
        return False
    return bool(op.operands[1].type.strides[-1] == 2)


def _fill_each_other(first: Op, second: Op) -> bool:
    if not _has_gaps(second) or first.attrs != second.attrs:
        return False
    (value, buffer, *at), (other, beside, *there) = first.operands, second.operands
    same = value.type == other.type and buffer.type == beside.type and at == there
    return same and abs(view_offset(buffer) - view_offset(beside)) == 1


def _store_both(b: Builder, first: Op, second: Op, new: dict[Value, Value]) -> None:
    low, high = sorted((first, second), key=lambda op: view_offset(op.operands[1]))
    parts = [new.get(op.operands[0], op.operands[0]) for op in (low, high)]
    count = parts[0].type.lanes
    turns = tuple(lane for k in range(count) for lane in (k, count + k))
    lanes = b.shuffle(*parts, lanes=turns)
    buffer, (*rows, last) = address(low)
    type, base = buffer.type, base_of(buffer)
    shape, strides = (*type.shape[:-1], 2 * type.shape[-1]), (*type.strides[:-1], 1)
    both = BufferType(type.dtype, shape, strides, type.space)
    attrs = {"offset": view_offset(buffer), "type": both}
    view = b.emit(ROWS["view"], (new.get(base, base),), attrs).result
    view.name = buffer.name
    number, start = constant_int(last), new.get(last, last)
    index = b.add(start, start) if number is None else b.index(2 * number)
    at = (*(new.get(v, v) for v in rows), index)
    b.store(lanes, view, *at, valid=2 * first.attrs["valid"])
