"""halos: several rolls of one array become slices of it between copies of its ends."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from math import prod

from jitflow.ir.builder import Builder
from jitflow.ir.core import Function, Op, Value
from jitflow.ir.row import ROWS, Family
from jitflow.passes.rewrite import Sweep

_CONCATENATE = ROWS["concatenate"]
_SLICE = ROWS["slice"]


def halos(function: Function, *, least: int = 4096) -> Function:
    """Makes one array with a halo of two and more rolls along an axis, as stencils have them.

        %0 = slice %u {start=[99], ..}  %1 = slice %u {stop=[99], ..}  %2 = concatenate %0, %1
        %3 = slice %u {start=[1], ..}   %4 = slice %u {stop=[1], ..}   %5 = concatenate %3, %4
    becomes
        %6 = slice %u {start=[99], ..}  %7 = slice %u {stop=[1], ..}
        %8 = concatenate %6, %u, %7     %2 = slice %8 {start=[0], ..}  %5 = slice %8 {start=[2], ..}

    least: elements of the array, of which fewer are not worth it. What is used other than by
    elementwise ops and rolls stays, since the order of additions may depend on where it lies.
    Precondition: static shapes; in front of `fuse`, which reads slices where they are.
    """
    if _CONCATENATE not in function.contents.rows:
        return function
    if sum(op.row is _CONCATENATE for op in function.ops) < 2:
        return function
    wanted = _wanted(function, least)
    return _Halos(wanted).function(function) if wanted else function


@dataclass(frozen=True)
class _Roll:
    """result[i] = source[(i + shift) % extent] along the axis; near 0 on either side."""

    source: Value
    axis: int
    shift: int

    @property
    def line(self) -> tuple[Value, int]:
        return self.source, self.axis


def _roll(op: Op) -> _Roll | None:
    """What a concatenation rolls, if it does."""
    if op.row is not _CONCATENATE or len(op.operands) != 2:
        return None
    back, front = (v.op for v in op.operands)
    if back is None or front is None or back.row is not _SLICE or front.row is not _SLICE:
        return None
    (source,), axis = back.operands, op.attrs["axis"]
    shape = source.type.shape
    if front.operands[0] is not source or op.result.type.shape != shape:
        return None
    shift, extent = back.attrs["start"][axis], shape[axis]
    whole = [(0, n, 1) for n in shape]
    for part, ends in ((back, (shift, extent, 1)), (front, (0, shift, 1))):
        bounds = zip(part.attrs["start"], part.attrs["stop"], part.attrs["step"], strict=True)
        if list(bounds) != [*whole[:axis], ends, *whole[axis + 1 :]]:
            return None
    return _Roll(source, axis, shift if 2 * shift <= extent else shift - extent)


def _wanted(function: Function, least: int) -> dict[Op, tuple[_Roll, int, int]]:
    """The rolls to replace, with how far the array is extended in front and behind."""
    rolls = {op: roll for op in function.ops if (roll := _roll(op)) is not None}
    users: dict[Value, list[Op]] = defaultdict(list)
    for op in function.ops:
        for value in op.operands:
            users[value].append(op)
    results = set(function.results)
    lines: dict[tuple[Value, int], list[Op]] = defaultdict(list)
    for op, roll in rolls.items():
        if op.result not in results and _is_pointwise(op, users, rolls, results):
            lines[roll.line].append(op)
    found = {}
    for (source, axis), ops in lines.items():
        shifts = {rolls[op].shift for op in ops}
        low, high = max(0, -min(shifts)), max(0, max(shifts))
        shape = source.type.shape
        if len(shifts) > 1 and prod(shape) >= least and 4 * (low + high) <= shape[axis]:
            found.update({op: (rolls[op], low, high) for op in ops})
    return found


def _is_pointwise(
    op: Op, users: dict[Value, list[Op]], rolls: dict[Op, _Roll], results: set[Value]
) -> bool:
    """Whether elementwise ops, and rolls, are all that uses a roll."""
    for user in users[op.result]:
        if user.row.family is Family.ELEMENTWISE:
            continue
        is_part = user.row is _SLICE and user.result not in results
        if not is_part or not all(other in rolls for other in users[user.result]):
            return False
    return True


class _Halos(Sweep):
    def __init__(self, wanted: dict[Op, tuple[_Roll, int, int]]) -> None:
        super().__init__()
        self.wanted = wanted
        self.made: dict[tuple[Value, int], Value] = {}

    def visit(self, op: Op) -> None:
        if op not in self.wanted:
            super().visit(op)
            return
        roll, low, high = self.wanted[op]
        b = Builder(locations=op.locations)
        if roll.line not in self.made:
            source = self.values.get(roll.source, roll.source)
            self.made[roll.line] = _with_halo(b, source, roll.axis, low, high)
        extent = roll.source.type.shape[roll.axis]
        start = low + roll.shift
        part = _along(b, self.made[roll.line], roll.axis, start, start + extent)
        part.name = op.result.name
        self.out.extend(b.ops)
        self.replace(op, [part])


def _with_halo(b: Builder, source: Value, axis: int, low: int, high: int) -> Value:
    extent = source.type.shape[axis]
    parts = [source]
    if low:
        parts.insert(0, _along(b, source, axis, extent - low, extent))
    if high:
        parts.append(_along(b, source, axis, 0, high))
    return b.concatenate(*parts, axis=axis)


def _along(b: Builder, x: Value, axis: int, start: int, stop: int) -> Value:
    """The part of an array from `start` to `stop` along the axis."""
    first, last = [0] * x.type.rank, list(x.type.shape)
    first[axis], last[axis] = start, stop
    return b.slice(x, start=tuple(first), stop=tuple(last), step=(1,) * x.type.rank)
