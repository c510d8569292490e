"""Which elementwise ops can be done in the shape to which flatten brings their reductions.

They then stand in one index space with the reductions, and fuse into one kernel. Knows what a
reshape costs; writes nothing.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from math import prod

from jitflow.ir.core import Function, Op, Value
from jitflow.ir.row import Family
from jitflow.ir.types import Shape, TensorType

_NEW_MEMORY = ("pad", "concatenate", "complex")
"""Rows of the family of views that give new memory."""

Flat = Callable[[Op], "Shape | None"]
"""The shape to which a reduction brings its operand; None where it keeps it."""


def flat_groups(function: Function, flat: Flat) -> dict[Op, Shape]:
    """The elementwise ops to do in a flat shape, with that shape.

    Ops of one shape that use each other are a group. It becomes flat where all its reductions
    agree on the shape, and what it takes from outside lies dense in memory, or was spread along
    whole axes of that shape. A result of the function is the same memory in its own shape.
    """
    groups = _Groups()
    for op in function.ops:
        if _is_pointwise(op):
            groups.add(op)
    wanted: dict[Op, set[Shape | None]] = defaultdict(set)
    outer: dict[Op, list[Value]] = defaultdict(list)
    for op in function.ops:
        if op in groups.leader:
            for value in op.operands:
                if value.op not in groups.leader and not _is_flat(value):
                    outer[groups.find(op)].append(value)
        else:
            shape = flat(op) if op.row.family is Family.REDUCE else None
            for leader in groups.used_by(op.operands):
                if op.row.family is Family.REDUCE:
                    wanted[leader].add(shape)
    agreed: dict[Op, Shape | None] = {}
    for leader, shapes in wanted.items():
        shape = shapes.pop() if len(shapes) == 1 else None
        if shape is not None and all(spread_runs(v, shape) for v in outer[leader]):
            agreed[leader] = shape
    found = {op: agreed.get(groups.find(op)) for op in groups.leader}
    return {op: shape for op, shape in found.items() if shape is not None}


def _is_pointwise(op: Op) -> bool:
    if op.row.family is not Family.ELEMENTWISE or len(op.results) != 1:
        return False
    type = op.result.type
    return isinstance(type, TensorType) and type.rank > 1 and type.is_static


def _is_flat(value: Value) -> bool:
    """Whether a reshape of the value copies nothing, or it is one number."""
    op = value.op
    if op is None or op.row.name == "constant":
        return True
    if op.row.name == "reshape":
        return _is_flat(op.operands[0])
    if op.row.name == "broadcast":
        return not op.operands[0].type.shape
    if op.row.family is Family.CREATION:
        return False
    return op.row.family is not Family.VIEW or op.row.name in _NEW_MEMORY


def spread_runs(value: Value, flat: Shape) -> list[tuple[int, ...]] | None:
    """The axes of a broadcast array that each axis of the flat shape joins.

    None where it is no broadcast of a dense array, or one was spread along a part of an axis only.
    """
    op = value.op
    if op is None or op.row.name != "broadcast" or not _is_flat(op.operands[0]):
        return None
    given, runs = set(op.attrs["axes"]), _runs(value.type.shape, flat)
    sources = iter(op.operands[0].type.shape)
    if any(next(sources) != value.type.shape[axis] for axis in op.attrs["axes"]):
        return None
    if runs is None or any(given.intersection(run) not in (set(), set(run)) for run in runs):
        return None
    return runs


def _runs(shape: Shape, flat: Shape) -> list[tuple[int, ...]] | None:
    """Which adjacent axes of a shape have the sizes of a flat one together."""
    runs, axis = [], 0
    for extent in flat:
        first = axis
        axis += 1
        while axis < len(shape) and prod(shape[first:axis]) != extent:
            axis += 1
        runs.append(tuple(range(first, axis)))
    last = runs.pop() if runs else ()
    runs.append((*last, *range(axis, len(shape))))
    sizes = tuple(prod(shape[k] for k in run) for run in runs)
    return runs if sizes == tuple(flat) else None


class _Groups:
    """Ops that use each other, by a leader: a forest of links to earlier ops."""

    def __init__(self) -> None:
        self.leader: dict[Op, Op] = {}

    def add(self, op: Op) -> None:
        self.leader[op] = op
        for other in self.used_by(op.operands):
            self.leader[other] = op

    def find(self, op: Op) -> Op:
        while self.leader[op] is not op:
            self.leader[op] = self.leader[self.leader[op]]
            op = self.leader[op]
        return op

    def used_by(self, values: Sequence[Value]) -> list[Op]:
        """The leaders of the groups that computed the values."""
        return [self.find(v.op) for v in values if v.op is not None and v.op in self.leader]
