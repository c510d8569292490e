"""fuse_loops: neighbouring parallel loops over one extent become one, row by row."""

from __future__ import annotations

from typing import Any

from jitflow.forks import computed
from jitflow.ir.buffers import base_of
from jitflow.ir.builder import Builder
from jitflow.ir.core import Function, Op, Region, Value, walk
from jitflow.ir.location import unite
from jitflow.ir.nests import RUN
from jitflow.ir.row import ROWS, Effect
from jitflow.ir.types import VectorType
from jitflow.passes.lowering.footprint import (
    Touch,
    address,
    moves_apart,
    separate,
    touches,
    view_offset,
)
from jitflow.passes.lowering.opening import open_run
from jitflow.passes.lowering.rebuild import constant_int, rebuild_region

ROW_WORK = 64
"""Elements per iteration from which it pays to run a flat loop's body inside a row loop."""


def fuse_loops(function: Function, *, max_accesses: int = 64) -> Function:
    """Merges a parallel loop into the one before it where both touch the same rows.

    Legal if, for each buffer that one writes and the other touches, all accesses of an iteration
    stay in a window that no other iteration enters, and not both hold checks, which would change
    their order. Ops between the two move in front if they only name memory, or load and store
    elements that the first does not touch. A flat loop, which
    vectorises along its index, joins a loop of rows only where the rows are long. No merged loop
    has more than `max_accesses` loads and stores: more, side by side, are slower than in turns.
    A nest whose first or last loop would merge is opened for that.
    Before: `loop (%i) { store %m, %i }  loop (%i) { load %m, %i }`
    After:  `loop (%i) { store %m, %i ... load %m, %i }`
    Precondition: before `vectorize`.
    """
    sweep = _Sweep(max_accesses)
    for op in function.ops:
        sweep.add(op)
    if not sweep.merged:
        return function
    body = Region(function.params, sweep.ops, function.results)
    return function.with_body(body)


class _Loop:
    """A parallel loop and what is asked of it, found out when it is first asked for."""

    def __init__(self, op: Op) -> None:
        self.op = op
        self.bounds = tuple([constant_int(v) for v in op.operands[:2]])

    @computed
    def touches(self) -> list[Touch] | None:
        """All that it touches; None where that is not known."""
        return touches(self.op)

    @computed
    def is_ordered(self) -> bool:
        return any([inner.row.effect is Effect.ORDERED for inner in walk(self.op.regions[0])])

    @computed
    def is_flat(self) -> bool:
        """Whether the body is scalars only, so that the loop itself would be vectorised."""
        return not any([
            inner.row.name == "loop" or any([type(v.type) is VectorType for v in inner.results])
            for inner in walk(self.op.regions[0])
        ])

    @computed
    def row_work(self) -> int:
        """Elements that one iteration touches at most by one access."""
        return max([t.high - t.low + 1 for t in self.touches or ()], default=0)

    def has_bounds_of(self, other: _Loop) -> bool:
        same = self.bounds == other.bounds and self.op.attrs == other.op.attrs
        return same and None not in self.bounds


class _Placed:
    """A loop of the body, or one of the nest that an op of the body runs."""

    def __init__(self, loop: _Loop, run: Op | None = None) -> None:
        self.loop = loop
        self._run = run

    @computed
    def touches(self) -> list[Touch] | None:
        """What it touches, of the buffers of the body."""
        found = self.loop.touches
        return found if found is None or self._run is None else _seen_from(self._run, found)

    def joined(self, op: Op, other: _Placed) -> _Placed:
        """The loop that runs both bodies, of which all is known."""
        mine, its = self.loop, other.loop
        made = _Loop(op)
        vars(made).update(
            touches=[*(self.touches or ()), *(other.touches or ())],
            is_ordered=mine.is_ordered or its.is_ordered, is_flat=mine.is_flat and its.is_flat,
        )
        return _Placed(made)


Ends = tuple[_Loop | None, _Loop | None]
"""The loops that a nest starts and ends with."""


