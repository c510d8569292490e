"""Rows that move elements and compute nothing: each is a map from result index to operand index."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np

from jitflow.errors import DtypeError, ShapeError
from jitflow.ir.batching import batch_along_axes, batch_size, repeated, shifted
from jitflow.ir.dims import bounds, dim_max
from jitflow.ir.ops.rules import Attrs, Types, normal_axes, require_tensor
from jitflow.ir.row import Attribute, Family, OpRow, register
from jitflow.ir.types import TensorType


def _infer_broadcast(types: Types, attrs: Attrs, regions: Any) -> tuple[Any, ...]:
    require_tensor(types)
    (operand,), shape, axes = types, attrs["shape"], attrs["axes"]
    normal_axes(axes, len(shape))
    if len(axes) != operand.rank or list(axes) != sorted(axes):
        placed = f"the {operand.rank} axes of {operand}"
        raise ShapeError(f"axes {list(axes)} must place {placed} in order")
    for extent, axis in zip(operand.shape, axes, strict=True):
        if extent != shape[axis] and extent != 1:
            raise ShapeError(f"{operand} does not broadcast to {list(shape)} on axes {list(axes)}")
    return (operand.with_shape(shape),)


def _reference_broadcast(x: Any, shape: Any, axes: Any) -> Any:
    spread = [1] * len(shape)
    for extent, axis in zip(x.shape, axes, strict=True):
        spread[axis] = extent
    return np.broadcast_to(np.reshape(x, spread), shape)


def _transpose_broadcast(b: Any, ct: Any, op: Any, index: int) -> Any:
    """Sums over the axes that were added or stretched."""
    operand, axes = op.operands[0].type, op.attrs["axes"]
    kept = {a for a, extent in zip(axes, operand.shape, strict=True) if extent == ct.type.shape[a]}
    summed = tuple(a for a in range(ct.type.rank) if a not in kept)
    if not summed:
        return ct
    total = b.reduce_sum(ct, axes=summed)
    return total if total.type.shape == operand.shape else b.reshape(total, shape=operand.shape)


def _batch_broadcast(b: Any, op: Any, operands: Any, batched: Any) -> Any:
    (x,), axes = operands, op.attrs["axes"]
    return b.broadcast(x, shape=(x.type.shape[0], *op.attrs["shape"]), axes=(0, *shifted(axes)))


register(OpRow(
    name="broadcast", family=Family.VIEW, arity=1, cost=0,
    doc="Operand axis i becomes result axis axes[i]; extents of 1 stretch, other axes are new.",
    attributes={"shape": Attribute("dims"), "axes": Attribute("ints")},
    infer=_infer_broadcast, reference=_reference_broadcast,
    linear=(0,), transpose=_transpose_broadcast, batch=_batch_broadcast,
))


def _infer_reshape(types: Types, attrs: Attrs, regions: Any) -> tuple[Any, ...]:
    require_tensor(types)
    (operand,), shape = types, attrs["shape"]
    if prod(operand.shape) != prod(shape):
        raise ShapeError(f"{operand} has another number of elements than {list(shape)}")
    return (operand.with_shape(shape),)


def _batch_reshape(b: Any, op: Any, operands: Any, batched: Any) -> Any:
    (x,) = operands
    return b.reshape(x, shape=(x.type.shape[0], *op.attrs["shape"]))


register(OpRow(
    name="reshape", family=Family.VIEW, arity=1, doc="The elements in row-major order.", cost=0,
    attributes={"shape": Attribute("dims")}, infer=_infer_reshape,
    reference=lambda x, shape: np.reshape(x, shape), linear=(0,), batch=_batch_reshape,
    transpose=lambda b, ct, op, index: b.reshape(ct, shape=op.operands[0].type.shape),
))


def _infer_transpose(types: Types, attrs: Attrs, regions: Any) -> tuple[Any, ...]:
    require_tensor(types)
    (operand,), axes = types, attrs["axes"]
    normal_axes(axes, operand.rank)
    if len(axes) != operand.rank:
        raise ShapeError(f"axes {list(axes)} must name each axis of {operand}")
    return (operand.with_shape(tuple(operand.shape[a] for a in axes)),)


def _inverse(axes: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(sorted(range(len(axes)), key=axes.__getitem__))


register(OpRow(
    name="transpose", family=Family.VIEW, arity=1, doc="Result axis i is operand axis axes[i].",
    attributes={"axes": Attribute("ints")}, infer=_infer_transpose, cost=0,
    reference=lambda x, axes: np.transpose(x, axes), linear=(0,),
    batch=lambda b, op, operands, batched: b.transpose(
        operands[0], axes=(0, *shifted(op.attrs["axes"]))
    ),
    transpose=lambda b, ct, op, index: b.transpose(ct, axes=_inverse(op.attrs["axes"])),
))


def _infer_reverse(types: Types, attrs: Attrs, regions: Any) -> tuple[Any, ...]:
    require_tensor(types)
    normal_axes(attrs["axes"], types[0].rank)
    return (types[0],)


register(OpRow(
    name="reverse", family=Family.VIEW, arity=1, doc="Elements in reverse order along `axes`.",
    attributes={"axes": Attribute("ints")}, infer=_infer_reverse, involution=True, cost=0,
    reference=lambda x, axes: np.flip(x, axes), linear=(0,), batch=batch_along_axes,
    transpose=lambda b, ct, op, index: b.reverse(ct, axes=op.attrs["axes"]),
))


def _is_negative(*lengths: Any) -> bool:
    """Whether a length is below 0 for all sizes of its symbols."""
    return any(bounds(length)[1] < 0 for length in lengths)


def _per_axis(operand: TensorType, attrs: Attrs, *names: str) -> list[tuple[Any, ...]]:
    """The attributes of these names, a tuple for each axis of the operand."""
    if any(len(attrs[name]) != operand.rank for name in names):
        wanted = ", ".join(names)
        raise ShapeError(f"{wanted} need a value for each of the {operand.rank} axes of {operand}")
    return list(zip(*(attrs[name] for name in names), strict=True))


def _infer_slice(types: Types, attrs: Attrs, regions: Any) -> tuple[Any, ...]:
    require_tensor(types)
    (operand,) = types
    ranges = _per_axis(operand, attrs, "start", "stop", "step")
    shape = []
    for axis, (start, stop, step) in enumerate(ranges):
        if step < 1 or _is_negative(start, stop - start, operand.shape[axis] - stop):
            raise ShapeError(f"slice {start}:{stop}:{step} is outside axis {axis} of {operand}")
        shape.append((stop - start + step - 1) // step)
    return (operand.with_shape(tuple(shape)),)


def _reference_slice(x: Any, start: Any, stop: Any, step: Any) -> Any:
    return x[tuple(slice(*limits) for limits in zip(start, stop, step, strict=True))]


def _transpose_slice(b: Any, ct: Any, op: Any, index: int) -> Any:
    """Puts the cotangent back among zeros."""
    zeros = b.full_like(op.operands[0], 0)
    if 0 in ct.type.shape:
        return zeros
    return b.update(zeros, ct, start=op.attrs["start"], step=op.attrs["step"])


def _batch_slice(b: Any, op: Any, operands: Any, batched: Any) -> Any:
    (x,), attrs = operands, op.attrs
    return b.slice(
        x, start=(0, *attrs["start"]), stop=(x.type.shape[0], *attrs["stop"]),
        step=(1, *attrs["step"]),
    )


register(OpRow(
    name="slice", family=Family.VIEW, arity=1, doc="start:stop:step on every axis; step >= 1.",
    attributes={"start": Attribute("dims"), "stop": Attribute("dims"), "step": Attribute("ints")},
    infer=_infer_slice, reference=_reference_slice, linear=(0,), transpose=_transpose_slice,
    batch=_batch_slice, cost=0,
))


def _infer_pad(types: Types, attrs: Attrs, regions: Any) -> tuple[Any, ...]:
    require_tensor(types)
    operand, value = types
    if value.rank or value.dtype is not operand.dtype:
        raise DtypeError(f"the padding value must be {operand.dtype}[], got {value}")
    widths = _per_axis(operand, attrs, "low", "high", "interior")
    if any(_is_negative(*w) for w in widths):
        raise ShapeError(f"padding needs widths >= 0 for each axis of {operand}")
    shape = tuple(
        low + extent + dim_max(extent - 1, 0) * inner + high
        for extent, (low, high, inner) in zip(operand.shape, widths, strict=True)
    )
    return (operand.with_shape(shape),)


def pad_window(operand: TensorType, attrs: Attrs) -> tuple[slice, ...]:
    """Where in the result of a pad the operand's elements stand."""
    window = []
    for extent, low, inner in zip(operand.shape, attrs["low"], attrs["interior"], strict=True):
        last = low + dim_max(extent - 1, 0) * (inner + 1) + (0 if extent == 0 else 1)
        window.append(slice(low, last, inner + 1))
    return tuple(window)


