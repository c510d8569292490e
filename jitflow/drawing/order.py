"""The order of items within layers, so that few lines cross: means of neighbours, up and down.

The method of Sugiyama, Tagawa and Toda (1981), then exchanges of neighbours as in Gansner,
Koutsofios, North and Vo (1993). Deterministic.
"""

from __future__ import annotations

from bisect import bisect_right, insort
from collections.abc import Sequence
from itertools import groupby

from jitflow.drawing.points import Layered

ROUNDS, PATIENCE = 12, 3
"""Sweeps down and up, at most, and how many without a gain end them."""

LARGE = 3000
"""Beyond so many nodes there are fewer sweeps and no exchanges."""

Rows = list[list[int]]


def order_layers(graph: Layered) -> Rows:
    """The nodes of each layer in the order in which they are drawn."""
    rows = _first_order(graph)
    is_large = len(graph.layer) > LARGE
    best, fewest, failures = rows, crossings(graph, rows), 0
    for _ in range(2 if is_large else ROUNDS):
        if not fewest or failures == PATIENCE:
            break
        rows = _swept(graph, _swept(graph, rows, graph.above, 1), graph.below, -1)
        if not is_large:
            _exchange(graph, rows)
        count = crossings(graph, rows)
        failures = 0 if count < fewest else failures + 1
        if count < fewest:
            best, fewest = rows, count
    return [_centred(graph, _centred(graph, row, graph.above), graph.below) for row in best]


def crossings(graph: Layered, rows: Rows) -> int:
    """How many pairs of lines cross between adjacent layers."""
    place = _places(rows)
    count = 0
    for row in rows:
        seen: list[int] = []
        for node in row:
            ends = sorted(place[n] for n in graph.below[node])
            count += sum(len(seen) - bisect_right(seen, end) for end in ends)
            for end in ends:
                insort(seen, end)
    return count


def _first_order(graph: Layered) -> Rows:
    """Depth first from the first layer on, so that what is joined starts side by side."""
    rows: Rows = [[] for _ in range(max(graph.layer, default=-1) + 1)]
    seen: set[int] = set()
    for start in sorted(range(len(graph.layer)), key=lambda n: (graph.layer[n], n)):
        pending = [start]
        while pending:
            node = pending.pop()
            if node not in seen:
                seen.add(node)
                rows[graph.layer[node]].append(node)
                pending += reversed(graph.below[node])
    return rows


def _places(rows: Rows) -> dict[int, int]:
    return {node: i for row in rows for i, node in enumerate(row)}


def _swept(graph: Layered, rows: Rows, neighbours: Sequence[list[int]], step: int) -> Rows:
    place: dict[int, float] = dict(_places(rows))
    made = [list(row) for row in rows]
    for row in made[::step]:
        means = {}
        for node in row:
            near = neighbours[node]
            means[node] = sum(place[n] for n in near) / len(near) if near else place[node]
        row.sort(key=means.__getitem__)
        place.update((node, float(i)) for i, node in enumerate(row))
    return made


def _centred(graph: Layered, row: list[int], side: Sequence[list[int]]) -> list[int]:
    """The layer with lines in the middle of items that hang on the same node and nowhere else.

    So a line with uses in many layers goes straight past all of them; nothing crosses by it.
    """
    made: list[int] = []
    for _, each in groupby(row, lambda node: side[node]):
        nodes = list(each)
        items = [n for n in nodes if not graph.above[n] or not graph.below[n]]
        others = [n for n in nodes if graph.above[n] and graph.below[n]]
        if all(map(graph.is_point, others)):
            half = len(items) // 2
            nodes = [*items[:half], *others, *items[half:]]
        made += nodes
    return made


def _exchange(graph: Layered, rows: Rows) -> None:
    """Exchanges neighbours in a layer as long as fewer of their lines cross."""
    place = _places(rows)
    for row in rows:
        near = {
            node: (
                sorted(place[n] for n in graph.above[node]),
                sorted(place[n] for n in graph.below[node]),
            )
            for node in row
        }
        for _ in range(4):
            changed = False
            for i in range(len(row) - 1):
                left, right = near[row[i]], near[row[i + 1]]
                if _inversions(left, right) > _inversions(right, left):
                    row[i], row[i + 1] = row[i + 1], row[i]
                    changed = True
            if not changed:
                break
        place.update((node, i) for i, node in enumerate(row))


def _inversions(left: tuple[list[int], list[int]], right: tuple[list[int], list[int]]) -> int:
    """Crossings of the lines of two neighbours, in this order."""
    return sum(
        bisect_right(ends, place - 1)
        for side, ends in zip(left, right, strict=True)
        for place in side
    )
