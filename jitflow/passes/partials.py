"""partials: long reductions to few values compute their runs apart, and combine them in order."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from jitflow.ir.builder import Builder
from jitflow.ir.core import Function, Op, Region, Value, used, walk
from jitflow.ir.nests import RUN
from jitflow.ir.row import ROWS, Effect
from jitflow.ir.types import BufferType, VectorType
from jitflow.passes.lowering.apart import depending
from jitflow.passes.lowering.rebuild import constant_int, copy_op, rebuild_region
from jitflow.passes.lowering.runs import writes_apart
from jitflow.passes.lowering.work import LEAST_WORK, trip_count, work_of
from jitflow.passes.rewrite import map_values

RUN_WORK = 64
"""Additions for each register that waits in memory, below which a run is too short."""


def partials(
    function: Function, *, vector_bytes: int = 32, least: int = LEAST_WORK
) -> Function:
    """Splits sequential loops that do `least` work or more into a parallel and a short one.

    What an iteration computes without what is carried waits in memory, one row an iteration. The
    order in which it is combined stays, and so do all bits.
    Before: `%s: f32[] = loop %0, %n, %z {step=1024} (%i: i64[], %c: f32[]) {
            %run: f32[] = loop ... (%j: i64[], %r: f32[]) { ... }
            %d: f32[] = add %c, %run  yield %d }`
    After:  `loop %0, %m {kind="parallel"} (%t: i64[]) { %i: i64[] = mul %t, %1024
            %run: f32[] = loop ...  store %run, %partial, %t }
            %s: f32[] = loop %0, %m, %z (%t: i64[], %c: f32[]) {
            %run: f32[] = load %partial, %t  %d: f32[] = add %c, %run  yield %d }`
    Precondition: after all that changes loops, before `parallelize`. Only loops that run once, from
    0 to a constant, and write nothing but what each run writes at places of its own.
    """
    plans = dict(_plans(function.body, vector_bytes, least))
    if not plans:
        return function
    allocs = Builder(())

    def visit(builder: Builder, op: Op, new: dict[Value, Value]) -> bool:
        if op not in plans:
            return False
        _Split(builder, allocs, op, plans[op], new).emit()
        return True

    body = rebuild_region(function.body, visit, {})
    return function.with_body(Region(body.params, (*allocs.ops, *body.ops), body.results))


def _plans(region: Region, vector_bytes: int, least: int) -> Iterator[tuple[Op, _Plan]]:
    """The loops to split in what runs once: the body, and loops of one iteration."""
    for op in region.owners:
        plan = _plan(op, vector_bytes, least)
        if plan is not None:
            yield op, plan
        elif op.row.name == "loop" and trip_count(op) == 1:
            yield from _plans(op.regions[0], vector_bytes, least)


@dataclass(frozen=True)
class _Plan:
    """What of a body does without what is carried, what does not, and the values in between."""

    runs: tuple[Op, ...]
    combines: tuple[Op, ...]
    between: tuple[Value, ...]


def _plan(loop: Op, vector_bytes: int, least: int) -> _Plan | None:
    """How to split a loop, None where it stays."""
    if loop.row.name != "loop" or not loop.results or work_of(loop, vector_bytes) < least:
        return None
    trips, (body,) = trip_count(loop), loop.regions
    if trips is None or trips < 2 or constant_int(loop.operands[0]) != 0:
        return None
    combines = depending(body)
    if _forbids(body) or not writes_apart(loop) or any(map(_writes, combines)):
        return None
    runs = tuple(op for op in body.ops if op not in combines)
    made = {v for op in runs for v in op.results}
    taken = [*used(*[op for op in body.ops if op in combines]), *body.results]
    between = dict.fromkeys(v for v in taken if v in made)
    kept = [v for v in between if v.op is None or v.op.row.name != "constant"]
    if not kept or any(isinstance(v.type, BufferType) for v in kept):
        return None
    registers = sum(_registers(v, vector_bytes) for v in kept)
    if sum(work_of(op, vector_bytes) for op in runs) < RUN_WORK * registers:
        return None
    return _Plan(runs, tuple(op for op in body.ops if op in combines), tuple(between))


def _forbids(body: Region) -> bool:
    """Whether the body does more than compute, read and write, or does so in another nest."""
    return RUN in body.contents.rows or any(
        op.row.effect in (Effect.ALLOCATES, Effect.ORDERED) for op in walk(body)
    )


def _writes(op: Op) -> bool:
    return op.row.name == "store" or any(
        inner.row.name == "store" for region in op.regions for inner in walk(region)
    )


def _registers(value: Value, vector_bytes: int) -> int:
    type = value.type
    lanes = type.lanes if isinstance(type, VectorType) else 1
    return max(1, lanes * int(type.dtype.itemsize) // vector_bytes)


class _Split:
    """One loop under rewriting."""

    def __init__(
        self, builder: Builder, allocs: Builder, loop: Op, plan: _Plan, new: dict[Value, Value]
    ) -> None:
        self.builder = builder
        self.allocs = allocs
        self.loop = loop
        self.plan = plan
        self.new = new
        self.trips = trip_count(loop) or 0
        self.step = int(loop.attrs["step"])

    def emit(self) -> None:
        b, (body,) = self.builder, self.loop.regions
        waits = [v for v in self.plan.between if not _is_constant(v)]
        buffers = [self._buffer(v) for v in waits]

        def run(inner: Builder, trip: Value) -> tuple[Value, ...]:
            new = {**self.new, body.params[0]: self._index(inner, trip)}
            self._copy(inner, self.plan.runs, new)
            for value, buffer in zip(waits, buffers, strict=True):
                inner.store(new.get(value, value), buffer, *_place(inner, value, trip))
            return ()

        def combine(inner: Builder, trip: Value, *carried: Value) -> tuple[Value, ...]:
            new = {**self.new, **dict(zip(body.params[1:], carried, strict=True))}
            constants = [v.op for v in self.plan.between if v.op is not None and _is_constant(v)]
            self._copy(inner, constants, new)
            for value, buffer in zip(waits, buffers, strict=True):
                lanes = value.type.lanes if isinstance(value.type, VectorType) else None
                new[value] = inner.load(buffer, *_place(inner, value, trip), lanes=lanes)
            if body.params[0] in used(*self.plan.combines) or body.params[0] in body.results:
                new[body.params[0]] = self._index(inner, trip)
            self._copy(inner, self.plan.combines, new)
            return tuple(new.get(v, v) for v in body.results)

        end = b.index(self.trips)
        b.loop(b.index(0), end, run, kind="parallel")
        first = map_values(self.loop.operands[2:], self.new)
        results = b.loop(b.index(0), end, combine, first)
        self.new.update(zip(self.loop.results, results, strict=True))

    def _buffer(self, value: Value) -> Value:
        """A row for each iteration."""
        lanes = (value.type.lanes,) if isinstance(value.type, VectorType) else ()
        type = BufferType(value.type.dtype, (self.trips, *lanes), None, "temp")
        self.allocs.locations = self.loop.locations
        made = self.allocs.emit(ROWS["alloc"], (), {"type": type})
        made.result.name = "partial"
        return made.result

    def _index(self, b: Builder, trip: Value) -> Value:
        return b.mul(trip, b.index(self.step)) if self.step > 1 else trip

    def _copy(self, b: Builder, ops: Any, new: dict[Value, Value]) -> None:
        for op in ops:
            b.locations = op.locations
            copy_op(b, op, new, lambda *_: False)


def _is_constant(value: Value) -> bool:
    return value.op is not None and value.op.row.name == "constant"


def _place(b: Builder, value: Value, trip: Value) -> tuple[Value, ...]:
    return (trip, b.index(0)) if isinstance(value.type, VectorType) else (trip,)
