"""Layouts side by side: what no line joins is laid out apart, lonely items in a grid."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from math import sqrt

from jitflow.drawing.layers import Item, Link
from jitflow.drawing.layout import Layout, Point, arrange

PIECE_GAP = 28.0
"""Between parts of a picture that no line joins."""


def arrange_pieces(
    items: Sequence[Item], links: Sequence[Link], widest: float, gap: float
) -> Layout:
    """As `arrange`; what no line joins is laid out apart and put side by side."""
    if any(item.pin for item in items):
        return arrange(items, links, widest, gap)
    joined = _pieces(items, links)
    lonely = [node for piece in joined if len(piece) == 1 for node in piece]
    parts = [(piece, _part(items, piece, links, widest, gap)) for piece in joined if piece[1:]]
    if lonely:
        parts.append((lonely, _grid([items[node] for node in lonely], widest, gap)))
    made = Layout([(0.0, 0.0)] * len(items), {}, 0.0, 0.0)
    x = y = deepest = 0.0
    for piece, part in parts:
        if x and x + part.across > widest:
            x, y, deepest = 0.0, y + deepest + PIECE_GAP, 0.0
        for node, corner in zip(piece, part.corners, strict=True):
            made.corners[node] = moved(corner, (x, y))
        for link, points in part.routes.items():
            made.routes[link] = [moved(point, (x, y)) for point in points]
        made.cut |= part.cut
        deepest = max(deepest, part.along)
        made.across, made.along = max(made.across, x + part.across), y + deepest
        x += part.across + PIECE_GAP
    return made


def _grid(items: Sequence[Item], widest: float, gap: float) -> Layout:
    """Items without lines in rows and columns, about as many of both as make a square."""
    across = max(item.across for item in items) + gap
    along = max(item.along for item in items) + gap
    columns = max(1, int(min(sqrt(len(items) * across * along), widest) / across))
    corners = [(i % columns * across, i // columns * along) for i in range(len(items))]
    rows = -(-len(items) // columns)
    return Layout(corners, {}, min(columns, len(items)) * across - gap, rows * along - gap)


def _part(
    items: Sequence[Item], piece: Sequence[int], links: Sequence[Link], widest: float, gap: float
) -> Layout:
    """The layout of some of the items, with links by the numbers that these have in all."""
    number = {node: i for i, node in enumerate(piece)}
    given = {
        link: Link(number[link.source], number[link.target], link.trunk)
        for link in links if link.source in number
    }  # fmt: skip
    part = arrange([items[node] for node in piece], list(given.values()), widest, gap)
    part.cut = frozenset(link for link, inner in given.items() if inner in part.cut)
    part.routes = {link: part.routes[inner] for link, inner in given.items()}
    return part


def _pieces(items: Sequence[Item], links: Sequence[Link]) -> list[list[int]]:
    """What lines join."""
    leader = list(range(len(items)))

    def find(node: int) -> int:
        while leader[node] != node:
            leader[node] = leader[leader[node]]
            node = leader[node]
        return node

    for link in links:
        a, b = sorted((find(link.source), find(link.target)))
        leader[b] = a
    groups: dict[int, list[int]] = defaultdict(list)
    for node in range(len(items)):
        groups[find(node)].append(node)
    return list(groups.values())


def moved(point: Point, by: Point) -> Point:
    """The point, so much further."""
    return point[0] + by[0], point[1] + by[1]
