"""fuse: groups elementwise ops and reductions over one index space into `kernel` ops.

Decides what is computed together, and nothing else: loops, vectors and buffers come later.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from operator import attrgetter
from typing import Any

from jitflow.ir.builder import Builder
from jitflow.ir.core import Function, Op, Region, Value
from jitflow.ir.location import unite_all
from jitflow.ir.row import ROWS, Family
from jitflow.passes.lowering.reducers import lanes_for, reducer
from jitflow.passes.rewrite import count_uses

_GATHER = ROWS["gather"]
_SLICE = ROWS["slice"]

_MOVES = ("pad", "concatenate")
"""Rows that give new memory, and write into none that is there: a group may wait for them."""


def fuse(function: Function, *, max_ops: int = 4000, max_operands: int = 48) -> Function:
    """Puts ops that share an index space, and values or operands, into `kernel` ops.

    An elementwise op joins the last group of its shape that comes after all of its operands and
    that it shares a value with, or slices of one value; a reduction joins as what ends the group,
    all of one group over equal axes, and sums and products of floats with as many lanes, which
    are part of what they compute. A gather of single elements joins like an elementwise op, after
    what it reads from is whole. A group that nothing has read yet waits for arrays that are put
    together behind it. Views, matrix products and moves stay between kernels; constants of one
    number and iota are copied into each kernel that uses them, and filled anew for each op that
    writes into them. A group has at most `max_ops` ops, and at most `max_operands` values come
    into it.

    Before: `%1: f32[8] = mul %x, %y`, `%2: f32[8] = exp %1`
    After:  `%2: f32[8] = kernel %x, %y {kind="loop"} (%a: f32[8], %b: f32[8]) { ... yield %1 }`
    Precondition: flattened reductions, no calls.
    """
    plan = _Plan(max_ops, max_operands)
    for op in function.ops if len(function.ops) <= max_ops else _late(function):
        plan.place(op)
    if not plan.has_groups and not plan.has_free:
        return function
    return _Emitter(function, plan).run()


def _late(function: Function) -> list[Op]:
    """The ops, those of one use and one operand at most that is no constant next to that use.

    Where groups are full, the next ones then need few values of those before.
    """
    ops = function.ops
    uses = count_uses(function)
    place: dict[Value, int] = {}
    """Of the op that a value of one use goes to."""
    found: list[int] = []
    for position in reversed(range(len(ops))):
        op = ops[position]
        at = position
        if op.row.family is Family.ELEMENTWISE and uses[op.result] == 1:
            needed = [v for v in op.operands if v.op is None or not _is_free(v.op)]
            at = place.get(op.result, position) if len(set(needed)) < 2 else position
        found.append(at)
        place.update(dict.fromkeys(op.operands, at))
    found.reverse()
    return [ops[k] for k in sorted(range(len(ops)), key=found.__getitem__)]


@dataclass(eq=False)
class _Group:
    """Ops that become one kernel; `position` is its place in the order of items."""

    position: int
    shape: tuple[Any, ...]
    axes: tuple[int, ...] | None = None
    lanes: int | None = None
    is_read: bool = False
    """Whether anything else takes what the ops compute."""

    ops: list[Op] = field(default_factory=list)
    operands: set[Value] = field(default_factory=set)
    touched: set[Value] = field(default_factory=set)
    """The operands, and what the ops compute."""


def _is_free(op: Op) -> bool:
    """Constants of one number and iota: copied to where they are used."""
    if op.row.family is not Family.CREATION:
        return False
    if op.row.name == "iota":
        return True
    return op.attrs["value"].is_splat and op.result.type.dtype.kind != "c"


def _is_filled_for(op: Op, value: Value) -> bool:
    """Whether the op may write into a constant, which then is an array that nothing else reads."""
    if op.row.family is not Family.INDEXING or value is not op.operands[0] or value.op is None:
        return False
    return bool(value.type.shape) and _is_free(value.op)


def _is_spread_for(op: Op, value: Value) -> bool:
    """Whether the op reads a constant, of which one number will do, element by element."""
    if op.row.name != "scatter" or value is op.operands[0] or value.op is None:
        return False
    return _is_free(value.op) and value.op.row.name == "constant"


_position = attrgetter("position")


def _axes(op: Op) -> tuple[int, ...]:
    return op.attrs["axes"] if "axes" in op.attrs else (op.attrs["axis"],)


def _lanes(op: Op) -> int | None:
    """Logical lanes of a reduction whose result they are part of, None of any other."""
    found = reducer(op)
    return lanes_for(found.bytes) if found.fixes_order else None


class _Plan:
    """Assigns ops to items: a group, or one op that stands alone."""

    def __init__(self, max_ops: int, max_operands: int) -> None:
        self.max_ops = max_ops
        self.max_operands = max_operands
        self.items: list[_Group | Op | None] = []
        """None where a group stood that has moved."""

        self.last_fixed = -1
        """The last item that groups do not move behind."""

        self.has_free = False
        self.has_groups = False
        self.touching: dict[Value, list[_Group]] = {}
        """The groups that take or compute a value."""
        self.owner: dict[Value, _Group] = {}
        self.slices: dict[Value, Value] = {}
        """What slices, and slices of them, are parts of."""

        self.free: set[Value] = set()
        self.ready: dict[Value, int] = {}
        """The first item that may use a value."""
        self.outside: set[Value] = set()
        """What groups compute that something beside them uses."""

    def place(self, op: Op) -> None:
        if _is_free(op):
            self.free.add(op.result)
            self.ready[op.result] = -1
            self.has_free = self.has_free or bool(op.result.type.shape)
        elif op.row.family is Family.ELEMENTWISE or op.row is _GATHER:
            self._join(op, op.result.type.shape, None)
        elif op.row.family is Family.REDUCE:
            self._join(op, op.operands[0].type.shape, _axes(op))
        else:
            self._alone(op)

    def _earliest(self, op: Op) -> int:
        earliest = -1
        for value in op.operands:
            at = self.ready.get(value, -1)
            if at > earliest:
                earliest = at
        if op.row is not _GATHER or op.operands[0] not in self.owner:
            return earliest
        return max(earliest, self.owner[op.operands[0]].position + 1)

    def _alone(self, op: Op) -> None:
        """A view is placed on demand; anything else is an item of its own."""
        if op.row.family is Family.VIEW and op.row.name not in ("pad", "concatenate", "complex"):
            at = self._after_groups(op)
        else:
            at = len(self.items)
            self.items.append(op)
            if op.row.name not in _MOVES:
                self.last_fixed = at
        self._read(op.operands)
        if op.row is _SLICE:
            (source,) = op.operands
            self.slices[op.result] = self.slices.get(source, source)
        for value in op.results:
            self.ready[value] = at + 1

    def _after_groups(self, op: Op) -> int:
        """The item after which a view of the operand exists."""
        made_by = self.owner.get(op.operands[0])
        return made_by.position if made_by is not None else self._earliest(op) - 1

    def _read(self, values: Iterable[Value]) -> None:
        """Notes that something beside their groups uses values."""
        for value in values:
            group = self.owner.get(value)
            if group is not None:
                group.is_read = True
                self.outside.add(value)

    def _join(self, op: Op, shape: tuple[Any, ...], axes: tuple[int, ...] | None) -> None:
        earliest = self._earliest(op)
        group = self._find(op, shape, axes, earliest)
        if group is None:
            group = _Group(len(self.items), shape)
            self.items.append(group)
            self.has_groups = True
        if axes is not None:
            group.axes, group.lanes = axes, _lanes(op) or group.lanes
        group.ops.append(op)
        outer = self._outer(op, group)
        if outer:
            self._read(outer)
            group.operands.update(outer)
            group.touched.update(outer)
            for value in (*outer, *self._sliced(outer)):
                self.touching.setdefault(value, []).append(group)
        for value in op.results:
            group.touched.add(value)
            self.touching[value] = [group]
            self.owner[value] = group
            self.ready[value] = group.position + (axes is not None)

    def _find(
        self, op: Op, shape: tuple[Any, ...], axes: tuple[int, ...] | None, earliest: int
    ) -> _Group | None:
        shared = (*op.operands, *self._sliced(op.operands)) if self.slices else op.operands
        found: list[_Group] = []
        for value in shared:
            for group in self.touching.get(value, ()):
                if group.shape == shape and group not in found:
                    found.append(group)
        if len(found) > 1:
            found.sort(key=_position, reverse=True)
        for group in found:
            if group.position < earliest and not self._can_move(group, op):
                return None
            if self._fits(op, group, axes):
                if group.position < earliest:
                    self._move(group)
                return group
        return None

    def _sliced(self, values: Iterable[Value]) -> list[Value]:
        """What some of the values are slices of."""
        return [self.slices[v] for v in values if v in self.slices] if self.slices else []

    def _can_move(self, group: _Group, op: Op) -> bool:
        """Whether a group may stand behind all items so far: nothing waits for it, nor does op."""
        if group.is_read or group.position <= self.last_fixed:
            return False
        if op.row is _GATHER and self.owner.get(op.operands[0]) is group:
            return False
        made = [v.op for v in op.operands if v.op is not None and self.owner.get(v) is group]
        return all(maker.row.family is not Family.REDUCE for maker in made)

    def _move(self, group: _Group) -> None:
        self.items[group.position] = None
        group.position = len(self.items)
        self.items.append(group)
        for op in group.ops:
            for value in op.results:
                self.ready[value] = group.position + (op.row.family is Family.REDUCE)

    def _fits(self, op: Op, group: _Group, axes: tuple[int, ...] | None) -> bool:
        if axes is not None and group.axes is not None and group.axes != axes:
            return False
        lanes = _lanes(op) if axes is not None else None
        if lanes is not None and group.lanes is not None and group.lanes != lanes:
            return False
        if len(group.ops) >= self.max_ops:
            return False
        room = self.max_operands - len(group.operands)
        return room >= len(op.operands) or room >= len(self._outer(op, group))

    def _outer(self, op: Op, group: _Group) -> set[Value]:
        """What the op takes from outside of a group; free ops are copied into it.

        A gather reads from anywhere in its first operand, which then is no element of the group's.
        """
        outer = {v for v in op.operands if v not in group.touched and v not in self.free}
        if op.row is _GATHER and op.operands[0] not in group.touched:
            outer.add(op.operands[0])
        return outer


class _Emitter:
    """Writes the new function: items in order, views and constants where first needed."""

    def __init__(self, function: Function, plan: _Plan) -> None:
        self.function = function
        self.plan = plan
        self.builder = Builder(function.params)
        self.new: dict[Value, Value] = {}
        self.emitted: set[Op] = set()
        self.outside = plan.outside.union(function.results)

    def run(self) -> Function:
        for item in self.plan.items:
            if isinstance(item, _Group):
                self._kernel(item)
            elif item is not None:
                self._copy(item)
        for value in self.function.results:
            self._need(value)
        results = [self.new.get(v, v) for v in self.function.results]
        return self.function.with_body(self.builder.region(results))

    def _need(self, value: Value) -> None:
        """Emits the views and constants that a value is made of, operands first."""
        chain, op = [], value.op
        while op is not None and op not in self.emitted and value not in self.plan.owner:
            chain.append(op)
            if not op.operands:
                break
            value = op.operands[0]
            op = value.op
        for op in reversed(chain):
            self._emit(op)

    def _copy(self, op: Op) -> None:
        for value in op.operands:
            if value.op is not None and _is_filled_for(op, value):
                self._fill(value.op)
            elif value.op is not None and _is_spread_for(op, value):
                self._spread(value.op)
            else:
                self._need(value)
        self._emit(op)

    def _spread(self, op: Op) -> None:
        """One number in memory, unless somebody needed the whole array."""
        if op not in self.emitted:
            made = self.builder.emit(op.row, (), op.attrs, locations=op.locations)
            self.new[op.results[0]] = made.result

    def _emit(self, op: Op) -> None:
        """One op outside kernels; a splat constant that is needed whole becomes a kernel."""
        self.emitted.add(op)
        if _is_free(op) and op.result.type.shape:
            self._fill(op)
            return
        operands = tuple(self.new.get(v, v) for v in op.operands)
        if operands == op.operands:
            self.builder.append(op)
            return
        moved = self.builder.append(op.with_operands(operands, op.regions))
        self.new.update(zip(op.results, moved.results, strict=True))

    def _fill(self, op: Op) -> None:
        inner = Builder(locations=op.locations)
        inside = inner.emit(op.row, (), op.attrs)
        region = inner.region(inside.results)
        made = self.builder.emit(ROWS["kernel"], (), {"kind": "loop"}, (region,), op.locations)
        made.result.name = op.result.name
        self.new[op.result] = made.result

    def _kernel(self, group: _Group) -> None:
        outputs = [v for op in group.ops for v in op.results if v in self.outside]
        if not outputs:
            return
        inside = _Inside()
        whole = {op.operands[0] for op in group.ops if op.row is _GATHER}
        for op in group.ops:
            for value in op.operands:
                if value in inside.new:
                    continue
                if value in self.plan.free and value not in whole and value.op is not None:
                    inside.copy(value.op)
                else:
                    self._need(value)
                    inside.take(value)
            inside.add(op)
        operands = tuple([self.new.get(v, v) for v in inside.inputs])
        kind = "loop" if group.axes is None else "reduce"
        made = self.builder.emit(
            ROWS["kernel"], operands, {"kind": kind}, (inside.region(outputs),),
            unite_all(op.locations for op in group.ops),
        )
        for old, value in zip(outputs, made.results, strict=True):
            value.name = old.name
            self.new[old] = value


class _Inside:
    """The region of a kernel: what it takes, constants that are copied in, and its ops."""

    def __init__(self) -> None:
        self.new: dict[Value, Value] = {}
        self.inputs: list[Value] = []
        self.params: list[Value] = []
        self.copied: list[Op] = []
        self.ops: list[Op] = []

    def take(self, value: Value) -> None:
        """A value from around it, as a parameter."""
        param = self.new[value] = Value(value.type, value.name)
        self.inputs.append(value)
        self.params.append(param)

    def copy(self, op: Op) -> None:
        """A constant, which stands in front."""
        fresh = op.with_operands((), ())
        self.new[op.results[0]] = fresh.results[0]
        self.copied.append(fresh)

    def add(self, op: Op) -> None:
        """An op of the group, on what is inside."""
        fresh = op.with_operands(tuple([self.new[v] for v in op.operands]), op.regions)
        self.new.update(zip(op.results, fresh.results, strict=True))
        self.ops.append(fresh)

    def region(self, results: list[Value]) -> Region:
        return Region(self.params, self.copied + self.ops, [self.new[v] for v in results])
