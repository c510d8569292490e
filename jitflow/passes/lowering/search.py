"""searchsorted: a binary search for each value."""

from __future__ import annotations

from collections.abc import Sequence

from jitflow.ir import split
from jitflow.ir.builder import Builder
from jitflow.ir.core import Op, Value
from jitflow.ir.parts import Parts
from jitflow.passes.lowering.access import Access
from jitflow.passes.lowering.context import Context

Number = Value | Parts


def lower_searchsorted(
    context: Context, op: Op, line: Access, values: Access, target: Access
) -> None:
    """Emits parallel loops over the values; each search takes as many steps as the line needs."""
    if 0 in target.shape:
        return
    extent = op.operands[0].type.shape[-1]
    dtype = op.operands[0].type.dtype
    lines, numbers, (places,) = (
        [context.view(part, part.shape, part.strides) for part in parts]
        for parts in (line.parts(dtype), values.parts(dtype), [target])
    )

    def nest(b: Builder, at: tuple[Value, ...]) -> tuple[Value, ...]:
        if len(at) < len(target.shape):
            end = context.index(target.shape[len(at)])
            b.loop(context.index(0), end, lambda c, i: nest(c, (*at, i)), kind="parallel")
            return ()
        value = _load(b, numbers, at)
        found = _search(context, b, lines, at[:-1], value, op.attrs["side"], extent)
        b.store(found, places, *at)
        return ()

    nest(context.builder, ())


def _search(
    context: Context, b: Builder, line: Sequence[Value], row: tuple[Value, ...], value: Number,
    side: str, extent: int,
) -> Value:
    """How many elements of the row come before the value.

    Halves what is left, of which the first `low` elements come before, until nothing is.
    """
    zero, one = context.index(0), context.index(1)
    last = context.index(extent - 1)

    def step(c: Builder, index: Value, low: Value, left: Value) -> tuple[Value, ...]:
        half = c.shift_right(left, one)
        middle = c.add(low, half)
        element = _load(c, line, (*row, c.minimum(middle, last)))
        before = c.and_(_comes_before(c, element, value, side), c.gt(left, zero))
        low = c.select(before, c.add(middle, one), low)
        return low, c.select(before, c.sub(c.sub(left, half), one), half)

    if not extent:
        return b.full_like(zero, 0)
    found = b.loop(zero, context.index(extent.bit_length()), step, (zero, context.index(extent)))
    return found[0]


def _load(b: Builder, buffers: Sequence[Value], at: tuple[Value, ...]) -> Number:
    loaded = [b.load(buffer, *at) for buffer in buffers]
    return Parts(*loaded) if len(loaded) > 1 else loaded[0]


def _comes_before(b: Builder, element: Number, value: Number, side: str) -> Value:
    if side == "left":
        return _less(b, element, value)
    return b.not_(_less(b, value, element))


def _less(b: Builder, x: Number, y: Number) -> Value:
    """x < y, where NaN is greater than every number."""
    if isinstance(x, Parts):
        assert isinstance(y, Parts)
        return split.sorts_before(b, x, y)
    less = b.lt(x, y)
    if not x.type.dtype.is_float:
        return less
    return b.or_(less, b.and_(b.eq(x, x), b.ne(y, y)))
