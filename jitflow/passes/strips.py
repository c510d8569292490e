"""strips: a parallel loop around sequential ones goes inside of them, a strip at a time.

Owns where values wait between the parts of a body. Which loops are worth that: lowering/leaps.py.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from jitflow.ir.builder import Builder
from jitflow.ir.core import Function, Op, Region, Value
from jitflow.ir.row import ROWS
from jitflow.ir.types import BufferType
from jitflow.passes.lowering.apart import apart
from jitflow.passes.lowering.leaps import leaps, parallel_chain, strip_size
from jitflow.passes.lowering.rebuild import constant_int, copy_op
from jitflow.passes.lowering.work import trip_count
from jitflow.passes.rewrite import map_values

FEW_STRIPS = 16
"""Fewer strips leave threads to the runs of the loops in them."""

ROWS_AT_ONCE = 4
"""Sequential steps for each time that what they carry is read and written."""


def strips(
    function: Function, *, far: int = 4000, near: int = 500, least: int = 128,
    least_rows: int = 16,
) -> Function:
    """Runs sequential loops over strips of a parallel loop, where each step would leap in memory.

    Before: `loop (%k) {kind="parallel"} { %s: f32[] = loop (%i: i64[], %c: f32[]) {
            %x: f32[] = load %a, %i, %k ... yield %d } ... }`
    After:  `loop (%k) {step=1024} { loop (%i) { loop (%l) {kind="parallel"} { %c: f32[] = load
            %strip, %l ... store %d, %strip, %l } } ... }`
    far: bytes from one sequential step to the next from which on memory is not read ahead; near:
    the same for arrays of which the caches that are close do not hold much;
    least: elements of the parallel loop, of which fewer are overhead; least_rows: steps of the
    sequential loops, of which fewer are read ahead all at once.
    What a sequential loop carries waits in a strip of memory, as does what is computed before a
    loop and used after it. A last strip that is not whole moves back over the one before it, so
    that a loop that reads what it writes stays. No order of additions changes.
    Precondition: before `vectorize`; loop bounds of the parallel loop are constants.
    """
    sizes: dict[Op, int] = {}
    for op in function.body.owners:
        last = parallel_chain(op)[-1]
        if leaps(last, far, near, least_rows) and (size := strip_size(last, least)):
            sizes[op] = size
    if not sizes:
        return function
    builder = Builder(function.params)
    for op in function.ops:
        if op not in sizes:
            builder.append(op)
            continue
        builder.locations = op.locations
        _rebuild(builder, builder, parallel_chain(op), sizes[op])
    return function.with_body(builder.region(function.results))


def _rebuild(
    top: Builder, b: Builder, loops: Sequence[Op], size: int, times: int = 1
) -> None:
    """The outer loops as they are, and strips of the last one; `top` is the body of all."""
    first, *rest = loops
    if not rest:
        _Strips(top, first, size, times).emit(b)
        return
    inner = Builder(first.regions[0].params, first.locations)
    _rebuild(top, inner, rest, size, times * (trip_count(first) or 1))
    b.append(first.with_operands(first.operands, (inner.region(()),)))


class _Strips:
    """One loop under rewriting. Parts of its body between loops run over a strip each."""

    def __init__(self, builder: Builder, op: Op, size: int, times: int) -> None:
        self.builder = builder
        self.op = op
        self.size = size
        self.body = op.regions[0]
        self.index = self.body.params[0]
        self.varying: set[Value] = {self.index}
        self.parts: dict[Value, int] = {}
        """The part that computes a value."""
        self.strips: dict[Value, Value] = {}
        """Where a value waits that another part uses."""
        extent = constant_int(op.operands[1]) or 0
        few = times * -(-extent // size) < FEW_STRIPS
        self.apart = apart(self.body, times * extent) if few else None
        """The loop whose runs are done apart, as there are too few strips for threads."""
        self.in_fours: set[Value] = set()
        """Indices of loops that are multiples of ROWS_AT_ONCE."""
        self.run: Value | None = None
        """The number of the run, in loops over runs."""

    def emit(self, b: Builder) -> None:
        self._place(self.body)
        if self.apart is not None:
            for value in self.apart.between:
                if value.op is not None and value in self.varying and not value.op.regions:
                    self._wait(value)
        extent = constant_int(self.op.operands[1]) or 0
        whole = extent % self.size == 0

        def body(b: Builder, count: Value) -> tuple[Value, ...]:
            start = count if whole else b.minimum(count, b.index(extent - self.size))
            self._region(b, self.body, {self.index: start}, ())
            return ()

        kind = "parallel" if whole else "overlapping"
        b.loop(b.index(0), b.index(extent), body, (), self.size, kind)

    # Which values differ along the strip, and which of them wait.

    def _place(self, region: Region, part: int = 0) -> int:
        """Numbers the parts of a region from `part` on, and gives the number of its last one."""
        for op in region.ops:
            if op.row.name == "loop":
                self._use(op.operands[2:], part)
                inner = op.regions[0]
                if op.attrs["step"] % ROWS_AT_ONCE == 0 and self._in_fours(op.operands[0]):
                    self.in_fours.add(inner.params[0])
                for value in (*inner.params[1:], *op.results):
                    self.varying.add(value)
                    self.parts[value] = -1
                last = self._place(inner, part + 1)
                self._use(inner.results, last)
                part = last + 1
            elif not self.varying.isdisjoint(op.operands):
                self._use(op.operands, part)
                self.varying.update(op.results)
                self.parts.update(dict.fromkeys(op.results, part))
        return part

    def _use(self, values: Sequence[Value], part: int) -> None:
        for value in values:
            if self.parts.get(value, part) != part:
                self._wait(value)

    def _wait(self, value: Value) -> Value:
        """The strip of a value."""
        strip = self.strips.get(value)
        if strip is None:
            runs = self._runs(value)
            type = BufferType(value.type.dtype, (*runs, self.size), None, "temp")
            made = self.builder.emit(ROWS["alloc"], (), {"type": type})
            made.result.name = "partial" if runs else "strip"
            strip = self.strips[value] = made.result
        return strip

    def _runs(self, value: Value) -> tuple[int, ...]:
        """How many strips a value has, where each run has its own."""
        if self.apart is None:
            return ()
        shared = self.apart.between
        for op in self.apart.loop.regions[0].ops:
            if op.regions and value in op.regions[0].params[1:]:
                number = op.regions[0].params.index(value) - 1
                value = op.results[number]
        return (trip_count(self.apart.loop) or 0,) if value in shared else ()

    def _at(self, strip: Value, count: Value) -> tuple[Value, ...]:
        """The place of an element in a strip."""
        return (count,) if strip.type.rank == 1 or self.run is None else (self.run, count)

    # The new body.

    def _region(
        self, b: Builder, region: Region, outer: dict[Value, Value], targets: Sequence[Value],
        without: frozenset[Op] = frozenset(),
    ) -> None:
        """The region's ops over the strip; its results go to the strips `targets`.

        without: ops to leave out, but for what is the same all along the strip.
        """
        new, ops = dict(outer), list[Op]()
        for op in region.ops:
            b.locations = op.locations
            is_same = self.varying.isdisjoint(op.results) and bool(op.results)
            if op in without and not is_same:
                continue
            if op.row.name == "loop":
                carried = [self._wait(v) for v in op.regions[0].params[1:]]
                self._part(b, ops, new, list(zip(op.operands[2:], carried, strict=True)))
                ops = []
                self._loop(b, op, new, carried)
            elif is_same:
                again = b.append(op.with_operands(map_values(op.operands, new), ()))
                new.update(zip(op.results, again.results, strict=True))
            else:
                ops.append(op)
        moves = list(zip(region.results, targets, strict=True)) if targets else []
        self._part(b, ops, new, moves)

    def _loop(
        self, b: Builder, op: Op, outer: dict[Value, Value], carried: Sequence[Value]
    ) -> None:
        """What it carries ends where its results wait: in the same strips."""
        inner = op.regions[0]
        lower, upper = (outer.get(v, v) for v in op.operands[:2])
        self.strips.update(zip(op.results, carried, strict=True))

        def body(b: Builder, index: Value) -> tuple[Value, ...]:
            self._region(b, inner, {**outer, inner.params[0]: index}, carried)
            return ()

        if self.apart is not None and op is self.apart.loop:
            self._runs_apart(b, op, outer, carried)
            return

        def rows(b: Builder, index: Value) -> tuple[Value, ...]:
            self._rows(b, op, outer, index, carried)
            return ()

        if op.attrs["step"] == 1 and not any(o.regions for o in inner.ops):
            middle = _whole_steps(b, lower, upper)
            b.loop(lower, middle, rows, (), ROWS_AT_ONCE)
            lower = middle
            if all(map(self._in_fours, op.operands[:2])):
                return
        if constant_int(lower) is None or constant_int(lower) != constant_int(upper):
            b.loop(lower, upper, body, (), op.attrs["step"])

    def _in_fours(self, value: Value) -> bool:
        """Whether a bound of a loop is known to be a multiple of ROWS_AT_ONCE."""
        number, op = constant_int(value), value.op
        if number is not None:
            return number % ROWS_AT_ONCE == 0
        if op is None:
            return value in self.in_fours
        return op.row.name in ("add", "minimum") and all(map(self._in_fours, op.operands))

    def _runs_apart(
        self, b: Builder, op: Op, outer: dict[Value, Value], carried: Sequence[Value]
    ) -> None:
        """Every run by itself, into strips of its own, then what combines them."""
        assert self.apart is not None
        inner, combines = op.regions[0], self.apart.combines
        others = frozenset(o for o in inner.ops if o not in combines)

        def over_runs(
            leave: frozenset[Op], targets: Sequence[Value]
        ) -> Callable[[Builder, Value], tuple[Value, ...]]:
            def body(b: Builder, number: Value) -> tuple[Value, ...]:
                self.run = number
                index = b.mul(number, b.index(op.attrs["step"]))
                self._region(b, inner, {**outer, inner.params[0]: index}, targets, leave)
                self.run = None
                return ()

            return body

        end = b.index(trip_count(op) or 0)
        b.loop(b.index(0), end, over_runs(combines, ()), kind="parallel")
        b.loop(b.index(0), end, over_runs(others, carried))

    def _rows(
        self, b: Builder, op: Op, outer: dict[Value, Value], index: Value, carried: Sequence[Value]
    ) -> None:
        """Some steps of an innermost loop at once: what it carries waits after the last of them."""
        inner = op.regions[0]
        steps = [b.add(index, b.index(k)) if k else index for k in range(ROWS_AT_ONCE)]

        def body(b: Builder, count: Value) -> tuple[Value, ...]:
            column = b.add(count, outer[self.index])
            state = [b.load(strip, *self._at(strip, count)) for strip in carried]
            for step in steps:
                new = {**outer, self.index: column, inner.params[0]: step}
                new.update(zip(inner.params[1:], state, strict=True))
                for nested in inner.ops:
                    b.locations = nested.locations
                    self._fetch(b, nested.operands, new, count)
                    operands = map_values(nested.operands, new)
                    again = b.append(nested.with_operands(operands, ()))
                    new.update(zip(nested.results, again.results, strict=True))
                self._fetch(b, inner.results, new, count)
                state = [new.get(v, v) for v in inner.results]
            for value, strip in zip(state, carried, strict=True):
                b.store(value, strip, *self._at(strip, count))
            return ()

        b.loop(b.index(0), b.index(self.size), body, kind="parallel")

    def _part(
        self, b: Builder, ops: Sequence[Op], outer: dict[Value, Value],
        moves: Sequence[tuple[Value, Value]],
    ) -> None:
        """One loop over the strip: the ops, then values into strips, all read before any is."""
        if not ops and not moves:
            return

        def body(b: Builder, count: Value) -> tuple[Value, ...]:
            new = {**outer, self.index: b.add(count, outer[self.index])}
            for op in ops:
                b.locations = op.locations
                self._fetch(b, op.operands, new, count)
                copy_op(b, op, new, lambda *_: False)
            self._fetch(b, [value for value, _ in moves], new, count)
            for op in ops:
                for value in op.results:
                    if value in self.strips:
                        strip = self.strips[value]
                        b.store(new.get(value, value), strip, *self._at(strip, count))
            for value, strip in moves:
                b.store(new.get(value, value), strip, *self._at(strip, count))
            return ()

        b.loop(b.index(0), b.index(self.size), body, kind="parallel")

    def _fetch(
        self, b: Builder, values: Sequence[Value], new: dict[Value, Value], count: Value
    ) -> None:
        """Loads what other parts computed."""
        for value in values:
            if value in self.strips and value not in new:
                strip = self.strips[value]
                new[value] = b.load(strip, *self._at(strip, count))


def _whole_steps(b: Builder, lower: Value, upper: Value) -> Value:
    """Where the last of as many whole steps of ROWS_AT_ONCE as fit ends."""
    first, last = constant_int(lower), constant_int(upper)
    if first is not None and last is not None:
        return b.index(first + max(last - first, 0) // ROWS_AT_ONCE * ROWS_AT_ONCE)
    whole = b.and_(b.sub(upper, lower), b.index(-ROWS_AT_ONCE))
    return b.maximum(b.add(lower, whole), lower)
