"""expand: math rows become level-3 arithmetic, by the expansion that each row holds.

Decides which of them are inlined and which are calls. What is called, and how, is not known here.
"""

from __future__ import annotations

from collections import defaultdict
from functools import cache

from jitflow.errors import VerifyError, explain
from jitflow.ir.builder import Builder
from jitflow.ir.core import Function, Op, Region, Value
from jitflow.ir.kinds import Kind, kind_of
from jitflow.passes.halves import is_half
from jitflow.passes.lowering.rebuild import constant_int, copy_op, rebuild, rebuild_region

CALL_COST = 16
"""Additions that a row stands for, from which on a call costs less than the code."""

UNKNOWN_TRIPS = 1000
"""What a loop counts for whose bounds only the call knows."""


def expand(function: Function, *, inline: int = 96, hot: int = 8192) -> Function:
    """Replaces ops by the expansions of their rows, for scalars and vectors alike.

    Before: `%1: f32<8> = clamp %low, %x, %high`
    After:  `%0: f32<8> = maximum %x, %low`, `%1: f32<8> = minimum %0, %high`
    An expansion may use rows that have expansions themselves; those are replaced as well.

    A costly row stays, to be called, where code would take longer to make than it saves when it
    runs: an op runs less than `hot` times a call, or several equal ops cost more than `inline`
    additions in all. Either way the bits are the same.
    """
    if not any([row.expand is not None for row in function.contents.rows]):
        return function
    runs: dict[Kind, list[int]] = defaultdict(list)
    _count_runs(function.body, 1, runs)
    called = {kind for kind, each in runs.items() if _should_call(kind, each, inline, hot)}
    if len(called) == len(runs):
        return function

    def visit(builder: Builder, op: Op, new: dict[Value, Value]) -> bool:
        if op.row.expand is None or kind_of(op) in called:
            return False
        _require_wide(op)
        return _replace(builder, op, new)

    return rebuild(function, visit)


@cache
def expansion(kind: Kind) -> Region:
    """What the row expands to, over parameters in place of the operands."""
    assert kind.row.expand is not None
    b = Builder()
    params = [b.param(t) for t in kind.types]
    region = b.region((kind.row.expand(b, *params, **dict(kind.attrs)),))
    return rebuild_region(region, _replace, {})


def _count_runs(region: Region, times: int, runs: dict[Kind, list[int]]) -> None:
    """How often each op with an expansion runs, by kind; unknown trip counts are many."""
    for op in region.ops:
        if op.row.expand is not None:
            runs[kind_of(op)].append(times)
        for inner in op.regions:
            _count_runs(inner, times * _trips(op), runs)


def _trips(op: Op) -> int:
    if op.row.name != "loop":
        return 1
    lower, upper = (constant_int(v) for v in op.operands[:2])
    if lower is None or upper is None:
        return UNKNOWN_TRIPS
    return max(0, -((lower - upper) // int(op.attrs["step"])))


def _should_call(kind: Kind, each: list[int], inline: int, hot: int) -> bool:
    if kind.row.cost < CALL_COST or kind.types[0].dtype.bits < 32:
        return False
    crowded = len(each) > 1 and len(each) * kind.row.cost > inline
    return crowded or max(each) < hot


def _require_wide(op: Op) -> None:
    if op.row.widens_halves and any([is_half(v) for v in op.operands]):
        problem = f"computes on {op.operands[-1].type}; run the pass halves"
        at = op.locations[0] if op.locations else None
        raise VerifyError(explain(problem, op=op.row.name, at=at))


def _replace(builder: Builder, op: Op, new: dict[Value, Value]) -> bool:
    if op.row.expand is None:
        return False
    inner = Builder(locations=op.locations)
    operands = [new.get(v, v) for v in op.operands]
    result = op.row.expand(inner, *operands, **op.attrs)
    again: dict[Value, Value] = {}
    for made in inner.ops:
        if not _replace(builder, made, again):
            copy_op(builder, made, again, _replace)
    new[op.result] = again.get(result, result)
    return True
