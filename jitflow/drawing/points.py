"""Layers with the points at which lines pass them, and what is next to what.

Lines of one source that carry the same thing are one line as far as they go, and so are those of
many sources that lead to one target and nowhere else. Knows no coordinates.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field

from jitflow.drawing.layers import Item, Link, find_layers

MAX_POINTS = 20_000
"""Beyond so many places where lines pass layers, the longest lines are cut short."""

MANY_INPUTS = 6
"""From here on lines into an item that come from sources without other uses become one."""


@dataclass
class Layered:
    """Items, then points where lines pass, by number; each has a layer and neighbours."""

    items: Sequence[Item]
    layer: list[int]
    above: list[list[int]]
    below: list[list[int]]
    chains: dict[Link, list[int]] = field(default_factory=dict)

    def is_point(self, node: int) -> bool:
        return node >= len(self.items)

    def is_thin(self, node: int) -> bool:
        """Whether it is a point, or a port of a frame."""
        return node >= len(self.items) or bool(self.items[node].pin)

    def is_cut(self, link: Link, chain: Sequence[int]) -> bool:
        """Whether the line has no places where it passes layers, though it passes some."""
        return len(chain) == 2 and self.layer[link.target] - self.layer[link.source] > 1

    def across(self, node: int) -> float:
        return self.items[node].across if node < len(self.items) else 0.0

    def rows(self) -> list[list[int]]:
        """The nodes of each layer, by number."""
        rows: list[list[int]] = [[] for _ in range(max(self.layer, default=-1) + 1)]
        for node, layer in enumerate(self.layer):
            rows[layer].append(node)
        return rows


def make_layers(
    items: Sequence[Item], links: Sequence[Link], widest: float, gap: float
) -> Layered:
    """Layers for items whose links make no cycle; see `find_layers`."""
    return _with_points(items, links, find_layers(items, links, widest, gap))


def _with_points(items: Sequence[Item], links: Sequence[Link], layer: list[int]) -> Layered:
    layers = list(layer)
    made = Layered(items, layers, [], [])
    points: dict[tuple[Hashable, int], int] = {}
    steps: dict[tuple[int, int], None] = {}
    shared = _shared_lines(links)
    lengths = {link: layer[link.target] - layer[link.source] for link in links}
    for link in sorted(lengths, key=lambda x: (lengths[x], x[:2])):
        chain = [link.source]
        between = range(layer[link.source] + 1, layer[link.target])
        if len(points) + len(between) <= MAX_POINTS:
            for passed in between:
                key = shared[link], passed
                if key not in points:
                    points[key] = len(layers)
                    layers.append(passed)
                chain.append(points[key])
        made.chains[link] = [*chain, link.target]
        steps.update(dict.fromkeys(zip(chain, made.chains[link][1:], strict=True)))
    made.above = [[] for _ in layers]
    made.below = [[] for _ in layers]
    for upper, lower in steps:
        made.below[upper].append(lower)
        made.above[lower].append(upper)
    return made


def _shared_lines(links: Sequence[Link]) -> dict[Link, Hashable]:
    """What the line of each link is part of: that of its source, or that into its target."""
    uses: dict[Hashable, set[int]] = defaultdict(set)
    inputs: dict[int, set[Hashable]] = defaultdict(set)
    for link in links:
        uses[link.source, link.trunk].add(link.target)
        inputs[link.target].add((link.source, link.trunk))
    lonely = {
        target: sum(len(uses[key]) == 1 for key in keys) for target, keys in inputs.items()
    }
    return {
        link: ("into", link.target)
        if lonely[link.target] > MANY_INPUTS and len(uses[link.source, link.trunk]) == 1
        else ("from", link.source, link.trunk)
        for link in links
    }
