"""Numbers that follow from constant data, at each step of loops that are written out.

Rewrites nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator

import numpy as np

from jitflow.ir.buffers import base_of
from jitflow.ir.core import Op, Region, Value
from jitflow.ir.row import ROWS
from jitflow.ir.types import INDEX
from jitflow.passes.lowering.footprint import address, view_offset
from jitflow.passes.lowering.rebuild import constant_int


def known_numbers(body: Region, extents: Collection[Value]) -> Iterator[Value]:
    """What is a number at each place in a row: constant data, and places computed of it."""
    known = set(extents)
    for op in body.ops:
        if op.row.name == "load":
            buffer, indices = address(op)
            steps = zip(indices, buffer.type.strides, strict=True)
            is_known = _is_data(buffer) and known.issuperset(v for v, s in steps if s)
        else:
            is_known = _is_computed(op) and all(v in known or _is_constant(v) for v in op.operands)
        if is_known:
            known.update(op.results)
            yield op.result


def number_of(op: Op, new: dict[Value, Value]) -> object:
    """The constant that an op gives; None where it is known to the call only."""
    if op.row.name != "load":
        return _computed(op, new) if _is_computed(op) else None
    buffer, indices = address(op)
    base = base_of(buffer)
    if base.op is None or not _is_data(buffer):
        return None
    offset = view_offset(buffer)
    for index, stride in zip(indices, buffer.type.strides, strict=True):
        at = constant_int(new.get(index, index))
        if at is None and stride:
            return None
        offset += (at or 0) * stride
    return base.op.attrs["value"].array.reshape(-1)[offset]


def _is_data(buffer: Value) -> bool:
    base = base_of(buffer).op
    return base is not None and base.row is ROWS["global"]


def _is_computed(op: Op) -> bool:
    """Whether a scalar follows from others exactly."""
    is_exact = op.row.is_elementwise and op.row.exact and op.row.reference is not None
    return is_exact and op.result.type == INDEX and all(v.type == INDEX for v in op.operands)


def _is_constant(value: Value) -> bool:
    return value.op is not None and value.op.row.name == "constant"


def _computed(op: Op, new: dict[Value, Value]) -> object:
    """What an exact op gives of numbers."""
    numbers = [constant_int(new.get(v, v)) for v in op.operands]
    if None in numbers or op.row.reference is None:
        return None
    with np.errstate(all="ignore"):
        return op.row.reference(*[np.int64(n) for n in numbers if n is not None], **op.attrs)
