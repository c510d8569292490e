"""Records in registers: n vectors of records that lie side by side become the vectors of their n
parts, and back.

Owns the order of the shuffles. With an odd number of parts each lane of a vector is that of one
record and part, wherever it stands: blends, which take no time, and one permutation a part.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce

from jitflow.ir.builder import Builder
from jitflow.ir.core import Value


def dealt(b: Builder, vectors: Sequence[Value]) -> list[Value]:
    """The parts of records, of which n vectors hold n lanes' worth in the order of memory.

    Element k of record r stands at place r * n + k; vector k of the result has it in lane r.
    """
    count = len(vectors)
    first = _divisor(count)
    if first == count:
        return _dealt_at_once(b, vectors)
    rest = count // first
    groups = [dealt(b, vectors[k * first : (k + 1) * first]) for k in range(rest)]
    parts = [dealt(b, [group[k] for group in groups]) for k in range(first)]
    return [parts[k % first][k // first] for k in range(count)]


def woven(b: Builder, parts: Sequence[Value]) -> list[Value]:
    """What `dealt` takes, of what it gives."""
    count = len(parts)
    first = _divisor(count)
    if first == count:
        return _woven_at_once(b, parts)
    rest = count // first
    runs = [woven(b, parts[k::first]) for k in range(first)]
    return [
        vector for number in range(rest) for vector in woven(b, [run[number] for run in runs])
    ]


def weaving_cost(count: int) -> int:
    """Shuffles that either of the two takes."""
    first = _divisor(count)
    if first == count:
        return 2 if count == 2 else 2 * count
    rest = count // first
    return rest * weaving_cost(first) + first * weaving_cost(rest)


def permuted(b: Builder, vector: Value, lanes: Sequence[int]) -> Value:
    """The vector's lanes in another order; the vector itself where they stay."""
    if list(lanes) == list(range(vector.type.lanes)):
        return vector
    return b.shuffle(vector, vector, lanes=tuple(lanes))


def _divisor(count: int) -> int:
    """The least one above 1."""
    return next((k for k in (2, 3, 5, 7, 11, 13) if count % k == 0), count)


def _dealt_at_once(b: Builder, vectors: Sequence[Value]) -> list[Value]:
    count, lanes = len(vectors), vectors[0].type.lanes
    if count == 2:
        return [
            b.shuffle(*vectors, lanes=tuple(range(start, 2 * lanes, 2))) for start in range(2)
        ]
    parts = []
    for k in range(count):
        blended = _blended(b, vectors, [_vector_of(k, lane, count, lanes) for lane in range(lanes)])
        parts.append(permuted(b, blended, [(count * r + k) % lanes for r in range(lanes)]))
    return parts


def _woven_at_once(b: Builder, parts: Sequence[Value]) -> list[Value]:
    count, lanes = len(parts), parts[0].type.lanes
    if count == 2:
        turns = [lane for k in range(lanes) for lane in (k, lanes + k)]
        return [
            b.shuffle(*parts, lanes=tuple(turns[start : start + lanes])) for start in (0, lanes)
        ]
    placed = []
    for k, part in enumerate(parts):
        order = [0] * lanes
        for record in range(lanes):
            order[(count * record + k) % lanes] = record
        placed.append(permuted(b, part, order))
    return [
        _blended(b, placed, [(number * lanes + lane) % count for lane in range(lanes)])
        for number in range(count)
    ]


def _vector_of(part: int, lane: int, count: int, lanes: int) -> int:
    """Of an odd count of vectors, the one that has an element of the part in this lane."""
    return next(k for k in range(count) if (k * lanes + lane) % count == part)


def _blended(b: Builder, vectors: Sequence[Value], choice: Sequence[int]) -> Value:
    """Each lane from its place in the vector that is chosen for it."""

    def add(done: Value, number: int) -> Value:
        lanes = [lane + len(choice) * (k == number) for lane, k in enumerate(choice)]
        return b.shuffle(done, vectors[number], lanes=tuple(lanes))

    first, *others = sorted(set(choice))
    return reduce(add, others, vectors[first])
