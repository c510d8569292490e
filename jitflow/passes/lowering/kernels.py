"""A `kernel` op becomes one loop nest: parallel loops over kept axes, then the reduced ones.

Elementwise work is emitted on scalars; `vectorize` widens it. A reduction along the last axis is
emitted on its logical lanes at once, since the lanes are part of what it computes.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from functools import cache
from typing import Any

from jitflow.ir.builder import Builder
from jitflow.ir.core import Op, Value
from jitflow.ir.dtypes import i64
from jitflow.ir.row import Family
from jitflow.ir.types import TensorType, VectorType
from jitflow.passes.lowering.access import Access
from jitflow.passes.lowering.across import LINE_BYTES, along_lanes, reduced_axes, reductions
from jitflow.passes.lowering.cascade import State, cascade
from jitflow.passes.lowering.columns import Columns
from jitflow.passes.lowering.context import Context
from jitflow.passes.lowering.gathers import GATHER, inside, placed_operands, read, uniform
from jitflow.passes.lowering.reducers import (
    SHORT_SEARCH,
    ArgReducer,
    Reducer,
    lanes_for,
    reducer,
)
from jitflow.passes.lowering.space import merged_space

SHORT_LINE_BYTES = 32
"""Of a line up to which lines are lanes, and each place in them is read across lines."""

SHORT_SUM_BYTES = 28
"""Of a line that is summed: a whole register is halved as quickly."""

MANY_LINES = 16

FEW_LINES = 8
"""Lines of a row of results, where there are many rows: `unroll` writes them out."""


def lower_kernel(
    context: Context, op: Op, inputs: Sequence[Access], outputs: Sequence[Access], kind: Hashable,
    count: int,
) -> None:
    """Emits the loops of a kernel that reads `inputs` and writes `outputs`.

    kind: equal for equal kernels, None where there is no other; count: of those at most.
    """
    context.builder.locations = op.locations
    sources = along_lanes(context, op, inputs)

    def make(context: Context, accesses: Sequence[Access]) -> None:
        _Kernel(context, op, accesses[: len(sources)], accesses[len(sources) :]).emit()

    context.again.emit(context, kind, [*sources, *outputs], make, True, count)


class _Kernel:
    def __init__(
        self, context: Context, op: Op, inputs: Sequence[Access], outputs: Sequence[Access]
    ) -> None:
        self.context = context
        self.region = op.regions[0]
        self.reduces = reductions(op)
        self.shape = self._domain()
        self.reduced = reduced_axes(self.reduces[0]) if self.reduces else ()
        self.reducers: list[Reducer] = [reducer(o) for o in self.reduces]
        self._split_outputs(outputs)
        spread = [self._spread(access) for access in self.totals.values()]
        self.sources = self._sources(inputs)
        params = self._placed(inputs)
        every = [*params.values(), *self.stores.values(), *spread]
        fixed = {o.attrs["axis"] for o in self.region.ops if o.row.name == "iota"}
        self.space = merged_space(self.shape, self.reduced, every, fixed)
        views = [
            context.view(access, self.space.shape, strides)
            for access, strides in zip(every, self.space.strides, strict=True)
            if 0 not in self.shape
        ]
        self.loads = dict(zip(params, views, strict=False))
        self.views = views[len(params) : len(params) + len(self.stores)]
        self.totals_views = self._totals_views(views[len(params) + len(self.stores) :])

    def _domain(self) -> tuple[int, ...]:
        if self.reduces:
            return self.reduces[0].operands[0].type.shape
        return self.region.results[0].type.shape

    def _sources(self, inputs: Sequence[Access]) -> dict[Value, Value]:
        """What gathers read from, as it is: the other operands are seen along the loops."""
        wanted = {o.operands[0] for o in self.region.ops if o.row is GATHER}
        return {
            param: self.context.view(access, access.shape, access.strides)
            for param, access in zip(self.region.params, inputs, strict=True)
            if param in wanted
        }

    def _placed(self, inputs: Sequence[Access]) -> dict[Value, Access]:
        """What has an element at each point of the loops."""
        used = {v for o in self.region.ops for v in placed_operands(o)}
        used.update(self.region.results)
        taken = zip(self.region.params, inputs, strict=True)
        return {param: access for param, access in taken if param in used}

    def _split_outputs(self, outputs: Sequence[Access]) -> None:
        """Results per element, and results of reductions."""
        made = {o.result for o in self.reduces}
        pairs = list(zip(self.region.results, outputs, strict=True))
        self.stores = {v: access for v, access in pairs if v not in made}
        self.totals = {v: access for v, access in pairs if v in made}

    def _spread(self, access: Access) -> Access:
        """A reduction's result with stride 0 along the reduced axes."""
        kept = iter(access.strides)
        strides = tuple(0 if a in self.reduced else next(kept) for a in range(len(self.shape)))
        return Access(access.base, access.offset, self.shape, strides)

    def _totals_views(self, spread: Sequence[Value]) -> dict[Value, Value]:
        """The results' buffers along the kept loops only."""
        kept = [k for k, axis in enumerate(self.space.axes) if not axis.reduced]
        views = {}
        for value, access in self.totals.items():
            if 0 in self.shape:
                views[value] = self.context.view(access, access.shape, access.strides)
                continue
            full = spread[len(views)].type
            shape = tuple(full.shape[k] for k in kept)
            strides = tuple(full.strides[k] for k in kept)
            views[value] = self.context.view(access, shape, strides)
        return views

    # The nest.

    def emit(self) -> None:
        if 0 in self.shape:
            self._emit_empty()
        else:
            kept = [k for k, axis in enumerate(self.space.axes) if not axis.reduced]
            self._nest(self.context.builder, kept, {})

    def _nest(self, b: Builder, kept: list[int], at: dict[int, Value]) -> None:
        """Parallel loops over the axes left in `kept`, then what one point of them does."""
        if not kept:
            self._point(b, at)
            return
        axis, *rest = kept
        extent = self.space.axes[axis].extent

        def body(inner: Builder, index: Value) -> State:
            self._nest(inner, rest, {**at, axis: index})
            return ()

        b.loop(self.context.index(0), self.context.index(extent), body, kind="parallel")

    def _point(self, b: Builder, at: dict[int, Value]) -> None:
        if not self.reduces:
            self._body(b, at, None, 0)
            return
        reduced = [k for k, axis in enumerate(self.space.axes) if axis.reduced]
        inner = bool(reduced) and reduced[-1] == len(self.space.axes) - 1
        if inner and self._is_of_short_lines():
            self._finish(b, self._side_by_side(b, reduced, at), at, None)
            return
        lanes = self._lanes(self.space.axes[-1].extent) if inner else None
        state = self._sweep(b, reduced, at, lanes)
        self._finish(b, state, at, lanes)

    def _lanes(self, extent: int) -> int:
        """Those of the reductions whose order shows, which `fuse` keeps apart where they differ.

        Without any, as many as suit the widest values.
        """
        widths = [r.bytes for r in self.reducers if r.fixes_order]
        if not widths:
            loaded = [v.type.dtype.itemsize for v in self.loads.values()]
            widths = [r.bytes for r in self.reducers] + loaded
        lanes = lanes_for(max(widths))
        while lanes // 2 >= extent and lanes > 1:
            lanes //= 2
        return lanes

    def _sweep(
        self, b: Builder, reduced: list[int], at: dict[int, Value], lanes: int | None
    ) -> State:
        """The state of all reductions over the axes left in `reduced`."""
        if not reduced:
            return self._body(b, at, lanes, 0)
        axis, *rest = reduced
        if lanes is not None and not rest:
            return self._row(b, axis, at, lanes)

        def part(inner: Builder, index: Value) -> State:
            return self._sweep(inner, rest, {**at, axis: index}, lanes)

        extent = self.space.axes[axis].extent
        return cascade(
            self.context, b, extent, 1, lambda inner: self._identity(inner, lanes), part,
            self._combine,
        )

    def _row(self, b: Builder, axis: int, at: dict[int, Value], lanes: int) -> State:
        """The last axis in steps of `lanes`; what is left over comes last, in masked lanes."""
        extent = self.space.axes[axis].extent
        steps, left = divmod(extent, lanes)
        state: State | None = None
        if steps:
            state = cascade(
                self.context, b, steps, lanes, lambda inner: self._identity(inner, lanes),
                lambda inner, index: self._body(inner, {**at, axis: index}, lanes, 0),
                self._combine,
            )
        if left:
            tail = self._body(b, {**at, axis: self.context.index(steps * lanes)}, lanes, left)
            tail = self._per_reducer(lambda k, r: r.masked(b, self._slot(tail, k), left))
            state = tail if state is None else self._combine(b, state, tail)
        assert state is not None
        return state

    def _is_of_short_lines(self) -> bool:
        """Whether a register holds several lines, which then are lanes in place of elements."""
        *outer, last = self.space.axes
        kept = [axis.extent for axis in outer if not axis.reduced]
        loaded = max((v.type.dtype.itemsize for v in self.loads.values()), default=LINE_BYTES)
        sums = [lanes_for(r.bytes) for r in self.reducers if r.fixes_order]
        most = SHORT_SUM_BYTES if sums else SHORT_LINE_BYTES
        is_short = 1 < last.extent <= min(sums, default=most) and last.extent * loaded <= most
        if all(isinstance(r, ArgReducer) for r in self.reducers):
            is_short = 1 < last.extent <= SHORT_SEARCH
        few = 1
        while len(kept) > 1 and few * kept[-1] <= FEW_LINES:
            few *= kept.pop()
        return is_short and bool(kept) and kept[-1] >= MANY_LINES

    def _side_by_side(self, b: Builder, reduced: list[int], at: dict[int, Value]) -> State:
        """The state of short lines: of each place in them by itself, then of all places."""
        *outer, last = reduced
        places = [self.context.index(k) for k in range(self.space.axes[last].extent)]
        columns = Columns(len(places), lambda c: self._identity(c, None), self._combine)

        def sweep(inner: Builder, left: list[int], at: dict[int, Value]) -> State:
            if not left:
                return columns.joined([self._body(inner, {**at, last: k}, None, 0) for k in places])
            axis, *rest = left
            return cascade(
                self.context, inner, self.space.axes[axis].extent, 1, columns.identity,
                lambda c, index: sweep(c, rest, {**at, axis: index}), columns.combine,
            )

        states = columns.apart(sweep(b, outer, at))
        return self._per_reducer(
            lambda k, r: r.across_places(b, [self._slot(state, k) for state in states])
        )

    # States: those of all reductions in a row.

    def _slot(self, state: State, number: int) -> State:
        start = sum(r.slots for r in self.reducers[:number])
        return state[start : start + self.reducers[number].slots]

    def _per_reducer(self, make: Any) -> State:
        return tuple(value for k, r in enumerate(self.reducers) for value in make(k, r))

    def _identity(self, b: Builder, lanes: int | None) -> State:
        return self._per_reducer(lambda k, r: r.identity(b, lanes))

    def _combine(self, b: Builder, first: State, second: State) -> State:
        return self._per_reducer(
            lambda k, r: r.combine(b, self._slot(first, k), self._slot(second, k))
        )

    def _finish(self, b: Builder, state: State, at: dict[int, Value], lanes: int | None) -> None:
        kept = [at[k] for k, axis in enumerate(self.space.axes) if not axis.reduced]
        for number, (red, op) in enumerate(zip(self.reducers, self.reduces, strict=True)):
            if op.result not in self.totals:
                continue
            slot = self._slot(state, number)
            total = slot if lanes is None else red.across_lanes(b, slot)
            b.store(red.result(b, total), self.totals_views[op.result], *kept)

    def _emit_empty(self) -> None:
        """Nothing to read: reductions over no elements give their identity (a sum gives +0)."""
        for number, op in enumerate(self.reduces):
            view = self.totals_views.get(op.result)
            if view is None or 0 in view.type.shape:
                continue
            red = self.reducers[number]
            b = self.context.builder
            value = red.result(b, red.identity(b, None))
            self.context.fill(view, value)

    # One element, or lanes of elements.

    def _body(
        self, b: Builder, at: dict[int, Value], lanes: int | None, valid: int
    ) -> State:
        """Computes the region at a point, stores its elements, gives the reductions' states."""
        indices = [at[k] for k in range(len(self.space.axes))]
        values: dict[Value, Value] = {}
        for op in self.region.ops:
            if op.row.family is Family.REDUCE:
                continue
            b.locations = op.locations
            for value in placed_operands(op):
                if value not in values:
                    values[value] = self._load(b, self.loads[value], indices, lanes, valid)
            if op.row is GATHER:
                values[op.result] = self._gather(b, op, values, indices, lanes, valid)
            else:
                values[op.result] = self._emit(b, op, values, indices, lanes)
        reduced = [r.operand(o) for r, o in zip(self.reducers, self.reduces, strict=True)]
        for value in (*self.stores, *reduced):
            if value not in values:
                values[value] = self._load(b, self.loads[value], indices, lanes, valid)
        for value, view in zip(self.stores, self.views, strict=True):
            b.store(values[value], view, *indices, valid=valid)
        return self._per_reducer(
            lambda k, r: r.element(b, values[reduced[k]], self._position(at))
        )

    def _position(self, at: dict[int, Value]) -> Value:
        """The index along the reduced axis: only argmax and argmin use it, and have one axis."""
        reduced = [k for k, axis in enumerate(self.space.axes) if axis.reduced]
        return at[reduced[-1]] if reduced else self.context.index(0)

    def _load(
        self, b: Builder, view: Value, indices: list[Value], lanes: int | None, valid: int
    ) -> Value:
        if lanes is None:
            return b.load(view, *indices)
        if view.type.strides[-1] == 0:
            return b.splat(b.load(view, *indices), lanes=lanes)
        return b.load(view, *indices, lanes=lanes, valid=valid)

    def _emit(
        self, b: Builder, op: Op, values: dict[Value, Value], indices: list[Value],
        lanes: int | None,
    ) -> Value:
        if op.row.name == "iota":
            return self._iota(b, op, indices, lanes)
        return b.restate(op, tuple([values[v] for v in op.operands]), _element(lanes))

    def _gather(
        self, b: Builder, op: Op, values: dict[Value, Value], indices: list[Value],
        lanes: int | None, valid: int,
    ) -> Value:
        """A read at indices that are forced inside, but for those that count along a loop."""
        buffer, along = self.sources[op.operands[0]], None
        at = []
        for axis, value in enumerate(op.operands[1:]):
            loop = self._loop_of(value, buffer.type.shape[axis])
            if loop is None:
                at.append(inside(b, uniform(values[value]), buffer.type.shape[axis]))
            elif lanes is None or loop == len(indices) - 1 and along is not None:
                at.append(values[value])
            else:
                along = axis if loop == len(indices) - 1 else along
                at.append(indices[loop] if loop >= 0 else self.context.index(0))
        return read(b, buffer, at, along, lanes, valid)

    def _loop_of(self, index: Value, extent: int) -> int | None:
        """The loop whose index an iota is, if it stays below the extent; -1 for one of a step."""
        op = index.op
        if op is None or op.row.name != "iota" or op.result.type.dtype is not i64:
            return None
        if op.result.type.shape[op.attrs["axis"]] > extent:
            return None
        return self._along(op)

    def _along(self, iota: Op) -> int:
        loops = [k for k, axis in enumerate(self.space.axes) if axis.first == iota.attrs["axis"]]
        return loops[0] if loops else -1

    def _iota(self, b: Builder, op: Op, indices: list[Value], lanes: int | None) -> Value:
        dtype = op.result.type.dtype
        loop = self._along(op)
        index = indices[loop] if loop >= 0 else self.context.index(0)
        if lanes is not None:
            index = b.splat(index, lanes=lanes)
            if loop == len(indices) - 1:
                index = b.add(index, b.lane_iota(i64, lanes))
        return index if dtype is i64 else b.convert(index, dtype=dtype)


@cache
def _element(lanes: int | None) -> TensorType | VectorType:
    """A type with the shape of what is computed at once."""
    return TensorType(i64) if lanes is None else VectorType(i64, lanes)
