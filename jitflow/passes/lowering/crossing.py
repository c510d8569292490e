"""Loads across the lines of memory: along one loop they leap, along another they are dense.

Owns which nests have such loads that can be read block by block. Knows no block.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from jitflow.forks import computed
from jitflow.ir.buffers import base_of
from jitflow.ir.core import Op, Region, Value, walk
from jitflow.ir.types import VectorType
from jitflow.passes.lowering.footprint import address
from jitflow.passes.lowering.rebuild import constant_int
from jitflow.passes.lowering.varying import can_widen


@dataclass(frozen=True)
class Crossing:
    """A load that leaps along the loop of `column`, which has `extent` steps."""

    load: Op
    column: Value
    extent: int

    @property
    def itemsize(self) -> int:
        return int(self.load.result.type.dtype.itemsize)


@dataclass(frozen=True)
class Nest:
    """Parallel loops, outermost first, and the number of that along which `crossing` is dense.

    Each loop holds nothing but the next. The last one holds elementwise work, and is the one that
    leaps; or whatever there is, with loops of such work in it.
    """

    loops: tuple[Op, ...]
    outer: int
    crossing: tuple[Crossing, ...]

    @computed
    def is_perfect(self) -> bool:
        return self.crossing[0].column is self.indices[-1]

    @computed
    def body(self) -> Region:
        return self.loops[-1].regions[0]

    @computed
    def indices(self) -> list[Value]:
        return [_index(loop) for loop in self.loops]

    @computed
    def extents(self) -> list[int]:
        return [_extent(loop) for loop in self.loops]

    @property
    def shortest(self) -> int:
        """Elements along the shorter axis of a block."""
        return min(self.extents[self.outer], *(c.extent for c in self.crossing))


def find_nest(op: Op) -> Nest | None:
    """The nest that starts at a loop, if it reads across lines of memory."""
    loops = _chain(op)
    if not loops:
        return None
    body, indices = loops[-1].regions[0], [_index(loop) for loop in loops]
    found: dict[int, list[Crossing]] = {}
    if any(o.row.name == "loop" for o in body.owners):
        inner = [o for o in body.owners if _counts(o) and not _has_loops(o)]
        for outer, crossing in _crossings(inner, indices, _written(body)):
            found.setdefault(outer, []).append(crossing)
    elif len(loops) > 1 and can_widen(loops[-1]) and _written(body).isdisjoint(_read(body)):
        for outer, crossing in _crossings(loops[-1:], indices[:-1], set()):
            found.setdefault(outer, []).append(crossing)
    if not found:
        return None
    outer = max(found, key=lambda k: len(found[k]))
    return Nest(tuple(loops), outer, tuple(found[outer]))


def _chain(op: Op) -> list[Op]:
    """Parallel loops that hold nothing but the next one."""
    loops: list[Op] = []
    while _counts(op):
        loops.append(op)
        ops = op.regions[0].ops
        if len(ops) != 1:
            break
        (op,) = ops
    return loops


def _counts(op: Op) -> bool:
    """Whether an op is a parallel loop from 0 to a constant, one by one."""
    if op.row.name != "loop" or op.attrs["kind"] != "parallel" or op.attrs["step"] != 1:
        return False
    return constant_int(op.operands[0]) == 0 and (constant_int(op.operands[1]) or 0) > 0


def _has_loops(op: Op) -> bool:
    return bool(op.regions[0].owners)


def _index(loop: Op) -> Value:
    return loop.regions[0].params[0]


def _extent(loop: Op) -> int:
    return constant_int(loop.operands[1]) or 0


def _written(body: Region) -> set[Value]:
    return {base_of(op.operands[1]) for op in walk(body) if op.row.name == "store"}


def _read(body: Region) -> set[Value]:
    return {base_of(op.operands[0]) for op in walk(body) if op.row.name == "load"}


def _crossings(
    loops: Sequence[Op], outer: list[Value], written: set[Value]
) -> Iterator[tuple[int, Crossing]]:
    """Loads of `loops` that cross, each with the number of the outer loop along which it is dense.

    Nothing in `written` is among them.
    """
    for loop in loops:
        for load in loop.regions[0].ops:
            if load.row.name != "load" or base_of(load.operands[0]) in written:
                continue
            dense = _dense_along(load, outer, _index(loop))
            if dense is not None:
                yield dense, Crossing(load, _index(loop), _extent(loop))


def _dense_along(load: Op, outer: list[Value], column: Value) -> int | None:
    buffer, at = address(load)
    is_scalar = not isinstance(load.result.type, VectorType)
    if not is_scalar or buffer.type.dtype.kind == "b":
        return None
    if len(set(at)) != len(at) or any(v is not column and v not in outer for v in at):
        return None
    strides = dict(zip(at, buffer.type.strides, strict=True))
    if abs(strides.get(column, 0)) < 2:
        return None
    found = [k for k, index in enumerate(outer) if strides.get(index) == 1]
    return found[0] if found else None
