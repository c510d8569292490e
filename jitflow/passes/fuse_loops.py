"""fuse_loops: neighbouring parallel loops over one extent become one, row by row."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

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


End = tuple[Op | None, list[Touch] | None]
Ends = tuple[End, End]


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


class _Sweep:
    """The ops so far; `last` is the place of the loop that the next one may join, or of the nest
    whose last op it is, `before` the loop, and `facts` what it touches.
    """

    def __init__(self, max_accesses: int) -> None:
        self.max_accesses = max_accesses
        self.ops: list[Op] = []
        self.last: int | None = None
        self.before: Op | None = None
        self.facts: list[Touch] | None = None
        self.merged = False
        self._ends: dict[int, Ends] = {}
        self._constants: dict[Any, Value] = {}

    def add(self, op: Op) -> None:
        if op.row is RUN:
            self._run(op)
        elif not _is_parallel(op):
            if not self._may_go_first(op):
                self.last = None
            self._keep_constant(op)
            self.ops.append(op)
        else:
            self._loop(op)

    def _loop(self, op: Op) -> None:
        facts = touches(op)
        if self._fits(op, facts):
            self._merge(op)
        else:
            self.last, self.before, self.facts = len(self.ops), op, facts
            self.ops.append(op)

    def _run(self, op: Op) -> None:
        """A nest is opened where its first loop joins the one before."""
        nest = op.attrs["nest"]
        ends = self._ends.get(id(nest))
        if ends is None:
            ends = self._ends[id(nest)] = _ends(nest)
        (head, head_facts), (tail, tail_facts) = ends
        if head is not None and self._fits(head, _seen_from(op, head_facts)):
            for inner in self._opened(op):
                self.add(inner)
            return
        self.before, self.facts = tail, _seen_from(op, tail_facts)
        self.last = None if tail is None else len(self.ops)
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
        if self.last is None or self.before is None or self.facts is None:
            return False
        if writes and _is_ordered(self.before):
            return False  # a check that fails comes before what is written after it
        return not any(t.base is base and (writes or t.writes) for t in self.facts)

    def _fits(self, op: Op, facts: list[Touch] | None) -> bool:
        before = self.before
        if self.last is None or before is None or facts is None or self.facts is None:
            return False
        if not _same_extent(before, op) or len(facts) + len(self.facts) > self.max_accesses:
            return False
        if _is_ordered(before) and _is_ordered(op):
            return False
        if _is_flat(before) != _is_flat(op):
            rows = op if _is_flat(before) else before
            if _row_work(rows) < ROW_WORK:
                return False
        first, end = (constant_int(v) for v in op.operands[:2])
        assert first is not None and end is not None
        return _share_rows(self.facts, facts, first, end - 1)

    def _merge(self, op: Op) -> None:
        assert self.last is not None
        before = self.ops[self.last]
        if before.row is RUN:
            *inside, before = self._opened(before)
            self.ops[self.last : self.last + 1] = inside
        else:
            del self.ops[self.last]
        self.before = _joined(before, op)
        self.last = len(self.ops)
        self.ops.append(self.before)
        self.facts = touches(self.before)
        self.merged = True


def _ends(nest: Function) -> Ends:
    """The loops that a nest starts and ends with, and what each touches; None where none does."""
    acting = [op for op in nest.ops if op.row.effect not in (Effect.NONE, Effect.ALLOCATES)]
    ends = (acting[0], acting[-1]) if acting else ()
    head, tail = [op if _is_parallel(op) else None for op in ends] or (None, None)
    facts = {op: touches(op) for op in (head, tail) if op is not None}
    return (head, facts.get(head) if head else None), (tail, facts.get(tail) if tail else None)


def _seen_from(run: Op, facts: list[Touch] | None) -> list[Touch] | None:
    """What a loop of the nest touches, of the buffers of the run."""
    if facts is None:
        return None
    places = {
        param: (base_of(given), view_offset(given))
        for param, given in zip(run.attrs["nest"].params, run.operands, strict=True)
    }
    found = []
    for touch in facts:
        if touch.base not in places:
            places[touch.base] = Value(touch.base.type), 0
        base, offset = places[touch.base]
        low, high = touch.low + offset, touch.high + offset
        found.append(replace(touch, base=base, low=low, high=high))
    return found


def _is_parallel(op: Op) -> bool:
    return op.row.name == "loop" and op.attrs["kind"] == "parallel"


def _same_extent(first: Op, second: Op) -> bool:
    bounds = [tuple(map(constant_int, op.operands[:2])) for op in (first, second)]
    return None not in bounds[0] and bounds[0] == bounds[1] and first.attrs == second.attrs


def _is_ordered(op: Op) -> bool:
    return any(inner.row.effect is Effect.ORDERED for inner in walk(op.regions[0]))


def _is_flat(op: Op) -> bool:
    """Whether the body is scalars only, so that the loop itself would be vectorised."""
    return not any(
        inner.row.name == "loop" or any(isinstance(v.type, VectorType) for v in inner.results)
        for inner in walk(op.regions[0])
    )


def _row_work(op: Op) -> int:
    """Elements that one iteration touches at most by one access."""
    facts = touches(op) or []
    return max((t.high - t.low + 1 for t in facts), default=0)


def _share_rows(before: list[Touch], after: list[Touch], first: int, last: int) -> bool:
    """Whether some buffer is shared, and what is written of every shared one moves apart.

    Parts of a buffer that the indices from first to last keep separate are looked at one by one.
    """
    shared = {t.base for t in before} & {t.base for t in after}
    groups: dict[Value, list[Touch]] = {base: [] for base in shared}
    for touch in (*before, *after):
        if touch.base in shared:
            groups[touch.base].append(touch)
    for group in groups.values():
        for part in separate(group, first, last):
            if any(t.writes for t in part) and not moves_apart(part):
                return False
    return bool(shared)


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
