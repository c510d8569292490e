"""Two tiers of machine code: baseline code, made in half to two thirds of the time, and full code.

Code of short calls is baseline code first. Once it was called so often that it is worth while, full
code is made (`background`), and calls run that. Bits are the same, but for the sign of NaNs: LLVM
may contract and reorder nothing at either tier. Owns the rule, which is one of counts alone:
nothing is timed.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from jitflow.config import settings
from jitflow.ir.core import Op
from jitflow.runtime.engine import BASELINE, BASELINE_OF_LOOPS, FULL, Tier

FIRST_PATIENCE, LOOP_PATIENCE, PATIENCE = 3_000_000, 2_000_000, 30_000
"""A fourth of what full code takes longer to make, or less, and of what more for each loop and each
op, in additions of a register: calls of baseline code take up to four times as long, until they
have done so much."""

LOOPS_SERVE = 4
"""Times as long serves code whose loops keep registers: a call of it takes 1.7 times as long at
most, mostly 1.2 times."""

LEAST_CALLS = 2
"""Code that is worth fewer calls is full code at once."""

MOST_OPS = 16384
"""Of baseline code, each of which may take a place on the stack: 64 bytes at most, mostly 16."""


def tier_of(ops: Sequence[Op], work: float) -> tuple[Tier, int]:
    """What code is made first, and how many calls it is good for: 0 where it is full code.

    ops: all of a function at level 3, nested ones too; work: what one call costs, in additions.
    """
    loops = [op for op in ops if op.row.name == "loop"]
    if not settings.baseline or len(ops) > MOST_OPS:
        return FULL, 0
    tier = BASELINE_OF_LOOPS if carries_values(loops) else BASELINE
    calls = calls_served(tier, len(ops), len(loops), work)
    return (FULL, 0) if calls < LEAST_CALLS else (tier, calls)


def calls_served(tier: Tier, ops: int, loops: int, work: float) -> int:
    """How many calls, each of so much work, baseline code of so many ops and loops is good for."""
    patience = FIRST_PATIENCE + LOOP_PATIENCE * loops + PATIENCE * ops
    return int(patience * (LOOPS_SERVE if tier is BASELINE_OF_LOOPS else 1) / max(1.0, work))


def carries_values(loops: Iterable[Op]) -> bool:
    """Whether a loop hands values from step to step, as those of products and reductions do."""
    return any(len(loop.operands) > 2 for loop in loops)
