"""Products of rows with rows: lanes along the contracted axis, blocks of columns."""

from __future__ import annotations

from collections.abc import Sequence

from jitflow.ir.builder import Builder
from jitflow.ir.core import Value
from jitflow.passes.lowering.context import Context
from jitflow.passes.lowering.product import (
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

ROW_LANE_BYTES = 64
"""Bytes of lanes along the contracted axis, where rows are multiplied with rows."""

ROW_BLOCK = 4


def lower_rows(context: Context, product: Product) -> None:
    """Each result is a row times a row: lanes along the contracted axis, blocks of columns."""
    dtype = held(product.lhs.base.type.dtype)
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

    over_batch(context, product.batch, at_point)


def _row_block(
    context: Context, b: Builder, views: list[Value], at: Values, place: tuple[Value, Value],
    sizes: tuple[int, int, int],
) -> None:
    (i, j), (depth, lanes, block) = place, sizes
    lhs, rhs, out = views
    columns = [j if c == 0 else b.add(j, context.index(c)) for c in range(block)]

    def zeros(inner: Builder) -> Values:
        return tuple(full(inner, held(lhs.type.dtype), lanes, 0) for _ in columns)

    def part(inner: Builder, k: Value, totals: Sequence[Value], valid: int) -> Values:
        x = load(inner, lhs, *at, i, k, lanes=lanes, valid=valid)
        return tuple(
            multiply_add(inner, x, load(inner, rhs, *at, c, k, lanes=lanes, valid=valid), total)
            for c, total in zip(columns, totals, strict=True)
        )

    steps, left = divmod(depth, lanes)
    totals: Values = zeros(b)
    if steps:
        totals = sum_in_runs(
            context, b, steps * lanes, lanes, zeros, lambda inner, k, *t: part(inner, k, t, 0)
        )
    if left:
        totals = part(b, context.index(steps * lanes), totals, left)
    for c, total in zip(columns, totals, strict=True):
        store(b, b.lane_reduce(total, op="add"), out, *at, i, c)
