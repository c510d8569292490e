"""Copies, and the rows that place arrays into a larger one: pad and concatenate."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from jitflow.ir.builder import Builder
from jitflow.ir.core import Op, Value
from jitflow.ir.ops.view import pad_window
from jitflow.passes.lowering.access import Access, IntShape
from jitflow.passes.lowering.context import Context
from jitflow.passes.lowering.space import merged_space


def copy(context: Context, source: Access, target: Access) -> None:
    """Copies every element; the two have one shape and share no memory."""
    if 0 in target.shape:
        return
    if set(target.shape) <= {1}:
        put(context, context.builder.load(context.view(source, (), ())), target)
        return
    space = merged_space(target.shape, (), [source, target], set())
    merged = [
        access.moved(0, space.shape, strides)
        for access, strides in zip((source, target), space.strides, strict=True)
    ]
    context.again.emit(context, "copy", merged, _copy)


def _copy(context: Context, accesses: Sequence[Access]) -> None:
    views = [context.view(access, access.shape, access.strides) for access in accesses]
    _copy_nest(context, context.builder, views, accesses[0].shape, [])


def put(context: Context, number: Value, target: Access) -> None:
    """Stores a number in an array of one element."""
    context.builder.store(number, context.view(target, (), ()))


def dense(context: Context, source: Access) -> Access:
    """A copy of every element, in C order."""
    target = Access.whole(context.temp(source.base.type.dtype, source.shape))
    copy(context, source, target)
    return target


def _copy_nest(
    context: Context, b: Builder, views: list[Value], left: IntShape, at: list[Value]
) -> None:
    if not left:
        b.store(b.load(views[0], *at), views[1], *at)
        return

    def body(inner: Builder, index: Value) -> tuple[Value, ...]:
        _copy_nest(context, inner, views, left[1:], [*at, index])
        return ()

    b.loop(context.index(0), context.index(left[0]), body, kind="parallel")


def lower_concatenate(
    context: Context, op: Op, inputs: Sequence[Access | Value], target: Access
) -> None:
    """Brings each operand, an array or a number, to its place along the axis."""
    axis, start = op.attrs["axis"], 0
    for value, source in zip(op.operands, inputs, strict=True):
        shape = value.type.shape
        place = target.moved(start * target.strides[axis], shape, target.strides)
        if isinstance(source, Access):
            copy(context, source, place)
        else:
            put(context, source, place)
        start += shape[axis]


def box(access: Access, low: Sequence[int], high: Sequence[int]) -> Access:
    """The elements from `low` to below `high` on every axis."""
    shape = tuple([last - first for first, last in zip(low, high, strict=True)])
    offset = sum(n * s for n, s in zip(low, access.strides, strict=True))
    return access.moved(offset if 0 not in shape else 0, shape, access.strides)


def around(
    shape: IntShape, start: Sequence[int], counts: Sequence[int]
) -> Iterator[tuple[list[int], list[int]]]:
    """Boxes of all that is not in a window: where each begins and ends."""
    low, high = [0] * len(shape), list(shape)
    for axis, (first, count) in enumerate(zip(start, counts, strict=True)):
        for begin, end in ((0, first), (first + count, shape[axis])):
            low[axis], high[axis] = begin, end
            yield list(low), list(high)
        low[axis], high[axis] = first, first + count


def lower_pad(context: Context, op: Op, inputs: Sequence[Access], target: Access) -> None:
    """Copies the operand into its window; what is around it, or between, is the padding value."""
    source, value = inputs
    spread = value.moved(0, target.shape, (0,) * len(target.shape))
    window = pad_window(op.operands[0].type, op.attrs)
    if any(w.step != 1 for w in window) or 0 in source.shape:
        copy(context, spread, target)
    else:
        starts = [w.start for w in window]
        for low, high in around(target.shape, starts, source.shape):
            copy(context, box(spread, low, high), box(target, low, high))
    offset = 0
    if 0 not in source.shape:
        offset = sum(w.start * s for w, s in zip(window, target.strides, strict=True))
    strides = tuple(w.step * s for w, s in zip(window, target.strides, strict=True))
    copy(context, source, target.moved(offset, source.shape, strides))
