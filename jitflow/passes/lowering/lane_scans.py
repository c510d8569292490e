"""Cumulative rows along lines of memory, a vector register at a time.

Lanes take in those 1, 2, 4, ... before them (Hillis and Steele, 1986), then what came
in front of the register. That is another order, so it is for what any order gives the same bits of:
extremes, and sums and products of integers.
"""

from __future__ import annotations

from jitflow.ir.builder import Builder
from jitflow.ir.core import Op, Value
from jitflow.ir.dtypes import DType, f32, f64
from jitflow.ir.ops.cumulative import CUMULATES
from jitflow.ir.row import ROWS
from jitflow.passes.lowering.access import Access
from jitflow.passes.lowering.context import Context
from jitflow.passes.lowering.gathers import axis_last
from jitflow.passes.lowering.reducers import full
from jitflow.passes.lowering.signed_keys import key_dtype, keys_of, numbers_of
from jitflow.passes.lowering.space import merged_space

LEAST_REGISTERS = 2
"""Of a line from which on lanes pay."""

_PRODUCT_BITS = (16, 32)
"""Of integers that CPUs multiply on lanes."""


def lower_lane_scan(
    context: Context, op: Op, source: Access, target: Access, vector_bytes: int
) -> bool:
    """Emits the loops of a cumulative row where lanes serve it; else emits nothing: False."""
    dtype, axis = op.result.type.dtype, op.attrs["axis"]
    lanes = vector_bytes // dtype.itemsize
    if not _has_any_order(op.row.name, dtype) or lanes < 2:
        return False
    if source.strides[axis] != 1 or target.strides[axis] != 1:
        return False
    if source.shape[axis] < LEAST_REGISTERS * lanes:
        return False
    _LaneScan(context, op, source, target, lanes).emit()
    return True


def _has_any_order(row: str, dtype: DType) -> bool:
    """Whether every order of combining gives the same bits, on lanes that CPUs have."""
    if row in ("cummax", "cummin"):
        return dtype.kind in "iu" or dtype in (f32, f64)
    return dtype.kind in "iu" and (row == "cumsum" or dtype.bits in _PRODUCT_BITS)


class _LaneScan:
    """Parallel loops over the other axes, and in them a loop that carries the last result."""

    def __init__(
        self, context: Context, op: Op, source: Access, target: Access, lanes: int
    ) -> None:
        self.context = context
        self.combine = ROWS[CUMULATES[op.row.name]]
        self.reverse = op.attrs["reverse"]
        self.lanes = lanes
        self.number = op.result.type.dtype
        self.key = key_dtype(self.number) if self.number.is_float else self.number
        space = merged_space(source.shape, (op.attrs["axis"],), [source, target], set())
        self.source, self.target = (
            context.view(access, space.shape, strides)
            for access, strides in zip((source, target), space.strides, strict=True)
        )
        (self.along,) = [k for k, a in enumerate(space.axes) if a.reduced]
        self.extents = space.shape

    def emit(self) -> None:
        others = [k for k in range(len(self.extents)) if k != self.along]
        self._nest(self.context.builder, others, {})

    def _nest(self, b: Builder, left: list[int], at: dict[int, Value]) -> None:
        if not left:
            self._line(b, at)
            return
        axis, *rest = left

        def body(inner: Builder, index: Value) -> tuple[Value, ...]:
            self._nest(inner, rest, {**at, axis: index})
            return ()

        zero, end = self.context.index(0), self.context.index(self.extents[axis])
        b.loop(zero, end, body, kind="parallel")

    def _line(self, b: Builder, at: dict[int, Value]) -> None:
        """Whole registers, then what is left; the other way round a line starts at its end."""
        extent = self.extents[self.along]
        whole = extent - extent % self.lanes
        end = self.context.index(whole)
        last = self.context.index(extent - self.lanes)

        def step(inner: Builder, index: Value, before: Value) -> tuple[Value, ...]:
            start = inner.sub(last, index) if self.reverse else index
            return (self._register(inner, at, start, before, 0),)

        identity = self._identity(b)
        (before,) = b.loop(self.context.index(0), end, step, (identity,), self.lanes)
        if extent > whole:
            start = self.context.index(0) if self.reverse else end
            self._register(b, at, start, before, extent - whole)

    def _register(
        self, b: Builder, at: dict[int, Value], start: Value, before: Value, valid: int
    ) -> Value:
        """The results of one register, stored; and the last of them in every lane."""
        count = valid or self.lanes
        source, place = self._place(b, self.source, at, start)
        loaded = b.load(source, *place, lanes=self.lanes, valid=valid)
        scanned, identity = self._turned(b, self._keys(b, loaded), count), self._identity(b)
        shift = 1
        while shift < self.lanes:
            shifted = [self.lanes + k if k < shift else k - shift for k in range(self.lanes)]
            moved = b.shuffle(scanned, identity, lanes=tuple(shifted))
            scanned = b.emit(self.combine, (moved, scanned)).result
            shift *= 2
        total = b.shuffle(scanned, scanned, lanes=(self.lanes - 1,) * self.lanes)
        results = b.emit(self.combine, (before, scanned)).result
        target, place = self._place(b, self.target, at, start)
        b.store(self._numbers(b, self._turned(b, results, count)), target, *place, valid=valid)
        return b.emit(self.combine, (before, total)).result

    def _place(
        self, b: Builder, buffer: Value, at: dict[int, Value], start: Value
    ) -> tuple[Value, list[Value]]:
        """The buffer with the line as last axis, and the indices of a register in it."""
        indices = [at[k] for k in range(len(self.extents)) if k != self.along]
        return axis_last(b, buffer, self.along), [*indices, start]

    def _turned(self, b: Builder, x: Value, count: int) -> Value:
        """The first `count` lanes the other way round, where the line is walked so."""
        if not self.reverse:
            return x
        lanes = (*range(count - 1, -1, -1), *range(count, self.lanes))
        return b.shuffle(x, x, lanes=lanes)

    def _identity(self, b: Builder) -> Value:
        """What changes nothing, in every lane."""
        assert self.combine.identity is not None
        return full(b, self.key, self.lanes, self.combine.identity(self.key))

    # Floats are compared as integers: with a NaN beyond all numbers, and -0 below +0.

    def _keys(self, b: Builder, x: Value) -> Value:
        return keys_of(b, x, self.combine.name == "maximum") if self.number.is_float else x

    def _numbers(self, b: Builder, keys: Value) -> Value:
        return numbers_of(b, keys, self.number) if self.number.is_float else keys
