"""searchsorted: a binary search for each value, which never jumps (P.-V. Khuong, 2012)."""

from __future__ import annotations

from collections.abc import Callable, Sequence

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
        value = _Sought(b, _load(b, numbers, at), op.attrs["side"])
        found = _search(context, b, lambda c, i: _load(c, lines, (*at[:-1], i)), value, extent)
        b.store(found, places, *at)
        return ()

    nest(context.builder, ())


def _search(
    context: Context, b: Builder, element: Callable[[Builder, Value], Number], value: _Sought,
    extent: int,
) -> Value:
    """How many elements of the line come before the value.

    That is between `low` and `low + left`; the half of `left` that is looked at depends on no
    element. A step does so little that many values take it side by side.
    """
    zero, one = context.index(0), context.index(1)
    if not extent:
        return b.full_like(zero, 0)

    def step(c: Builder, index: Value, low: Value, left: Value) -> tuple[Value, ...]:
        half = c.shift_right(left, one)
        middle = c.add(low, half)
        before = value.comes_after(c, element(c, c.sub(middle, one)))
        return c.select(before, middle, low), c.sub(left, half)

    steps = context.index((extent - 1).bit_length())
    low, _ = b.loop(zero, steps, step, (zero, context.index(extent)))
    before = value.comes_after(b, element(b, low))
    return value.place(b, b.select(before, b.add(low, one), low), context.index(extent))


class _Sought:
    """A value, and which elements come before it, where NaN is greater than every number.

    Numbers come before NaN: those up to `limit`, which is NaN itself where nothing else does.
    """

    def __init__(self, b: Builder, value: Number, side: str) -> None:
        self.value = value
        self.is_left = side == "left"
        self.is_nan: Value | None = None
        if not isinstance(value, Parts) and value.type.dtype.is_float:
            self.is_nan = b.ne(value, value)
            infinity = b.full_like(value, float("inf"))
            limit = b.full_like(value, float("nan")) if self.is_left else value
            self.limit = b.select(self.is_nan, infinity, limit)

    def comes_after(self, b: Builder, element: Number) -> Value:
        """Whether an element comes before the value; of no NaN, in a search of NaN's right."""
        if isinstance(self.value, Parts):
            assert isinstance(element, Parts)
            if self.is_left:
                return split.sorts_before(b, element, self.value)
            return b.not_(split.sorts_before(b, self.value, element))
        if self.is_nan is None:
            return b.lt(element, self.value) if self.is_left else b.le(element, self.value)
        before = b.le(element, self.limit)
        return b.or_(b.lt(element, self.value), before) if self.is_left else before

    def place(self, b: Builder, found: Value, extent: Value) -> Value:
        """The result of a search; all elements come before NaN's right."""
        if self.is_nan is None or self.is_left:
            return found
        return b.select(self.is_nan, extent, found)


def _load(b: Builder, buffers: Sequence[Value], at: tuple[Value, ...]) -> Number:
    loaded = [b.load(buffer, *at) for buffer in buffers]
    return Parts(*loaded) if len(loaded) > 1 else loaded[0]
