"""A function at level 3 as its loop nests, each a function of its own.

Not a pass itself: it gives several functions. They say what each nest costs; together they do what
the function does, one after the other, as nests meet in memory only.
"""

from __future__ import annotations

from jitflow.ir.core import Function, Op, Region, used
from jitflow.passes.rewrite import must_stay


def split_nests(function: Function) -> tuple[Function, ...]:
    """One function for each loop, run and call of the host at the top level, in order.

    Its body is that op and what it needs from above it: constants, buffers, views. Nests that
    hand values to each other stay together, and all that is stored and checked outside of loops is
    one of them. Parameters, attributes and the arena are those of `function`.
    """
    groups: dict[Op, list[Op]] = {}
    outside: list[Op] = []
    for op in function.ops:
        if op.regions or op.row.name in ("host_call", "run"):
            _join(groups, op, _needed([op]))
        elif must_stay(op):
            outside.append(op)
    if outside:
        _join(groups, outside[0], _needed(outside), outside)
    place = {op: k for k, op in enumerate(function.ops)}
    found = {id(group): group for group in groups.values()}
    return tuple([_alone(function, group, place) for group in found.values()])


def _join(
    groups: dict[Op, list[Op]], head: Op, needed: set[Op], heads: list[Op] | None = None
) -> None:
    """A group of the head, with the groups that it needs results of."""
    joined = heads or [head]
    for op in needed & groups.keys():
        joined = groups[op] + [x for x in joined if x not in groups[op]]
    for op in joined:
        groups[op] = joined


def _needed(heads: list[Op]) -> set[Op]:
    """The ops whose results the heads and the ops nested in them use, and what those use."""
    found: set[Op] = set()
    pending = list(heads)
    while pending:
        op = pending.pop()
        makers = {v.op for v in used(op) if v.op is not None} - found
        found |= makers
        pending += makers
    return found


def _alone(function: Function, group: list[Op], place: dict[Op, int]) -> Function:
    kept = [op for op in {*group, *_needed(group)} if op in place]
    ops = sorted(kept, key=place.__getitem__)
    return Function(function.name, Region(function.params, ops, ()), function.attrs)
