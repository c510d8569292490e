"""dot_general as loops: register blocks over rows and lanes, or lanes along the summed axis.

Owns the choice between the two, which shows in the bits.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from jitflow.ir.core import Op
from jitflow.passes.lowering.access import Access
from jitflow.passes.lowering.blocks import Blocks
from jitflow.passes.lowering.context import Context
from jitflow.passes.lowering.long_products import long_product
from jitflow.passes.lowering.moves import dense
from jitflow.passes.lowering.product import Product, canonical, swapped
from jitflow.passes.lowering.reducers import full
from jitflow.passes.lowering.row_products import lower_rows

FEW_ROWS = 4
"""Below this many rows, transposing the right operand costs more than it saves."""


def lower_dot(
    context: Context, op: Op, inputs: Sequence[Access], out: Access, vector_bytes: int,
    registers: int, is_frequent: bool,
) -> None:
    """Emits the loops of one product into `out`, which is dense.

    is_frequent: whether there are others like it.
    """
    if 0 in out.shape:
        return
    lhs, rhs = inputs
    product = canonical(context, op, lhs, rhs, out)
    if product.depth == 0:
        zero = full(context.builder, op.result.type.dtype, None, 0)
        context.fill(context.view(out, out.shape, out.strides), zero)
        return
    if product.columns == 1 and product.rows > 1:
        product = swapped(product)
    is_by_rows = _row_by_row(product)
    if not is_by_rows and product.rhs.strides[-1] != 1 and product.columns > 1:
        product = replace(product, rhs=dense(context, product.rhs))

    def make(context: Context, accesses: Sequence[Access]) -> None:
        lhs, rhs, out = accesses
        here = replace(product, lhs=lhs, rhs=rhs, out=out)
        if is_by_rows:
            lower_rows(context, here)
            return
        blocks = Blocks(context, here, vector_bytes, registers)
        blocks.emit(long_product(blocks) or blocks.whole)

    key = "product", product.batch, product.is_symmetric, is_by_rows
    accesses = [product.lhs, product.rhs, product.out]
    context.again.emit(context, key, accesses, make, is_frequent)


def _row_by_row(product: Product) -> bool:
    """Whether both operands run along the contracted axis and there are few rows to share."""
    if product.columns == 1:
        return True
    return product.rhs.strides[-1] != 1 and product.rows < FEW_ROWS
