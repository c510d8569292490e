"""Where nodes of ordered layers lie across the flow: near the mean of their neighbours.

Each layer in turn goes as near to what it wants as the order and the gaps allow, in least squares:
nodes that push each other become pools, as in isotonic regression. Then lines past layers are made
straight, as far as there is room. Compact: no line makes boxes stand further apart.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import fsum, inf

from jitflow.drawing.points import Layered

Rows = Sequence[Sequence[int]]

LOOSE = 0.1
"""How much a node that nothing pulls wants to stay."""

SWEEPS, PASSES = 24, 6
"""How often each layer is moved, and how often lines are straightened."""

LARGE, FEW_SWEEPS = 5000, 10
"""Beyond so many nodes layers are moved less often."""

POINT_GAP = 12.0
"""Between a line that passes a layer and what is beside it."""

STRAIGHT = 30.0
"""How much more lines want to be straight where they pass layers than where they leave items."""


def place_across(graph: Layered, rows: Rows, gap: float) -> list[float]:
    """The middle of each node across the flow, `gap` between items; the least edge is at 0."""
    placer = _Placer(graph, rows, gap)
    sweeps = FEW_SWEEPS if len(graph.layer) > LARGE else SWEEPS
    for sweep in range(sweeps):
        is_down = sweep % 2 == 0
        sides = [graph.above] if is_down else [graph.below]
        placer.sweep([graph.above, graph.below] if sweep >= sweeps // 2 else sides, is_down)
    for _ in range(PASSES):
        placer.straighten()
    start = min((x - graph.across(n) / 2 for n, x in enumerate(placer.x)), default=0.0)
    return [x - start for x in placer.x]


class _Placer:
    """The places of nodes while they are moved. `offsets`: with nothing but gaps between them."""

    def __init__(self, graph: Layered, rows: Rows, gap: float) -> None:
        self.graph, self.rows, self.gap = graph, rows, gap
        self.x = [0.0] * len(graph.layer)
        self.offsets = [self.packed(row) for row in rows]
        self.lines = _lines(graph)
        self.before: dict[int, int] = {}
        self.behind: dict[int, int] = {}
        for row, offsets in zip(rows, self.offsets, strict=True):
            self.before.update(zip(row[1:], row, strict=False))
            self.behind.update(zip(row, row[1:], strict=False))
            for node, offset in zip(row, offsets, strict=True):
                self.x[node] = offset - offsets[-1] / 2

    def step(self, left: int, right: int) -> float:
        """From one node of a layer to the next, at least."""
        graph = self.graph
        gap = POINT_GAP if graph.is_point(left) or graph.is_point(right) else self.gap
        return (graph.across(left) + graph.across(right)) / 2 + gap

    def packed(self, row: Sequence[int]) -> list[float]:
        places = [0.0]
        for left, right in zip(row, row[1:], strict=False):
            places.append(places[-1] + self.step(left, right))
        return places

    def sweep(self, sides: Sequence[Sequence[Sequence[int]]], is_down: bool) -> None:
        """Moves each layer in turn, by its neighbours on these sides."""
        for i in range(len(self.rows)) if is_down else reversed(range(len(self.rows))):
            wishes = [self.wish(node, sides) for node in self.rows[i]]
            places = _in_order(wishes, self.offsets[i])
            for node, x in zip(self.rows[i], places, strict=True):
                self.x[node] = x

    def wish(self, node: int, sides: Sequence[Sequence[Sequence[int]]]) -> tuple[float, float]:
        """Where the node wants to be, times how much, and how much."""
        total = weight = 0.0
        is_thin = self.graph.is_thin(node)
        for side in sides:
            for other in side[node]:
                pull = STRAIGHT if is_thin and self.graph.is_thin(other) else 1.0
                total += pull * self.x[other]
                weight += pull
        return (total, weight) if weight else (LOOSE * self.x[node], LOOSE)

    def straighten(self) -> None:
        """Gives parts of one line one place, as many of them together as have room for it."""
        for line in self.lines:
            run: list[int] = []
            low, high = -inf, inf
            for node in line:
                least, most = self.room(node)
                if run and max(low, least) > min(high, most):
                    self.align(run, low, high)
                    run, low, high = [], -inf, inf
                run.append(node)
                low, high = max(low, least), min(high, most)
            self.align(run, low, high)

    def room(self, node: int) -> tuple[float, float]:
        """How far the node can go to either side as the others stand."""
        left, right = self.before.get(node), self.behind.get(node)
        least = -inf if left is None else self.x[left] + self.step(left, node)
        return least, inf if right is None else self.x[right] - self.step(node, right)

    def align(self, run: Sequence[int], low: float, high: float) -> None:
        place = min(max(fsum(self.x[node] for node in run) / len(run), low), high)
        for node in run:
            self.x[node] = place


def _in_order(wishes: Sequence[tuple[float, float]], offsets: Sequence[float]) -> list[float]:
    """Places nearest to what is wished that are apart by the differences of the offsets."""
    pools: list[tuple[float, float, int]] = []
    for (total, weight), offset in zip(wishes, offsets, strict=True):
        pool = total - weight * offset, weight, 1
        while pools and pools[-1][0] / pools[-1][1] >= pool[0] / pool[1]:
            last = pools.pop()
            pool = last[0] + pool[0], last[1] + pool[1], last[2] + pool[2]
        pools.append(pool)
    starts = [total / weight for total, weight, count in pools for _ in range(count)]
    return [start + offset for start, offset in zip(starts, offsets, strict=True)]


def _lines(graph: Layered) -> list[list[int]]:
    """Points that follow each other, with the ports that they start or end at, longest first."""
    lines = []
    for node in range(len(graph.layer)):
        if graph.is_thin(node) and not _next(graph, node, graph.above):
            line = [node]
            while following := _next(graph, line[-1], graph.below):
                line.append(following[0])
            lines.append(line)
    return sorted(lines, key=lambda line: -len(line))


def _next(graph: Layered, node: int, side: Sequence[Sequence[int]]) -> list[int]:
    return [n for n in side[node] if graph.is_thin(n)]
