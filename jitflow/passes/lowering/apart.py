"""Which sequential loop of a body has runs that can be done apart, and combined in order later.

Owns the split of its body into what each run computes and what combines runs. Rewrites nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

from jitflow.ir.core import Op, Region, Value, used, walk
from jitflow.passes.lowering.rebuild import constant_int
from jitflow.passes.lowering.work import LEAST_WORK, trip_count, work_of

LANES = 8
"""About how many elements a register has: lanes are chosen later."""


@dataclass(frozen=True)
class Apart:
    """A loop, the ops in it that combine runs, and the values that they take from a run."""

    loop: Op
    combines: frozenset[Op]
    between: frozenset[Value]


def apart(body: Region, times: int) -> Apart | None:
    """The loop of a body that runs `times` times, if it is the only one and worth threads.

    Its runs are loops themselves, and write nothing.
    """
    loops = [op for op in body.ops if op.row.name == "loop"]
    if len(loops) != 1 or constant_int(loops[0].operands[0]) != 0:
        return None
    (loop,) = loops
    (inner,) = loop.regions
    if (trip_count(loop) or 0) < 2 or times * work_of(loop, 1) < LEAST_WORK * LANES:
        return None
    combines = depending(inner)
    runs = [op for op in inner.ops if op not in combines]
    if any(op.regions for op in combines) or not any(op.regions for op in runs):
        return None
    if any(op.row.name == "store" for op in walk(inner)):
        return None
    made = {v for op in runs for v in op.results}
    taken = [*used(*[op for op in inner.ops if op in combines]), *inner.results]
    return Apart(loop, frozenset(combines), frozenset(v for v in taken if v in made))


def depending(body: Region) -> set[Op]:
    """The ops that need what a loop carries, also within their regions."""
    needed: set[Value] = set(body.params[1:])
    found: set[Op] = set()
    for op in body.ops:
        if not needed.isdisjoint(used(op)):
            found.add(op)
            needed.update(op.results)
    return found
