"""Rows of the library family become calls of the host on buffers: operands, then results."""

from __future__ import annotations

from collections.abc import Sequence

from jitflow.ir.core import Op
from jitflow.passes.lowering.access import Access
from jitflow.passes.lowering.context import Context


def lower_library(
    context: Context, op: Op, inputs: Sequence[Access], outputs: Sequence[Access]
) -> None:
    """Emits the call; the buffers are read and written where they lie, by their strides."""
    arrays = zip((*op.operands, *op.results), (*inputs, *outputs), strict=True)
    buffers = [context.array(access, value.type.dtype) for value, access in arrays]
    context.call_host(op.row.name, buffers)
