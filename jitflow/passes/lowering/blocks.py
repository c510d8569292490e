"""Products in register blocks of rows by lanes of columns, which walk along the contracted axis.

Owns the shape of a block and how it reads its operands. What is too long for one walk goes to
long_products.py. Neither the block nor the target changes a bit.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from jitflow.ir.builder import Builder
from jitflow.ir.core import Value
from jitflow.passes.lowering.context import Context
from jitflow.passes.lowering.product import (
    SUM_RUN,
    Product,
    Values,
    held,
    load,
    multiply_add,
    over_batch,
    store,
    sum_in_runs,
)
from jitflow.passes.lowering.reducers import full

PANEL_STRIDE_BYTES = 512
"""Rows of the right operand that lie this far apart are gathered into a panel first."""

PANEL_BLOCKS = 4
"""Blocks of rows from which on a panel is used often enough."""

SYMMETRIC_DEPTH = 128
"""Products from which on an element of a symmetric result costs more than a copy across lines."""

Tile = Callable[[Builder, Value, Value], None]


@dataclass(frozen=True)
class Strip:
    """Columns of the right operand: a buffer and an index, None for the contracted axis.

    Those of a panel count from the start of a walk.
    """

    buffer: Value
    index: tuple[Value | None, ...]
    is_panel: bool = False


class Blocks:
    """The blocks of one product: `block` rows by `lanes` columns."""

    def __init__(
        self, context: Context, product: Product, vector_bytes: int, registers: int
    ) -> None:
        self.context = context
        self.product = product
        self.dtype = held(product.lhs.base.type.dtype)
        width = max(1, vector_bytes // self.dtype.itemsize)
        self.block, vectors = _block_shape(product.rows, registers)
        self.lanes = width * vectors
        while self.lanes // 2 >= product.columns:
            self.lanes //= 2
        self.valid = product.columns if product.columns < self.lanes else 0
        self.lhs, self.rhs, self.out = [
            context.view(a, a.shape, a.strides) for a in (product.lhs, product.rhs, product.out)
        ]

    def emit(self, point: Callable[[Builder, Values], None]) -> None:
        """The loops, `point` for each of the batch."""
        over_batch(self.context, self.product.batch, point)

    def whole(self, b: Builder, at: Values) -> None:
        """Each block in one walk, from the first product to the result."""
        depth = self.product.depth

        def column(inner: Builder, j: Value, slot: Value) -> None:
            strip = self.strip(inner, at, j, None, self.context.index(depth))

            def block(inner: Builder, i: Value, slot: Value) -> None:
                rows = self.rows(inner, i)
                step = self._step(at, rows, strip, None)
                totals = sum_in_runs(self.context, inner, depth, 1, self.zeros, step)
                self.put(inner, totals, self.out, at, rows, j)

            self.row_tiles(inner, j, block)

        self.tiles(b, self.product.columns, self.lanes, column)
        self.mirror(b, at)

    def tiles(
        self, b: Builder, extent: int, size: int, body: Tile, kind: str = "",
        first: Value | None = None,
    ) -> None:
        """body(builder, start, slot) for tiles; the last one starts early, to end at `extent`.

        slot: a start that is not moved. kind: of the loop, where tiles that overlap may not do
        twice what they do. first: where the first tile starts.
        """
        context = self.context
        if extent <= size:
            body(b, context.index(0), context.index(0))
            return
        fits = extent % size == 0 and first is None

        def step(inner: Builder, slot: Value) -> Values:
            start = slot if fits else inner.minimum(slot, context.index(extent - size))
            body(inner, start, slot)
            return ()

        kind = kind or ("parallel" if fits else "overlapping")
        lower = context.index(0) if first is None else first
        b.loop(lower, context.index(extent), step, (), size, kind)

    def row_tiles(self, b: Builder, j: Value, body: Tile, kind: str = "") -> None:
        """body(builder, start, slot) for the blocks of rows at column j that are computed."""
        first = j if self.is_symmetric else None
        self.tiles(b, self.product.rows, self.block, body, kind, first)

    @property
    def is_symmetric(self) -> bool:
        """Whether only the blocks from the diagonal on are computed, and the others copied."""
        is_large = self.product.rows >= PANEL_BLOCKS * self.block
        return self.product.is_symmetric and is_large and self.product.depth >= SYMMETRIC_DEPTH

    def mirror(self, b: Builder, at: Values) -> None:
        """Copies what lies below the diagonal to above it."""
        if not self.is_symmetric:
            return
        context = self.context
        end = context.index(self.product.rows)

        def row(inner: Builder, i: Value) -> Values:
            def element(inner: Builder, j: Value) -> Values:
                inner.store(inner.load(self.out, *at, j, i), self.out, *at, i, j)
                return ()

            inner.loop(inner.add(i, context.index(1)), end, element)
            return ()

        b.loop(context.index(0), end, row)

    def strip(
        self, b: Builder, at: Values, j: Value, start: Value | None, length: Value
    ) -> Strip:
        """The right operand's strip at column j, gathered first where it is wide and worth it."""
        if not self.gathers:
            return Strip(self.rhs, (*at, None, j))
        context, rows = self.context, min(self.product.depth, SUM_RUN)
        rows = self.product.depth if start is None else rows
        panel = context.temp(self.dtype, (rows, self.lanes), "panel")

        def row(inner: Builder, k: Value) -> Values:
            deep = k if start is None else inner.add(start, k)
            value = load(inner, self.rhs, *at, deep, j, lanes=self.lanes)
            inner.store(value, panel, k, context.index(0))
            return ()

        b.loop(context.index(0), length, row, kind="parallel")
        return Strip(panel, (None, context.index(0)), True)

    @property
    def gathers(self) -> bool:
        stride = abs(self.product.rhs.strides[-2] * self.dtype.itemsize)
        worth = self.product.rows >= PANEL_BLOCKS * self.block and not self.valid
        return stride >= PANEL_STRIDE_BYTES and worth

    def rows(self, b: Builder, i: Value) -> list[Value]:
        """The indices of a block's rows."""
        return [i if r == 0 else b.add(i, self.context.index(r)) for r in range(self.block)]

    def zeros(self, b: Builder) -> Values:
        """A block's totals before the first product."""
        return tuple(full(b, self.dtype, self.lanes, 0) for _ in range(self.block))

    def walk(
        self, b: Builder, at: Values, rows: Sequence[Value], strip: Strip, start: Value,
        ends: tuple[Value, Value], totals: Values,
    ) -> Values:
        """The totals with the products from start + ends[0] to below start + ends[1] on top."""
        return b.loop(*ends, self._step(at, rows, strip, start), totals)

    def _step(
        self, at: Values, rows: Sequence[Value], strip: Strip, start: Value | None
    ) -> Callable[..., Values]:
        def step(inner: Builder, k: Value, *totals: Value) -> Values:
            deep = k if start is None else inner.add(start, k)
            depth = k if strip.is_panel else deep
            where = [depth if index is None else index for index in strip.index]
            right = load(inner, strip.buffer, *where, lanes=self.lanes, valid=self.valid)
            left = [load(inner, self.lhs, *at, row, deep) for row in rows]
            return tuple(
                multiply_add(inner, inner.splat(x, lanes=self.lanes), right, total)
                for x, total in zip(left, totals, strict=True)
            )

        return step

    def put(
        self, b: Builder, totals: Values, buffer: Value, at: Values, rows: Sequence[Value], j: Value
    ) -> None:
        """Stores a block."""
        for row, total in zip(rows, totals, strict=True):
            store(b, total, buffer, *at, row, j, valid=self.valid)

    def get(self, b: Builder, buffer: Value, rows: Sequence[Value], j: Value) -> Values:
        """Loads a block."""
        return tuple(b.load(buffer, row, j, lanes=self.lanes, valid=self.valid) for row in rows)


def _block_shape(rows: int, registers: int) -> tuple[int, int]:
    """Rows of a block and vectors per row: what fills the registers, less a quarter for loads."""
    most = 6 if registers < 32 else 8
    block = min(rows, most)
    while rows > most and rows % block and rows % (block - 1) == 0 and block > most - 2:
        block -= 1
    vectors = 2
    while block * vectors * 2 <= registers * 3 // 4 and vectors < 8:
        vectors *= 2
    return block, vectors
