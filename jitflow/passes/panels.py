"""panels: what a loop nest reads across the lines of memory is turned into a panel, block by block.

Owns which reads those are, and the size of a block. lowering/squares.py turns a square.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from jitflow.ir.builder import Builder
from jitflow.ir.core import Function, Op, Region, Value
from jitflow.ir.dtypes import DType
from jitflow.ir.row import ROWS
from jitflow.ir.types import BufferType
from jitflow.passes.lowering.footprint import address
from jitflow.passes.lowering.gathers import axis_last
from jitflow.passes.lowering.rebuild import base_of, constant_int, copy_op
from jitflow.passes.lowering.squares import turned
from jitflow.passes.lowering.varying import can_widen

LINE_BYTES = 64
"""Read whole: a line of memory serves as many rows of a block."""

COLUMNS = 64
MOST_LANES = 16


def panels(function: Function, *, vector_bytes: int = 32, least: int = MOST_LANES) -> Function:
    """Splits perfect nests of parallel loops that read along an outer index into blocks.

    Before: `loop (%i) { loop (%j) { %x: f32[] = load %a, %j, %i ... store %y, %out, %i, %j } }`
    After:  `loop (%i) {step=16} { loop (%j) {step=64} {` vectors along %i of `%a`, turned, fill
            `%panel: &f32[16, 64] temp`; then `loop (%r) { loop (%c) {step=8} { ... } }` computes
            with vectors along %c of the panel and of all else `} }`
    A last block that is not whole moves back over the one before it. Nests stay that have less
    than `least` elements along one of the two axes, that read what they write, or whose body holds
    more than elementwise work.
    Precondition: before `vectorize`; loop bounds are constants.
    """
    builder, changed = Builder(function.params), False
    for op in function.ops:
        nest = _nest(op)
        if nest is None or nest.shortest < least:
            builder.append(op)
            continue
        builder.locations = op.locations
        _Blocks(builder, nest, vector_bytes).emit()
        changed = True
    return function.with_body(builder.region(function.results)) if changed else function


@dataclass(frozen=True)
class _Nest:
    """Loops, outermost first; `outer` is the one along which `crossing` loads lie in memory."""

    loops: tuple[Op, ...]
    outer: int
    crossing: tuple[Op, ...]

    @property
    def body(self) -> Region:
        return self.loops[-1].regions[0]

    @property
    def indices(self) -> list[Value]:
        return [loop.regions[0].params[0] for loop in self.loops]

    @property
    def extents(self) -> list[int]:
        return [constant_int(loop.operands[1]) or 0 for loop in self.loops]

    @property
    def shortest(self) -> int:
        """Elements along the shorter one of a block's two axes."""
        return min(self.extents[self.outer], self.extents[-1])


def _nest(op: Op) -> _Nest | None:
    """The nest that starts here, if it reads across lines of memory."""
    loops = _perfect(op)
    if len(loops) < 2 or not can_widen(loops[-1]) or _rereads(loops[-1].regions[0]):
        return None
    indices = [loop.regions[0].params[0] for loop in loops]
    found: dict[int, list[Op]] = {}
    for load in loops[-1].regions[0].ops:
        outer = _crosses(load, indices) if load.row.name == "load" else None
        if outer is not None:
            found.setdefault(outer, []).append(load)
    if not found:
        return None
    outer = max(found, key=lambda k: len(found[k]))
    return _Nest(tuple(loops), outer, tuple(found[outer]))


def _perfect(op: Op) -> list[Op]:
    """Parallel loops that hold nothing but the next one, down to one that holds no loop."""
    loops: list[Op] = []
    while op.row.name == "loop" and op.attrs["kind"] == "parallel" and op.attrs["step"] == 1:
        if constant_int(op.operands[0]) != 0 or not constant_int(op.operands[1]):
            return []
        loops.append(op)
        ops = op.regions[0].ops
        if not any(inner.row.name == "loop" for inner in ops):
            return loops
        if len(ops) > 1:
            return []
        (op,) = ops
    return []


def _rereads(body: Region) -> bool:
    written = {base_of(op.operands[1]) for op in body.ops if op.row.name == "store"}
    return any(base_of(op.operands[0]) in written for op in body.ops if op.row.name == "load")


def _crosses(load: Op, indices: list[Value]) -> int | None:
    """The loop along which a load's elements lie side by side, where the last one's do not."""
    buffer, at = address(load)
    if buffer.type.dtype.kind == "b" or any(index not in indices for index in at):
        return None
    strides = {index: stride for index, stride in zip(at, buffer.type.strides, strict=True)}
    if len(strides) != len(at) or abs(strides.get(indices[-1], 0)) < 2:
        return None
    found = [k for k, index in enumerate(indices[:-1]) if strides.get(index) == 1]
    return found[0] if found else None


