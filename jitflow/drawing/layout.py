"""Where items of a layered drawing lie, and the lines between them.

Works across the flow and along it, so that a drawing from left to right is one from top to bottom
with its coordinates exchanged. Lines run straight past layers and bend between them only: none
passes over an item. Sums are exact, so that every Python gives the same. Knows nothing of what is
drawn.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from math import fsum

from jitflow.drawing.coordinates import place_across
from jitflow.drawing.layers import Item, Link
from jitflow.drawing.order import order_layers
from jitflow.drawing.points import Layered, make_layers

Point = tuple[float, float]
"""Across the flow, along it."""

GAP_ACROSS, GAP_ALONG, GAP_PORTS = 20.0, 40.0, 20.0
PORT_GAP, PORT_MARGIN = 14.0, 10.0
"""Between lines at an item, and between them and its corners, where there is room."""


@dataclass
class Layout:
    """The first corner of each item, the points of each line, and the extent of all.

    cut: lines that would pass too many layers, of which the ends only are to be drawn.
    """

    corners: list[Point]
    routes: dict[Link, list[Point]]
    across: float
    along: float
    cut: frozenset[Link] = frozenset()


def arrange(
    items: Sequence[Item], links: Sequence[Link], widest: float = float("inf"),
    gap: float = GAP_ACROSS,
) -> Layout:
    """Where these items lie; the links must not make a cycle.

    widest: the extent across the flow from which on a layer is broken into several.
    """
    graph = make_layers(items, links, widest, gap)
    rows = order_layers(graph)
    middles = place_across(graph, rows, gap)
    starts, ends = _along(graph, rows)
    corners = [
        (
            middles[n] - item.across / 2,
            (starts[graph.layer[n]] + ends[graph.layer[n]] - item.along) / 2,
        )
        for n, item in enumerate(items)
    ]
    routes = _routes(graph, middles, corners, starts, ends)
    across = max((corners[n][0] + item.across for n, item in enumerate(items)), default=0.0)
    across = max([across, *(p[0] for route in routes.values() for p in route)])
    cut = (link for link, chain in graph.chains.items() if graph.is_cut(link, chain))
    return Layout(corners, routes, across, max(ends, default=0.0), frozenset(cut))


def _along(graph: Layered, rows: Sequence[Sequence[int]]) -> tuple[list[float], list[float]]:
    """Where each layer starts and ends; what is pinned needs no gap of its own."""
    starts, ends, place = [], [], 0.0
    for row in rows:
        extent = max((graph.items[n].along for n in row if not graph.is_point(n)), default=0.0)
        starts.append(place)
        ends.append(place + extent)
        place = ends[-1] + GAP_ALONG
        if extent == 0.0:
            place += GAP_PORTS - GAP_ALONG
    if len(ends) > 1 and ends[-1] == starts[-1]:
        starts[-1] = ends[-1] = ends[-2] + GAP_PORTS
    return starts, ends


def _routes(
    graph: Layered, middles: Sequence[float], corners: Sequence[Point], starts: Sequence[float],
    ends: Sequence[float],
) -> dict[Link, list[Point]]:
    exits = _exits(graph, middles, corners)
    entries = _entries(graph, middles, corners, exits)
    routes = {}
    for link, chain in graph.chains.items():
        source, target = link.source, link.target
        x = exits[source, link.trunk]
        points = [(x, corners[source][1] + graph.items[source].along)]
        points.append((x, ends[graph.layer[source]]))
        for node in chain[1:-1]:
            layer = graph.layer[node]
            points += [(middles[node], starts[layer]), (middles[node], ends[layer])]
        x = entries[target, link.trunk, chain[-2]]
        points += [(x, starts[graph.layer[target]]), (x, corners[target][1])]
        routes[link] = [p for i, p in enumerate(points) if not i or p != points[i - 1]]
    return routes


def _exits(
    graph: Layered, middles: Sequence[float], corners: Sequence[Point]
) -> dict[tuple[int, Hashable], float]:
    """Where each trunk leaves its source: opposite its first place where it has one only."""
    wanted: dict[int, dict[Hashable, list[float]]] = defaultdict(dict)
    for link, chain in graph.chains.items():
        near, port = middles[chain[1]], graph.items[link.target].entries.get(link.trunk)
        if chain[1] == link.target and port is not None:
            near = corners[link.target][0] + port
        wanted[link.source].setdefault(link.trunk, []).append(near)
    found = {}
    for node, trunks in wanted.items():
        item = graph.items[node]
        places = {
            trunk: near[0] if len(set(near)) == 1 else middles[node]
            for trunk, near in trunks.items()
        }
        order = {trunk: fsum(near) / len(near) for trunk, near in trunks.items()}
        made = _ports(item, corners[node][0], places, order, item.exits)
        found.update({(node, trunk): x for trunk, x in made.items()})
    return found


def _entries(
    graph: Layered, middles: Sequence[float], corners: Sequence[Point],
    exits: dict[tuple[int, Hashable], float],
) -> dict[tuple[int, Hashable, int], float]:
    """Where lines meet their target, by the node that they come from: opposite it if they can."""
    wanted: dict[int, dict[Hashable, float]] = defaultdict(dict)
    for link, chain in graph.chains.items():
        last = chain[-2]
        x = middles[last] if graph.is_point(last) else exits[link.source, link.trunk]
        wanted[link.target][_entry(graph, link, last)] = x
    ports = {}
    for node, lines in wanted.items():
        item = graph.items[node]
        fixed: dict[Hashable, float] = {("fixed", t): x for t, x in item.entries.items()}
        ports[node] = _ports(item, corners[node][0], lines, lines, fixed)
    found = {}
    for link, chain in graph.chains.items():
        place = ports[link.target][_entry(graph, link, chain[-2])]
        found[link.target, link.trunk, chain[-2]] = place
    return found


def _entry(graph: Layered, link: Link, last: int) -> Hashable:
    """What lines share that enter their target at one place."""
    if link.trunk in graph.items[link.target].entries:
        return "fixed", link.trunk
    return (last,) if graph.is_point(last) else (last, link.trunk)


def _ports(
    item: Item, start: float, wanted: dict[Hashable, float], order: dict[Hashable, float],
    fixed: Mapping[Hashable, float],
) -> dict[Hashable, float]:
    """Places of lines at an item: where they want to be, within its sides and apart."""
    made = {key: start + x for key, x in fixed.items() if key in wanted}
    free = sorted((key for key in wanted if key not in made), key=order.__getitem__)
    margin = min(PORT_MARGIN, item.across / 4)
    low, high = start + margin, start + item.across - margin
    gap = min(PORT_GAP, (high - low) / max(len(free) - 1, 1))
    places = spread([min(max(wanted[key], low), high) for key in free], gap)
    places = _within(places, low, high)
    return made | dict(zip(free, places, strict=True))


def spread(wanted: Sequence[float], gap: float) -> list[float]:
    """Places in this order, near where they are wanted, `gap` apart; both sides share the push."""
    up, down = list(wanted), list(wanted)
    for i in range(1, len(up)):
        up[i] = max(up[i], up[i - 1] + gap)
    for i in range(len(down) - 2, -1, -1):
        down[i] = min(down[i], down[i + 1] - gap)
    return [(a + b) / 2 for a, b in zip(up, down, strict=True)]


def _within(places: list[float], low: float, high: float) -> list[float]:
    """The places moved, as a whole, between two bounds."""
    if not places:
        return places
    shift = max(low - places[0], 0.0) + min(high - places[-1], 0.0)
    return [x + shift for x in places]
