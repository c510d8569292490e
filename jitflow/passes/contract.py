"""contract: a temporary that one iteration fills and reads shrinks to one iteration's window."""

from __future__ import annotations

from jitflow.ir.builder import Builder
from jitflow.ir.core import Function, Op, Value, walk
from jitflow.ir.row import ROWS
from jitflow.ir.types import BufferType, VectorType
from jitflow.passes.lowering.footprint import Touch, address, moves_apart, touches, view_offset
from jitflow.passes.lowering.rebuild import base_of, rebuild


def contract(function: Function) -> Function:
    """Drops the loop index from buffers that no iteration shares with another.

    Before: `%t: &f32[512, 64] temp`, used only in `loop (%i)` as row %i
    After:  `%t: &f32[64] temp`, the same row for every iteration.
    Precondition: after `fuse_loops`, before `vectorize`. Whoever splits the loop over threads
    gives each thread a row of its own.
    """
    windows = _windows(function)
    if not windows:
        return function
    return _Shrink(windows).run(function)


class _Window:
    """What one iteration uses of a buffer: `size` elements from `low` on, by this loop index."""

    def __init__(self, index: Value, group: list[Touch]) -> None:
        self.index = index
        self.low = min(t.low for t in group)
        self.size = max(t.high for t in group) - self.low + 1


def _windows(function: Function) -> dict[Value, _Window]:
    """The temporaries that can shrink."""
    users: dict[Value, set[Op]] = {}
    for op in function.ops:
        for inner in (op, *(o for region in op.regions for o in walk(region))):
            if inner.row.name in ("load", "store"):
                users.setdefault(base_of(address(inner)[0]), set()).add(op)
    found = {}
    for op in function.ops:
        if op.row.name == "loop" and op.attrs["kind"] == "parallel" and op.attrs["step"] == 1:
            mine = {b for b, ops in users.items() if ops == {op} and _is_temp(b)}
            found.update(_of_loop(op, mine))
    return found


def _is_temp(buffer: Value) -> bool:
    return buffer.op is not None and buffer.op.row.name == "alloc"


def _of_loop(loop: Op, bases: set[Value]) -> dict[Value, _Window]:
    facts = touches(loop) if bases else None
    if facts is None:
        return {}
    index = loop.regions[0].params[0]
    flat = not any(
        op.row.name == "loop" or any(isinstance(v.type, VectorType) for v in op.results)
        for op in walk(loop.regions[0])
    )
    found = {}
    for base in bases:
        group = [t for t in facts if t.base is base]
        if moves_apart(group):
            window = _Window(index, group)
            if window.size == 1 or not flat:
                found[base] = window
    return found


class _Shrink:
    """Rewrites allocs, and loads and stores through new views that ignore the loop index."""

    def __init__(self, windows: dict[Value, _Window]) -> None:
        self.windows = windows
        self.small: dict[Value, Value] = {}
        self.views: dict[tuple[Value, int], Value] = {}

    def run(self, function: Function) -> Function:
        return rebuild(function, self._visit)

    def _visit(self, builder: Builder, op: Op, new: dict[Value, Value]) -> bool:
        if op.row.name == "alloc" and op.result in self.windows:
            self._alloc(builder, op)
            return True
        if op.row.name == "view" and base_of(op.result) in self.windows:
            self._view(builder, op.result)
            return True
        if op.row.name not in ("load", "store"):
            return False
        buffer, indices = address(op)
        if base_of(buffer) not in self.windows:
            return False
        self._access(builder, op, buffer, indices, new)
        return True

    def _alloc(self, builder: Builder, op: Op) -> None:
        window = self.windows[op.result]
        type = BufferType(op.result.type.dtype, (window.size,), None, "temp")
        made = builder.emit(ROWS["alloc"], (), {"type": type})
        made.result.name = op.result.name
        self.small[op.result] = made.result
        self._view(builder, op.result)

    def _view(self, builder: Builder, buffer: Value) -> None:
        """Views of the small buffer for each axis that the loop index may stand on."""
        base = base_of(buffer)
        window = self.windows[base]
        type = buffer.type
        for axis in range(type.rank):
            strides = tuple(0 if k == axis else s for k, s in enumerate(type.strides))
            shape = tuple(1 if k == axis else n for k, n in enumerate(type.shape))
            reach = sum((n - 1) * min(s, 0) for n, s in zip(shape, strides, strict=True))
            span = sum((n - 1) * abs(s) for n, s in zip(shape, strides, strict=True))
            offset = view_offset(buffer) - window.low
            if offset + reach < 0 or offset + reach + span >= window.size:
                continue
            full = BufferType(type.dtype, type.shape, strides, type.space)
            made = builder.emit(ROWS["view"], (self.small[base],), {"offset": offset, "type": full})
            made.result.name = buffer.name
            self.views[buffer, axis] = made.result

    def _access(
        self, builder: Builder, op: Op, buffer: Value, indices: tuple[Value, ...],
        new: dict[Value, Value],
    ) -> None:
        window = self.windows[base_of(buffer)]
        axis = indices.index(window.index)
        small = self.views[buffer, axis]
        at = [new.get(v, v) for v in indices]
        if op.row.name == "store":
            value = new.get(op.operands[0], op.operands[0])
            builder.emit(op.row, (value, small, *at), op.attrs)
            return
        new[op.result] = builder.emit(op.row, (small, *at), op.attrs).result


