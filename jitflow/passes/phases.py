"""phases: a long body of math functions becomes several short ones, a strip of elements at a time.

Owns how a body is cut, and what waits in memory from one part to the next.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from jitflow.ir.buffers import base_of
from jitflow.ir.builder import Builder
from jitflow.ir.core import Function, Op, Region, Value
from jitflow.ir.row import ROWS, Family
from jitflow.ir.types import BufferType
from jitflow.passes.lowering.rebuild import constant_int, rebuild
from jitflow.passes.lowering.varying import can_widen
from jitflow.passes.lowering.work import trip_count
from jitflow.passes.rewrite import map_values

CHAIN = 20
"""Cost from which on an op is a chain of many others, each of which waits for the last."""

STRIP_BYTES = 2048
"""Of the widest value: all that waits stays in the first cache."""

LANES = (64, 32, 16)
"""Strips that are not the only one are whole numbers of so many elements: the first of these by
which the last strip moves back least, as what it passes is computed twice.
"""

LEAST_ELEMENTS = 256
"""Of a row; below, starting a loop costs what it gains."""


def phases(function: Function, *, most: int = 64, hot: int = 1 << 15) -> Function:
    """Cuts bodies of parallel loops whose math functions cost more than `most` additions.

    A CPU overlaps steps of a loop as far as it looks ahead: some 100 to 200 ops. Of short bodies
    it sees many steps, and needs not wait for what one function takes from its start to its end.
    Before: `loop (%i) {kind="parallel"} { %a = load %x, %i  %b = log %a  %c = tanh %b
            store %c, %y, %i }`
    After:  `loop (%k) {step=512} { loop (%i) { .. %b = log %a  store %b, %phase, %i }
            loop (%i) { %b = load %phase, %i  %c = tanh %b .. } }`
    hot: elements of the loop, of which fewer are not worth it.
    What is read from memory is read again. A last strip that is not whole moves back over the one
    before it.
    Precondition: before `vectorize`. Innermost loops that read nothing that they write.
    """
    plans = {op: _Cut(op, most) for op in _hot_loops(function.body, hot) if _is_long(op, most)}
    if not plans:
        return function
    allocs = Builder(())

    def visit(builder: Builder, op: Op, new: dict[Value, Value]) -> bool:
        if op not in plans:
            return False
        _Phases(builder, allocs, op, plans[op], new).emit()
        return True

    changed = rebuild(function, visit)
    region = changed.body
    return changed.with_body(Region(region.params, (*allocs.ops, *region.ops), region.results))


def _hot_loops(region: Region, hot: int, times: int = 1) -> Iterator[Op]:
    """Innermost loops that run `hot` times or more in all."""
    for op in region.owners:
        if op.row.name == "loop":
            trips = times * (trip_count(op) or 1)
            yield from _hot_loops(op.regions[0], hot, trips)
            if trips >= hot and not op.regions[0].owners:
                yield op


def _is_long(op: Op, most: int) -> bool:
    """Whether a loop is an elementwise one whose chains cost more than one phase may."""
    if op.attrs["kind"] != "parallel" or op.attrs["step"] != 1 or op.results:
        return False
    if constant_int(op.operands[0]) != 0 or (trip_count(op) or 0) < LEAST_ELEMENTS:
        return False
    body = op.regions[0].ops
    chains = [o.row.cost for o in body if _is_chain(o)]
    if len(chains) < 2 or sum(chains) <= most:
        return False
    names = ("load", "store", "constant")
    if any(o.row.name not in names and o.row.family is not Family.ELEMENTWISE for o in body):
        return False
    written = [base_of(o.operands[1]) for o in body if o.row.name == "store"]
    read = {base_of(o.operands[0]) for o in body if o.row.name == "load"}
    return len(set(written)) == len(written) and read.isdisjoint(written) and can_widen(op)


def _is_chain(op: Op) -> bool:
    return op.row.expand is not None and op.row.cost >= CHAIN


class _Cut:
    """In which phase each op of a body is done, and which values wait."""

    def __init__(self, loop: Op, most: int) -> None:
        self.body = loop.regions[0]
        self.phase: dict[Op, int] = {}
        room: list[float] = []
        for op in self.body.ops:
            if not self.is_free(op):
                self.phase[op] = self._earliest(op, room, most)
        self.count = len(room)
        self._sink()
        self.waits = dict.fromkeys(
            v for op, number in self.phase.items() for v in self._needs(op)
            if v.op in self.phase and self.phase[v.op] != number
        )

    def _needs(self, op: Op) -> Iterator[Value]:
        """What an op takes, and what those of its operands take that are done anew."""
        for value in op.operands:
            yield value
            if value.op is not None and value.op not in self.phase and self.is_free(value.op):
                yield from self._needs(value.op)

    @staticmethod
    def is_free(op: Op) -> bool:
        """Whether an op is done anew in each phase that needs it."""
        return op.row.name in ("load", "constant")

    def _earliest(self, op: Op, room: list[float], most: int) -> int:
        """The first phase behind those of the operands where there is room left for a chain."""
        first = max([self._phase(v) for v in op.operands], default=0)
        if not _is_chain(op):
            return first
        while first < len(room) and room[first] < op.row.cost:
            first += 1
        if first == len(room):
            room.append(float(most))
        room[first] -= op.row.cost
        return first

    def _phase(self, value: Value) -> int:
        """That of a value; a load waits for its indices."""
        op = value.op
        if op is None or op.row.name == "constant":
            return 0
        if op.row.name == "load":
            return max([self._phase(v) for v in op.operands[1:]], default=0)
        return self.phase.get(op, 0)

    def _sink(self) -> None:
        """Moves what is cheap to its users, where that adds nothing to what waits."""
        users: dict[Value, list[int]] = {}
        for op in reversed(self.body.ops):
            if op in self.phase and op.results and not _is_chain(op):
                later = [n for v in op.results for n in users.get(v, ())]
                inside = {v for v in op.operands if v.op in self.phase}
                if later and min(later) > self.phase[op] and len(inside) <= 1:
                    self.phase[op] = min(later)
            for value in op.operands:
                users.setdefault(value, []).extend(self._numbers(op, users))

    def _numbers(self, op: Op, users: dict[Value, list[int]]) -> list[int]:
        """The phases in which an op is done."""
        if op in self.phase:
            return [self.phase[op]]
        return [n for v in op.results for n in users.get(v, ())]


class _Phases:
    """One loop under rewriting."""

    def __init__(
        self, builder: Builder, allocs: Builder, loop: Op, cut: _Cut, new: dict[Value, Value]
    ) -> None:
        self.builder = builder
        self.loop = loop
        self.cut = cut
        self.new = new
        self.index = cut.body.params[0]
        self.inside = set(cut.body.ops)
        self.extent = trip_count(loop) or 0
        loads = [op for op in cut.body.ops if op.row.name == "load"]
        read = [v.type.dtype.itemsize for op in loads for v in op.results]
        widest = max(read + [v.type.dtype.itemsize for v in cut.waits])
        count = -(-self.extent * widest // STRIP_BYTES)
        sizes = [-(-self.extent // (count * lanes)) * lanes for lanes in LANES]
        size = min(sizes, key=lambda size: -(-self.extent // size) * size)
        self.size = min(size, self.extent)
        self.strips = {v: self._strip(allocs, v) for v in cut.waits}

    def _strip(self, allocs: Builder, value: Value) -> Value:
        allocs.locations = self.loop.locations
        type = BufferType(value.type.dtype, (self.size,), None, "temp")
        made = allocs.emit(ROWS["alloc"], (), {"type": type})
        made.result.name = "phase"
        return made.result

    def emit(self) -> None:
        b = self.builder
        b.locations = self.loop.locations
        if self.size == self.extent:
            self._all(b, None)
            return
        whole = self.extent % self.size == 0

        def strip(inner: Builder, count: Value) -> tuple[Value, ...]:
            last = inner.index(self.extent - self.size)
            self._all(inner, count if whole else inner.minimum(count, last))
            return ()

        kind = "parallel" if whole else "overlapping"
        b.loop(b.index(0), b.index(self.extent), strip, (), self.size, kind)

    def _all(self, b: Builder, start: Value | None) -> None:
        for number in range(self.cut.count):
            wanted = [op for op, n in self.cut.phase.items() if n == number]

            def phase(
                inner: Builder, index: Value, wanted: Sequence[Op] = wanted
            ) -> tuple[Value, ...]:
                self._phase(inner, index, start, wanted)
                return ()

            b.loop(b.index(0), b.index(self.size), phase, kind="parallel")

    def _phase(
        self, b: Builder, index: Value, start: Value | None, wanted: Sequence[Op]
    ) -> None:
        """The ops at one element, with what they read, and what later phases need."""
        new = dict(self.new)
        new[self.index] = index if start is None else b.add(index, start)
        for op in wanted:
            for value in op.operands:
                self._fetch(b, value, new, index, start)
            self._copy(b, op, new, index, start)
            for value in op.results:
                if value in self.strips:
                    b.store(new[value], self.strips[value], index)

    def _fetch(
        self, b: Builder, value: Value, new: dict[Value, Value], index: Value, start: Value | None
    ) -> None:
        """A value from memory, if it is not there yet."""
        op = value.op
        if value in new or op is None:
            return
        if value in self.strips:
            new[value] = b.load(self.strips[value], index)
        elif op in self.inside and self.cut.is_free(op):
            for operand in op.operands:
                self._fetch(b, operand, new, index, start)
            self._copy(b, op, new, index, start)

    def _copy(
        self, b: Builder, op: Op, new: dict[Value, Value], index: Value, start: Value | None
    ) -> None:
        """The op at its element; places next to it count from the strip's start."""
        b.locations = op.locations
        if start is not None and op.row.name == "add" and self.index in op.operands:
            x, y = op.operands
            other = y if x is self.index else x
            new[op.result] = b.add(index, b.add(start, new.get(other, other)))
            return
        copy = b.append(op.with_operands(map_values(op.operands, new), ()))
        new.update(zip(op.results, copy.results, strict=True))
