"""Runs of partial results, and runs of runs: the order in which one reduction combines.

Sequential runs have at most RUN elements; that bounds the error of a sum like pairwise addition.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from jitflow.ir.builder import Builder
from jitflow.ir.core import Value
from jitflow.passes.lowering.context import Context

RUN = 32

State = tuple[Value, ...]
"""What a reduction, or several at once, know of the elements so far."""

Part = Callable[[Builder, Value], Sequence[Value]]


def cascade(
    context: Context, b: Builder, count: int, step: int, identity: Callable[[Builder], State],
    part: Callable[[Builder, Value], State], combine: Callable[[Builder, State, State], State],
) -> State:
    """Combines part(0), part(step), .. part((count - 1) * step) in runs of RUN, nested as needed.

    `part` and `combine` get the builder that they write to.
    """
    if count == 1:
        return part(b, context.index(0))
    levels = [step]
    while count * step > levels[-1] * RUN:
        levels.append(levels[-1] * RUN)
    end = context.index(count * step)
    return _level(context, b, context.index(0), end, levels, identity, part, combine)


def _level(
    context: Context, b: Builder, lower: Value, upper: Value, levels: list[int],
    identity: Callable[[Builder], State], part: Callable[[Builder, Value], State],
    combine: Callable[[Builder, State, State], State],
) -> State:
    """One loop over [lower, upper) by the widest step left; each step is a run of its own."""
    *rest, step = levels

    def body(inner: Builder, index: Value, *state: Value) -> State:
        if not rest:
            return combine(inner, state, part(inner, index))
        last = inner.minimum(inner.add(index, context.index(step)), upper)
        run = _level(context, inner, index, last, rest, identity, part, combine)
        return combine(inner, state, run)

    return b.loop(lower, upper, body, identity(b), step)