class _Sweep:
    """The ops so far; `last` is the place of the loop that the next one may join, or of the nest
    whose last op it is, `before` the loop.
    """

    def __init__(self, max_accesses: int) -> None:
        self.max_accesses = max_accesses
        self.ops: list[Op] = []
        self.last = -1
        self.before: _Placed | None = None
        self.merged = False
        self._ends: dict[int, Ends] = {}
        self._constants: dict[Any, Value] = {}

    def add(self, op: Op) -> None:
        if op.row is RUN:
            self._run(op)
        elif not _is_parallel(op):
            if not self._may_go_first(op):
                self.before = None
            self._keep_constant(op)
            self.ops.append(op)
        else:
            self._loop(op)

    def _loop(self, op: Op) -> None:
        placed = _Placed(_Loop(op))
        if self._fits(placed):
            self._merge(placed)
        else:
            self.last, self.before = len(self.ops), placed
            self.ops.append(op)

    def _run(self, op: Op) -> None:
        """A nest is opened where its first loop joins the one before."""
        nest = op.attrs["nest"]
        ends = self._ends.get(id(nest))
        if ends is None:
            ends = self._ends[id(nest)] = _ends(nest)
        head, tail = ends
        if head is not None and self._fits(_Placed(head, op)):
            for inner in self._opened(op):
                self.add(inner)
            return
        self.last, self.before = len(self.ops), None if tail is None else _Placed(tail, op)
        self.ops.append(op)

    def _opened(self, op: Op) -> list[Op]:
        """What the nest does, with the constants that the body has already."""
        builder = Builder()
        open_run(builder, op, self._constants)
        return builder.ops

    def _keep_constant(self, op: Op) -> None:
        if op.row.name == "constant":
            self._constants.setdefault((op.result.type, op.attrs["value"]), op.result)

    def _may_go_first(self, op: Op) -> bool:
        """Whether an op after the last loop may be done before it: the two share no memory."""
        if op.row.effect in (Effect.NONE, Effect.ALLOCATES) and not op.regions:
            return True
        if op.row.name not in ("load", "store"):
            return False
        base, writes = base_of(address(op)[0]), op.row.name == "store"
        if self.before is None or self.before.touches is None:
            return False
        if writes and self.before.loop.is_ordered:
            return False  # a check that fails comes before what is written after it
        return not any([t.base is base and (writes or t.writes) for t in self.before.touches])

    def _fits(self, placed: _Placed) -> bool:
        """Whether a loop may join the one before."""
        if self.before is None or not self.before.loop.has_bounds_of(placed.loop):
            return False
        before, loop = self.before.loop, placed.loop
        if before.touches is None or loop.touches is None:
            return False
        if len(before.touches) + len(loop.touches) > self.max_accesses:
            return False
        if before.is_ordered and loop.is_ordered:
            return False
        if before.is_flat != loop.is_flat:
            rows = loop if before.is_flat else before
            if rows.row_work < ROW_WORK:
                return False
        first, end = loop.bounds
        assert first is not None and end is not None
        return _share_rows(self.before.touches or [], placed.touches or [], first, end - 1)

    def _merge(self, placed: _Placed) -> None:
        assert self.before is not None
        before = self.ops[self.last]
        if before.row is RUN:
            *inside, before = self._opened(before)
            self.ops[self.last : self.last + 1] = inside
        else:
            del self.ops[self.last]
        joined = _joined(before, placed.loop.op)
        self.last, self.before = len(self.ops), self.before.joined(joined, placed)
        self.ops.append(joined)
        self.merged = True


def _ends(nest: Function) -> Ends:
    acting = [op for op in nest.ops if op.row.effect not in (Effect.NONE, Effect.ALLOCATES)]
    ends = (acting[0], acting[-1]) if acting else ()
    head, tail = [_Loop(op) if _is_parallel(op) else None for op in ends] or (None, None)
    return head, tail


def _seen_from(run: Op, found: list[Touch]) -> list[Touch]:
    """What a loop of the nest touches, of the buffers of the run."""
    places = {
        param: (base_of(given), view_offset(given))
        for param, given in zip(run.attrs["nest"].params, run.operands, strict=True)
    }
    seen = []
    for t in found:
        if t.base not in places:
            places[t.base] = Value(t.base.type), 0
        base, offset = places[t.base]
        seen.append(Touch(t.op, base, t.writes, t.stride, t.low + offset, t.high + offset))
    return seen


def _is_parallel(op: Op) -> bool:
    return op.row.name == "loop" and op.attrs["kind"] == "parallel"


def _share_rows(before: list[Touch], after: list[Touch], first: int, last: int) -> bool:
    """Whether some buffer is shared in equal steps, and what is written of every one moves apart.

    A loop over rows and one over columns of an array would only be in each other's way. Parts of a
    buffer that the indices from first to last keep separate are looked at one by one.
    """
    shared = {t.base for t in before} & {t.base for t in after}
    groups: dict[Value, list[Touch]] = {base: [] for base in shared}
    for touch in (*before, *after):
        if touch.base in shared:
            groups[touch.base].append(touch)
    for group in groups.values():
        if not any([t.writes for t in group]):
            continue
        for part in separate(group, first, last):
            if any([t.writes for t in part]) and not moves_apart(part):
                return False
    steps = [
        {(t.base, abs(t.stride)) for t in found if t.base in shared} for found in (before, after)
    ]
    return not steps[0].isdisjoint(steps[1])


def _joined(first: Op, second: Op) -> Op:
    """One loop that runs both bodies."""
    a, b = first.regions[0], second.regions[0]
    new: dict[Value, Value] = {b.params[0]: a.params[0]}
    moved = rebuild_region(b, lambda builder, op, new: False, new)
    body = Region(a.params, (*a.ops, *moved.ops), ())
    return Op(
        ROWS["loop"], first.operands, first.attrs, (), (body,),
        unite(first.locations, second.locations),
    )
