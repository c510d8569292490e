"""Sequential loops that leap in memory, inside of parallel loops that do not.

Owns when it pays to run them over strips, and how long a strip is. Rewrites nothing.
"""

from __future__ import annotations

from jitflow.ir.buffers import base_of
from jitflow.ir.core import Op, Region, Value, walk
from jitflow.ir.types import VectorType
from jitflow.passes.lowering.footprint import address, span_bytes
from jitflow.passes.lowering.rebuild import constant_int
from jitflow.passes.lowering.varying import can_widen

STRIP_BYTES = 4096
"""Of the widest value: what waits stays in the first cache."""

CLOSE_BYTES = 1 << 21
"""Of an array that the caches of one processor do not hold."""

LANES = 16
"""Strips that are not the only one are whole numbers of so many elements."""


def parallel_chain(op: Op) -> list[Op]:
    """Parallel loops that hold nothing but the next one; the first is the op, whatever it is."""
    loops = [op]
    while _is_parallel(loops[-1]):
        ops = loops[-1].regions[0].ops
        if len(ops) != 1 or not _is_parallel(ops[0]):
            break
        loops.append(ops[0])
    return loops


def _is_parallel(op: Op) -> bool:
    return op.row.name == "loop" and op.attrs["kind"] == "parallel" and op.attrs["step"] == 1


def strip_size(op: Op, least: int) -> int:
    """Elements of a strip of this loop, or 0 where it stays."""
    body, extent = op.regions[0], constant_int(op.operands[1])
    if constant_int(op.operands[0]) != 0 or extent is None or extent < least:
        return 0
    if not can_widen(op) or _rereads(body):
        return 0
    sizes = [v.type.dtype.itemsize for o in walk(body) if o.row.name == "load" for v in o.results]
    count = -(-extent * max(sizes) // STRIP_BYTES)
    even = -(-extent // (count * LANES)) * LANES
    return min(even, extent)


def _rereads(body: Region) -> bool:
    written = {base_of(op.operands[1]) for op in walk(body) if op.row.name == "store"}
    return any(base_of(op.operands[0]) in written for op in walk(body) if op.row.name == "load")


def leaps(op: Op, far: int, near: int, least_rows: int) -> bool:
    """Whether a loop is parallel, and its scalar loads lie side by side in steps far apart.

    near: bytes of a step that is far, if the array is too large for the caches that are close.
    """
    if not _is_parallel(op):
        return False
    inside, index = list(walk(op.regions[0])), op.regions[0].params[0]
    loops = [o for o in inside if o.row.name == "loop"]
    if not loops or any(loop.attrs["kind"] == "parallel" for loop in loops):
        return False
    if any(isinstance(v.type, VectorType) for o in inside for v in o.results):
        return False
    if max([constant_int(loop.operands[1]) or 0 for loop in loops]) < least_rows:
        return False
    accesses = [o for o in inside if o.row.name in ("load", "store")]
    if any(_stride(o, index) not in (0, 1) for o in accesses):
        return False
    return any(
        abs(_stride(o, loop.regions[0].params[0])) * o.result.type.dtype.itemsize
        >= (near if span_bytes(base_of(o.operands[0]).type) >= CLOSE_BYTES else far)
        for loop in loops
        for o in accesses
        if o.row.name == "load"
    )


def _stride(access: Op, index: Value) -> int:
    """Elements from one value of a loop's index to the next."""
    buffer, indices = address(access)
    steps = zip(indices, buffer.type.strides, strict=True)
    return sum(stride for value, stride in steps if value is index)
