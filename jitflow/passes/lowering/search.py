"""searchsorted: a binary search for each value."""

from __future__ import annotations

from jitflow.ir.builder import Builder
from jitflow.ir.core import Op, Value
from jitflow.passes.lowering.access import Access
from jitflow.passes.lowering.context import Context


def lower_searchsorted(
    context: Context, op: Op, line: Access, values: Access, target: Access
) -> None:
    """Emits parallel loops over the values; each search takes as many steps as the line needs."""
    if 0 in target.shape:
        return
    extent = line.shape[-1]
    views = [context.view(a, a.shape, a.strides) for a in (line, values, target)]

    def nest(b: Builder, at: tuple[Value, ...]) -> tuple[Value, ...]:
        if len(at) < len(target.shape):
            end = context.index(target.shape[len(at)])
            b.loop(context.index(0), end, lambda c, i: nest(c, (*at, i)), kind="parallel")
            return ()
        value = b.load(views[1], *at)
        found = _search(context, b, views[0], at[:-1], value, op.attrs["side"], extent)
        b.store(found, views[2], *at)
        return ()

    nest(context.builder, ())


def _search(
    context: Context, b: Builder, line: Value, row: tuple[Value, ...], value: Value, side: str,
    extent: int,
) -> Value:
    """How many elements of the row come before the value.

    Halves what is left, of which the first `low` elements come before, until nothing is.
    """
    zero, one = context.index(0), context.index(1)
    last = context.index(extent - 1)

    def step(c: Builder, index: Value, low: Value, left: Value) -> tuple[Value, ...]:
        half = c.shift_right(left, one)
        middle = c.add(low, half)
        element = c.load(line, *row, c.minimum(middle, last))
        before = c.and_(_comes_before(c, element, value, side), c.gt(left, zero))
        low = c.select(before, c.add(middle, one), low)
        return low, c.select(before, c.sub(c.sub(left, half), one), half)

    if not extent:
        return b.full_like(zero, 0)
    found = b.loop(zero, context.index(extent.bit_length()), step, (zero, context.index(extent)))
    return found[0]


def _comes_before(b: Builder, element: Value, value: Value, side: str) -> Value:
    if side == "left":
        return _less(b, element, value)
    return b.not_(_less(b, value, element))


def _less(b: Builder, x: Value, y: Value) -> Value:
    """x < y, where NaN is greater than every number."""
    less = b.lt(x, y)
    if not x.type.dtype.is_float:
        return less
    return b.or_(less, b.and_(b.eq(x, x), b.ne(y, y)))
