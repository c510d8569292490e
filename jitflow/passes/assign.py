"""assign: every temporary gets an offset in one arena; those never alive together share memory."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby

from jitflow.ir.buffers import base_of
from jitflow.ir.builder import Builder
from jitflow.ir.core import Function, Op, Region, Value, walk
from jitflow.ir.nests import RUN, nests_of, runs_of
from jitflow.ir.row import ROWS
from jitflow.ir.types import BufferType
from jitflow.passes.lowering.footprint import span_bytes
from jitflow.passes.lowering.places import Places
from jitflow.passes.lowering.rebuild import rebuild
from jitflow.passes.rewrite import map_values

ALIGNMENT = 64
_ALLOC = ROWS["alloc"]

Member = Value | Op
"""A buffer, or an op that runs a nest: it stands for what the nest allocates."""

Spans = dict[Member, tuple[int, int]]
"""First and last op of the body that touches each of them."""


def assign(function: Function) -> Function:
    """Sets `offset` of every alloc: the lowest free place over its live range, large ones first.

    A buffer is alive from the first to the last op of the body that touches it; two that are
    alive in the same op never share memory, so loops need not care about order. One that no op
    touches gets offset 0. Those of a loop in chunks lie together, as each thread has a copy, and
    those of a nest while it runs: its own offsets count from that of the run.
    Before: `%t: &f32[8] temp = alloc`   After: `%t: &f32[8] temp = alloc {offset=64}`
    Precondition: allocs stand in the body itself or in loops in chunks, not in other loops.
    """
    frames = _frames(function)
    nests = {id(nest): arena_bytes(nest) for nest in nests_of(function)}
    scratch = {op: nests[id(op.attrs["nest"])] for op in runs_of(function)}
    if not frames and not scratch and _ALLOC not in function.contents.rows:
        return function
    offsets = _largest_first(_live_spans(function, frames), frames, scratch)

    def visit(builder: Builder, op: Op, new: dict[Value, Value]) -> bool:
        if op.row is _ALLOC:
            offset = offsets.get(op.result, 0)
        elif op.row is RUN:
            offset = offsets.get(op, 0)
        else:
            return False
        if op.attrs["offset"] == offset:
            return False
        attrs = {**op.attrs, "offset": offset}
        made = op.with_operands(map_values(op.operands, new), (), attrs=attrs)
        new.update(zip(op.results, made.results, strict=True))
        builder.append(made)
        return True

    return rebuild(function, visit)


def _frames(function: Function) -> dict[Member, list[Value]]:
    """The buffers that a loop allocates, by the first of them."""
    frames: dict[Member, list[Value]] = {}
    for op in _owners(function.body):
        if op.row.name == "loop" and op.attrs["chunks"] > 1:
            found = [inner.result for inner in op.regions[0].ops if inner.row.name == "alloc"]
            if found:
                frames[found[0]] = found
    return frames


def _owners(region: Region) -> Iterator[Op]:
    """The ops that hold regions, nested ones too."""
    for op in region.owners:
        yield op
        for inner in op.regions:
            yield from _owners(inner)


def _live_spans(function: Function, frames: dict[Member, list[Value]]) -> Spans:
    """Of each temporary of the body, of the first one of each loop, and of each run of a nest."""
    firsts = {buffer: first for first, found in frames.items() for buffer in found}
    spans: Spans = {}
    for position, op in enumerate(function.ops):
        if op.row.name == "view":
            continue
        if op.row is RUN:
            spans[op] = (position, position)
        touched = [v for inner in (op, *_nested(op)) for v in inner.operands]
        buffers = dict.fromkeys([v for v in touched if type(v.type) is BufferType])
        for base in map(base_of, buffers):
            if base.op is None or base.op.row.name != "alloc":
                continue
            member = firsts.get(base, base)
            first, _ = spans.get(member, (position, position))
            spans[member] = (first, position)
    return spans


def _nested(op: Op) -> list[Op]:
    return [inner for region in op.regions for inner in walk(region)] if op.regions else []


def _largest_first(
    spans: Spans, frames: dict[Member, list[Value]], scratch: dict[Op, int]
) -> dict[Member, int]:
    """Offsets: the lowest place that is free while the buffer is alive, for large buffers first.

    Those are hardest to place between others; in gradients, whose residuals die in the order
    opposite to that of their birth, little is lost to gaps this way.
    """
    together: dict[Member, Sequence[Member]] = {m: frames.get(m, [m]) for m in spans}
    rooms = {m: _room(m, scratch) for members in together.values() for m in members}
    sizes = {member: sum([rooms[m] for m in together[member]]) for member in spans}
    offsets: dict[Member, int] = {}
    places = Places()
    ordered = sorted(spans, key=lambda member: (-sizes[member], spans[member][0]))
    for size, members in groupby(ordered, sizes.__getitem__):
        group = list(members)
        found = places.take(size, [spans[member] for member in group])
        for member, at in zip(group, found, strict=True):
            for each in together[member]:
                offsets[each] = at
                at += rooms[each]
    return offsets


def _room(member: Member, scratch: dict[Op, int]) -> int:
    size = scratch[member] if isinstance(member, Op) else span_bytes(member.type)
    return -(-size // ALIGNMENT) * ALIGNMENT


def arena_bytes(function: Function) -> int:
    """What the function needs of an arena, once its temporaries have their places."""
    nests = {id(nest): arena_bytes(nest) for nest in nests_of(function)}
    ends = [0, *[op.attrs["offset"] + nests[id(op.attrs["nest"])] for op in runs_of(function)]]
    for op in walk(function.body) if _ALLOC in function.contents.rows else ():
        if op.row is _ALLOC:
            ends.append(op.attrs["offset"] + span_bytes(op.result.type))
    return max(ends)
