"""parallelize: long loops whose iterations are independent are shared by threads, in chunks."""

from __future__ import annotations

from jitflow.forks import computed
from jitflow.ir.buffers import base_of
from jitflow.ir.core import Function, Op, Region, Value, walk
from jitflow.passes.lowering.footprint import span_bytes
from jitflow.passes.lowering.private import count_users, private_buffers
from jitflow.passes.lowering.work import LEAST_WORK, trip_count, usual_trips, work_of
from jitflow.passes.rewrite import Sweep, map_values

CHUNK_WORK = 50_000
"""About what a chunk does, 5 to 15 us: much more than to fetch one, and little to wait for."""

MOST_CHUNKS = 256
"""So that a thread that loses its CPU keeps little of the work from the others."""

FEW_TRIPS = 16
"""A loop of fewer iterations leaves sharing to the loops in it, where these do nearly all of it."""

NEARLY_ALL = 0.9

SCRATCH_BYTES = 1 << 20
"""The most that each thread may need of its own."""

_MEMORY = ("alloc", "view")


def parallelize(
    function: Function, *, vector_bytes: int = 32, least: int = LEAST_WORK
) -> Function:
    """Sets `chunks` of loops that do `least` work or more.

    Chunks depend on the loop alone, never on how many threads there will be. Temporaries that
    every iteration fills and reads anew are allocated in the body: each thread has its own.
    Before: `%t: &f32[64] temp = alloc  loop %0, %n {kind="parallel"} (%i: i64[]) { ... }`
    After:  `loop %0, %n {kind="parallel", chunks=32} (%i: i64[]) { %t: &f32[64] temp = alloc ... }`
    Stays on one thread: what can fail or calls the host; sequential loops, but not those in them.
    Precondition: in front of `assign`, behind all that changes loops.
    """
    choice = _Choice(function, vector_bytes, least)
    choice.look(function.body)
    if not choice.chunks:
        return function
    return _Chunks(function, choice.chunks, choice.private).function(function)


class _Choice:
    """Which loops are shared, from outer ones to inner ones, and what threads need for each."""

    def __init__(self, function: Function, vector_bytes: int, least: int) -> None:
        self.body = function.body
        self.vector_bytes = vector_bytes
        self.least = least
        self.chunks: dict[Op, int] = {}
        self.private: dict[Op, set[Value]] = {}

    @computed
    def users(self) -> dict[Value, int]:
        return count_users(self.body)

    def look(self, region: Region) -> None:
        for op in region.owners:
            if not (op.row.name == "loop" and self._decide(op)):
                for inner in op.regions:
                    self.look(inner)

    def _decide(self, loop: Op) -> bool:
        """Whether there is no more to look for in a loop: it is shared, or does too little."""
        work = work_of(loop, self.vector_bytes)
        if work < self.least:
            return True
        most = self._most_chunks(loop)
        if most < 2:
            return False
        if most < FEW_TRIPS and self._shared_inside(loop) >= NEARLY_ALL * work:
            return False
        private = self._private(loop)
        if private is None:
            return False
        self.chunks[loop] = max(2, min(most, MOST_CHUNKS, int(work // CHUNK_WORK)))
        self.private[loop] = private
        return True

    def _shared_inside(self, loop: Op) -> float:
        """How much of a loop's work is done by loops in it that threads can share."""
        total = 0.0
        for op in loop.regions[0].owners:
            if op.row.name == "loop":
                work = work_of(op, self.vector_bytes)
                is_shared = work >= self.least and self._most_chunks(op) >= FEW_TRIPS
                if is_shared and self._private(op) is not None:
                    total += work
                else:
                    total += self._shared_inside(op)
        return total * usual_trips(loop)

    def _most_chunks(self, loop: Op) -> int:
        """Into how many chunks a loop may go by its kind; 1 where it may not."""
        trips = trip_count(loop)
        if loop.attrs["kind"] == "sequential" or loop.attrs["chunks"] > 1 or trips is None:
            return 1
        return trips // 2 if loop.attrs["kind"] == "overlapping" else trips

    def _private(self, loop: Op) -> set[Value] | None:
        """The temporaries of each thread, None where they are too large or threads do not fit."""
        found = private_buffers(loop, self.users)
        if found is None or sum(span_bytes(v.type) for v in found) > SCRATCH_BYTES:
            return None
        return found


class _Chunks(Sweep):
    """Rewrites the loops that were chosen; allocations of private buffers and views go along."""

    def __init__(
        self, function: Function, chunks: dict[Op, int], private: dict[Op, set[Value]]
    ) -> None:
        super().__init__()
        self.chunks = chunks
        self.moving: dict[Op, list[Op]] = {}
        self.moved: set[Op] = set()
        for loop, buffers in private.items():
            if buffers:
                inside = set(walk(loop.regions[0]))
                self.moving[loop] = [
                    op for op in walk(function.body)
                    if op.row.name in _MEMORY and base_of(op.result) in buffers
                    and op not in inside
                ]  # fmt: skip
                self.moved.update(self.moving[loop])

    def visit(self, op: Op) -> None:
        if op in self.moved:
            return
        if op not in self.chunks:
            super().visit(op)
            return
        attrs = {**op.attrs, "chunks": self.chunks[op]}
        (body,) = op.regions
        swept = self.region(body) if self.moved or self.values else body
        ops = (*self.moving.get(op, ()), *swept.ops)
        operands = map_values(op.operands, self.values)
        region = Region(swept.params, ops, swept.results)
        self.out.append(Op(op.row, operands, attrs, (), (region,), op.locations))
