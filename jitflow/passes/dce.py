"""dce: drops ops whose results nobody uses. Asks `row.effect` only, never an op's name."""

from __future__ import annotations

from jitflow.ir.core import Function, Op, Region, Value
from jitflow.passes.rewrite import Sweep, must_stay


def dce(function: Function) -> Function:
    """Drops pure ops, reads and allocations whose results are unused; nested regions too.

        %0: f32[2] = exp %x
        %1: f32[2] = neg %x          ->      %0: f32[2] = neg %x
        return %1                            return %0

    An op that writes, is ordered, or holds such an op in a region stays. One backward sweep.
    """
    dead: set[Op] = set()
    _mark(function.body, set(), dead)
    return _Prune(dead).function(function) if dead else function


def _mark(region: Region, used: set[Value], dead: set[Op]) -> None:
    """Adds the region's dead ops to `dead`, and what the others use to `used`."""
    used.update(region.results)
    for op in reversed(region.ops):
        if used.isdisjoint(op.results) and not must_stay(op):
            dead.add(op)
            continue
        used.update(op.operands)
        if op.regions:
            for inner in op.regions:
                _mark(inner, used, dead)


class _Prune(Sweep):
    def __init__(self, dead: set[Op]) -> None:
        super().__init__()
        self.dead = dead

    def visit(self, op: Op) -> None:
        if op not in self.dead:
            self.out.append(self.remap(op) if op.regions or self.values else op)
