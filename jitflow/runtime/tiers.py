"""Two tiers of machine code: baseline code, which LLVM makes in a third of the time, and full code.

Code of short calls is baseline code first, and made anew once the calls that it served have cost
about what full code would have taken to make. Bits are the same: LLVM may contract and reorder
nothing at either tier. Owns the rule, which is one of counts alone: nothing is timed.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from jitflow.config import settings
from jitflow.ir.core import Op

FIRST_PATIENCE, LOOP_PATIENCE, PATIENCE = 3_000_000, 2_000_000, 30_000
"""What full code takes longer to make, and what more for each loop and each op, in additions of a
register: calls of baseline code take up to twice as long, for as long as that."""

LEAST_CALLS = 8
"""Code that is worth fewer calls is full code at once."""

MOST_OPS = 16384
"""Of baseline code, each of which may take a place on the stack: 64 bytes at most, mostly 16."""


def baseline_calls(ops: Sequence[Op], work: float) -> int:
    """How many calls baseline code is good for; 0 where full code is to be made at once.

    ops: all of a function at level 3, nested ones too; work: what one call costs, in additions.
    """
    loops = [op for op in ops if op.row.name == "loop"]
    if not settings.baseline or len(ops) > MOST_OPS or carries_values(loops):
        return 0
    patience = FIRST_PATIENCE + LOOP_PATIENCE * len(loops) + PATIENCE * len(ops)
    calls = int(patience / max(1.0, work))
    return calls if calls >= LEAST_CALLS else 0


def carries_values(loops: Iterable[Op]) -> bool:
    """Whether a loop hands values from step to step, as those of products and reductions do.

    Baseline code keeps these in memory, and runs three to six times as long.
    """
    return any(len(loop.operands) > 2 for loop in loops)
