"""Results of the rules on views, reductions and products: arithmetic on shapes and axes.

Each takes the builder, the matched op and the pattern's values, and may decline with None.
"""

from __future__ import annotations

from itertools import pairwise
from math import prod
from typing import Any

from jitflow.ir.core import Op, Value
from jitflow.ir.ops.contraction import free_axes
from jitflow.ir.row import ROWS
from jitflow.passes.constants import splat
from jitflow.passes.lowering.dot import FEW_ROWS

Axes = tuple[int, ...]

_RESHAPE = ROWS["reshape"]
_BROADCAST = ROWS["broadcast"]


def _inner(op: Op) -> Op:
    inner = op.operands[0].op
    assert inner is not None
    return inner


def _is_sorted(axes: Axes) -> bool:
    return all(low < high for low, high in pairwise(axes))


def same_type(b: Any, op: Op, x: Value, *rest: Value) -> Value | None:
    """x, where the op gives the type that it takes: then it moves and changes nothing."""
    return x if op.results[0].type == x.type else None


# Broadcast and reshape.


def broadcast_as_reshape(b: Any, op: Op, x: Value) -> Value | None:
    """A broadcast that stretches nothing only adds axes of extent 1."""
    shape, axes = op.attrs["shape"], op.attrs["axes"]
    added = [extent for axis, extent in enumerate(shape) if axis not in axes]
    stretches = any(shape[axis] != n for axis, n in zip(axes, x.type.shape, strict=True))
    if not added or stretches or any(extent != 1 for extent in added):
        return None
    return b.reshape(x, shape=shape)


def broadcast_once(b: Any, op: Op, x: Value) -> Value:
    outer = op.attrs["axes"]
    axes = tuple(outer[axis] for axis in _inner(op).attrs["axes"])
    return b.broadcast(x, shape=op.attrs["shape"], axes=axes)


def broadcast_without_ones(b: Any, op: Op, x: Value) -> Value | None:
    """x[:, None] broadcast is x broadcast: axes that the reshape added need not be there."""
    places = added_ones(x.type.shape, op.operands[0].type.shape)
    if places is None:
        return None
    outer = op.attrs["axes"]
    return b.broadcast(x, shape=op.attrs["shape"], axes=tuple(outer[axis] for axis in places))


def added_ones(shape: tuple[Any, ...], longer: tuple[Any, ...]) -> Axes | None:
    """Where the axes of `shape` are in `longer`, if the other axes there have extent 1."""
    places: list[int] = []
    for axis, extent in enumerate(longer):
        if len(places) < len(shape) and shape[len(places)] == extent:
            places.append(axis)
        elif extent != 1:
            return None
    return tuple(places) if len(places) == len(shape) else None


def adds_ones(op: Op | None) -> bool:
    """Whether an op is a reshape that only adds axes of extent 1."""
    if op is None or op.row is not _RESHAPE:
        return False
    shape, longer = op.operands[0].type.shape, op.attrs["shape"]
    return len(shape) < len(longer) and added_ones(shape, longer) is not None


def without_ones(b: Any, op: Op, *values: Value) -> Value | None:
    """An elementwise op on arrays that got axes of extent 1: computed before they get them."""
    shapes = {v.op.operands[0].type.shape for v in op.operands if v.op and adds_ones(v.op)}
    if len(shapes) != 1:
        return None
    shape = shapes.pop()
    operands = [_with_shape(b, value, shape) for value in op.operands]
    if None in operands:
        return None
    result = b.emit(op.row, tuple(operands), op.attrs).result
    return b.reshape(result, shape=op.results[0].type.shape)


def _with_shape(b: Any, value: Value, shape: tuple[Any, ...]) -> Value | None:
    """What a reshape took, or the one number that a constant or a broadcast repeats."""
    op = value.op
    if op is not None and adds_ones(op):
        return op.operands[0]
    data = splat(value)
    if data is not None:
        return b.full_like(Value(value.type.with_shape(shape)), data.item())
    if op is not None and op.row is _BROADCAST and not op.operands[0].type.shape:
        return b.broadcast(op.operands[0], shape=shape, axes=())
    return None


def reshape_once(b: Any, op: Op, x: Value) -> Value:
    return b.reshape(x, shape=op.attrs["shape"])


# Transpose and reverse.


def transpose_nothing(b: Any, op: Op, x: Value) -> Value | None:
    return x if _is_sorted(op.attrs["axes"]) else None


def transpose_as_reshape(b: Any, op: Op, x: Value) -> Value | None:
    """Axes of extent 1 move freely: the order of the elements is that of the other axes."""
    axes = op.attrs["axes"]
    if not _is_sorted(tuple(a for a in axes if x.type.shape[a] != 1)):
        return None
    return b.reshape(x, shape=op.results[0].type.shape)


