"""Reads at computed indices: of one element, or of lanes that follow each other or do not."""

from __future__ import annotations

from collections.abc import Sequence

from jitflow.ir.builder import Builder
from jitflow.ir.core import Op, Value
from jitflow.ir.row import ROWS
from jitflow.ir.types import BufferType, VectorType

GATHER = ROWS["gather"]


def placed_operands(op: Op) -> tuple[Value, ...]:
    """The operands that an op takes at its own point: all but what a gather reads from."""
    return op.operands[1:] if op.row is GATHER else op.operands


def inside(b: Builder, index: Value, extent: int) -> Value:
    """The index, or the nearest one within 0..extent-1; of scalars and of lanes."""
    if _fits(index, extent):
        return index
    return b.minimum(b.maximum(index, b.full_like(index, 0)), b.full_like(index, extent - 1))


def _fits(index: Value, extent: int) -> bool:
    """Whether an index was made of fewer bits than could lead outside."""
    if index.op is None or index.op.row.name != "convert":
        return False
    source = index.op.operands[0].type.dtype
    return source.kind == "u" and 1 << source.bits <= extent


def uniform(index: Value) -> Value:
    """The scalar that stands in every lane, where it is known."""
    is_splat = index.op is not None and index.op.row.name == "splat"
    return index.op.operands[0] if is_splat and index.op is not None else index


def read(
    b: Builder, buffer: Value, at: Sequence[Value], along: int | None, lanes: int | None, valid: int
) -> Value:
    """The elements of a buffer at indices that lie inside.

    Lanes follow each other along the axis `along`, whose index is that of the first of them; where
    that is None, or another index differs from lane to lane, each is read at its own place.
    """
    if lanes is None:
        return b.load(buffer, *at)
    if along is None:
        return _each(b, buffer, at, lanes, valid)
    others = [index for axis, index in enumerate(at) if axis != along]
    if any(isinstance(index.type, VectorType) for index in others):
        numbers = b.add(b.splat(at[along], lanes=lanes), b.lane_iota(at[along].type.dtype, lanes))
        return _each(b, buffer, [*at[:along], numbers, *at[along + 1 :]], lanes, valid)
    return b.load(axis_last(b, buffer, along), *others, at[along], lanes=lanes, valid=valid)


def _each(b: Builder, buffer: Value, at: Sequence[Value], lanes: int, valid: int) -> Value:
    if not any(isinstance(index.type, VectorType) for index in at):
        return b.splat(b.load(buffer, *at), lanes=lanes)
    return b.load(buffer, *at, lanes=lanes, valid=valid)


def axis_last(b: Builder, buffer: Value, axis: int) -> Value:
    """A view of the buffer whose last axis is `axis`."""
    type = buffer.type
    if axis == type.rank - 1:
        return buffer
    order = [k for k in range(type.rank) if k != axis] + [axis]
    shape = tuple(type.shape[k] for k in order)
    strides = tuple(type.strides[k] for k in order)
    turned = BufferType(type.dtype, shape, strides, type.space)
    made = b.emit(ROWS["view"], (buffer,), {"offset": 0, "type": turned})
    made.result.name = buffer.name
    return made.result
