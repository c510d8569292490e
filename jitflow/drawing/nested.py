"""Where boxes lie that stand in frames: each frame is laid out by itself, then stands as a box.

A line that leaves a frame does so at a port, an item of the frame's own layout; the frame's place
among others is found with the ports where they are. Knows no text and no colours.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass, field
from math import fsum, sqrt

from jitflow.drawing.layers import Item, Link
from jitflow.drawing.layout import Layout, Point
from jitflow.drawing.model import Direction
from jitflow.drawing.pieces import arrange_pieces, moved
from jitflow.drawing.scopes import Frame

Size = tuple[float, float]
Trunk = tuple[int, Hashable]
"""The box that a line starts at, and what goes along it."""

PADDING, HEADER = 14.0, 20.0
"""Around what a frame holds, and more of it above for the label."""

WIDEST = {"TB": 1.3, "LR": 0.75}
"""How wide layers are, at most, in sides of a square as large as all of them."""

ROOM = {"TB": 1400.0, "LR": 900.0}
"""How wide layers may be in any case."""

GAP = {"TB": 24.0, "LR": 16.0}


@dataclass
class Placed:
    """Corners and sizes on the page: of boxes, of frames with their depth, and points of lines.

    cut: the numbers of lines of which only the ends are to be drawn.
    """

    corners: list[Point]
    routes: list[list[Point]]
    cut: frozenset[int]
    frames: list[tuple[str, int, Point, Size]]
    size: Size


@dataclass
class _Block:
    """A frame that is laid out: where things in it are, in its own coordinates."""

    frame: Frame
    item: Item = Item(0, 0)
    links: dict[Link, None] = field(default_factory=dict)
    numbers: dict[Hashable, int] = field(default_factory=dict)
    layout: Layout = field(default_factory=lambda: Layout([], {}, 0, 0))
    shift: Point = (0.0, 0.0)


def place(
    root: Frame, sizes: Sequence[Size], lines: Sequence[tuple[int, int, Hashable]],
    direction: Direction,
) -> Placed:
    """Places boxes of these sizes; lines are of a source, a target and what goes along them."""
    return _Placer(root, sizes, lines, direction).run()


class _Placer:
    def __init__(
        self, root: Frame, sizes: Sequence[Size], lines: Sequence[tuple[int, int, Hashable]],
        direction: Direction,
    ) -> None:
        self.direction = direction
        self.root, self.lines = root, lines
        self.boxes = [self.turned(size) for size in sizes]
        self.blocks = {frame: _Block(frame) for frame in root.inner_first()}
        for frame, block in self.blocks.items():
            block.numbers = {x: i for i, x in enumerate((*frame.boxes, *frame.frames))}
        self.path: dict[int, tuple[_Block, ...]] = {}
        self.find_paths(root, ())

    def turned(self, size: Size) -> Size:
        """From the page to across and along, or back."""
        return size if self.direction == "TB" else (size[1], size[0])

    def find_paths(self, frame: Frame, outer: tuple[_Block, ...]) -> None:
        path = (*outer, self.blocks[frame])
        self.path.update((box, path) for box in frame.boxes)
        for inner in frame.frames:
            self.find_paths(inner, path)

    def run(self) -> Placed:
        sections = [list(self.sections(*line)) for line in self.lines]
        for frame in self.root.inner_first():
            self.lay(self.blocks[frame])
        origins: dict[Frame, Point] = {}
        self.find_origins(self.root, (0.0, 0.0), origins)
        corners: list[Point] = [(0.0, 0.0)] * len(self.boxes)
        for frame in self.root.inner_first():
            block = self.blocks[frame]
            for box in frame.boxes:
                corners[box] = self.turned(moved(self.corner(block, box), origins[frame]))
        routes = [self.route(parts, origins) for parts in sections]
        whole = self.blocks[self.root].item
        frames = list(self.frames(self.root, 0, origins))
        cut = frozenset(
            i for i, parts in enumerate(sections)
            if any(link in block.layout.cut for block, link in parts)
        )  # fmt: skip
        return Placed(corners, routes, cut, frames, self.turned((whole.across, whole.along)))

    def sections(self, source: int, target: int, what: Hashable) -> Iterator[tuple[_Block, Link]]:
        """The links that a line is made of, from within the frames of its source outwards."""
        up, down = self.path[source], self.path[target]
        common = sum(1 for a, b in zip(up, down, strict=False) if a is b)
        trunk: Trunk = source, what
        inner: Hashable = source
        for block in reversed(up[common:]):
            yield block, self.link(block, inner, ("last", trunk), trunk)
            inner = block.frame
        goals: list[Hashable] = [block.frame for block in down[common:]]
        block = up[common - 1]
        yield block, self.link(block, inner, (goals or [target])[0], trunk)
        for i, block in enumerate(down[common:]):
            goal = goals[i + 1] if i + 1 < len(goals) else target
            yield block, self.link(block, ("first", trunk), goal, trunk)

    def link(self, block: _Block, source: Hashable, target: Hashable, trunk: Trunk) -> Link:
        numbers = block.numbers
        for end in (source, target):
            numbers.setdefault(end, len(numbers))
        made = Link(numbers[source], numbers[target], trunk)
        block.links[made] = None
        return made

    def lay(self, block: _Block) -> None:
        """Lays a frame out, and makes it an item with ports."""
        frame, numbers = block.frame, block.numbers
        items = [self.item(inside) for inside in numbers]
        area = fsum((i.across + GAP[self.direction]) * (i.along + 40) for i in items)
        widest = max(ROOM[self.direction], WIDEST[self.direction] * sqrt(area))
        block.layout = arrange_pieces(items, list(block.links), widest, GAP[self.direction])
        if frame is self.root:
            block.item = Item(block.layout.across, block.layout.along)
            return
        before, behind = self.turned((PADDING, PADDING + HEADER)), self.turned((PADDING, PADDING))
        block.shift = before
        across = before[0] + block.layout.across + behind[0]
        along = before[1] + block.layout.along + behind[1]
        least = self.turned((len(frame.label) * 6.6 + 2 * PADDING, 0.0))
        ports: dict[str, dict[Hashable, float]] = {"first": {}, "last": {}}
        for key, number in numbers.items():
            if isinstance(key, tuple):
                ports[key[0]][key[1]] = before[0] + block.layout.corners[number][0]
        size = max(across, least[0]), max(along, least[1])
        block.item = Item(*size, "", ports["first"], ports["last"])

    def item(self, inside: Hashable) -> Item:
        if isinstance(inside, int):
            return Item(*self.boxes[inside])
        if isinstance(inside, Frame):
            return self.blocks[inside].item
        return Item(0.0, 0.0, inside[0])  # type: ignore[index]

    def corner(self, block: _Block, inside: Hashable) -> Point:
        """Where something is in the frame that it stands in."""
        return moved(block.layout.corners[block.numbers[inside]], block.shift)

    def find_origins(self, frame: Frame, origin: Point, found: dict[Frame, Point]) -> None:
        found[frame] = origin
        for inner in frame.frames:
            corner = self.corner(self.blocks[frame], inner)
            self.find_origins(inner, moved(origin, corner), found)

    def route(
        self, parts: Sequence[tuple[_Block, Link]], origins: dict[Frame, Point]
    ) -> list[Point]:
        """The points of a line on the page, through the frames that it passes."""
        points: list[Point] = []
        for block, link in parts:
            origin = moved(origins[block.frame], block.shift)
            points += [moved(point, origin) for point in block.layout.routes[link]]
        return [self.turned(p) for i, p in enumerate(points) if not i or p != points[i - 1]]

    def frames(
        self, frame: Frame, depth: int, origins: dict[Frame, Point]
    ) -> Iterator[tuple[str, int, Point, Size]]:
        for inner in frame.frames:
            item = self.blocks[inner].item
            corner = self.turned(origins[inner])
            yield inner.label, depth, corner, self.turned((item.across, item.along))
            yield from self.frames(inner, depth + 1, origins)
