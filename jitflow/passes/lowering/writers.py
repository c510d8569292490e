"""Writes into an array that stands in its place already: scatter, update and dynamic_update.

And dynamic_slice, which reads where dynamic_update writes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import prod

from jitflow.ir import split
from jitflow.ir.builder import Builder
from jitflow.ir.core import Op, Value
from jitflow.ir.dtypes import f32
from jitflow.ir.ops.indexing import COMBINES
from jitflow.ir.parts import Parts
from jitflow.ir.row import ROWS
from jitflow.passes.constants import splat
from jitflow.passes.lowering.access import Access
from jitflow.passes.lowering.context import Context
from jitflow.passes.lowering.gathers import inside
from jitflow.passes.lowering.moves import around, box, copy
from jitflow.passes.lowering.space import merged_space

Place = list[Value]

STEPS = 4
"""Updates of single elements in a step, and tables that take turns where any order will do.

A CPU needs about as many steps until what it wrote can be read again.
"""

TABLE_BYTES = 1 << 14
"""Of all tables together: half of a first cache."""

UPDATES_A_PLACE = 16
"""From which on it costs little to put tables together."""


def lower_writer(
    context: Context, op: Op, target: Access, part: Access, places: Sequence[Access]
) -> None:
    """Emits what a row of reuse.WRITERS does to `target`, which holds its first operand."""
    if 0 in part.shape:
        return
    if op.row.name == "update":
        place = window(op, target)
        if part != place:
            copy(context, part, place)
    elif op.row.name == "dynamic_update":
        _dynamic_update(context, target, part, places)
    else:
        _Scatter(context, op, target, part, places).emit()


def is_large(op: Op) -> bool:
    """Whether the op writes one dense part, which is half of the array or more."""
    whole, part = (prod(v.type.shape) for v in op.operands[:2])
    return op.row.name == "update" and set(op.attrs["step"]) <= {1} and 2 * part >= whole > 0


def copy_around(context: Context, op: Op, whole: Access, target: Access) -> None:
    """Copies what an update by a dense part leaves of the whole."""
    for low, high in around(whole.shape, op.attrs["start"], op.operands[1].type.shape):
        copy(context, box(whole, low, high), box(target, low, high))


def window(op: Op, target: Access) -> Access:
    """Where the part of an update goes."""
    start, step = op.attrs["start"], op.attrs["step"]
    offset = sum(s * n for s, n in zip(start, target.strides, strict=True))
    strides = tuple(k * n for k, n in zip(step, target.strides, strict=True))
    return target.moved(offset, op.operands[1].type.shape, strides)


def _dynamic_update(
    context: Context, whole: Access, part: Access, starts: Sequence[Access]
) -> None:
    source = context.view(part, part.shape, part.strides)
    into = context.view(whole, whole.shape, whole.strides)

    def element(b: Builder, at: Place, place: Place) -> None:
        b.store(b.load(source, *at), into, *place)

    _at_starts(context, whole, part, starts, element)


def lower_dynamic_slice(
    context: Context, whole: Access, starts: Sequence[Access], target: Access
) -> None:
    """Copies the part of `whole` that begins at the starts."""
    source = context.view(whole, whole.shape, whole.strides)
    into = context.view(target, target.shape, target.strides)

    def element(b: Builder, at: Place, place: Place) -> None:
        b.store(b.load(source, *place), into, *at)

    if 0 not in target.shape:
        _at_starts(context, whole, target, starts, element)


def _at_starts(
    context: Context, whole: Access, part: Access, starts: Sequence[Access],
    body: Callable[[Builder, Place, Place], None],
) -> None:
    """Loops over a part of the whole: where a point is in the one, and where in the other."""
    b = context.builder
    room = [n - m for n, m in zip(whole.shape, part.shape, strict=True)]
    first = [
        inside(b, b.load(context.view(start, (), ())), left + 1) if left else None
        for start, left in zip(starts, room, strict=True)
    ]

    def point(inner: Builder, at: Place) -> None:
        pairs = zip(at, first, strict=True)
        body(inner, at, [i if start is None else inner.add(i, start) for i, start in pairs])

    _nest(context, b, part.shape, "parallel", point)


def _nest(
    context: Context, b: Builder, shape: Sequence[int], kind: str,
    body: Callable[[Builder, Place], None],
) -> None:
    """Loops over every point of the shape; an axis of one element has none."""

    def level(inner: Builder, at: Place) -> None:
        if len(at) == len(shape):
            body(inner, at)
        elif shape[len(at)] == 1:
            level(inner, [*at, context.index(0)])
        else:

            def step(deeper: Builder, index: Value) -> tuple[Value, ...]:
                level(deeper, [*at, index])
                return ()

            inner.loop(context.index(0), context.index(shape[len(at)]), step, kind=kind)

    level(b, [])


class _Scatter:
    """One update after the other; the elements of one of them side by side."""

    def __init__(
        self, context: Context, op: Op, target: Access, updates: Access, indices: Sequence[Access]
    ) -> None:
        self.context = context
        self.extents = target.shape[: len(indices)]
        self.outer = indices[0].shape
        dtype = op.result.type.dtype
        parts = [(part, self.outer) for part in updates.parts(dtype)]
        parts += [(part, self.extents) for part in target.parts(dtype)]
        rows = [
            part.moved(0, part.shape[len(outer) :], part.strides[len(outer) :])
            for part, outer in parts
        ]
        space = merged_space(rows[0].shape, (), rows, set())
        self.inner = space.shape
        views = [
            context.view(
                part, (*outer, *self.inner), (*part.strides[: len(outer)], *strides)
            )
            for (part, outer), strides in zip(parts, space.strides, strict=True)
        ]
        self.updates, self.targets = views[: len(views) // 2], views[len(views) // 2 :]
        self.indices = [context.view(i, i.shape, i.strides) for i in indices]
        self.arrays = op.operands[2:]
        self.combine = COMBINES[op.attrs["combine"]]

        self.number = splat(op.operands[1])

    def emit(self) -> None:
        tables = self._tables()
        if tables < 2:
            self._every_update(tables)
            return
        (whole,) = self.targets
        assert self.combine is not None
        row = ROWS[self.combine]
        assert row.identity is not None
        b, dtype = self.context.builder, whole.type.dtype
        parts = self.context.temp(dtype, (tables, *self.extents))
        self.context.fill(parts, b.constant(row.identity(dtype), dtype))
        self.targets = [parts]
        self._every_update(tables)

        def join(inner: Builder, at: Place) -> None:
            total = inner.load(whole, *at)
            for k in range(tables):
                part = inner.load(parts, self.context.index(k), *at)
                total = inner.emit(row, (total, part)).result
            inner.store(total, whole, *at)

        _nest(self.context, b, self.extents, "parallel", join)

    def _every_update(self, tables: int) -> None:
        """One after the other; several in a step where that is little work."""
        b = self.context.builder
        if self.inner or not self.outer or self.outer[-1] < STEPS * STEPS:
            _nest(self.context, b, self.outer, "sequential", self._update)
            return
        *outer, extent = self.outer
        whole = extent - extent % STEPS

        def line(inner: Builder, at: Place) -> None:
            def step(deeper: Builder, index: Value) -> tuple[Value, ...]:
                for k in range(STEPS):
                    place = deeper.add(index, self.context.index(k)) if k else index
                    self._update(deeper, [*at, place], k % tables)
                return ()

            def rest(deeper: Builder, index: Value) -> tuple[Value, ...]:
                self._update(deeper, [*at, index])
                return ()

            start, end = self.context.index(0), self.context.index(whole)
            inner.loop(start, end, step, step=STEPS)
            if extent > whole:
                inner.loop(end, self.context.index(extent), rest)

        _nest(self.context, b, outer, "sequential", line)

    def _tables(self) -> int:
        """How many tables take turns where many updates meet in few places, in any order.

        An update of the place that the one before wrote would wait for that.
        """
        dtype = self.targets[0].type.dtype
        if self.combine is None or dtype.kind not in "iu" or len(self.targets) > 1 or self.inner:
            return 1
        size = prod(self.extents)
        if prod(self.outer) < UPDATES_A_PLACE * size or self.outer[-1] < STEPS * STEPS:
            return 1
        return STEPS if STEPS * size * dtype.itemsize <= TABLE_BYTES else 1

    def _update(self, b: Builder, at: Place, table: int = 0) -> None:
        """The update at a place; `table`: where there are several, which one it goes to."""
        where = self._table(table) + [
            inside(b, b.load(index, *at), extent, array)
            for index, extent, array in zip(self.indices, self.extents, self.arrays, strict=True)
        ]

        def element(inner: Builder, rest: Place) -> None:
            new = self._new(inner, at, rest)
            if self.combine is not None:
                old = [inner.load(into, *where, *rest) for into in self.targets]
                new = self._combined(inner, old, new)
            for value, into in zip(new, self.targets, strict=True):
                inner.store(value, into, *where, *rest)

        _nest(self.context, b, self.inner, "parallel", element)

    def _table(self, number: int) -> Place:
        is_whole = self.targets[0].type.rank == len(self.extents) + len(self.inner)
        return [] if is_whole else [self.context.index(number)]

    def _new(self, b: Builder, at: Place, rest: Place) -> list[Value]:
        """The parts of an update; a number that is known is no memory."""
        if self.number is not None and len(self.updates) == 1:
            return [b.constant(self.number.array, self.number.dtype)]
        return [b.load(source, *at, *rest) for source in self.updates]

    def _combined(self, b: Builder, old: list[Value], new: list[Value]) -> list[Value]:
        """Rounded once to the array's dtype; floats of 16 bits are combined in 32."""
        assert self.combine is not None
        if len(old) > 1:
            return list(_COMPLEX[self.combine](b, Parts(*old), Parts(*new)))
        row, dtype = ROWS[self.combine], old[0].type.dtype
        if not dtype.is_float or dtype.bits > 16:
            return [b.emit(row, (*old, *new)).result]
        wide = tuple(b.convert(v, dtype=f32) for v in (*old, *new))
        return [b.convert(b.emit(row, wide).result, dtype=dtype)]


_COMPLEX = {
    "mul": split.mul, "maximum": split.extreme("ge"), "minimum": split.extreme("le"),
}  # fmt: skip
"""How elements are combined that are two parts; `add` has come apart before."""
