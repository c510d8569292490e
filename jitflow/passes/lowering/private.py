"""Which buffers of a loop each thread must have for itself, or why threads cannot share the loop.

Iterations of the loop are independent of each other. So a buffer that all of them use at the same
places holds what one iteration hands from one part of its body to the next: it is private. One that
each uses at places of its own is shared. What is neither plainly decides against threads.
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import Enum

from jitflow.ir.buffers import base_of
from jitflow.ir.core import Op, Region, Value, walk
from jitflow.ir.dtypes import i64
from jitflow.ir.row import Family
from jitflow.ir.types import BufferType
from jitflow.passes.lowering.footprint import address

FORBIDDEN = ("check", "host_call")
"""What can fail has an order, and what calls Python has its lock."""

_KEEPS = ("add", "sub", "minimum", "maximum", "mul")
"""Of one index, these make places that differ from one iteration to the next."""


class _Place(Enum):
    """Where an access goes as the loop's index moves."""

    SAME = 0
    MOVES = 1
    UNKNOWN = 2


def private_buffers(loop: Op, users: dict[Value, int]) -> set[Value] | None:
    """The temporaries that each thread needs of its own; None where threads cannot share the loop.

    users: how many loads, stores and other uses there are of each buffer in the whole function.
    """
    body = loop.regions[0]
    if any([row.name in FORBIDDEN for row in body.contents.rows]):
        return None
    uses = _places(body)
    private: set[Value] = set()
    for base, found in uses.items():
        stored = {place for op, place in found if op.row.name == "store"}
        places = {place for _, place in found}
        if not stored and all(op.row.name == "load" for op, _ in found):
            continue
        if base.op is None or len(found) < users[base]:
            if _Place.SAME in stored:
                return None
        elif places == {_Place.SAME}:
            private.add(base)
        elif places != {_Place.MOVES}:
            return None
    return private


def count_users(function_body: Region) -> dict[Value, int]:
    """How many ops but views use each buffer."""
    users: dict[Value, int] = {}
    for _, base in _uses(function_body):
        users[base] = users.get(base, 0) + 1
    return users


def _uses(region: Region) -> Iterator[tuple[Op, Value]]:
    """Each op that uses a buffer, with the buffer that it is a view of."""
    for op in walk(region):
        if op.row.family is Family.LOOP and op.row.name != "view":
            for base in {base_of(v) for v in op.operands if isinstance(v.type, BufferType)}:
                yield op, base


def _places(body: Region) -> dict[Value, list[tuple[Op, _Place]]]:
    """Of each buffer, what uses it where."""
    moves = _moving(body)
    found: dict[Value, list[tuple[Op, _Place]]] = {}
    for op, base in _uses(body):
        found.setdefault(base, []).append((op, _place(op, moves)))
    return found


def _place(op: Op, moves: dict[Value, _Place]) -> _Place:
    if op.row.name not in ("load", "store"):
        return _Place.UNKNOWN
    buffer, indices = address(op)
    kinds = {
        moves.get(index, _Place.SAME)
        for index, stride in zip(indices, buffer.type.strides, strict=True)
        if stride != 0
    }
    return max(kinds, key=lambda kind: kind.value, default=_Place.SAME)


def _moving(body: Region) -> dict[Value, _Place]:
    """How what may be an index differs from one iteration to the next; the others are left out."""
    moves = {body.params[0]: _Place.MOVES}
    for op in walk(body):
        is_known = op.row.name != "load" and moves.keys().isdisjoint(op.operands)
        if is_known and not op.regions:
            continue
        if not (op.regions or any([v.type.dtype is i64 for v in op.results])):
            continue
        for region in op.regions:
            _bind(op, region, moves)
        inside = [moves[v] for v in op.operands if v in moves]
        inside += [moves[v] for region in op.regions for v in region.results if v in moves]
        if not inside and op.row.name != "load":
            continue
        exact = op.row.name in _KEEPS and inside == [_Place.MOVES]
        moves.update(dict.fromkeys(op.results, _Place.MOVES if exact else _Place.UNKNOWN))
    return moves


def _bind(op: Op, region: Region, moves: dict[Value, _Place]) -> None:
    """What a loop's body is given: an index that starts where the outer one is moves with it."""
    if op.row.name != "loop":
        return
    lower = moves.get(op.operands[0])
    if lower is not None:
        moves[region.params[0]] = lower
    moves.update(dict.fromkeys(region.params[1:], _Place.UNKNOWN))
