"""assign: every temporary gets an offset in one arena; those never alive together share memory."""

from __future__ import annotations

from bisect import insort

from jitflow.ir.builder import Builder
from jitflow.ir.core import Function, Op, Value, walk
from jitflow.passes.lowering.rebuild import base_of, rebuild

ALIGNMENT = 64


def assign(function: Function) -> Function:
    """Sets `offset` of every alloc: the lowest free place over its live range, large ones first.

    A buffer is alive from the first to the last op of the body that touches it; two that are
    alive in the same op never share memory, so loops need not care about order. One that no op
    touches gets offset 0.
    Before: `%t: &f32[8] temp = alloc`   After: `%t: &f32[8] temp = alloc {offset=64}`
    Precondition: allocs stand in the body itself, not in loops.
    """
    if not any(op.row.name == "alloc" for op in function.ops):
        return function
    offsets = _largest_first(_live_spans(function))

    def visit(builder: Builder, op: Op, new: dict[Value, Value]) -> bool:
        if op.row.name != "alloc" or op.attrs["offset"] == offsets.get(op.result, 0):
            return False
        attrs = {**op.attrs, "offset": offsets.get(op.result, 0)}
        made = builder.emit(op.row, (), attrs)
        made.result.name = op.result.name
        new[op.result] = made.result
        return True

    return rebuild(function, visit)


def _bytes(buffer: Value) -> int:
    type = buffer.type
    if 0 in type.shape:
        return 0
    reach = sum((n - 1) * s for n, s in zip(type.shape, type.strides, strict=True))
    return int((reach + 1) * type.dtype.itemsize)


def _live_spans(function: Function) -> dict[Value, tuple[int, int]]:
    """First and last top-level op that touches each temporary."""
    spans: dict[Value, tuple[int, int]] = {}
    for position, op in enumerate(function.ops):
        touched = [v for inner in (op, *_nested(op)) for v in inner.operands]
        for value in touched:
            base = base_of(value)
            if base.op is None or base.op.row.name != "alloc" or op.row.name == "view":
                continue
            first, _ = spans.get(base, (position, position))
            spans[base] = (first, position)
    return spans


def _nested(op: Op) -> list[Op]:
    return [inner for region in op.regions for inner in walk(region)]


def _largest_first(spans: dict[Value, tuple[int, int]]) -> dict[Value, int]:
    """Offsets: the lowest place that is free while the buffer is alive, for large buffers first.

    Those are hardest to place between others; in gradients, whose residuals die in the order
    opposite to that of their birth, little is lost to gaps this way.
    """
    sizes = {buffer: -(-_bytes(buffer) // ALIGNMENT) * ALIGNMENT for buffer in spans}
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
        offsets[buffer] = at
        insort(placed, (at, at + size, first, last))
    return offsets
