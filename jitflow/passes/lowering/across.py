"""Arrays that lie across the lanes of a reduction: large ones are copied before.

Owns which ops of a kernel reduce, and along which axes. Knows no loop.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

from jitflow.ir.core import Op
from jitflow.ir.row import Family
from jitflow.passes.lowering.access import Access, IntShape
from jitflow.passes.lowering.context import Context
from jitflow.passes.lowering.moves import dense

LINE_BYTES = 64
COPY_BYTES = 1 << 15
"""From here on such an array is copied."""


def along_lanes(context: Context, op: Op, inputs: Sequence[Access]) -> list[Access]:
    """The inputs; copies of those that a reduction along the last axis would read across lines."""
    shapes = [o.operands[0].type.shape for o in reductions(op)]
    if not shapes or not _is_along_last(shapes[0], reduced_axes(reductions(op)[0])):
        return list(inputs)
    return [
        dense(context, access) if access.shape == shapes[0] and _lies_across(access) else access
        for access in inputs
    ]


def reductions(op: Op) -> list[Op]:
    """The ops of a kernel that reduce."""
    return [o for o in op.regions[0].ops if o.row.family is Family.REDUCE]


def _is_along_last(shape: IntShape, reduced: Sequence[int]) -> bool:
    long = [a for a, extent in enumerate(shape) if extent != 1]
    return bool(long) and long[-1] in reduced


def _lies_across(access: Access) -> bool:
    """Whether the last axis leaps from line to line, while another one is dense in memory."""
    itemsize = access.base.type.dtype.itemsize
    steps = [s for s, n in zip(access.strides, access.shape, strict=True) if n != 1]
    is_large = prod(access.shape) * itemsize >= COPY_BYTES
    return is_large and abs(steps[-1]) * itemsize >= LINE_BYTES and 1 in steps and 0 not in steps


def reduced_axes(op: Op) -> tuple[int, ...]:
    """The axes along which an op reduces."""
    return op.attrs["axes"] if "axes" in op.attrs else (op.attrs["axis"],)
