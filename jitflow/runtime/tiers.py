"""Two tiers of machine code: baseline code, which LLVM makes in a third of the time, and full code.

Code of short calls is baseline code first, and made anew once the calls that it served have cost
about what full code would have taken to make. Bits are the same: LLVM may contract and reorder
nothing at either tier. Owns the rule, which is one of counts alone: nothing is timed.
"""

from __future__ import annotations

from collections.abc import Sequence

from jitflow.config import settings
from jitflow.ir.core import Op

FIRST_PATIENCE, LOOP_PATIENCE, PATIENCE = 10_000_000, 7_000_000, 100_000
"""What full code takes longer to make, and what more for each loop and each op, in additions of a
register. Of ten programs with 1 to 54 loops, networks and stencils, this is within a quarter."""

LEAST_CALLS = 8
"""Code that is worth fewer calls is full code at once."""

CARRIED_LOSS = 8
"""How much slower loops may run whose values baseline code keeps in memory from step to step."""

MOST_OPS = 16384
"""Of baseline code, each of which may take a place on the stack: 64 bytes at most, mostly 16."""


def baseline_calls(ops: Sequence[Op], work: float) -> int:
    """How many calls baseline code is good for; 0 where full code is to be made at once.

    ops: all of a function at level 3, nested ones too; work: what one call costs, in additions.
    """
    if not settings.baseline or len(ops) > MOST_OPS:
        return 0
    loops = [op for op in ops if op.row.name == "loop"]
    carries = any(len(op.operands) > 2 for op in loops)
    cost = max(1.0, work) * (CARRIED_LOSS if carries else 1)
    patience = FIRST_PATIENCE + LOOP_PATIENCE * len(loops) + PATIENCE * len(ops)
    calls = int(patience / cost)
    return calls if calls >= LEAST_CALLS else 0
