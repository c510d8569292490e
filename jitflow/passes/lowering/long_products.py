"""Products along a long axis: run by run, so that what is read again is still in the caches.

Totals wait in memory from one run to the next, or each run has its own. Products are summed in the
same order as in one walk, so that no bit changes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from jitflow.ir.builder import Builder
from jitflow.ir.core import Value
from jitflow.passes.lowering.blocks import PANEL_BLOCKS, Blocks
from jitflow.passes.lowering.product import SUM_RUN, Values, store
from jitflow.passes.lowering.reducers import full

LONG = 1024
"""Products beyond which blocks of many rows do not walk along the whole axis."""

STREAM_BYTES = 1 << 18
"""A right operand from this size on is read row by row, where few rows are multiplied with it."""

STREAM_STEPS = 16
"""Its rows that are read side by side: a total is loaded and stored once for all of them."""

GROUP_BYTES = 1 << 15
"""Totals of a group of columns, which stay in the first cache; GROUP_COLUMNS at most."""

GROUP_COLUMNS = 2048

APART = 64
"""Runs are apart where their totals are at most an eighth of the operands: APART (rows + columns)
a run.
"""

Place = tuple[Value, Value]
"""A row and a column."""

Rows = Sequence[Value]

Put = Callable[[Builder, Values, Rows, Value], None]
"""Stores a block, by its rows and first column."""

Body = Callable[[Builder, Place, Place], None]
"""Emits what happens at a place of the result, and at its slot: the same in memory that waits,
which has room for whole tiles, so that tiles that overlap do not meet there.
"""


def long_product(blocks: Blocks) -> Callable[[Builder, Values], None] | None:
    """What emits the product at a point of the batch; None for one walk a block."""
    product = blocks.product
    if product.rows >= PANEL_BLOCKS * blocks.block:
        return _Runs(blocks).emit if product.depth > LONG else None
    is_large = product.depth * product.columns * blocks.dtype.itemsize >= STREAM_BYTES
    is_wide = product.columns >= 2 * blocks.lanes and product.depth >= 2 * STREAM_STEPS
    return _Streamed(blocks).emit if is_large and is_wide else None


class _Runs:
    """Runs of a product with many rows: in each, all blocks walk along the same part."""

    def __init__(self, blocks: Blocks) -> None:
        self.blocks = blocks
        self.context = blocks.context
        self.product = blocks.product
        self.count = -(-self.product.depth // SUM_RUN)

    def emit(self, b: Builder, at: Values) -> None:
        rows, columns = self.product.rows, self.product.columns
        if rows * columns <= APART * (rows + columns):
            self.apart(b, at)
        else:
            self._in_turn(b, at)

    def run(self, b: Builder, at: Values, start: Value, length: Value, put: Put) -> None:
        """Puts what the products of one run add up to."""
        self._blocks(b, at, start, length, lambda b, parts, rows, j, slot: put(b, parts, rows, j))

    def apart(self, b: Builder, at: Values) -> None:
        """Each run by itself, then their totals in order."""
        blocks, context = self.blocks, self.context
        shape = (self.count, self.product.rows, self.product.columns)
        partial = context.temp(blocks.dtype, shape, "partial")
        ends = context.index(0), context.index(self.count)

        def run(inner: Builder, number: Value) -> Values:
            start = inner.mul(number, context.index(SUM_RUN))
            self.run(
                inner, at, start, self._length(inner, start),
                lambda b, totals, rows, j: blocks.put(b, totals, partial, (number,), rows, j),
            )
            return ()

        b.loop(*ends, run, kind="parallel")

        def add(inner: Builder, place: Place, slot: Place) -> None:
            def part(inner: Builder, number: Value, total: Value) -> Values:
                return (inner.add(total, self.get(inner, partial, (number, *place))),)

            (total,) = inner.loop(*ends, part, (self._zero(inner),))
            self.put(inner, total, blocks.out, (*at, *place))

        self.lines(b, self.product.columns, add)
        blocks.mirror(b, at)

    def _in_turn(self, b: Builder, at: Values) -> None:
        """One run after the other adds to totals in memory."""
        blocks, context = self.blocks, self.context
        sums = self.waiting(self.product.columns, "sums")
        self.lines(b, self.product.columns, lambda b, place, slot: self.clear(b, sums, slot))

        def run(inner: Builder, start: Value) -> Values:
            def add(inner: Builder, parts: Values, _: Rows, j: Value, slot: Place) -> None:
                rows, column = blocks.rows(inner, slot[0]), slot[1]
                totals = blocks.get(inner, sums, rows, column)
                totals = tuple(inner.add(t, p) for t, p in zip(totals, parts, strict=True))
                blocks.put(inner, totals, sums, (), rows, column)

            self._blocks(inner, at, start, self._length(inner, start), add, "parallel")
            return ()

        b.loop(context.index(0), context.index(self.product.depth), run, (), SUM_RUN)

        def finish(inner: Builder, place: Place, slot: Place) -> None:
            self.put(inner, self.get(inner, sums, slot), blocks.out, (*at, *place))

        self.lines(b, self.product.columns, finish)
        blocks.mirror(b, at)

    def _blocks(
        self, b: Builder, at: Values, start: Value, length: Value,
        body: Callable[[Builder, Values, Rows, Value, Place], None], kind: str = "",
    ) -> None:
        """body(builder, parts, rows, j, slot) for the products of each block in a run."""
        blocks = self.blocks

        def column(inner: Builder, j: Value, column_slot: Value) -> None:
            strip = blocks.strip(inner, at, j, start, length)

            def block(inner: Builder, i: Value, row_slot: Value) -> None:
                ends, rows = (self.context.index(0), length), blocks.rows(inner, i)
                parts = blocks.walk(inner, at, rows, strip, start, ends, blocks.zeros(inner))
                body(inner, parts, rows, j, (row_slot, column_slot))

            blocks.row_tiles(inner, j, block, kind)

        blocks.tiles(b, self.product.columns, blocks.lanes, column, kind)

    def _length(self, b: Builder, start: Value) -> Value:
        """How many products the run that begins at `start` has."""
        run = self.context.index(SUM_RUN)
        if self.product.depth % SUM_RUN == 0:
            return run
        return b.minimum(run, b.sub(self.context.index(self.product.depth), start))

    # What waits in memory, one vector of a row at a time.

    def waiting(self, columns: int, name: str) -> Value:
        """Room for totals, in whole tiles wherever they start."""
        blocks, rows = self.blocks, self.product.rows
        width = -(-columns // blocks.lanes) * blocks.lanes
        height = -(-rows // blocks.block) * blocks.block
        if blocks.is_symmetric:
            height = rows + blocks.block
        return self.context.temp(blocks.dtype, (height, width), name)

    def lines(self, b: Builder, columns: int, body: Body, kind: str = "") -> None:
        """body(builder, place, slot) for each row of each block, strip by strip."""
        blocks, context = self.blocks, self.context

        def strip(inner: Builder, j: Value, column_slot: Value) -> None:
            def tile(inner: Builder, i: Value, slot: Value) -> None:
                def row(inner: Builder, r: Value) -> Values:
                    line, line_slot = inner.add(i, r), inner.add(slot, r)
                    body(inner, (line, j), (line_slot, column_slot))
                    return ()

                inner.loop(context.index(0), context.index(blocks.block), row)

            blocks.row_tiles(inner, j, tile, kind)

        blocks.tiles(b, columns, blocks.lanes, strip, kind)

    def get(self, b: Builder, buffer: Value, at: Values) -> Value:
        return b.load(buffer, *at, lanes=self.blocks.lanes, valid=self.blocks.valid)

    def put(self, b: Builder, total: Value, buffer: Value, at: Values) -> None:
        store(b, total, buffer, *at, valid=self.blocks.valid)

    def clear(self, b: Builder, buffer: Value, at: Values) -> None:
        self.put(b, self._zero(b), buffer, at)

    def _zero(self, b: Builder) -> Value:
        return full(b, self.blocks.dtype, self.blocks.lanes, 0)


class _Streamed(_Runs):
    """Runs of a product with few rows, which reads the right operand row by row.

    Totals of a group of columns wait in memory for a few of its rows at a time.
    """

    def __init__(self, blocks: Blocks) -> None:
        super().__init__(blocks)
        columns, lanes = self.product.columns, blocks.lanes
        most = GROUP_BYTES // (self.product.rows * blocks.dtype.itemsize)
        count = -(-columns // max(min(most, GROUP_COLUMNS), lanes))
        self.group = min(-(-columns // (count * lanes)) * lanes, columns)

    def emit(self, b: Builder, at: Values) -> None:
        if self.count > 1:
            self.apart(b, at)
            return
        blocks, context = self.blocks, self.context
        self.run(
            b, at, context.index(0), context.index(self.product.depth),
            lambda b, totals, rows, j: blocks.put(b, totals, blocks.out, at, rows, j),
        )

    def run(self, b: Builder, at: Values, start: Value, length: Value, put: Put) -> None:
        """Group by group: in each, a few rows of the right operand after the other."""
        chain = self.waiting(self.group, "chain")
        context = self.context

        def group(inner: Builder, first: Value, slot: Value) -> None:
            self.lines(
                inner, self.group, lambda b, place, slot: self.clear(b, chain, slot), "sequential"
            )

            def stage(inner: Builder, k: Value) -> Values:
                end = inner.minimum(inner.add(k, context.index(STREAM_STEPS)), length)
                self._stage(inner, at, start, (k, end), first, chain)
                return ()

            inner.loop(context.index(0), length, stage, (), STREAM_STEPS)
            self._finish(inner, first, chain, put)

        self.blocks.tiles(b, self.product.columns, self.group, group)

    def _stage(
        self, b: Builder, at: Values, start: Value, ends: tuple[Value, Value], first: Value,
        chain: Value,
    ) -> None:
        """Adds the products from ends[0] to below ends[1] to what waits."""
        blocks = self.blocks

        def block(inner: Builder, place: Place, slot: Place) -> None:
            rows, column = blocks.rows(inner, place[0]), inner.add(first, place[1])
            strip = blocks.strip(inner, at, column, start, ends[1])
            waiting = blocks.rows(inner, slot[0]), slot[1]
            totals = blocks.get(inner, chain, *waiting)
            totals = blocks.walk(inner, at, rows, strip, start, ends, totals)
            blocks.put(inner, totals, chain, (), *waiting)

        self._places(b, block)

    def _finish(self, b: Builder, first: Value, chain: Value, put: Put) -> None:
        blocks = self.blocks

        def block(inner: Builder, place: Place, slot: Place) -> None:
            totals = blocks.get(inner, chain, blocks.rows(inner, slot[0]), slot[1])
            put(inner, totals, blocks.rows(inner, place[0]), inner.add(first, place[1]))

        self._places(b, block)

    def _places(self, b: Builder, body: Body) -> None:
        """The blocks of a group, column by column."""
        blocks = self.blocks

        def column(inner: Builder, j: Value, column_slot: Value) -> None:
            blocks.tiles(
                inner, self.product.rows, blocks.block,
                lambda b, i, slot: body(b, (i, j), (slot, column_slot)), "sequential",
            )

        blocks.tiles(b, self.group, blocks.lanes, column, "sequential")
