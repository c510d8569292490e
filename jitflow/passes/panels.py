"""panels: what a loop nest reads across the lines of memory is turned into a panel, block by block.

Owns the size of a block. lowering/crossing.py finds such reads, lowering/squares.py turns a square.
"""

from __future__ import annotations

from collections.abc import Callable

from jitflow.ir.builder import Builder
from jitflow.ir.core import Function, Op, Value
from jitflow.ir.row import ROWS
from jitflow.ir.types import BufferType
from jitflow.passes.lowering.crossing import Crossing, Nest, find_nest
from jitflow.passes.lowering.footprint import address
from jitflow.passes.lowering.gathers import axis_last
from jitflow.passes.lowering.rebuild import constant_int, copy_op
from jitflow.passes.lowering.squares import turned

LINE_BYTES = 128
"""Read whole: two lines of memory, which CPUs fetch together, serve as many rows of a block."""

COLUMNS = 32
MOST_LANES = 16
PANEL_BYTES = 1 << 18
"""What stays in a cache beside all else."""

NEAR_BYTES = 1 << 14
"""What two of may lie in the first cache."""


def panels(function: Function, *, vector_bytes: int = 32, least: int = MOST_LANES) -> Function:
    """Splits nests of parallel loops that read along an outer index into blocks.

    Before: `loop (%i) { loop (%j) { %x: f32[] = load %a, %j, %i ... store %y, %out, %i, %j } }`
    After:  `loop (%i) {step=16} { loop (%j) {step=64} {` vectors along %i of `%a`, turned, fill
            `%panel: &f32[16, 64] temp`; then `loop (%r) { loop (%c) { ... } }` computes on the
            panel and all else `} }`
    Where the outer loop holds more than the inner one, as rows that are reduced, only it is split,
    and panels are as wide as the inner loop is long. A last block that is not whole is read from
    further in front. Where the nest only copies, between arrays that the first cache holds, vectors
    go to their places without a panel. Nests stay that have less than `least` elements along one of
    the two axes, or that read what they write.
    Precondition: before `vectorize`; loop bounds are constants.
    """
    found = {op: find_nest(op) for op in function.body.owners}
    nests = {op: nest for op, nest in found.items() if nest and nest.shortest >= least}
    builder, changed = Builder(function.params), False
    for op in function.ops if nests else ():
        nest = nests.get(op)
        if nest is None:
            builder.append(op)
            continue
        builder.locations = op.locations
        blocks = (_Squares if _is_near_copy(nest) else _Blocks)(builder, nest, vector_bytes)
        if not blocks.fits:
            builder.append(op)
            continue
        blocks.emit()
        changed = True
    return function.with_body(builder.region(function.results)) if changed else function


