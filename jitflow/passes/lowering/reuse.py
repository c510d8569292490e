"""Which ops may write into the array that they update: those that are the last to need it.

Owns live ranges at the level of arrays. An array and its views are one group, which shares memory
or may share it. Knows no buffer.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from math import prod

from jitflow.ir.core import Function, Op, Value
from jitflow.ir.row import ROWS, Family

WRITERS = frozenset(ROWS[name] for name in ("scatter", "update", "dynamic_update"))
"""Rows whose result is their first operand with some elements replaced."""

_KERNEL = ROWS["kernel"]
_COPIES = ("pad", "concatenate", "complex")
"""Rows of the family of views that give new memory."""


@dataclass(eq=False)
class _Group:
    """An array and its views: the position of each use that is no view, by value."""

    root: Value
    uses: list[tuple[int, Value]] = field(default_factory=list)

    def late(self, position: int, op: Op) -> list[Value]:
        """What is used after the op at a position, or by it beside the array that it updates."""
        found = {v: None for at, v in self.uses if at > position}
        found.update({v: None for v in op.operands[1:] if (position, v) in self.uses})
        return list(found)


class Reuse:
    """`parts[op]` for each writer that may write in place: the values to copy away before it does.

    Those are views of its operand that are needed later. All together they have fewer elements
    than the operand, or the op makes a new array.
    """

    def __init__(self, function: Function) -> None:
        self.parts: dict[Op, list[Value]] = {}
        if any(op.row in WRITERS for op in function.ops):
            self._groups = _groups(function)
            self._positions = {op: k for k, op in enumerate(function.ops) if op.row in WRITERS}
            for op, position in self._positions.items():
                self._decide(op, position)

    def _decide(self, op: Op, position: int) -> None:
        whole = op.operands[0]
        group = self._groups[whole]
        if not _is_owned(group.root):
            return
        late = group.late(position, op)
        if sum(prod(v.type.shape) for v in late) < prod(whole.type.shape) or not late:
            self.parts[op] = late

    def takes_over(self, op: Op) -> Value | None:
        """The array whose memory becomes that of the op's result, whatever that will be."""
        whole = op.operands[0] if op in self.parts else None
        if whole is None or self._groups[whole].root is not whole:
            return None
        return whole


    def moves_in(self, op: Op) -> Value | None:
        """The part that a writer puts into a new array, if nothing needs it afterwards."""
        part = op.operands[1]
        if op in self.parts or part.op is None or part.op.row is not _KERNEL:
            return None
        return part if all(at <= self._positions[op] for at, _ in self._groups[part].uses) else None


def _is_owned(root: Value) -> bool:
    """Whether an op computed the array into memory of its own."""
    return root.op is not None and root.op.row.family is not Family.CREATION


def is_view(op: Op) -> bool:
    """Whether the op's result may be its operand's memory."""
    return op.row.family is Family.VIEW and op.row.name not in _COPIES


def _groups(function: Function) -> dict[Value, _Group]:
    groups = {value: _Group(value) for value in function.params}
    for position, op in enumerate(function.ops):
        if is_view(op):
            groups[op.result] = groups[op.operands[0]]
            continue
        for value in op.operands:
            groups[value].uses.append((position, value))
        groups.update((value, _Group(value)) for value in op.results)
    end = len(function.ops)
    for value in function.results:
        groups[value].uses.append((end, value))
    return groups
