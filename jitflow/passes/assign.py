"""assign: every temporary gets an offset in one arena; those never alive together share memory."""

from __future__ import annotations

from bisect import insort

from jitflow.ir.builder import Builder
from jitflow.ir.core import Function, Op, Value, walk
from jitflow.ir.types import BufferType
from jitflow.passes.lowering.footprint import span_bytes
from jitflow.passes.lowering.rebuild import base_of, rebuild

ALIGNMENT = 64


Spans = dict[Value, tuple[int, int]]
"""First and last op of the body that touches each buffer."""


def assign(function: Function) -> Function:
    """Sets `offset` of every alloc: the lowest free place over its live range, large ones first.

    A buffer is alive from the first to the last op of the body that touches it; two that are
    alive in the same op never share memory, so loops need not care about order. One that no op
    touches gets offset 0. Those of a loop in chunks lie together, as each thread has a copy.
    Before: `%t: &f32[8] temp = alloc`   After: `%t: &f32[8] temp = alloc {offset=64}`
    Precondition: allocs stand in the body itself or in loops in chunks, not in other loops.
    """
    frames = _frames(function)
    if not frames and not any(op.row.name == "alloc" for op in function.ops):
        return function
    offsets = _largest_first(_live_spans(function, frames), frames)

    def visit(builder: Builder, op: Op, new: dict[Value, Value]) -> bool:
        if op.row.name != "alloc" or op.attrs["offset"] == offsets.get(op.result, 0):
            return False
        attrs = {**op.attrs, "offset": offsets.get(op.result, 0)}
        made = builder.emit(op.row, (), attrs)
        made.result.name = op.result.name
        new[op.result] = made.result
        return True

    return rebuild(function, visit)


def _frames(function: Function) -> dict[Value, list[Value]]:
    """The buffers that a loop allocates, by the first of them."""
    frames = {}
    for op in walk(function.body):
        if op.row.name == "loop" and op.attrs["chunks"] > 1:
            found = [inner.result for inner in op.regions[0].ops if inner.row.name == "alloc"]
            if found:
                frames[found[0]] = found
    return frames


def _live_spans(function: Function, frames: dict[Value, list[Value]]) -> Spans:
    """Of each temporary of the body, and of the first one of each loop."""
    firsts = {buffer: first for first, found in frames.items() for buffer in found}
    spans: Spans = {}
    for position, op in enumerate(function.ops):
        if op.row.name == "view":
            continue
        touched = [v for inner in (op, *_nested(op)) for v in inner.operands]
        buffers = dict.fromkeys([v for v in touched if type(v.type) is BufferType])
        for base in map(base_of, buffers):
            if base.op is None or base.op.row.name != "alloc":
                continue
            base = firsts.get(base, base)
            first, _ = spans.get(base, (position, position))
            spans[base] = (first, position)
    return spans


def _nested(op: Op) -> list[Op]:
    return [inner for region in op.regions for inner in walk(region)] if op.regions else []


def _largest_first(spans: Spans, frames: dict[Value, list[Value]]) -> dict[Value, int]:
    """Offsets: the lowest place that is free while the buffer is alive, for large buffers first.

    Those are hardest to place between others; in gradients, whose residuals die in the order
    opposite to that of their birth, little is lost to gaps this way.
    """
    together = {buffer: frames.get(buffer, [buffer]) for buffer in spans}
    sizes = {buffer: sum(map(_room, together[buffer])) for buffer in spans}
    offsets: dict[Value, int] = {}
    placed: list[tuple[int, int, int, int]] = []
    for buffer in sorted(spans, key=lambda buffer: (-sizes[buffer], spans[buffer][0])):
        first, last = spans[buffer]
        at, size = 0, sizes[buffer]
        for start, end, its_first, its_last in placed:
            if its_first > last or its_last < first:
                continue
            if start - at >= size:
                break
            at = max(at, end)
        insort(placed, (at, at + size, first, last))
        for each in together[buffer]:
            offsets[each] = at
            at += _room(each)
    return offsets


def _room(buffer: Value) -> int:
    return -(-span_bytes(buffer.type) // ALIGNMENT) * ALIGNMENT
