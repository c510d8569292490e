"""What memory a loop touches per iteration: the facts on which loop passes decide.

An access is known if each of its indices is a loop's own index or a constant; then its elements
lie in a window that moves by a fixed stride from one iteration of the outer loop to the next.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from jitflow.ir.buffers import base_of
from jitflow.ir.core import Op, Region, Value
from jitflow.ir.types import BufferType, VectorType
from jitflow.passes.lowering.rebuild import constant_int


class Touch(NamedTuple):
    """One load or store: elements low..high of `base`, moving by `stride` per iteration."""

    op: Op
    base: Value
    writes: bool
    stride: int
    low: int
    high: int


def view_offset(buffer: Value) -> int:
    """Where element 0 of a chain of views stands in its base."""
    offset = 0
    while buffer.op is not None and buffer.op.row.name == "view":
        offset += buffer.op.attrs["offset"]
        buffer = buffer.op.operands[0]
    return offset


def address(op: Op) -> tuple[Value, tuple[Value, ...]]:
    """The buffer and the indices of a load or store."""
    first = 1 if op.row.name == "store" else 0
    return op.operands[first], op.operands[first + 1 :]


def span_bytes(type: BufferType) -> int:
    """From the first element in memory to behind the last one."""
    shape: Any = type.shape
    strides: Any = type.strides
    if 0 in shape:
        return 0
    reach = sum((n - 1) * s for n, s in zip(shape, strides, strict=True))
    return int((reach + 1) * type.dtype.itemsize)


def lanes_of(op: Op) -> int:
    """Elements that a load or store touches along the last axis."""
    type = op.operands[0].type if op.row.name == "store" else op.result.type
    return op.attrs["valid"] or (type.lanes if isinstance(type, VectorType) else 1)


def touches(loop: Op) -> list[Touch] | None:
    """All accesses of a loop by its index, or None where one of them is not known."""
    index = loop.regions[0].params[0]
    found = []
    for op, extents in _accesses(loop.regions[0], {}):
        touch = _touch(op, index, extents)
        if touch is None:
            return None
        found.append(touch)
    return found


def _accesses(
    region: Region, extents: dict[Value, int]
) -> Iterator[tuple[Op, dict[Value, int]]]:
    """What uses memory, with the greatest value of each loop index around it."""
    for op in region.ops:
        if op.row.name != "view" and any(isinstance(v.type, BufferType) for v in op.operands):
            yield op, extents
        for inner in op.regions:
            known = dict(extents)
            if op.row.name == "loop":
                known[inner.params[0]] = _greatest_index(op, extents)
            yield from _accesses(inner, known)


def _greatest_index(op: Op, extents: dict[Value, int]) -> int:
    """The greatest value that a loop's index takes, or -1 where that is not known.

    A run over [i, minimum(i + run, end)) starts at a multiple of its step, like i.
    """
    lower, upper = op.operands[0], op.operands[1]
    end, step = constant_int(upper), op.attrs["step"]
    if end is not None and constant_int(lower) == 0:
        return (end - 1) // step * step
    if upper.op is None or upper.op.row.name != "minimum" or extents.get(lower, -1) < 0:
        return -1
    ends = [e for e in map(constant_int, upper.op.operands) if e is not None]
    if not ends:
        return -1
    return ends[0] - step if ends[0] % step == 0 else ends[0] - 1


def _touch(op: Op, index: Value, extents: dict[Value, int]) -> Touch | None:
    if op.row.name not in ("load", "store"):
        return None
    buffer, indices = address(op)
    low = high = view_offset(buffer)
    stride = 0
    for value, step in zip(indices, buffer.type.strides, strict=True):
        constant = constant_int(value)
        if value is index:
            stride += step
        elif constant is not None:
            low, high = low + constant * step, high + constant * step
        elif extents.get(value, -1) >= 0:
            reach = extents[value] * step
            low, high = low + min(reach, 0), high + max(reach, 0)
        else:
            return None
    if buffer.type.strides:
        reach = (lanes_of(op) - 1) * buffer.type.strides[-1]
        low, high = low + min(reach, 0), high + max(reach, 0)
    return Touch(op, base_of(buffer), op.row.name == "store", stride, low, high)


def separate(group: list[Touch], first: int, last: int) -> list[list[Touch]]:
    """The accesses in groups that share no element, whatever index from first to last each has."""
    found: list[list[Touch]] = []
    end = 0
    for low, high, touch in sorted(((*_range(t, first, last), t) for t in group), key=_start):
        if not found or low > end:
            found.append([])
            end = high
        found[-1].append(touch)
        end = max(end, high)
    return found


def _range(touch: Touch, first: int, last: int) -> tuple[int, int]:
    """The first and the last element that all iterations touch."""
    ends = touch.stride * first, touch.stride * last
    return touch.low + min(ends), touch.high + max(ends)


def _start(item: tuple[int, int, Touch]) -> int:
    return item[0]


def moves_apart(group: list[Touch]) -> bool:
    """Whether no two iterations share an element: one stride, wider than the window."""
    strides = {t.stride for t in group}
    if len(strides) != 1:
        return False
    window = max(t.high for t in group) - min(t.low for t in group)
    return abs(strides.pop()) > window
