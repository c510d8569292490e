"""interleave: the parts of complex numbers are loaded and stored together, where lanes of both are.

Asks what memory is touched, and names no row above loads, stores and shuffles.
"""

from __future__ import annotations

from jitflow.ir.buffers import base_of
from jitflow.ir.builder import Builder
from jitflow.ir.core import Function, Op, Region, Value, walk
from jitflow.ir.row import ROWS, Effect
from jitflow.ir.types import MAX_LANES, BufferType, VectorType
from jitflow.passes.lowering.footprint import address, view_offset
from jitflow.passes.lowering.rebuild import constant_int, rebuild


def interleave(function: Function) -> Function:
    """Joins accesses to lanes two apart that fill each other's gaps into one access and shuffles.

    Before: `store %re, %a, %i`, `store %im, %b, %i` where %b is %a moved on by one element
    After:  `%0: f32<16> = shuffle %re, %im {lanes=[0, 8, 1, ...]}`, `%1: i64[] = add %i, %i`,
            `store %0, %both, %1`
    Stores meet at the second one, loads at the first; nothing in between touches what they would
    pass. Precondition: after `vectorize`.
    """
    types = function.contents.types
    if not any(isinstance(t, BufferType) and t.strides[-1:] == (2,) for t in types):
        return function
    regions = [function.body, *(r for op in walk(function.body) for r in op.regions)]
    stores = {b: a for region in regions for a, b in _pairs(region, "store")}
    loads = {a: b for region in regions for a, b in _pairs(region, "load")}
    if not stores and not loads:
        return function
    gone = {*stores.values(), *loads.values()}

    def visit(builder: Builder, op: Op, new: dict[Value, Value]) -> bool:
        if op in stores:
            _store_both(builder, stores[op], op, new)
        elif op in loads:
            _load_both(builder, op, loads[op], new)
        return op in stores or op in loads or op in gone

    return rebuild(function, visit)


def _pairs(region: Region, row: str) -> list[tuple[Op, Op]]:
    """Accesses of the region by `row` that fill each other's gaps, in order."""
    found: list[tuple[Op, Op]] = []
    waiting: dict[Value, list[Op]] = {}
    for op in region.ops:
        if op.row.effect is Effect.ORDERED or op.regions:
            waiting.clear()
        elif op.row.name in ("load", "store"):
            base = base_of(address(op)[0])
            if row == "store" or op.row.name == "store":
                others = waiting.pop(base, [])
            else:
                others = waiting.setdefault(base, [])
            before = next((o for o in others if _fill_each_other(o, op)), None)
            if before is not None:
                others.remove(before)
                found.append((before, op))
            elif op.row.name == row and _has_gaps(op):
                waiting.setdefault(base, []).append(op)
    return found


def _lanes(op: Op) -> VectorType | None:
    type = op.result.type if op.row.name == "load" else op.operands[0].type
    return type if isinstance(type, VectorType) else None


def _has_gaps(op: Op) -> bool:
    """Whether lanes of the access stand two apart."""
    type, (buffer, indices) = _lanes(op), address(op)
    if type is None or 2 * type.lanes > MAX_LANES or buffer.type.strides[-1] != 2:
        return False
    return not any(isinstance(index.type, VectorType) for index in indices)


def _fill_each_other(first: Op, second: Op) -> bool:
    if first.row is not second.row or not _has_gaps(second) or first.attrs != second.attrs:
        return False
    (buffer, at), (beside, there) = address(first), address(second)
    same = _lanes(first) == _lanes(second) and buffer.type == beside.type and at == there
    return same and abs(view_offset(buffer) - view_offset(beside)) == 1


def _in_order(first: Op, second: Op) -> list[Op]:
    return sorted((first, second), key=lambda op: view_offset(address(op)[0]))


def _store_both(b: Builder, first: Op, second: Op, new: dict[Value, Value]) -> None:
    pair = _in_order(first, second)
    parts = [new.get(op.operands[0], op.operands[0]) for op in pair]
    count = parts[0].type.lanes
    turns = tuple(lane for k in range(count) for lane in (k, count + k))
    both, at = _joined(b, pair[0], new)
    b.store(b.shuffle(*parts, lanes=turns), both, *at, valid=2 * first.attrs["valid"])


def _load_both(b: Builder, first: Op, second: Op, new: dict[Value, Value]) -> None:
    pair = _in_order(first, second)
    count = first.result.type.lanes
    both, at = _joined(b, pair[0], new)
    lanes = b.load(both, *at, lanes=2 * count, valid=2 * first.attrs["valid"])
    for start, op in enumerate(pair):
        every_other = tuple(range(start, 2 * count, 2))
        new[op.result] = b.shuffle(lanes, lanes, lanes=every_other)


def _joined(b: Builder, low: Op, new: dict[Value, Value]) -> tuple[Value, tuple[Value, ...]]:
    """Both parts as one dense buffer, and the indices there of the access to the first one."""
    buffer, (*rows, last) = address(low)
    type, base = buffer.type, base_of(buffer)
    shape, strides = (*type.shape[:-1], 2 * type.shape[-1]), (*type.strides[:-1], 1)
    both = BufferType(type.dtype, shape, strides, type.space)
    attrs = {"offset": view_offset(buffer), "type": both}
    view = b.emit(ROWS["view"], (new.get(base, base),), attrs).result
    view.name = buffer.name
    number, start = constant_int(last), new.get(last, last)
    index = b.add(start, start) if number is None else b.index(2 * number)
    return view, (*(new.get(v, v) for v in rows), index)
