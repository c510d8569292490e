"""dot_general as loops: register blocks over rows and lanes, or lanes along the summed axis.

Owns the choice between the two and the shape of a block. Products are summed in order of the
contracted index, in runs of SUM_RUN; neither the block nor the target changes a bit.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import prod
from typing import Any

from jitflow.ir.builder import Builder
from jitflow.ir.core import Op, Value
from jitflow.ir.dtypes import DType, f32
from jitflow.ir.ops.contraction import free_axes
from jitflow.passes.lowering.access import Access, split_strides
from jitflow.passes.lowering.context import Context
from jitflow.passes.lowering.moves import dense
from jitflow.passes.lowering.reducers import full

SUM_RUN = 512
"""Products summed one after the other before runs are added up."""

ROW_LANE_BYTES = 64
"""Bytes of lanes along the contracted axis, where rows are multiplied with rows."""

ROW_BLOCK = 4
FEW_ROWS = 4
"""Below this many rows, transposing the right operand costs more than it saves."""

PANEL_STRIDE_BYTES = 2048
"""Rows of the right operand that lie this far apart are gathered into a panel first."""

Values = tuple[Value, ...]


@dataclass(frozen=True)
class _Product:
    """out[batch, m, n] = sum over k of lhs[batch, m, k] * rhs[batch, k, n]; all accesses so."""

    lhs: Access
    rhs: Access
    out: Access
    batch: tuple[int, ...]

    @property
    def rows(self) -> int:
        return self.lhs.shape[-2]

    @property
    def depth(self) -> int:
        return self.lhs.shape[-1]

    @property
    def columns(self) -> int:
        return self.rhs.shape[-1]


def lower_dot(
    context: Context, op: Op, inputs: Sequence[Access], out: Access, vector_bytes: int,
    registers: int,
) -> None:
    """Emits the loops of one product into `out`, which is dense."""
    if 0 in out.shape:
        return
    lhs, rhs = inputs
    product = _canonical(context, op, lhs, rhs, out)
    if product.depth == 0:
        zero = full(context.builder, op.result.type.dtype, None, 0)
        context.fill(context.view(out, out.shape, out.strides), zero)
        return
    if product.columns == 1 and product.rows > 1:
        product = _swapped(product)
    if _row_by_row(product):
        _lower_rows(context, product)
        return
    if product.rhs.strides[-1] != 1 and product.columns > 1:
        product = replace(product, rhs=dense(context, product.rhs))
    _Blocks(context, product, vector_bytes, registers).emit()


def _canonical(context: Context, op: Op, lhs: Access, rhs: Access, out: Access) -> _Product:
    """Orders and merges axes; copies an operand whose axes do not merge in memory."""
    contract, batch = op.attrs["contract"], op.attrs["batch"]
    sizes = tuple(lhs.shape[a] for a in batch[0])
    lhs_free = free_axes(len(lhs.shape), contract[0], batch[0])
    rhs_free = free_axes(len(rhs.shape), contract[1], batch[1])
    rows, columns = (prod(x.shape[a] for a in f) for x, f in ((lhs, lhs_free), (rhs, rhs_free)))
    depth = prod(lhs.shape[a] for a in contract[0])
    left = _ordered(context, lhs, (*batch[0], *lhs_free, *contract[0]), (*sizes, rows, depth))
    right = _ordered(context, rhs, (*batch[1], *contract[1], *rhs_free), (*sizes, depth, columns))
    merged = (*sizes, rows, columns)
    strides = split_strides(out.shape, out.strides, merged)
    assert strides is not None
    return _Product(left, right, out.moved(0, merged, strides), sizes)


def _ordered(
    context: Context, access: Access, order: tuple[int, ...], shape: tuple[int, ...]
) -> Access:
    moved = access.moved(
        0, tuple(access.shape[a] for a in order), tuple(access.strides[a] for a in order)
    )
    if 0 in shape:
        return moved.moved(0, shape, (0,) * len(shape))
    strides = split_strides(moved.shape, moved.strides, shape)
    if strides is None:
        moved = dense(context, moved)
        strides = split_strides(moved.shape, moved.strides, shape)
        assert strides is not None
    return moved.moved(0, shape, strides)


def _swapped(product: _Product) -> _Product:
    """One column as one row: the transposed product stands in the same memory."""

    def turned(access: Access) -> Access:
        shape, strides = access.shape, access.strides
        return access.moved(
            0, (*shape[:-2], shape[-1], shape[-2]), (*strides[:-2], strides[-1], strides[-2])
        )

    return _Product(turned(product.rhs), turned(product.lhs), turned(product.out), product.batch)


def _row_by_row(product: _Product) -> bool:
    """Whether both operands run along the contracted axis and there are few rows to share."""
    if product.columns == 1:
        return True
    return product.rhs.strides[-1] != 1 and product.rows < FEW_ROWS


def _multiply_add(b: Builder, x: Value, y: Value, total: Value) -> Value:
    """One rounding for floats; integers wrap."""
    return b.fma(x, y, total) if x.type.dtype.is_float else b.add(b.mul(x, y), total)


def _held(dtype: DType) -> DType:
    """What products are summed in: 16-bit floats in f32."""
    return f32 if dtype.is_float and dtype.bits == 16 else dtype


def _load(b: Builder, buffer: Value, *at: Value, **lanes: Any) -> Value:
    value = b.load(buffer, *at, **lanes)
    held = _held(buffer.type.dtype)
    return value if held is buffer.type.dtype else b.convert(value, dtype=held)


def _store(b: Builder, value: Value, buffer: Value, *at: Value, valid: int = 0) -> None:
    dtype = buffer.type.dtype
    b.store(
        value if value.type.dtype is dtype else b.convert(value, dtype=dtype), buffer, *at,
        valid=valid,
    )


def _over_batch(
    context: Context, batch: tuple[int, ...], body: Any, at: Values = (), b: Any = None
) -> None:
    """body(builder, indices) for each point of the batch axes."""
    b = context.builder if b is None else b
    if len(at) == len(batch):
        body(b, at)
        return

    def step(inner: Builder, index: Value) -> Values:
        _over_batch(context, batch, body, (*at, index), inner)
        return ()

    b.loop(context.index(0), context.index(batch[len(at)]), step, kind="parallel")


def _sum_in_runs(
    context: Context, b: Builder, depth: int, step: int, zeros: Any, body: Any
) -> Values:
    """body(builder, k, *totals) for k = 0, step, ..: totals of runs of SUM_RUN, then their sum."""
    if depth <= SUM_RUN:
        return b.loop(context.index(0), context.index(depth), body, zeros(b), step)
    end = context.index(depth)

    def run(inner: Builder, start: Value, *totals: Value) -> Values:
        stop = inner.minimum(inner.add(start, context.index(SUM_RUN)), end)
        parts = inner.loop(start, stop, body, zeros(inner), step)
        return tuple(inner.add(t, p) for t, p in zip(totals, parts, strict=True))

    return b.loop(context.index(0), end, run, zeros(b), SUM_RUN)


class _Blocks:
    """Blocks of `block` rows by `lanes` columns in registers, walking the contracted axis."""

    def __init__(
        self, context: Context, product: _Product, vector_bytes: int, registers: int
    ) -> None:
        self.context = context
        self.product = product
        self.dtype = _held(product.lhs.base.type.dtype)
        width = max(1, vector_bytes // self.dtype.itemsize)
        self.block, vectors = _block_shape(product.rows, registers)
        self.lanes = width * vectors
        while self.lanes // 2 >= product.columns:
            self.lanes //= 2
        self.valid = product.columns if product.columns < self.lanes else 0
        self.views = [
            context.view(a, a.shape, a.strides) for a in (product.lhs, product.rhs, product.out)
        ]

    def emit(self) -> None:
        """The loops; a copy, where a product of the same kind was there before."""
        context, batch = self.context, self.product.batch
        context.again.emit(
            context.builder, ("blocks", self.block, self.lanes, self.valid), self.views,
            lambda: _over_batch(context, batch, self._columns),
        )

    def _columns(self, b: Builder, at: Values) -> None:
        self._tiles(b, self.product.columns, self.lanes, lambda inner, j: self._panel(inner, at, j))

    def _tiles(self, b: Builder, extent: int, size: int, body: Any) -> None:
        """body(builder, start) for tiles; the last one moves back to end at `extent`."""
        context = self.context
        if extent <= size:
            body(b, context.index(0))
            return

        def step(inner: Builder, index: Value) -> Values:
            if extent % size:
                index = inner.minimum(index, context.index(extent - size))
            body(inner, index)
            return ()

        kind = "parallel" if extent % size == 0 else "overlapping"
        b.loop(context.index(0), context.index(extent), step, (), size, kind)

    def _panel(self, b: Builder, at: Values, j: Value) -> None:
        """All rows of one strip of columns, its right operand gathered first where it is wide."""
        stride = self.product.rhs.strides[-2] * self.dtype.itemsize
        worth = self.product.rows >= 4 * self.block and not self.valid
        if abs(stride) < PANEL_STRIDE_BYTES or not worth:
            rhs, column = self.views[1], (*at, None, j)
        else:
            rhs, column = self._gathered(b, at, j), (None, self.context.index(0))
        self._tiles(
            b, self.product.rows, self.block,
            lambda inner, i: self._block(inner, at, i, j, rhs, column),
        )

    def _gathered(self, b: Builder, at: Values, j: Value) -> Value:
        panel = self.context.temp(self.dtype, (self.product.depth, self.lanes), "panel")

        def row(inner: Builder, k: Value) -> Values:
            inner.store(
                _load(inner, self.views[1], *at, k, j, lanes=self.lanes), panel, k,
                self.context.index(0),
            )
            return ()

        b.loop(self.context.index(0), self.context.index(self.product.depth), row, kind="parallel")
        return panel

    def _block(
        self, b: Builder, at: Values, i: Value, j: Value, rhs: Value, column: tuple[Any, ...]
    ) -> None:
        lhs, out = self.views[0], self.views[2]
        rows = [i if r == 0 else b.add(i, self.context.index(r)) for r in range(self.block)]

        def zeros(inner: Builder) -> Values:
            return tuple(full(inner, self.dtype, self.lanes, 0) for _ in rows)

        def step(inner: Builder, k: Value, *totals: Value) -> Values:
            where = [k if index is None else index for index in column]
            strip = _load(inner, rhs, *where, lanes=self.lanes, valid=self.valid)
            scalars = [_load(inner, lhs, *at, row, k) for row in rows]
            return tuple(
                _multiply_add(inner, inner.splat(x, lanes=self.lanes), strip, total)
                for x, total in zip(scalars, totals, strict=True)
            )

        totals = _sum_in_runs(self.context, b, self.product.depth, 1, zeros, step)
        for row, total in zip(rows, totals, strict=True):
            _store(b, total, out, *at, row, j, valid=self.valid)


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


def _lower_rows(context: Context, product: _Product) -> None:
    """Each result is a row times a row: lanes along the contracted axis, blocks of columns."""
    dtype = _held(product.lhs.base.type.dtype)
    lanes = ROW_LANE_BYTES // max(dtype.itemsize, 2)
    while lanes // 2 >= product.depth and lanes > 1:
        lanes //= 2
    turned = product.rhs.moved(
        0, (*product.batch, product.columns, product.depth),
        (*product.rhs.strides[:-2], product.rhs.strides[-1], product.rhs.strides[-2]),
    )
    views = [context.view(a, a.shape, a.strides) for a in (product.lhs, turned, product.out)]
    block = min(ROW_BLOCK, product.columns)

    def at_point(b: Builder, at: Values) -> None:
        def row(rows: Builder, i: Value) -> Values:
            def column(inner: Builder, j: Value) -> Values:
                if product.columns % block:
                    j = inner.minimum(j, context.index(product.columns - block))
                _row_block(context, inner, views, at, (i, j), (product.depth, lanes, block))
                return ()

            end = context.index(product.columns)
            rows.loop(context.index(0), end, column, (), block, "overlapping")
            return ()

        b.loop(context.index(0), context.index(product.rows), row, kind="parallel")

    _over_batch(context, product.batch, at_point)


def _row_block(
    context: Context, b: Builder, views: list[Value], at: Values, place: tuple[Value, Value],
    sizes: tuple[int, int, int],
) -> None:
    (i, j), (depth, lanes, block) = place, sizes
    lhs, rhs, out = views
    columns = [j if c == 0 else b.add(j, context.index(c)) for c in range(block)]

    def zeros(inner: Builder) -> Values:
        return tuple(full(inner, _held(lhs.type.dtype), lanes, 0) for _ in columns)

    def part(inner: Builder, k: Value, totals: Sequence[Value], valid: int) -> Values:
        x = _load(inner, lhs, *at, i, k, lanes=lanes, valid=valid)
        return tuple(
            _multiply_add(inner, x, _load(inner, rhs, *at, c, k, lanes=lanes, valid=valid), total)
            for c, total in zip(columns, totals, strict=True)
        )

    steps, left = divmod(depth, lanes)
    totals: Values = zeros(b)
    if steps:
        totals = _sum_in_runs(
            context, b, steps * lanes, lanes, zeros, lambda inner, k, *t: part(inner, k, t, 0)
        )
    if left:
        totals = part(b, context.index(steps * lanes), totals, left)
    for c, total in zip(columns, totals, strict=True):
        _store(b, b.lane_reduce(total, op="add"), out, *at, i, c)
