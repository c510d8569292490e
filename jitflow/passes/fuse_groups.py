"""Which ops are computed together: groups of one index space, in the order of what stands alone.

`fuse` says what joins what, and makes a kernel of each group.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from heapq import merge
from itertools import islice
from operator import attrgetter
from typing import Any

from jitflow.ir.core import Op, Value
from jitflow.ir.row import ROWS, Family
from jitflow.passes.lowering.across import reduced_axes
from jitflow.passes.lowering.reducers import lanes_for, reducer

GATHER = ROWS["gather"]
_SLICE = ROWS["slice"]

_MOVES = ("pad", "concatenate")
"""Rows that give new memory, and write into none that is there: a group may wait for them."""


@dataclass(eq=False)
class Group:
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


def is_free(op: Op) -> bool:
    """Constants of one number and iota: copied to where they are used."""
    if op.row.family is not Family.CREATION:
        return False
    if op.row.name == "iota":
        return True
    return op.attrs["value"].is_splat and op.result.type.dtype.kind != "c"


_position = attrgetter("position")

NEAR_GROUPS = 64
"""The last groups that share values with an op: of others none is asked whether it fits."""


def _lanes(op: Op) -> int | None:
    """Logical lanes of a reduction whose result they are part of, None of any other."""
    found = reducer(op)
    return lanes_for(found.bytes) if found.fixes_order else None


def _is_total(value: Value) -> bool:
    """Whether a value that a group computes is there only when all of the group is done."""
    return value.op is not None and value.op.row.family is Family.REDUCE


def _last_first(lists: Iterable[list[Group]]) -> Iterator[Group]:
    """The groups of several lists, each once, from the last position to the first."""
    last = None
    for group in merge(*map(reversed, lists), key=_position, reverse=True):
        if group is not last:
            yield group
        last = group


class Plan:
    """Assigns ops to items: a group, or one op that stands alone."""

    def __init__(
        self, max_ops: int, max_operands: int, in_turns: Collection[Value] = frozenset()
    ) -> None:
        self.max_ops = max_ops
        self.max_operands = max_operands
        self.in_turns = in_turns
        """What no reduction is computed with."""

        self.items: list[Group | Op | None] = []
        """None where a group stood that has moved."""

        self.last_fixed = -1
        """The last item that groups do not move behind."""

        self.has_free = False
        self.has_groups = False
        self.touching: dict[tuple[Any, ...], dict[Value, list[Group]]] = {}
        """By shape: the groups that take or compute a value, in the order of their positions."""
        self.owner: dict[Value, Group] = {}
        self.slices: dict[Value, Value] = {}
        """What slices, and slices of them, are parts of."""

        self.free: set[Value] = set()
        self.ready: dict[Value, int] = {}
        """The first item that may use a value that no group computes."""
        self.outside: set[Value] = set()
        """What groups compute that something beside them uses."""

    def place(self, op: Op) -> None:
        if is_free(op):
            self.free.add(op.result)
            self.ready[op.result] = -1
            self.has_free = self.has_free or bool(op.result.type.shape)
        elif op.row.family is Family.ELEMENTWISE or op.row is GATHER:
            self._join(op, op.result.type.shape, None)
        elif op.row.family is Family.REDUCE:
            self._join(op, op.operands[0].type.shape, reduced_axes(op))
        else:
            self._alone(op)

    def _earliest(self, op: Op) -> int:
        """The first item that may use the operands: their own groups may, but for totals."""
        earliest = -1
        for value in op.operands:
            group = self.owner.get(value)
            if group is None:
                at = self.ready.get(value, -1)
            else:
                at = group.position + (group.axes is not None and _is_total(value))
            if at > earliest:
                earliest = at
        if op.row is not GATHER or op.operands[0] not in self.owner:
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
            group = Group(len(self.items), shape)
            self.items.append(group)
            self.has_groups = True
        else:
            group = self._united(op, group)
        if axes is not None:
            group.axes, group.lanes = axes, _lanes(op) or group.lanes
        group.ops.append(op)
        outer = self._outer(op, group)
        if outer:
            self._read(outer)
            group.operands.update(outer)
            group.touched.update(outer)
            for value in (*outer, *self._sliced(outer)):
                self._touch(value, group)
        touching = self.touching.setdefault(shape, {})
        for value in op.results:
            group.touched.add(value)
            touching[value] = [group]
            self.owner[value] = group

    def _find(
        self, op: Op, shape: tuple[Any, ...], axes: tuple[int, ...] | None, earliest: int
    ) -> Group | None:
        for group in self._sharing(op, shape):
            if group.position < earliest and not self._can_move(group, op):
                return None
            if self._fits(op, group, axes):
                if group.position < earliest:
                    self._move(group)
                return group
        return None

    def _united(self, op: Op, group: Group) -> Group:
        """The group that an op joins, and with it those whose values nothing but the op reads."""
        for value in op.operands:
            other = self.owner.get(value)
            if other is None or other is group or self._may_not_unite(other, group, op):
                continue
            if op.row is not GATHER or value is not op.operands[0]:
                group = self._unite(other, group)
        return group

    def _may_not_unite(self, first: Group, second: Group, op: Op) -> bool:
        """Whether a group cannot move to where a later one stands, or there is no room for both."""
        if first.is_read or first.shape != second.shape or first.axes is not None or self.in_turns:
            return True
        if first.position <= self.last_fixed or len(first.ops) + len(second.ops) >= self.max_ops:
            return True
        operands = first.operands | second.operands
        taken = {v for v in op.operands if v not in first.touched and v not in second.touched}
        return len(operands | taken) > self.max_operands

    def _unite(self, first: Group, second: Group) -> Group:
        """One group where the second one stands; it is the larger of both, for the time it takes.
        """
        place, is_read, axes, lanes = second.position, second.is_read, second.axes, second.lanes
        kept, gone = (first, second) if len(first.ops) > len(second.ops) else (second, first)
        for group in (first, second):
            self._unlist(group)
        self.items[first.position], self.items[place] = None, kept
        kept.position, kept.is_read, kept.axes, kept.lanes = place, is_read, axes, lanes
        kept.ops = first.ops + second.ops
        kept.operands |= gone.operands
        kept.touched |= gone.touched
        for value in [value for op in gone.ops for value in op.results]:
            self.owner[value] = kept
            listed = self.touching[kept.shape][value]
            listed[listed.index(gone)] = kept
        for value in self._listed(kept):
            self._touch(value, kept)
        return kept

    def _listed(self, group: Group) -> set[Value]:
        """Where it is listed beside what it computes."""
        return {*group.operands, *self._sliced(group.operands)}

    def _unlist(self, group: Group) -> None:
        for value in self._listed(group):
            listed = self.touching[group.shape][value]
            del listed[bisect_left(listed, group.position, key=_position)]

    def _touch(self, value: Value, group: Group) -> None:
        groups = self.touching.setdefault(group.shape, {}).setdefault(value, [])
        at = bisect_left(groups, group.position, key=_position)
        if at == len(groups) or groups[at] is not group:
            groups.insert(at, group)

    def _sharing(self, op: Op, shape: tuple[Any, ...]) -> Iterable[Group]:
        """The groups of a shape that share values with the op, or slices of one, the last first."""
        touching = self.touching.get(shape)
        if touching is None:
            return ()
        shared = (*op.operands, *self._sliced(op.operands)) if self.slices else op.operands
        found = [groups for value in shared if (groups := touching.get(value)) is not None]
        if not found:
            return ()
        only = found[0][0]
        for groups in found:
            if len(groups) > 1 or groups[0] is not only:
                return islice(_last_first(found), NEAR_GROUPS)
        return (only,)

    def _sliced(self, values: Iterable[Value]) -> list[Value]:
        """What some of the values are slices of."""
        return [self.slices[v] for v in values if v in self.slices] if self.slices else []

    def _can_move(self, group: Group, op: Op) -> bool:
        """Whether a group may stand behind all items so far: nothing waits for it, nor does op."""
        if group.is_read or group.position <= self.last_fixed:
            return False
        if op.row is GATHER and self.owner.get(op.operands[0]) is group:
            return False
        made = [v.op for v in op.operands if v.op is not None and self.owner.get(v) is group]
        return all(maker.row.family is not Family.REDUCE for maker in made)

    def _move(self, group: Group) -> None:
        """Puts a group, of which nothing is read, behind all others; also where they are listed."""
        at, touching = group.position, self.touching[group.shape]
        lists = [groups for v in self._listed(group) if len(groups := touching[v]) > 1]
        for groups in lists:
            del groups[bisect_left(groups, at, key=_position)]
            groups.append(group)
        self.items[at] = None
        group.position = len(self.items)
        self.items.append(group)

    def _fits(self, op: Op, group: Group, axes: tuple[int, ...] | None) -> bool:
        if axes is not None and group.axes is not None and group.axes != axes:
            return False
        if self.in_turns and self._is_kept_apart(op, group, axes):
            return False
        lanes = _lanes(op) if axes is not None else None
        if lanes is not None and group.lanes is not None and group.lanes != lanes:
            return False
        if len(group.ops) >= self.max_ops:
            return False
        room = self.max_operands - len(group.operands)
        return room >= len(op.operands) or room >= len(self._outer(op, group))

    def _is_kept_apart(self, op: Op, group: Group, axes: tuple[int, ...] | None) -> bool:
        if axes is None:
            return group.axes is not None and op.result in self.in_turns
        return any(o.result in self.in_turns for o in group.ops)

    def _outer(self, op: Op, group: Group) -> set[Value]:
        """What the op takes from outside of a group; free ops are copied into it.

        A gather reads from anywhere in its first operand, which then is no element of the group's.
        """
        outer = {v for v in op.operands if v not in group.touched and v not in self.free}
        if op.row is GATHER and op.operands[0] not in group.touched:
            outer.add(op.operands[0])
        return outer
