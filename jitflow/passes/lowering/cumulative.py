"""Cumulative rows become loops that go along their axis from one element to the next.

Where other axes lie inside of it, a whole slice is combined with the one before; else the loop
carries what it has so far. The order of combining is the same.
"""

from __future__ import annotations

from math import prod

from jitflow.ir.builder import Builder
from jitflow.ir.core import Op, Value
from jitflow.ir.dtypes import f32
from jitflow.ir.ops.cumulative import CUMULATES
from jitflow.ir.row import ROWS
from jitflow.passes.lowering.access import Access, reversed_along
from jitflow.passes.lowering.context import Context
from jitflow.passes.lowering.moves import copy
from jitflow.passes.lowering.space import merged_space

WIDE_SLICE = 16
"""Elements from which on a slice is worth a loop of its own."""


def lower_cumulative(context: Context, op: Op, source: Access, target: Access) -> None:
    """Emits the loops of a cumulative row that reads `source` and writes `target`."""
    if 0 in source.shape:
        return
    axis = op.attrs["axis"]
    if op.attrs["reverse"]:
        source, target = (reversed_along(access, (axis,)) for access in (source, target))
    first, count = 1, source.shape[axis] - 1
    if not count:
        copy(context, source, target)
        return
    copy(context, _part(source, axis, 0, 1), _part(target, axis, 0, 1))
    parts = [
        _part(source, axis, first, count),
        _part(target, axis, 0, count),
        _part(target, axis, first, count),
    ]
    _Cumulative(context, op, axis, parts).emit()


def _part(access: Access, axis: int, start: int, count: int) -> Access:
    """`count` elements along the axis from `start` on."""
    shape = (*access.shape[:axis], count, *access.shape[axis + 1 :])
    return access.moved(start * access.strides[axis], shape, access.strides)


class _Cumulative:
    """The loops behind the first element: `parts` are the next, the results so far, the results."""

    def __init__(self, context: Context, op: Op, axis: int, parts: list[Access]) -> None:
        self.context = context
        self.combine = ROWS[CUMULATES[op.row.name]]
        self.dtype = op.result.type.dtype
        space = merged_space(parts[0].shape, (axis,), parts, set())
        self.extents = space.shape
        self.next, self.before, self.result = (
            context.view(part, space.shape, strides)
            for part, strides in zip(parts, space.strides, strict=True)
        )
        along = [k for k, a in enumerate(space.axes) if a.reduced]
        self.along = along[0] if along else None

    def emit(self) -> None:
        others = [k for k in range(len(self.extents)) if k != self.along]
        inner = [k for k in others if self.along is None or k > self.along]
        if self.along is None or prod(self.extents[k] for k in inner) >= WIDE_SLICE:
            self._by_slices(self.context.builder, list(range(len(self.extents))), {})
        else:
            self._by_lines(self.context.builder, others, {})

    def _by_slices(self, b: Builder, left: list[int], at: dict[int, Value]) -> None:
        """A loop over each axis in order; what stands before was stored by the step before."""
        if not left:
            place = tuple(at[k] for k in range(len(self.extents)))
            before, value = b.load(self.before, *place), b.load(self.next, *place)
            b.store(self._combined(b, before, value), self.result, *place)
            return
        axis, *rest = left

        def body(inner: Builder, index: Value) -> tuple[Value, ...]:
            self._by_slices(inner, rest, {**at, axis: index})
            return ()

        self._loop(b, axis, body, "sequential" if axis == self.along else "parallel")

    def _by_lines(self, b: Builder, left: list[int], at: dict[int, Value]) -> None:
        """Parallel loops over the other axes, then one loop that carries the result so far."""
        if left:
            axis, *rest = left

            def nest(inner: Builder, index: Value) -> tuple[Value, ...]:
                self._by_lines(inner, rest, {**at, axis: index})
                return ()

            self._loop(b, axis, nest, "parallel")
            return
        along = self.along
        assert along is not None

        def place(index: Value) -> list[Value]:
            return [index if k == along else at[k] for k in range(len(self.extents))]

        def step(inner: Builder, index: Value, before: Value) -> tuple[Value, ...]:
            value = self._combined(inner, before, inner.load(self.next, *place(index)))
            inner.store(value, self.result, *place(index))
            return (value,)

        zero, end = self.context.index(0), self.context.index(self.extents[along])
        b.loop(zero, end, step, (b.load(self.before, *place(zero)),))

    def _loop(self, b: Builder, axis: int, body: object, kind: str) -> None:
        zero, end = self.context.index(0), self.context.index(self.extents[axis])
        b.loop(zero, end, body, kind=kind)  # type: ignore[arg-type]

    def _combined(self, b: Builder, before: Value, value: Value) -> Value:
        """One step, rounded to the row's dtype; floats of 16 bits are combined in 32."""
        if not self.dtype.is_float or self.dtype.bits > 16:
            return b.emit(self.combine, (before, value)).result
        wide = tuple(b.convert(v, dtype=f32) for v in (before, value))
        return b.convert(b.emit(self.combine, wide).result, dtype=self.dtype)
