"""Reads at computed indices: of one element, or of lanes that follow each other or do not."""

from __future__ import annotations

from collections.abc import Sequence

from jitflow.ir.builder import Builder
from jitflow.ir.core import Op, Value
from jitflow.ir.dtypes import i32, u32
from jitflow.ir.row import ROWS
from jitflow.ir.types import BufferType, VectorType
from jitflow.passes.ranges import range_of

GATHER = ROWS["gather"]
_CONVERT = ROWS["convert"]


def placed_operands(op: Op) -> tuple[Value, ...]:
    """The operands that an op takes at its own point: all but what a gather reads from."""
    return op.operands[1:] if op.row is GATHER else op.operands


def inside(b: Builder, index: Value, extent: int, array: Value | None = None) -> Value:
    """The index, or the nearest one within 0..extent-1; of scalars and of lanes.

    One that was widened is brought inside before, as a register holds more of narrow ones. What is
    known of the `array` that it was loaded from is known of it.
    """
    within = range_of(index if array is None else array)
    assert within is not None
    if within.low >= 0 and within.high < extent:
        return index
    source = index.op.operands[0] if index.op is not None and index.op.row is _CONVERT else None
    if source is not None and source.type.dtype in (i32, u32) and extent <= 1 << 31:
        return b.convert(_clamped(b, source, extent), dtype=index.type.dtype)
    return _clamped(b, index, extent)


def _clamped(b: Builder, index: Value, extent: int) -> Value:
    low = b.maximum(index, b.full_like(index, 0)) if index.type.dtype.is_signed else index
    return b.minimum(low, b.full_like(low, extent - 1))


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
