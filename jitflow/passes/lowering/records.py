"""Accesses of lanes that stand apart and fill each other's gaps: the parts of records in memory.

Owns which loads and stores of a block belong together, and how their records are loaded and stored
whole. What happens in registers: lowering/weaving.py.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from jitflow.ir.buffers import base_of
from jitflow.ir.builder import Builder
from jitflow.ir.core import Op, Region, Value
from jitflow.ir.dtypes import u8
from jitflow.ir.nests import RUN
from jitflow.ir.row import ROWS, Effect
from jitflow.ir.types import BufferType, VectorType
from jitflow.passes.lowering.footprint import address, view_offset
from jitflow.passes.lowering.rebuild import constant_int
from jitflow.passes.lowering.weaving import dealt, permuted, woven

MOST_PARTS = 16

Map = dict[Value, Value]


class Place(NamedTuple):
    """Where the lanes of an access stand: `offset` plus indices by strides, then `step` apart."""

    base: Value
    terms: frozenset[tuple[Value, int]]
    step: int
    offset: int


def place(op: Op) -> Place | None:
    """The place of a load or store of lanes along the last axis; None of any other."""
    buffer, indices = address(op)
    if lanes_type(op) is None or any(isinstance(v.type, VectorType) for v in indices):
        return None
    offset, terms = view_offset(buffer), dict[Value, int]()
    for index, stride in zip(indices, buffer.type.strides, strict=True):
        moving, fixed = _apart(index)
        offset += fixed * stride
        if moving is not None and stride:
            terms[moving] = terms.get(moving, 0) + stride
    return Place(base_of(buffer), frozenset(terms.items()), buffer.type.strides[-1], offset)


def lanes_type(op: Op) -> VectorType | None:
    """The type of what a load or store moves, if it is lanes."""
    type = op.result.type if op.row.name == "load" else op.operands[0].type
    return type if isinstance(type, VectorType) else None


def _apart(index: Value) -> tuple[Value | None, int]:
    """An index as what moves and a constant."""
    number = constant_int(index)
    if number is not None:
        return None, number
    if index.op is not None and index.op.row.name == "add":
        number = constant_int(index.op.operands[1])
        if number is not None:
            return index.op.operands[0], number
    return index, 0


@dataclass(frozen=True)
class Records:
    """Accesses by one row to parts of the same records, by their part; `first` is the least place.

    ops: in program order. Several stores to one part are there, of which the last counts.
    """

    ops: tuple[Op, ...]
    parts: dict[int, Op]
    first: Place

    @property
    def count(self) -> int:
        """Elements from one record to the next."""
        return self.first.step

    @property
    def lanes(self) -> int:
        type = lanes_type(self.ops[0])
        assert type is not None
        return type.lanes

    @property
    def valid(self) -> int:
        return int(self.ops[0].attrs["valid"])

    @property
    def elements(self) -> int:
        """From the first part of the first record to the last part of the last one."""
        return ((self.valid or self.lanes) - 1) * self.count + max(self.parts) + 1


def find_records(region: Region, row: str) -> list[Records]:
    """What the region loads, or stores, in records.

    Loads meet at the first of them, stores at the last: nothing in between is in their way.
    """
    found: list[Records] = []
    waiting: dict[Value, dict[object, list[tuple[Op, Place]]]] = {}
    for op in region.ops:
        if op.row is RUN or op.row.effect is Effect.ORDERED or op.regions:
            _close(waiting, list(waiting), found)
        elif op.row.name in ("load", "store"):
            base = base_of(address(op)[0])
            at = place(op) if op.row.name == row else None
            key = None if at is None else (at.terms, at.step, lanes_type(op), op.attrs["valid"])
            others = waiting.get(base, {})
            if row == "store":
                if op.row.name == "load" or set(others) - {key}:
                    _close(waiting, [base], found)
            elif op.row.name == "store":
                _close(waiting, [base], found)
            if at is not None and 2 <= at.step <= MOST_PARTS:
                waiting.setdefault(base, {}).setdefault(key, []).append((op, at))
    _close(waiting, list(waiting), found)
    return found


def _close(
    waiting: dict[Value, dict[object, list[tuple[Op, Place]]]], bases: Collection[Value],
    found: list[Records],
) -> None:
    """No further access joins those that wait."""
    for base in bases:
        for accesses in waiting.pop(base, {}).values():
            is_store = accesses[0][0].row.name == "store"
            found.extend(_whole(accesses) if is_store else _near(accesses))


def _whole(accesses: list[tuple[Op, Place]]) -> Iterator[Records]:
    """Stores to every part of their records."""
    first = min((at for _, at in accesses), key=_offset)
    records = _records(accesses, first)
    if set(records.parts) == set(range(first.step)):
        yield records


def _near(accesses: list[tuple[Op, Place]]) -> Iterator[Records]:
    """Loads of half of the parts of their records, or more."""
    left = sorted(accesses, key=lambda access: access[1].offset)
    while left:
        first = left[0][1]
        near = [access for access in left if access[1].offset < first.offset + first.step]
        left = left[len(near) :]
        records = _records([access for access in accesses if access in near], first)
        if len(records.parts) > 1 and 2 * len(records.parts) >= first.step:
            yield records


def find_near(ops: Sequence[Op]) -> Records | None:
    """Loads that differ in nothing but where in a record they stand, as one; None if they do not.

    Records of one element lie side by side too.
    """
    places = [place(op) for op in ops]
    first = min((at for at in places if at is not None), key=_offset, default=None)
    if first is None or not 1 <= first.step <= MOST_PARTS:
        return None
    accesses = []
    for op, at in zip(ops, places, strict=True):
        if at is None or at._replace(offset=first.offset) != first:
            return None
        if lanes_type(op) != lanes_type(ops[0]) or op.attrs["valid"]:
            return None
        accesses.append((op, at))
    return _records(accesses, first)


def _records(accesses: list[tuple[Op, Place]], first: Place) -> Records:
    parts = {at.offset - first.offset: op for op, at in accesses}
    return Records(tuple(op for op, _ in accesses), parts, first)


def _offset(at: Place) -> int:
    return at.offset


class Line:
    """The elements of records side by side: a view of them, and where they begin in it."""

    def __init__(self, b: Builder, records: Records, new: Map) -> None:
        self._new = new
        op, count = records.parts[0], records.count
        buffer, indices = address(op)
        type, base, offset = buffer.type, base_of(buffer), view_offset(buffer)
        shape, strides, self._rows = list[int](), list[int](), list[Value]()
        room = _room(records.ops)
        for index, stride in zip(indices[:-1], type.strides[:-1], strict=True):
            moving, fixed = _apart(index)
            offset += fixed * stride
            if moving is not None and stride:
                shape.append(room[moving])
                strides.append(stride)
                self._rows.append(new.get(moving, moving))
        self._moving, fixed = _apart(indices[-1])
        shape.append((room[self._moving] - 1) * count + max(records.parts) + 1)
        whole = BufferType(type.dtype, (*shape,), (*strides, 1), type.space)
        attrs = {"offset": offset + fixed * count, "type": whole}
        self._view = b.emit(ROWS["view"], (new.get(base, base),), attrs).result
        self._view.name = buffer.name
        self._start = None
        if self._moving is not None:
            index = new.get(self._moving, self._moving)
            self._start = b.add(index, index) if count == 2 else b.mul(index, b.index(count))

    def _at(self, b: Builder, element: int) -> tuple[Value, ...]:
        if self._start is None:
            return (*self._rows, b.index(element))
        start = b.add(self._start, b.index(element)) if element else self._start
        return (*self._rows, start)

    def load(self, b: Builder, element: int, lanes: int, valid: int = 0) -> Value:
        return b.load(self._view, *self._at(b, element), lanes=lanes, valid=valid)

    def store(self, b: Builder, vector: Value, element: int, valid: int) -> None:
        b.store(vector, self._view, *self._at(b, element), valid=valid)


def _room(ops: Sequence[Op]) -> dict[Value | None, int]:
    """Of each index, the places that every one of the accesses has for what moves in it.

    One that begins further on has fewer. None is a constant index of the last axis.
    """
    room = dict[Value | None, int]()
    for op in ops:
        buffer, indices = address(op)
        last = len(indices) - 1
        for axis, (index, extent) in enumerate(zip(indices, buffer.type.shape, strict=True)):
            moving, fixed = _apart(index)
            if moving is not None or axis == last:
                room[moving] = min(extent - fixed, room.get(moving, extent))
    return room


def load_records(b: Builder, records: Records, new: Map) -> None:
    """Loads whole records, and gives the parts that were loaded one by one in `new`."""
    line, vectors = Line(b, records, new), list[Value]()
    for number in range(records.count):
        vectors.append(_loaded(b, line, records, number, vectors))
    parts = [_flags(b, part, records) for part in dealt(b, [_bytes(b, v) for v in vectors])]
    for op in records.ops:
        at = place(op)
        assert at is not None
        new[op.result] = parts[at.offset - records.first.offset]


def _loaded(
    b: Builder, line: Line, records: Records, number: int, before: Sequence[Value]
) -> Value:
    """The vector of this number; no element behind the last one is read."""
    lanes, start = records.lanes, number * records.lanes
    left = records.elements - start
    if left >= lanes:
        return line.load(b, start, lanes)
    if left <= 0:
        return before[-1] if not records.valid else b.full_like(before[-1], 0)
    if records.elements < lanes or records.valid:
        return line.load(b, start, lanes, left)
    moved = lanes - left
    vector = line.load(b, start - moved, lanes)
    return permuted(b, vector, [(lane + moved) % lanes for lane in range(lanes)])


def store_records(b: Builder, records: Records, vectors: Sequence[Value], new: Map) -> None:
    """Stores vectors that hold whole records in the order of memory."""
    line, lanes = Line(b, records, new), records.lanes
    for number, vector in enumerate(vectors):
        left = records.elements - number * lanes
        if left > 0:
            line.store(b, vector, number * lanes, left if left < lanes else 0)


def weave(b: Builder, parts: Sequence[Value]) -> list[Value]:
    """Vectors of whole records of the vectors of their parts; flags as bytes meanwhile."""
    vectors = woven(b, [_bytes(b, part) for part in parts])
    if parts[0].type.dtype.kind != "b":
        return vectors
    return [b.ne(vector, b.full_like(vector, 0)) for vector in vectors]


def _bytes(b: Builder, vector: Value) -> Value:
    """Flags as bytes, which shuffle as quickly as numbers."""
    return b.convert(vector, dtype=u8) if vector.type.dtype.kind == "b" else vector


def _flags(b: Builder, part: Value, records: Records) -> Value:
    is_flags = records.ops[0].result.type.dtype.kind == "b"
    return b.ne(part, b.full_like(part, 0)) if is_flags else part
