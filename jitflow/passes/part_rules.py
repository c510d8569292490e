"""Results of the rules on reads and writes of parts: those at places that are known.

Each takes the builder, the matched op and the pattern's values, and may decline with None.
"""

from __future__ import annotations

from typing import Any

from jitflow.ir.core import Op, Value
from jitflow.passes.constants import CONSTANT, splat


def update_all(b: Any, op: Op, whole: Value, part: Value) -> Value | None:
    """A part of the whole's shape leaves nothing of it, and one without elements all of it."""
    if part.type.shape == whole.type.shape:
        return part
    return whole if 0 in part.type.shape else None


def scatter_nothing(b: Any, op: Op) -> Value | None:
    return op.operands[0] if 0 in op.operands[1].type.shape else None


def gather_equal(b: Any, op: Op) -> Value | None:
    """All elements are one number, wherever they are read."""
    data = splat(op.operands[0])
    if data is None:
        return None
    return b.emit(CONSTANT, (), {"value": data, "type": op.results[0].type}).result


def gather_one(b: Any, op: Op) -> Value | None:
    """One place that is known is a slice."""
    x, *indices = op.operands
    places = [_number(index) for index in indices]
    if not x.type.is_static or None in places:
        return None
    starts = [
        min(max(place or 0, 0), extent - 1)
        for place, extent in zip(places, x.type.shape, strict=False)
    ]
    rest = x.type.shape[len(starts) :]
    start = (*starts, *(0,) * len(rest))
    stop = (*(s + 1 for s in starts), *rest)
    part = b.slice(x, start=start, stop=stop, step=(1,) * len(start))
    return b.reshape(part, shape=op.results[0].type.shape)


def slice_at_known(b: Any, op: Op) -> Value | None:
    x, *starts = op.operands
    start = _place(x, starts, op.attrs["sizes"])
    if start is None:
        return None
    stop = tuple([s + n for s, n in zip(start, op.attrs["sizes"], strict=True)])
    return b.slice(x, start=start, stop=stop, step=(1,) * len(start))


def update_at_known(b: Any, op: Op) -> Value | None:
    whole, part, *starts = op.operands
    start = _place(whole, starts, part.type.shape)
    return None if start is None else b.update(whole, part, start=start, step=(1,) * len(start))


def _place(x: Value, starts: list[Value], sizes: tuple[Any, ...]) -> tuple[int, ...] | None:
    """Where a part of these sizes begins, if all starts are constants."""
    found = [_number(start) for start in starts]
    if not x.type.is_static or None in found:
        return None
    room = [extent - size for extent, size in zip(x.type.shape, sizes, strict=True)]
    return tuple([min(max(s or 0, 0), left) for s, left in zip(found, room, strict=True)])


def _number(value: Value) -> int | None:
    """The only element of a constant."""
    data = splat(value)
    is_one = all(extent == 1 for extent in value.type.shape)
    return int(data.item()) if data is not None and is_one else None
