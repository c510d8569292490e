"""Squares of vectors turned in registers: n vectors of n lanes, rows for columns.

Owns the order of the shuffles: first inside of 16 bytes, where each is one instruction on any CPU,
then between such parts.
"""

from __future__ import annotations

from collections.abc import Sequence

from jitflow.ir.builder import Builder
from jitflow.ir.core import Value

PART_BYTES = 16


def turned(b: Builder, rows: Sequence[Value]) -> list[Value]:
    """Vector k of the result has lane k of each row; as many rows as lanes, a power of two."""
    type = rows[0].type
    lanes, part = type.lanes, min(type.lanes, PART_BYTES // type.dtype.itemsize)
    turned_parts = [
        value
        for first in range(0, lanes, part)
        for value in _turn(b, rows[first : first + part], 1, part)
    ]
    count = lanes // part
    columns = [_turn(b, turned_parts[k::part], part, lanes) for k in range(part)]
    return [columns[k][number] for number in range(count) for k in range(part)]


def _turn(b: Builder, rows: Sequence[Value], size: int, within: int) -> list[Value]:
    """As many rows as groups of `size` lanes in each run of `within` lanes, turned run by run."""
    values, half = list(rows), len(rows) // 2
    lanes = rows[0].type.lanes
    low = _zip(lanes, size, within, 0)
    high = _zip(lanes, size, within, within // 2)
    for _ in range(len(rows).bit_length() - 1):
        values = [
            b.shuffle(values[k], values[k + half], lanes=mask)
            for k in range(half)
            for mask in (low, high)
        ]
    return values


def _zip(lanes: int, size: int, within: int, start: int) -> tuple[int, ...]:
    """Lanes of two vectors, group by group in turn, from `start` on in each run."""
    return tuple(
        vector * lanes + run + start + group + lane
        for run in range(0, lanes, within)
        for group in range(0, within // 2, size)
        for vector in (0, 1)
        for lane in range(size)
    )
