"""fuse_loops: neighbouring parallel loops over one extent become one, row by row."""

from __future__ import annotations

from jitflow.ir.buffers import base_of
from jitflow.ir.core import Function, Op, Region, Value, walk
from jitflow.ir.location import unite
from jitflow.ir.row import ROWS, Effect
from jitflow.ir.types import VectorType
from jitflow.passes.lowering.footprint import Touch, address, moves_apart, separate, touches
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
    def __init__(self, max_accesses: int) -> None:
        self.max_accesses = max_accesses
        self.ops: list[Op] = []
        self.last: int | None = None
        self.facts: list[Touch] | None = None
        self.merged = False

    def add(self, op: Op) -> None:
        if not _is_parallel(op):
            if not self._may_go_first(op):
                self.last = None
            self.ops.append(op)
            return
        facts = touches(op)
        if self.last is not None and self._fits(op, facts):
            self._merge(op)
        else:
            self.last, self.facts = len(self.ops), facts
            self.ops.append(op)

    def _may_go_first(self, op: Op) -> bool:
        """Whether an op after the last loop may be done before it: the two share no memory."""
        if op.row.effect in (Effect.NONE, Effect.ALLOCATES) and not op.regions:
            return True
        if op.row.name not in ("load", "store"):
            return False
        base, writes = base_of(address(op)[0]), op.row.name == "store"
        if self.last is None or self.facts is None:
            return False
        if writes and _is_ordered(self.ops[self.last]):
            return False  # a check that fails comes before what is written after it
        return not any(t.base is base and (writes or t.writes) for t in self.facts)

    def _fits(self, op: Op, facts: list[Touch] | None) -> bool:
        assert self.last is not None
        before = self.ops[self.last]
        if facts is None or self.facts is None or not _same_extent(before, op):
            return False
        if len(facts) + len(self.facts) > self.max_accesses:
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
        assert self.last is not None and self.facts is not None
        before = self.ops.pop(self.last)
        both = _joined(before, op)
        self.last = len(self.ops)
        self.ops.append(both)
        self.facts = touches(both)
        self.merged = True


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
