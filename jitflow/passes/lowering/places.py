"""Places in an arena over time: the lowest one that is free while a buffer is alive.

Neighbours stand in blocks, which are passed over at once where none of them is alive, or all are
and leave no room; what has died is forgotten. So a buffer among thousands takes little time.
"""

from __future__ import annotations

from bisect import bisect_right, insort
from collections.abc import Iterable
from operator import attrgetter

MOST = 32
"""Places in a block; one more, and it becomes two."""

Span = tuple[int, int]
"""The first and the last time when a place is used."""

Place = tuple[int, int, int, int]
"""Where it starts and ends in the arena, and its span."""


class Places:
    """What is taken of an arena."""

    def __init__(self) -> None:
        self._taken: list[Place] = []

    def take(self, size: int, spans: Iterable[Span]) -> list[int]:
        """For each span the lowest place of a size that is free; spans in order of their starts."""
        if not size:
            return [0 for _ in spans]
        sweep = _Sweep(self._taken)
        found = [sweep.take(size, first, last) for first, last in spans]
        self._taken = sorted(self._taken + found)
        return [place[0] for place in found]


class _Sweep:
    """What is taken, in blocks by where it starts, while time goes forward."""

    def __init__(self, places: list[Place]) -> None:
        starts = range(0, len(places), MOST)
        self.blocks = [_Block(places[k : k + MOST]) for k in starts]

    def take(self, size: int, first: int, last: int) -> Place:
        at = self.lowest(size, first, last)
        place = at, at + size, first, last
        number = max(bisect_right(self.blocks, at, key=_START) - 1, 0)
        places = self.blocks[number].places if self.blocks else []
        insort(places, place)
        parts = [places] if len(places) <= MOST else [places[: MOST // 2], places[MOST // 2 :]]
        self.blocks[number : number + 1] = map(_Block, parts)
        return place

    def lowest(self, size: int, first: int, last: int) -> int:
        at = 0
        for block in self.blocks:
            if block.first_death < first:
                block.forget(first)
            if block.last_death < first or block.first_birth > last:
                continue
            if block.is_solid and block.last_birth <= last:
                if block.start - at >= size:
                    return at
                at = max(at, block.end)
                continue
            for start, end, birth, _ in block.places:
                if birth > last:
                    continue
                if start - at >= size:
                    return at
                if end > at:
                    at = end
        return at


class _Block:
    """Neighbours: where they start and end, when the first and the last are born and die.

    is_solid: nothing between them is free while all are alive.
    """

    def __init__(self, places: list[Place]) -> None:
        self._describe(places)

    def _describe(self, places: list[Place]) -> None:
        self.places = places
        starts, ends, births, deaths = zip(*places, strict=True)
        self.start, self.end = starts[0], max(ends)
        self.first_birth, self.last_birth = min(births), max(births)
        self.first_death, self.last_death = min(deaths), max(deaths)
        self.is_solid = _is_solid(places)

    def forget(self, now: int) -> None:
        """Drops what has died, but for the last one."""
        self._describe([place for place in self.places if place[3] >= now] or self.places[:1])


_START = attrgetter("start")


def _is_solid(places: list[Place]) -> bool:
    reach = places[0][0]
    for start, end, _, _ in places:
        if start > reach:
            return False
        if end > reach:
            reach = end
    return True
