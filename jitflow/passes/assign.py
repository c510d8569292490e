"""assign: every temporary gets an offset in one arena; those never alive together share memory."""

from __future__ import annotations

from jitflow.ir.builder import Builder
from jitflow.ir.core import Function, Op, Value, walk
from jitflow.passes.lowering.rebuild import base_of, rebuild

ALIGNMENT = 64


def assign(function: Function) -> Function:
    """Sets `offset` of every alloc, first fit over live ranges in order of definition.

    A buffer is alive from the first to the last op of the body that touches it; two that are
    alive in the same op never share memory, so loops need not care about order. One that no op
    touches gets offset 0.
    Before: `%t: &f32[8] temp = alloc`   After: `%t: &f32[8] temp = alloc {offset=64}`
    Precondition: allocs stand in the body itself, not in loops.
    """
    if not any(op.row.name == "alloc" for op in function.ops):
        return function
    offsets = _first_fit(_live_spans(function))

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


def _first_fit(spans: dict[Value, tuple[int, int]]) -> dict[Value, int]:
    """Offsets, by scanning the buffers that are alive where each one is first touched."""
    offsets: dict[Value, int] = {}
    alive: list[tuple[int, int, int]] = []
    for buffer, (first, last) in sorted(spans.items(), key=lambda item: item[1][0]):
        alive = sorted(block for block in alive if block[2] >= first)
        size = -(-_bytes(buffer) // ALIGNMENT) * ALIGNMENT
        at = 0
        for start, end, _ in alive:
            if start - at >= size:
                break
            at = max(at, end)
        offsets[buffer] = at
        alive.append((at, at + size, last))
    return offsets
