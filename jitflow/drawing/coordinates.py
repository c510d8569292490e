"""Where nodes of ordered layers lie across the flow: lines straight, nodes apart, all compact.

The method of Brandes and Koepf (2002): four alignments of nodes with the median of their
neighbours, to either side in either direction, and the mean of the two middle ones.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from jitflow.drawing.points import Layered

Rows = Sequence[Sequence[int]]

POINT_GAP = 12.0
"""Between two lines that pass a layer side by side."""

MOST_SLACK = 1.3
"""How much wider than the narrowest a balanced drawing may be."""


def place_across(graph: Layered, rows: Rows, gap: float) -> list[float]:
    """The middle of each node across the flow; the least edge of all is at 0."""
    count = len(graph.layer)
    conflicts = _conflicts(graph, rows)
    found = []
    for is_up in (False, True):
        for is_right in (False, True):
            turned = [row[::-1] for row in rows] if is_right else list(rows)
            place = {node: i for row in turned for i, node in enumerate(row)}
            near = graph.below if is_up else graph.above
            root = _align(turned[::-1] if is_up else turned, near, place, conflicts, count)
            middles = _compact(graph, turned, root, gap)
            found.append([-x for x in middles] if is_right else middles)
    middles = _balanced(graph, found)
    start = min((x - graph.across(n) / 2 for n, x in enumerate(middles)), default=0.0)
    return [x - start for x in middles]


def _conflicts(graph: Layered, rows: Rows) -> set[tuple[int, int]]:
    """Lines that cross a line between two points: the latter should be straight."""
    place = {node: i for row in rows for i, node in enumerate(row)}
    found = set()
    for previous, row in zip(rows, rows[1:], strict=False):
        low, scanned = 0, 0
        for i, node in enumerate(row):
            over = [n for n in graph.above[node] if graph.is_point(n)]
            inner = place[over[0]] if over and graph.is_point(node) else None
            if inner is None and i < len(row) - 1:
                continue
            high = len(previous) if inner is None else inner
            for lower in row[scanned : i + 1]:
                for upper in graph.above[lower]:
                    is_inner = graph.is_point(lower) and graph.is_point(upper)
                    if not is_inner and not low <= place[upper] <= high:
                        found.add((upper, lower))
            scanned, low = i + 1, high
    return found


def _align(
    rows: Rows, near: Sequence[Sequence[int]], place: dict[int, int],
    conflicts: set[tuple[int, int]], count: int,
) -> list[int]:
    """The first node of the block that each node is in line with."""
    root, align = list(range(count)), list(range(count))
    for row in rows:
        last = -1
        for node in row:
            others = sorted(near[node], key=place.__getitem__)
            for other in others[(len(others) - 1) // 2 : len(others) // 2 + 1]:
                is_free = align[node] == node and last < place[other]
                if is_free and (other, node) not in conflicts and (node, other) not in conflicts:
                    align[other] = node
                    align[node] = root[node] = root[other]
                    last = place[other]
    return root


def _compact(graph: Layered, rows: Rows, root: Sequence[int], gap: float) -> list[float]:
    """Blocks as far to the start as their neighbours allow, then back to those behind them."""
    before: dict[int, dict[int, float]] = defaultdict(dict)
    behind: dict[int, dict[int, float]] = defaultdict(dict)
    for row in rows:
        for left, right in zip(row, row[1:], strict=False):
            space = POINT_GAP if graph.is_point(left) or graph.is_point(right) else gap
            step = (graph.across(left) + graph.across(right)) / 2 + space
            a, b = root[left], root[right]
            before[b][a] = behind[a][b] = max(step, before[b].get(a, 0.0))
    order = _block_order(root, before, behind)
    x: dict[int, float] = {}
    for block in order:
        x[block] = max((x[other] + step for other, step in before[block].items()), default=0.0)
    for block in reversed(order):
        if behind[block]:
            least = min(x[other] - step for other, step in behind[block].items())
            x[block] = max(x[block], least)
    return [x[block] for block in root]


def _block_order(
    root: Sequence[int], before: dict[int, dict[int, float]], behind: dict[int, dict[int, float]]
) -> list[int]:
    missing = {block: len(before[block]) for block in dict.fromkeys(root)}
    order = [block for block, count in missing.items() if not count]
    for block in order:  # which grows meanwhile
        for other in behind[block]:
            missing[other] -= 1
            if not missing[other]:
                order.append(other)
    return order


def _balanced(graph: Layered, found: Sequence[list[float]]) -> list[float]:
    """The mean of the two middle ones, all moved to the edges of the narrowest, or that one."""
    if not graph.layer:
        return []
    halves = [graph.across(n) / 2 for n in range(len(graph.layer))]
    edges = [
        (
            min((a - h for a, h in zip(x, halves, strict=True)), default=0.0),
            max((a + h for a, h in zip(x, halves, strict=True)), default=0.0),
        )
        for x in found
    ]
    narrowest = min(range(4), key=lambda i: edges[i][1] - edges[i][0])
    low, high = edges[narrowest]
    moved = []
    for i, (x, (start, end)) in enumerate(zip(found, edges, strict=True)):
        shift = high - end if i % 2 else low - start
        moved.append([a + shift for a in x])
    made = []
    for four in zip(*moved, strict=True):
        _, a, b, _ = sorted(four)
        made.append((a + b) / 2)
    starts, ends = zip(*((x - h, x + h) for x, h in zip(made, halves, strict=True)), strict=True)
    is_wide = max(ends) - min(starts) > MOST_SLACK * (high - low)
    return found[narrowest] if is_wide else made
