"""contract: a temporary that one iteration fills and reads shrinks to one iteration's window."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from jitflow.ir.buffers import base_of
from jitflow.ir.builder import Builder
from jitflow.ir.core import Function, Op, Value, walk
from jitflow.ir.row import ROWS
from jitflow.ir.types import BufferType, VectorType
from jitflow.passes.lowering.footprint import Touch, address, moves_apart, touches, view_offset
from jitflow.passes.lowering.rebuild import rebuild

_ALLOC = ROWS["alloc"]


def contract(function: Function) -> Function:
    """Drops the loop index from buffers of which no iteration shares an element with another.

    Before: `%t: &f32[512, 64] temp`, used only in `loop (%i)` as row %i
    After:  `%t: &f32[64] temp`, the same row for every iteration.
    Precondition: after `fuse_loops`, before `vectorize`. Where threads share the loop,
    `parallelize` gives each of them a row.
    """
    windows = _windows(function) if _ALLOC in function.contents.rows else None
    if not windows:
        return function
    return _Shrink(windows).run(function)


Place = tuple[Value, tuple[int, ...]]
"""A buffer, and the axes of it that the loop index stands on."""


@dataclass(frozen=True)
class _Window:
    """What one iteration uses of a buffer: `size` elements, and how each place looks at them."""

    index: Value
    size: int
    views: dict[Place, tuple[int, BufferType]]
    """Offset and type of a view of the small buffer."""


def _window(index: Value, group: list[Touch]) -> _Window | None:
    """The window of a temporary's accesses; None where a view reaches out of it."""
    low = min(t.low for t in group)
    size = max(t.high for t in group) - low + 1
    views = {}
    for touch in group:
        place = _place(touch.op, index)
        start, type = _still(*place)
        steps = [(n - 1) * s for n, s in zip(type.shape, type.strides, strict=True)]
        first = start + sum(min(s, 0) for s in steps)
        last = start + sum(max(s, 0) for s in steps)
        if first < low or last - low >= size:
            return None
        views[place] = start - low, type
    return _Window(index, size, views)


def _still(buffer: Value, axes: tuple[int, ...]) -> tuple[int, Any]:
    """Where a buffer begins in its base, and its type when the loop index moves nothing."""
    type = buffer.type
    strides = tuple(0 if k in axes else s for k, s in enumerate(type.strides))
    return view_offset(buffer), BufferType(type.dtype, type.shape, strides, type.space)


def _place(op: Op, index: Value) -> Place:
    buffer, indices = address(op)
    return buffer, tuple(k for k, v in enumerate(indices) if v is index)


def _windows(function: Function) -> dict[Value, _Window]:
    """The temporaries that can shrink."""
    users: dict[Value, set[Op]] = {}
    for op in function.ops:
        for inner in (op, *(o for region in op.regions for o in walk(region))):
            if inner.row.name != "view":
                for value in inner.operands:
                    if isinstance(value.type, BufferType):
                        users.setdefault(base_of(value), set()).add(op)
    found = {}
    for op, mine in _owners(users).items():
        if op.row.name == "loop" and op.attrs["kind"] == "parallel" and op.attrs["step"] == 1:
            found.update(_of_loop(op, mine))
    return found


def _owners(users: dict[Value, set[Op]]) -> dict[Op, list[Value]]:
    """The temporaries that one op of the body alone uses, by that op."""
    owners: dict[Op, list[Value]] = {}
    for buffer, ops in users.items():
        if len(ops) == 1 and buffer.op is not None and buffer.op.row.name == "alloc":
            owners.setdefault(next(iter(ops)), []).append(buffer)
    return owners


def _of_loop(loop: Op, buffers: list[Value]) -> dict[Value, _Window]:
    index = loop.regions[0].params[0]
    flat = not any(
        op.row.name == "loop" or any(isinstance(v.type, VectorType) for v in op.results)
        for op in walk(loop.regions[0])
    )
    groups: dict[Value, list[Touch]] = {}
    for touch in touches(loop) or ():
        groups.setdefault(touch.base, []).append(touch)
    found = {}
    for buffer in buffers:
        group = groups.get(buffer, [])
        window = _window(index, group) if moves_apart(group) else None
        if window is not None and (window.size == 1 or not flat):
            found[buffer] = window
    return found


class _Shrink:
    """Rewrites allocs, and loads and stores through new views that ignore the loop index."""

    def __init__(self, windows: dict[Value, _Window]) -> None:
        self.windows = windows
        self.small: dict[Value, Value] = {}
        self.views: dict[Place, Value] = {}

    def run(self, function: Function) -> Function:
        return rebuild(function, self._visit)

    def _visit(self, builder: Builder, op: Op, new: dict[Value, Value]) -> bool:
        if op.row.name in ("alloc", "view"):
            window = self.windows.get(base_of(op.result))
            if window is None:
                return False
            if op.row.name == "alloc":
                self._alloc(builder, op.result, window.size)
            self._view(builder, op.result, window)
            return True
        if op.row.name not in ("load", "store"):
            return False
        window = self.windows.get(base_of(address(op)[0]))
        if window is None:
            return False
        self._access(builder, op, window, new)
        return True

    def _alloc(self, builder: Builder, buffer: Value, size: int) -> None:
        type = BufferType(buffer.type.dtype, (size,), None, "temp")
        made = builder.emit(ROWS["alloc"], (), {"type": type})
        made.result.name = buffer.name
        self.small[buffer] = made.result

    def _view(self, builder: Builder, buffer: Value, window: _Window) -> None:
        """The views that accesses of this buffer need."""
        for place, (offset, type) in window.views.items():
            if place[0] is buffer:
                attrs = {"offset": offset, "type": type}
                made = builder.emit(ROWS["view"], (self.small[base_of(buffer)],), attrs)
                made.result.name = buffer.name
                self.views[place] = made.result

    def _access(self, builder: Builder, op: Op, window: _Window, new: dict[Value, Value]) -> None:
        small = self.views[_place(op, window.index)]
        at = [new.get(v, v) for v in address(op)[1]]
        if op.row.name == "store":
            value = new.get(op.operands[0], op.operands[0])
            builder.emit(op.row, (value, small, *at), op.attrs)
            return
        new[op.result] = builder.emit(op.row, (small, *at), op.attrs).result
