"""Where boxes of a graph lie on a page: layers from top to bottom, few crossings, short lines.

The layered method of Sugiyama, Tagawa and Toda (1981): layers by longest paths, points where lines
pass a layer, order within layers by the mean of neighbours, then coordinates. Knows no IR.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

Size = tuple[float, float]
Point = tuple[float, float]
Edge = tuple[int, int]

GAP_X, GAP_Y = 24.0, 44.0
LANE = 10.0
"""Room for a line that passes a layer."""

SWEEPS = 6
MAX_POINTS = 20_000
"""Beyond so many points where lines pass layers, lines go straight."""


@dataclass
class Layout:
    """The upper left corner of each box, the points of each line, and the size of the whole."""

    corners: list[Point]
    lines: dict[Edge, list[Point]]
    width: float
    height: float


@dataclass
class _Graph:
    """Boxes and passing points by number; points come behind the boxes."""

    sizes: list[Size]
    layer: list[int]
    above: dict[int, list[int]] = field(default_factory=lambda: defaultdict(list))
    below: dict[int, list[int]] = field(default_factory=lambda: defaultdict(list))
    chains: dict[Edge, list[int]] = field(default_factory=dict)


def arrange(sizes: Sequence[Size], edges: Iterable[Edge]) -> Layout:
    """Where boxes of these sizes lie; an edge leads from a box to one with a greater number."""
    graph = _with_points(sizes, sorted(set(edges)))
    layers = _ordered(graph)
    left = _horizontal(graph, layers)
    top, bottom = _vertical(graph, layers)
    width = max((left[n] + graph.sizes[n][0] for n in range(len(left))), default=0.0)
    corners = [(left[n], top[graph.layer[n]]) for n in range(len(sizes))]
    return Layout(corners, _lines(graph, left, top, bottom), width, max(bottom, default=0.0))


def _layers(count: int, edges: Sequence[Edge]) -> list[int]:
    """The length of the longest path to each box; what nothing leads to stands next to its use."""
    layer = [0] * count
    for source, target in sorted(edges, key=lambda edge: edge[1]):
        layer[target] = max(layer[target], layer[source] + 1)
    uses: dict[int, list[int]] = defaultdict(list)
    for source, target in edges:
        uses[source].append(layer[target])
    for box in set(uses) - {target for _, target in edges}:
        layer[box] = min(uses[box]) - 1
    return layer


def _with_points(sizes: Sequence[Size], edges: Sequence[Edge]) -> _Graph:
    graph = _Graph(list(sizes), _layers(len(sizes), edges))
    spans = sum(graph.layer[target] - graph.layer[source] for source, target in edges)
    for source, target in edges:
        chain = [source]
        if spans < MAX_POINTS:
            for layer in range(graph.layer[source] + 1, graph.layer[target]):
                chain.append(len(graph.sizes))
                graph.sizes.append((LANE, 0.0))
                graph.layer.append(layer)
        chain.append(target)
        graph.chains[source, target] = chain
        for upper, lower in zip(chain, chain[1:], strict=False):
            graph.below[upper].append(lower)
            graph.above[lower].append(upper)
    return graph


def _ordered(graph: _Graph) -> list[list[int]]:
    """The layers, each in an order by the mean place of neighbours, up and down in turn."""
    layers: list[list[int]] = [[] for _ in range(max(graph.layer, default=-1) + 1)]
    for node, layer in enumerate(graph.layer):
        layers[layer].append(node)
    place = {node: float(i) for nodes in layers for i, node in enumerate(nodes)}
    for sweep in range(SWEEPS):
        neighbours = graph.below if sweep % 2 else graph.above
        for nodes in reversed(layers) if sweep % 2 else layers:
            nodes.sort(key=lambda n: _mean([place[m] for m in neighbours[n]], place[n]))
            place.update((node, float(i)) for i, node in enumerate(nodes))
    return layers


def _horizontal(graph: _Graph, layers: list[list[int]]) -> list[float]:
    """The left edge of each node: near the middle of its neighbours, without overlap."""
    left = [0.0] * len(graph.sizes)
    for nodes in layers:
        _pack(graph, nodes, [0.0] * len(nodes), left)
    for sweep in range(SWEEPS):
        neighbours = graph.below if sweep % 2 else graph.above
        for nodes in reversed(layers) if sweep % 2 else layers:
            wanted = [
                _mean([_middle(graph, left, m) for m in neighbours[n]], _middle(graph, left, n))
                - graph.sizes[n][0] / 2
                for n in nodes
            ]
            _pack(graph, nodes, wanted, left)
    margin = min(left, default=0.0)
    return [x - margin for x in left]


def _pack(graph: _Graph, nodes: list[int], wanted: list[float], left: list[float]) -> None:
    """Nodes of a layer where they want to be, pushed apart; the push is shared by both sides."""
    from_left, from_right = list(wanted), list(wanted)
    for i in range(1, len(nodes)):
        from_left[i] = max(wanted[i], from_left[i - 1] + _step(graph, nodes[i - 1]))
    for i in range(len(nodes) - 2, -1, -1):
        from_right[i] = min(wanted[i], from_right[i + 1] - _step(graph, nodes[i]))
    for node, a, b in zip(nodes, from_left, from_right, strict=True):
        left[node] = (a + b) / 2


def _step(graph: _Graph, node: int) -> float:
    return graph.sizes[node][0] + GAP_X


def _middle(graph: _Graph, left: list[float], node: int) -> float:
    return left[node] + graph.sizes[node][0] / 2


def _vertical(graph: _Graph, layers: list[list[int]]) -> tuple[list[float], list[float]]:
    """The upper and the lower edge of each layer."""
    tops, bottoms, y = [], [], 0.0
    for nodes in layers:
        tops.append(y)
        bottoms.append(y + max(graph.sizes[n][1] for n in nodes))
        y = bottoms[-1] + GAP_Y
    return tops, bottoms


def _lines(
    graph: _Graph, left: list[float], top: list[float], bottom: list[float]
) -> dict[Edge, list[Point]]:
    """The points of each line, which passes a layer upright.

    Lines that share a box leave and meet it side by side.
    """
    starts = _ports(graph, left, graph.below)
    ends = _ports(graph, left, graph.above)
    lines = {}
    for (source, target), chain in graph.chains.items():
        points = [(starts[source, chain[1]], top[graph.layer[source]] + graph.sizes[source][1])]
        for node in chain[1:-1]:
            x = left[node] + LANE / 2
            points += [(x, top[graph.layer[node]]), (x, bottom[graph.layer[node]])]
        lines[source, target] = [*points, (ends[target, chain[-2]], top[graph.layer[target]])]
    return lines


def _ports(graph: _Graph, left: list[float], neighbours: dict[int, list[int]]) -> dict[Edge, float]:
    """Where on the edge of a node the line to a neighbour is, by node and neighbour."""
    ports = {}
    for node, others in neighbours.items():
        step = graph.sizes[node][0] / (len(others) + 1)
        ordered = sorted(others, key=lambda n: _middle(graph, left, n))
        ports.update({(node, n): left[node] + step * (i + 1) for i, n in enumerate(ordered)})
    return ports


def _mean(values: list[float], default: float) -> float:
    return sum(values) / len(values) if values else default
