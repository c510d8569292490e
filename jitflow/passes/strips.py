"""strips: a parallel loop around sequential ones goes inside of them, a strip at a time.

Owns where values wait between the parts of a body. Which loops are worth that: lowering/leaps.py.
"""

from __future__ import annotations

from collections.abc import Sequence

from jitflow.ir.builder import Builder
from jitflow.ir.core import Function, Op, Region, Value
from jitflow.ir.row import ROWS
from jitflow.ir.types import BufferType
from jitflow.passes.lowering.leaps import leaps, parallel_chain, strip_size
from jitflow.passes.lowering.rebuild import constant_int, copy_op
from jitflow.passes.rewrite import map_values, rebuild_op

ROWS_AT_ONCE = 4
"""Sequential steps for each time that what they carry is read and written."""


def strips(
    function: Function, *, far: int = 4000, least: int = 128, least_rows: int = 16
) -> Function:
    """Runs sequential loops over strips of a parallel loop, where each step would leap in memory.

    Before: `loop (%k) {kind="parallel"} { %s: f32[] = loop (%i: i64[], %c: f32[]) {
            %x: f32[] = load %a, %i, %k ... yield %d } ... }`
    After:  `loop (%k) {step=1024} { loop (%i) { loop (%l) {kind="parallel"} { %c: f32[] = load
            %strip, %l ... store %d, %strip, %l } } ... }`
    far: bytes from one sequential step to the next from which on memory is not read ahead;
    least: elements of the parallel loop, of which fewer are overhead; least_rows: steps of the
    sequential loops, of which fewer are read ahead all at once.
    What a sequential loop carries waits in a strip of memory, as does what is computed before a
    loop and used after it. A last strip that is not whole moves back over the one before it, so
    that a loop that reads what it writes stays. No order of additions changes.
    Precondition: before `vectorize`; loop bounds of the parallel loop are constants.
    """
    builder, changed = Builder(function.params), False
    for op in function.ops:
        loops = parallel_chain(op)
        size = 0
        if leaps(loops[-1], far, least_rows):
            size = strip_size(loops[-1], least)
        if not size:
            builder.append(op)
            continue
        builder.locations = op.locations
        _rebuild(builder, builder, loops, size)
        changed = True
    return function.with_body(builder.region(function.results)) if changed else function


def _rebuild(top: Builder, b: Builder, loops: Sequence[Op], size: int) -> None:
    """The outer loops as they are, and strips of the last one; `top` is the body of all."""
    first, *rest = loops
    if not rest:
        _Strips(top, first, size).emit(b)
        return
    inner = Builder(first.regions[0].params, first.locations)
    _rebuild(top, inner, rest, size)
    b.append(rebuild_op(first, first.operands, (inner.region(()),)))


class _Strips:
    """One loop under rewriting. Parts of its body between loops run over a strip each."""

    def __init__(self, builder: Builder, op: Op, size: int) -> None:
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

    def emit(self, b: Builder) -> None:
        self._place(self.body)
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
            type = BufferType(value.type.dtype, (self.size,), None, "temp")
            made = self.builder.emit(ROWS["alloc"], (), {"type": type})
            made.result.name = "strip"
            strip = self.strips[value] = made.result
        return strip

    # The new body.

    def _region(
        self, b: Builder, region: Region, outer: dict[Value, Value], targets: Sequence[Value]
    ) -> None:
        """The region's ops over the strip; its results go to the strips `targets`."""
        new, ops = dict(outer), list[Op]()
        for op in region.ops:
            b.locations = op.locations
            if op.row.name == "loop":
                carried = [self._wait(v) for v in op.regions[0].params[1:]]
                self._part(b, ops, new, list(zip(op.operands[2:], carried, strict=True)))
                ops = []
                self._loop(b, op, new, carried)
            elif self.varying.isdisjoint(op.results) and op.results:
                copy_op(b, op, new, lambda *_: False)
            else:
                ops.append(op)
        self._part(b, ops, new, list(zip(region.results, targets, strict=True)))

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

        def rows(b: Builder, index: Value) -> tuple[Value, ...]:
            self._rows(b, op, outer, index, carried)
            return ()

        if op.attrs["step"] == 1 and not any(o.regions for o in inner.ops):
            middle = _whole_steps(b, lower, upper)
            b.loop(lower, middle, rows, (), ROWS_AT_ONCE)
            lower = middle
        if constant_int(lower) is None or constant_int(lower) != constant_int(upper):
            b.loop(lower, upper, body, (), op.attrs["step"])

    def _rows(
        self, b: Builder, op: Op, outer: dict[Value, Value], index: Value, carried: Sequence[Value]
    ) -> None:
        """Some steps of an innermost loop at once: what it carries waits after the last of them."""
        inner = op.regions[0]
        steps = [b.add(index, b.index(k)) if k else index for k in range(ROWS_AT_ONCE)]

        def body(b: Builder, count: Value) -> tuple[Value, ...]:
            column = b.add(count, outer[self.index])
            state = [b.load(strip, count) for strip in carried]
            for step in steps:
                new = {**outer, self.index: column, inner.params[0]: step}
                new.update(zip(inner.params[1:], state, strict=True))
                for nested in inner.ops:
                    b.locations = nested.locations
                    self._fetch(b, nested.operands, new, count)
                    operands = map_values(nested.operands, new)
                    again = b.append(rebuild_op(nested, operands, ()))
                    new.update(zip(nested.results, again.results, strict=True))
                self._fetch(b, inner.results, new, count)
                state = [new.get(v, v) for v in inner.results]
            for value, strip in zip(state, carried, strict=True):
                b.store(value, strip, count)
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
                        b.store(new.get(value, value), self.strips[value], count)
            for value, strip in moves:
                b.store(new.get(value, value), strip, count)
            return ()

        b.loop(b.index(0), b.index(self.size), body, kind="parallel")

    def _fetch(
        self, b: Builder, values: Sequence[Value], new: dict[Value, Value], count: Value
    ) -> None:
        """Loads what other parts computed."""
        for value in values:
            if value in self.strips and value not in new:
                new[value] = b.load(self.strips[value], count)


def _whole_steps(b: Builder, lower: Value, upper: Value) -> Value:
    """Where the last of as many whole steps of ROWS_AT_ONCE as fit ends."""
    first, last = constant_int(lower), constant_int(upper)
    if first is not None and last is not None:
        return b.index(first + max(last - first, 0) // ROWS_AT_ONCE * ROWS_AT_ONCE)
    whole = b.and_(b.sub(upper, lower), b.index(-ROWS_AT_ONCE))
    return b.maximum(b.add(lower, whole), lower)