def _reference_pad(x: Any, value: Any, low: Any, high: Any, interior: Any) -> Any:
    spaced = [n + max(n - 1, 0) * i for n, i in zip(x.shape, interior, strict=True)]
    shape = [lo + n + hi for lo, n, hi in zip(low, spaced, high, strict=True)]
    result = np.full(shape, value, x.dtype)
    where = tuple(
        slice(lo, lo + n, i + 1) for lo, n, i in zip(low, spaced, interior, strict=True)
    )
    result[where] = x
    return result


def _transpose_pad(b: Any, ct: Any, op: Any, index: int) -> Any:
    operand = op.operands[0].type
    if index == 0:
        window = pad_window(operand, op.attrs)
        return b.slice(
            ct, start=tuple(w.start for w in window), stop=tuple(w.stop for w in window),
            step=tuple(w.step for w in window),
        )
    false = b.constant(False, shape=operand.shape)
    padding = b.pad(false, b.constant(True), **op.attrs)
    outside = b.select(padding, ct, b.full_like(ct, 0))
    return b.reduce_sum(outside, axes=tuple(range(operand.rank)))


def _batch_pad(b: Any, op: Any, operands: Any, batched: Any) -> Any:
    """A batch of padding values is chosen where a pad of False by True says so."""
    (x, value), attrs = operands, op.attrs
    if not batched[0]:
        x = repeated(b, x, batch_size(operands, batched))
    widths = {name: (0, *attrs[name]) for name in ("low", "high", "interior")}
    if not batched[1]:
        return b.pad(x, value, **widths)
    inside = b.pad(x, b.constant(0, x.type.dtype), **widths)
    outside = b.pad(b.constant(False, shape=x.type.shape), b.constant(True), **widths)
    return b.select(outside, b.broadcast(value, shape=inside.type.shape, axes=(0,)), inside)