class _Blocks:
    """One nest under rewriting: loops over blocks, panels of `rows` by `columns`, the body."""

    def __init__(self, builder: Builder, nest: _Nest, vector_bytes: int) -> None:
        self.builder = builder
        self.nest = nest
        sizes = [_dtype(load).itemsize for load in nest.crossing]
        self.lanes = [_lanes(size, vector_bytes, nest.shortest) for size in sizes]
        square = max(self.lanes)
        self.rows = _whole(nest.extents[nest.outer], LINE_BYTES // min(sizes), square)
        self.columns = _whole(nest.extents[-1], COLUMNS, square)

    def emit(self) -> None:
        self.panels = [self._panel(load) for load in self.nest.crossing]
        self._loops(self.builder, 0, {})

    def _panel(self, load: Op) -> Value:
        type = BufferType(_dtype(load), (self.rows, self.columns), None, "temp")
        made = self.builder.emit(ROWS["alloc"], (), {"type": type})
        made.result.name = "panel"
        return made.result

    def _loops(self, b: Builder, depth: int, at: dict[Value, Value]) -> None:
        """The loops of the nest from `depth` on, those of the block's two axes block by block."""
        if depth == len(self.nest.loops):
            self._block(b, at)
            return
        extent, step = self.nest.extents[depth], 1
        if depth == self.nest.outer:
            step = self.rows
        elif depth == len(self.nest.loops) - 1:
            step = self.columns
        index = self.nest.indices[depth]

        def body(inner: Builder, count: Value) -> tuple[Value, ...]:
            if extent % step:
                count = inner.minimum(count, inner.index(extent - step))
            self._loops(inner, depth + 1, {**at, index: count})
            return ()

        if step == extent:
            self._loops(b, depth + 1, {**at, index: b.index(0)})
        else:
            kind = "sequential" if extent % step else "parallel"
            b.loop(b.index(0), b.index(extent), body, (), step, kind)

    def _block(self, b: Builder, at: dict[Value, Value]) -> None:
        for load, panel, lanes in zip(self.nest.crossing, self.panels, self.lanes, strict=True):
            self._fill(b, load, panel, lanes, at)
        self._compute(b, at)

    def _fill(
        self, b: Builder, load: Op, panel: Value, lanes: int, at: dict[Value, Value]
    ) -> None:
        """The panel from vectors along the outer loop, a square at a time."""
        buffer, indices = address(load)
        row, column = self.nest.indices[self.nest.outer], self.nest.indices[-1]
        along = indices.index(row)
        lines = axis_last(b, buffer, along)

        def square(inner: Builder, r: Value, c: Value) -> None:
            first = {row: _sum(inner, r, at[row]), column: _sum(inner, c, at[column])}
            vectors = []
            for k in range(lanes):
                moved = {**at, **first, column: _next(inner, first[column], k)}
                where = [moved[v] for axis, v in enumerate(indices) if axis != along]
                vectors.append(inner.load(lines, *where, first[row], lanes=lanes))
            for k, vector in enumerate(turned(inner, vectors)):
                inner.store(vector, panel, _next(inner, r, k), c)

        _steps(b, self.rows, lanes, lambda b, r: _steps(
            b, self.columns, lanes, lambda inner, c: square(inner, r, c)
        ))

    def _compute(self, b: Builder, at: dict[Value, Value]) -> None:
        """The body at each point of the block; crossing loads read the panels."""
        row, column = self.nest.indices[self.nest.outer], self.nest.indices[-1]

        def body(inner: Builder, r: Value, c: Value) -> None:
            new = {**at, row: _sum(inner, r, at[row]), column: _sum(inner, c, at[column])}
            for load, panel in zip(self.nest.crossing, self.panels, strict=True):
                new[load.result] = inner.load(panel, r, c)
            for op in self.nest.body.ops:
                inner.locations = op.locations
                if not any(result in new for result in op.results):
                    copy_op(inner, op, new, lambda *_: False)

        _steps(b, self.rows, 1, lambda b, r: _steps(
            b, self.columns, 1, lambda inner, c: body(inner, r, c)
        ))


def _sum(b: Builder, x: Value, start: Value) -> Value:
    """x + start; x where the start is 0."""
    return x if constant_int(start) == 0 else b.add(x, start)


def _next(b: Builder, x: Value, steps: int) -> Value:
    return b.add(x, b.index(steps)) if steps else x


def _steps(b: Builder, extent: int, step: int, body: Callable[[Builder, Value], None]) -> None:
    """body(builder, start) for each step of a parallel loop."""

    def run(inner: Builder, index: Value) -> tuple[Value, ...]:
        body(inner, index)
        return ()

    b.loop(b.index(0), b.index(extent), run, (), step, "parallel")


def _dtype(load: Op) -> DType:
    dtype: DType = load.result.type.dtype
    return dtype


def _lanes(itemsize: int, vector_bytes: int, shortest: int) -> int:
    """Rows of a square: what fills a vector, fits the axes, and leaves registers free."""
    lanes = min(vector_bytes // itemsize, MOST_LANES)
    while lanes > shortest:
        lanes //= 2
    return lanes


def _whole(extent: int, most: int, square: int) -> int:
    """The side of a block along an axis: whole squares, at most `most` elements."""
    return min(max(most, square), extent // square * square)
