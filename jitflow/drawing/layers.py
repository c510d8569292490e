"""In which layer each item of a layered drawing stands.

Layers by longest paths, as Sugiyama, Tagawa and Toda (1981) have them. What only leads away stands
close to its use, and a layer that would be too wide is broken into several. Knows no coordinates.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Mapping, Sequence
from typing import NamedTuple

from jitflow.errors import ArgumentError

_NO_PORTS: Mapping[Hashable, float] = {}


class Item(NamedTuple):
    """What is placed: its extent across the flow and along it.

    pin: "first" or "last", for a layer before or behind those of all others. entries, exits: by
    trunk, where lines meet the item, counted from its start; where none is given they go to where
    it is shortest.
    """

    across: float
    along: float
    pin: str = ""
    entries: Mapping[Hashable, float] = _NO_PORTS
    exits: Mapping[Hashable, float] = _NO_PORTS


class Link(NamedTuple):
    """A line between two items, by number. Those of one source and one trunk go together."""

    source: int
    target: int
    trunk: Hashable


def find_layers(
    items: Sequence[Item], links: Sequence[Link], widest: float, gap: float
) -> list[int]:
    """The layer of each item, where links make no cycle; none is wider than `widest` if that can
    be, with a gap between items. ArgumentError where they make one.
    """
    above = _neighbours(len(items), ((link.target, link.source) for link in links))
    below = _neighbours(len(items), ((link.source, link.target) for link in links))
    order = topological_order(above, below)
    if len(order) < len(items):
        raise ArgumentError("what is to be drawn leads to itself: its lines make a cycle")
    layer = _longest_paths(order, above)
    _move_to_uses(order, layer, above, below)
    sizes = [item.across + gap for item in items]
    _break_wide(order, layer, above, sizes, widest)
    _move_sources(layer, above, below, sizes, widest)
    _move_pins(items, layer)
    return layer


def _neighbours(count: int, pairs: object) -> list[list[int]]:
    found: list[dict[int, None]] = [{} for _ in range(count)]
    for node, other in pairs:  # type: ignore[attr-defined]
        found[node][other] = None
    return [list(each) for each in found]


def topological_order(above: Sequence[Sequence[int]], below: Sequence[Sequence[int]]) -> list[int]:
    """Nodes behind all that lead to them; those of a cycle, and behind one, are missing."""
    missing = [len(each) for each in above]
    order = [node for node, count in enumerate(missing) if not count]
    for node in order:  # which grows meanwhile
        for target in below[node]:
            missing[target] -= 1
            if not missing[target]:
                order.append(target)
    return order


def _longest_paths(order: Sequence[int], above: Sequence[Sequence[int]]) -> list[int]:
    layer = [0] * len(order)
    for node in order:
        layer[node] = max((layer[n] + 1 for n in above[node]), default=0)
    return layer


def _move_to_uses(
    order: Sequence[int], layer: list[int], above: list[list[int]], below: list[list[int]]
) -> None:
    """Items with more lines out than in go to the layer in front of their first use."""
    for node in reversed(order):
        if below[node] and len(above[node]) < len(below[node]):
            layer[node] = min(layer[n] for n in below[node]) - 1
        elif below[node] and not above[node]:
            layer[node] = min(layer[n] for n in below[node]) - 1


def _break_wide(
    order: Sequence[int], layer: list[int], above: list[list[int]], sizes: Sequence[float],
    widest: float,
) -> None:
    """Moves items, and what is behind them, to the next layer that has room."""
    used: dict[int, float] = defaultdict(float)
    for node in sorted(order, key=lambda n: layer[n]):
        place = max([layer[node], *(layer[n] + 1 for n in above[node])])
        while used[place] and used[place] + sizes[node] > widest:
            place += 1
        used[place] += sizes[node]
        layer[node] = place


def _move_sources(
    layer: list[int], above: list[list[int]], below: list[list[int]], sizes: Sequence[float],
    widest: float,
) -> None:
    """What nothing leads to goes as near to its first use as there is room."""
    used: dict[int, float] = defaultdict(float)
    for node, place in enumerate(layer):
        used[place] += sizes[node]
    for node, uses in enumerate(below):
        if above[node] or not uses:
            continue
        nearest = min(layer[n] for n in uses) - 1
        for place in range(nearest, layer[node], -1):
            if used[place] + sizes[node] <= widest:
                used[layer[node]] -= sizes[node]
                used[place] += sizes[node]
                layer[node] = place
                break


def _move_pins(items: Sequence[Item], layer: list[int]) -> None:
    firsts = [n for n, item in enumerate(items) if item.pin == "first"]
    lasts = [n for n, item in enumerate(items) if item.pin == "last"]
    if firsts:
        least = min((layer[n] for n, item in enumerate(items) if not item.pin), default=1)
        for node in range(len(items)):
            layer[node] += 1 - least
        for node in firsts:
            layer[node] = 0
    if lasts:
        most = max((layer[n] for n, item in enumerate(items) if item.pin != "last"), default=-1)
        for node in lasts:
            layer[node] = most + 1