register(OpRow(
    name="pad", family=Family.VIEW, arity=2, linear=(0, 1), transpose=_transpose_pad,
    batch=_batch_pad,
    doc="x between `low` and `high` copies of a value, `interior` between neighbours, per axis.",
    attributes={"low": Attribute("dims"), "high": Attribute("dims"), "interior": Attribute("ints")},
    infer=_infer_pad, reference=_reference_pad,
))


def _infer_concatenate(types: Types, attrs: Attrs, regions: Any) -> tuple[Any, ...]:
    require_tensor(types)
    if not types:
        raise ShapeError("need at least one array to concatenate")
    first, axis = types[0], attrs["axis"]
    normal_axes((axis,), first.rank, "axis")
    rest = first.shape[:axis] + first.shape[axis + 1 :]
    for t in types:
        if t.rank != first.rank or t.shape[:axis] + t.shape[axis + 1 :] != rest:
            raise ShapeError(f"{first} and {t} differ beside axis {axis}")
        if t.dtype is not first.dtype:
            raise DtypeError(f"cannot concatenate {first.dtype} and {t.dtype}; convert first")
    total = sum(t.shape[axis] for t in types)
    return (first.with_shape((*first.shape[:axis], total, *first.shape[axis + 1 :])),)


def _transpose_concatenate(b: Any, ct: Any, op: Any, index: int) -> Any:
    axis = op.attrs["axis"]
    low = sum(v.type.shape[axis] for v in op.operands[:index])
    start = [0] * ct.type.rank
    stop = list(ct.type.shape)
    start[axis], stop[axis] = low, low + op.operands[index].type.shape[axis]
    return b.slice(ct, start=tuple(start), stop=tuple(stop), step=(1,) * ct.type.rank)


register(OpRow(
    name="concatenate", family=Family.VIEW, arity=None, doc="The operands in a row along `axis`.",
    attributes={"axis": Attribute("int")}, infer=_infer_concatenate,
    reference=lambda *arrays, axis: np.concatenate(arrays, axis),
    linear="all", transpose=_transpose_concatenate, batch=batch_along_axes,
))
