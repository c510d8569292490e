"""Two tiers of machine code: baseline code, which LLVM makes in a third of the time, and full code.

Code of short calls is made in a hurry first, and made anew once the calls that it served have cost
about what full code would have taken to make. Bits are the same: LLVM may contract and reorder
nothing at either tier. Owns the rule, which is one of counts alone: nothing is timed.
"""

from __future__ import annotations

from collections.abc import Sequence

from jitflow.config import settings
from jitflow.ir.core import Op

BASELINE, FULL = 0, 1
"""LLVM's levels of code generation. Its level 2 takes a tenth longer than 1, for code that runs no
faster."""

FIRST_PATIENCE, PATIENCE = 10_000_000, 100_000
"""What full code takes to make, and what more for each op, in additions of a register."""

LEAST_CALLS = 8
"""Code that is worth fewer calls is made well at once."""

CARRIED_LOSS = 8
"""How much slower loops may run whose values baseline code keeps in memory from step to step."""

MOST_OPS = 16384
"""Of baseline code, each of which may take a place on the stack: 64 bytes at most, mostly 16."""


def baseline_calls(ops: Sequence[Op], work: float) -> int:
    """How many calls baseline code is good for; 0 where the code is to be made well at once.

    ops: all of a function at level 3, nested ones too; work: what one call costs, in additions.
    """
    if not settings.baseline or len(ops) > MOST_OPS:
        return 0
    carries = any(op.row.name == "loop" and len(op.operands) > 2 for op in ops)
    cost = max(1.0, work) * (CARRIED_LOSS if carries else 1)
    calls = int((FIRST_PATIENCE + PATIENCE * len(ops)) / cost)
    return calls if calls >= LEAST_CALLS else 0