class _Blocks:
    """One nest under rewriting: loops over blocks, panels of `rows` by `widths`, the body."""

    def __init__(self, builder: Builder, nest: Nest, vector_bytes: int) -> None:
        self.builder = builder
        self.nest = nest
        sizes = [c.itemsize for c in nest.crossing]
        self.lanes = [_lanes(size, vector_bytes, nest.shortest) for size in sizes]
        square = max(self.lanes)
        self.widths = [c.extent for c in nest.crossing]
        if nest.is_perfect:
            self.widths = [_whole(c.extent, COLUMNS, square) for c in nest.crossing]
        row_bytes = sum(size * width for size, width in zip(sizes, self.widths, strict=True))
        most = min(LINE_BYTES // min(sizes), PANEL_BYTES // row_bytes)
        self.rows = _whole(nest.extents[nest.outer], most // square * square, square)
        self.fits = row_bytes * self.rows <= PANEL_BYTES
        """Whether panels are not too large."""
        self.panels: dict[Value, Value] = {}
        """By what is loaded."""

    def emit(self) -> None:
        for each, width in zip(self.nest.crossing, self.widths, strict=True):
            self.panels[each.load.result] = self._panel(each, width)
        self._loops(self.builder, 0, {}, self.builder.index(0))

    def _panel(self, crossing: Crossing, width: int) -> Value:
        dtype = crossing.load.result.type.dtype
        type = BufferType(dtype, (self.rows, width), None, "temp")
        made = self.builder.emit(ROWS["alloc"], (), {"type": type})
        made.result.name = "panel"
        return made.result

    def _loops(self, b: Builder, depth: int, at: dict[Value, Value], done: Value) -> None:
        """The loops of the nest from `depth` on, those of the block's axes block by block.

        done: rows of the block that the one before it had.
        """
        nest = self.nest
        if depth == len(nest.loops):
            self._block(b, at, done)
            return
        extent, index, step = nest.extents[depth], nest.indices[depth], 1
        is_row = depth == nest.outer
        if is_row:
            step = self.rows
        elif nest.is_perfect and depth == len(nest.loops) - 1:
            step = self.widths[0]

        def body(inner: Builder, count: Value) -> tuple[Value, ...]:
            start, rest = count, done
            if extent % step:
                start = inner.minimum(count, inner.index(extent - step))
                rest = inner.sub(count, start) if is_row else done
            self._loops(inner, depth + 1, {**at, index: start}, rest)
            return ()

        if step == extent:
            self._loops(b, depth + 1, {**at, index: b.index(0)}, done)
        else:
            kind = "overlapping" if extent % step else "parallel"
            b.loop(b.index(0), b.index(extent), body, (), step, kind)

    def _block(self, b: Builder, at: dict[Value, Value], done: Value) -> None:
        for crossing, width, lanes in zip(
            self.nest.crossing, self.widths, self.lanes, strict=True
        ):
            self._fill(b, crossing, width, lanes, at)
        self._compute(b, at, done)

    def _fill(
        self, b: Builder, crossing: Crossing, width: int, lanes: int, at: dict[Value, Value]
    ) -> None:
        """The panel from vectors along the outer loop, a square at a time, whole lines first."""
        column, panel = crossing.column, self.panels[crossing.load.result]
        row = self.nest.indices[self.nest.outer]
        first_column = at.get(column)

        def square(inner: Builder, r: Value, c: Value) -> None:
            if width % lanes:
                c = inner.minimum(c, inner.index(width - lanes))
            start = c if first_column is None else _sum(inner, c, first_column)
            there = {**at, row: _sum(inner, r, at[row]), column: start}
            for k, vector in enumerate(self._turned(inner, crossing, lanes, there)):
                inner.store(vector, panel, _next(inner, r, k), c)

        _steps(b, width, lanes, lambda b, c: _steps(
            b, self.rows, lanes, lambda inner, r: square(inner, r, c)
        ))

    def _turned(
        self, b: Builder, crossing: Crossing, lanes: int, at: dict[Value, Value]
    ) -> list[Value]:
        """What stands at so many rows and columns from `at` on, one vector a row."""
        buffer, indices = address(crossing.load)
        row, column = self.nest.indices[self.nest.outer], crossing.column
        along, vectors = indices.index(row), []
        lines = axis_last(b, buffer, along)
        for k in range(lanes):
            moved = {**at, column: _next(b, at[column], k)}
            where = [moved[v] for axis, v in enumerate(indices) if axis != along]
            vectors.append(b.load(lines, *where, at[row], lanes=lanes))
        return turned(b, vectors)

    def _compute(self, b: Builder, at: dict[Value, Value], done: Value) -> None:
        """The body at each row of the block, and at each column if the nest is perfect."""
        nest = self.nest
        row, last = nest.indices[nest.outer], nest.indices[-1]

        def at_row(inner: Builder, r: Value) -> tuple[Value, ...]:
            new = {**at, row: _sum(inner, r, at[row])}
            if not nest.is_perfect:
                self._body(inner, new, r, None)
                return ()
            _steps(inner, self.widths[0], 1, lambda point, c: self._body(
                point, {**new, last: _sum(point, c, at[last])}, r, c
            ))
            return ()

        b.loop(done, b.index(self.rows), at_row, kind="parallel")

    def _body(
        self, b: Builder, new: dict[Value, Value], r: Value, c: Value | None
    ) -> None:
        """The body at one row; what crosses is read from the panels, at c or at its own column."""
        columns = {crossing.load: crossing.column for crossing in self.nest.crossing}

        def visit(inner: Builder, op: Op, new: dict[Value, Value]) -> bool:
            if op not in columns:
                return False
            new[op.result] = inner.load(self.panels[op.result], r, columns[op] if c is None else c)
            return True

        for op in self.nest.body.ops:
            b.locations = op.locations
            if not visit(b, op, new):
                copy_op(b, op, new, visit)


class _Squares(_Blocks):
    """A nest that only copies, square by square."""

    def __init__(self, builder: Builder, nest: Nest, vector_bytes: int) -> None:
        super().__init__(builder, nest, vector_bytes)
        self.rows = self.lanes[0]
        self.widths = [self.rows]

    def emit(self) -> None:
        self._loops(self.builder, 0, {}, self.builder.index(0))

    def _block(self, b: Builder, at: dict[Value, Value], done: Value) -> None:
        (crossing,), store = self.nest.crossing, self.nest.body.ops[-1]
        row, (buffer, indices) = self.nest.indices[self.nest.outer], address(store)
        for k, vector in enumerate(self._turned(b, crossing, self.rows, at)):
            moved = {**at, row: _next(b, at[row], k)}
            b.store(vector, buffer, *[moved.get(v, v) for v in indices])


def _is_near_copy(nest: Nest) -> bool:
    """Whether all that a nest does is to copy what crosses to rows, near by each other."""
    ops, (crossing, *others) = nest.body.ops, nest.crossing
    if others or len(ops) != 2 or ops[1].row.name != "store":
        return False
    row, column = nest.indices[nest.outer], crossing.column
    rows, columns = nest.extents[nest.outer], crossing.extent
    (source, places), (target, at) = address(crossing.load), address(ops[1])
    if ops[1].operands[0] is not crossing.load.result or at[-1] is not column:
        return False
    if at.count(row) != 1 or at.count(column) != 1 or target.type.strides[-1] != 1:
        return False
    reach = columns * abs(source.type.strides[places.index(column)])
    far = rows * abs(target.type.strides[at.index(row)])
    return max(reach, far) * crossing.itemsize <= NEAR_BYTES


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


def _lanes(itemsize: int, vector_bytes: int, shortest: int) -> int:
    """Rows of a square: what fills a vector, fits the axes, and leaves registers free."""
    lanes = min(vector_bytes // itemsize, MOST_LANES)
    while lanes > shortest:
        lanes //= 2
    return lanes


def _whole(extent: int, most: int, square: int) -> int:
    """The side of a block along an axis: whole squares, at most `most` elements."""
    return min(max(most, square), extent // square * square)