def transpose_once(b: Any, op: Op, x: Value) -> Value:
    inner = _inner(op).attrs["axes"]
    return b.transpose(x, axes=tuple(inner[axis] for axis in op.attrs["axes"]))


def broadcast_transposed(b: Any, op: Op, x: Value) -> Value | None:
    """The broadcast with its axes elsewhere, if they keep their order."""
    outer = op.attrs["axes"]
    axes = tuple(outer.index(axis) for axis in _inner(op).attrs["axes"])
    if not _is_sorted(axes):
        return None
    return b.broadcast(x, shape=op.results[0].type.shape, axes=axes)


def reverse_less(b: Any, op: Op, x: Value) -> Value | None:
    """Axes of at most one element have no order."""
    axes = op.attrs["axes"]
    kept = tuple(axis for axis in axes if x.type.shape[axis] not in (0, 1))
    if not kept:
        return x
    return None if kept == axes else b.reverse(x, axes=kept)


# Slice, pad and concatenate.


def slice_once(b: Any, op: Op, x: Value) -> Value | None:
    inner, shape = _inner(op).attrs, op.results[0].type.shape
    if not (x.type.is_static and op.results[0].type.is_static):
        return None
    steps = tuple(i * o for i, o in zip(inner["step"], op.attrs["step"], strict=True))
    starts = tuple(
        min(first + start * step, extent)
        for first, step, start, extent in zip(
            inner["start"], inner["step"], op.attrs["start"], x.type.shape, strict=True
        )
    )
    stops = tuple(
        start + (n - 1) * step + 1 if n else start
        for start, n, step in zip(starts, shape, steps, strict=True)
    )
    return b.slice(x, start=starts, stop=stops, step=steps)


def concatenate_less(b: Any, op: Op) -> Value | None:
    """Leaves out operands without elements along the axis, and the op if one is left."""
    axis = op.attrs["axis"]
    kept = tuple(v for v in op.operands if v.type.shape[axis] != 0) or op.operands[:1]
    if len(kept) == 1:
        return kept[0]
    return None if len(kept) == len(op.operands) else b.concatenate(*kept, axis=axis)


# Reductions and products.


def reduce_as_reshape(b: Any, op: Op, x: Value) -> Value | None:
    """Over axes of extent 1 there is nothing to combine."""
    if any(x.type.shape[axis] != 1 for axis in op.attrs["axes"]):
        return None
    return b.reshape(x, shape=op.results[0].type.shape)


def reduce_once(b: Any, op: Op, x: Value) -> Value:
    inner = _inner(op).attrs["axes"]
    kept = free_axes(x.type.rank, inner, ())
    axes = tuple(sorted((*inner, *(kept[axis] for axis in op.attrs["axes"]))))
    return b.emit(op.row, (x,), {"axes": axes}).result


def dot_left(b: Any, op: Op, x: Value, y: Value) -> Value | None:
    return _dot_of_transposed(b, op, 0)


def dot_right(b: Any, op: Op, x: Value, y: Value) -> Value | None:
    return _dot_of_transposed(b, op, 1)


def _dot_of_transposed(b: Any, op: Op, side: int) -> Value | None:
    """The product of the operand as it was, if its free axes keep their order."""
    transposed = op.operands[side].op
    assert transposed is not None
    axes, source = transposed.attrs["axes"], transposed.operands[0]
    contract, batch = list(op.attrs["contract"]), list(op.attrs["batch"])
    free = free_axes(len(axes), contract[side], batch[side])
    if not _is_sorted(tuple(axes[axis] for axis in free)):
        return None
    contract[side] = tuple(axes[axis] for axis in contract[side])
    batch[side] = tuple(axes[axis] for axis in batch[side])
    operands = [*op.operands]
    operands[side] = source
    return b.dot_general(*operands, contract=tuple(contract), batch=tuple(batch))


def dot_swapped(b: Any, op: Op, x: Value, y: Value) -> Value | None:
    """The product of the operands in the other order, if that is all that the transpose does.

    One of few rows or columns adds in another order when it is turned, so it stays.
    """
    product = _inner(op)
    contract, batch = product.attrs["contract"], product.attrs["batch"]
    batched = len(batch[0])
    split = batched + len(free_axes(x.type.rank, contract[0], batch[0]))
    every = tuple(range(len(op.attrs["axes"])))
    if op.attrs["axes"] != every[:batched] + every[split:] + every[batched:split]:
        return None
    sizes = op.results[0].type.shape[batched:]
    free = prod(sizes[: len(every) - split]), prod(sizes[len(every) - split :])
    few = any(not isinstance(size, int) or size < FEW_ROWS for size in free)
    if few or not b.may_change(op.operands[0]):
        return None
    return b.dot_general(y, x, contract=contract[::-1], batch=batch[::-1])
