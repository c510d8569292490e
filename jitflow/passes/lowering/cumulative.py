"""Cumulative rows become loops that go along their axis from one element to the next.

Where other axes lie inside of it, a whole slice is combined with the one before; else the loop
carries what it has so far. The order of combining is the same, but where it makes no difference:
`lane_scans` has that.
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
from jitflow.passes.lowering.lane_scans import lower_lane_scan
from jitflow.passes.lowering.moves import copy
from jitflow.passes.lowering.space import merged_space

ROW_BYTES = 32
"""Of a line that has a register for itself; less, and lanes are lines."""

MANY_ROWS = 16
MOST_STEPS = 8

WIDE_SLICE = 16
"""Elements from which on a slice is worth a loop of its own."""

LINES = 8
"""Lines that one loop takes: about as many as results are on their way at the same time."""


def lower_cumulative(
    context: Context, op: Op, source: Access, target: Access, vector_bytes: int
) -> None:
    """Emits the loops of a cumulative row that reads `source` and writes `target`."""
    if 0 in source.shape or lower_lane_scan(context, op, source, target, vector_bytes):
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
        """Parallel loops over the other axes, then one loop that carries the results so far.

        It takes some lines side by side: each waits for its own results only.
        """
        if not left:
            self._lines(b, [at])
            return
        axis, *rest = left

        def nest(inner: Builder, index: Value) -> tuple[Value, ...]:
            if rest:
                self._by_lines(inner, rest, {**at, axis: index})
            else:
                self._lines(inner, self._next_to(inner, at, axis, index, LINES))
            return ()

        extent = self.extents[axis]
        if rest:
            self._loop(b, axis, nest, "parallel")
            return
        if extent >= MANY_ROWS and self._is_short:
            def line(inner: Builder, index: Value) -> tuple[Value, ...]:
                return self._line(inner, {**at, axis: index})

            self._loop(b, axis, line, "parallel")
            return
        whole = extent - extent % LINES
        zero, end = self.context.index(0), self.context.index(whole)
        if whole:
            b.loop(zero, end, nest, step=LINES, kind="parallel")
        if extent > whole:
            self._lines(b, self._next_to(b, at, axis, end, extent - whole))

    @property
    def _is_short(self) -> bool:
        """Whether lines are rows next to each other, of which some fit in a register."""
        assert self.along is not None
        count, strides = self.extents[self.along] + 1, self.result.type.strides
        return count <= MOST_STEPS and count * self.dtype.itemsize < ROW_BYTES and 1 in strides

    def _line(self, b: Builder, at: dict[int, Value]) -> tuple[Value, ...]:
        """One step after the other, written out."""
        along, zero = self.along, self.context.index(0)
        assert along is not None
        axes = range(len(self.extents))
        so_far = b.load(self.before, *[zero if k == along else at[k] for k in axes])
        for number in range(self.extents[along]):
            place = [self.context.index(number) if k == along else at[k] for k in axes]
            so_far = self._combined(b, so_far, b.load(self.next, *place))
            b.store(so_far, self.result, *place)
        return ()

    def _next_to(
        self, b: Builder, at: dict[int, Value], axis: int, first: Value, count: int
    ) -> list[dict[int, Value]]:
        """The places of `count` lines from one on."""
        numbers = [first, *(b.add(first, self.context.index(k)) for k in range(1, count))]
        return [{**at, axis: number} for number in numbers]

    def _lines(self, b: Builder, lines: list[dict[int, Value]]) -> None:
        """One loop along lines."""
        along = self.along
        assert along is not None

        def place(line: dict[int, Value], index: Value) -> list[Value]:
            return [index if k == along else line[k] for k in range(len(self.extents))]

        def step(inner: Builder, index: Value, *before: Value) -> tuple[Value, ...]:
            found = []
            for line, so_far in zip(lines, before, strict=True):
                value = inner.load(self.next, *place(line, index))
                found.append(self._combined(inner, so_far, value))
                inner.store(found[-1], self.result, *place(line, index))
            return tuple(found)

        zero, end = self.context.index(0), self.context.index(self.extents[along])
        b.loop(zero, end, step, [b.load(self.before, *place(line, zero)) for line in lines])

    def _loop(self, b: Builder, axis: int, body: object, kind: str) -> None:
        zero, end = self.context.index(0), self.context.index(self.extents[axis])
        b.loop(zero, end, body, kind=kind)  # type: ignore[arg-type]

    def _combined(self, b: Builder, before: Value, value: Value) -> Value:
        """One step, rounded to the row's dtype; floats of 16 bits are combined in 32."""
        if not self.dtype.is_float or self.dtype.bits > 16:
            return b.emit(self.combine, (before, value)).result
        wide = tuple(b.convert(v, dtype=f32) for v in (before, value))
        return b.convert(b.emit(self.combine, wide).result, dtype=self.dtype)
