"""Pieces of SVG: rectangles, texts, lines that bend between layers, heads of arrows."""

from __future__ import annotations

import re
from collections.abc import Sequence
from html import escape

from jitflow.drawing.layout import Point
from jitflow.drawing.model import Direction

HEAD, HALF_HEAD = 7.0, 3.4
"""Length of an arrow's head, and half of its width."""

STUB = 10.0
"""What is drawn of each end of a line that is cut short."""

_UNKNOWN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What XML has no way to write."""


def xml(text: str) -> str:
    """The text as it stands in XML; what cannot is replaced."""
    return escape(_UNKNOWN.sub("\ufffd", text))


def number(x: float) -> str:
    """To a tenth, without what is not needed."""
    shown = f"{x:.1f}".removesuffix(".0")
    return "0" if shown == "-0" else shown


def rect(kind: str, x: float, y: float, width: float, height: float, radius: float) -> str:
    place = f'x="{number(x)}" y="{number(y)}" width="{number(width)}" height="{number(height)}"'
    return f'<rect class="{kind}" {place} rx="{number(radius)}"/>'


def text(kind: str, x: float, y: float, content: str, more: str = "") -> str:
    style = f' class="{kind}"' if kind else ""
    return f'<text{style} x="{number(x)}" y="{number(y)}"{more}>{xml(content)}</text>'


def path(points: Sequence[Point], direction: Direction, is_back: bool) -> str:
    """A line through these points, short of the head at its end, or at its start."""
    points = _cut(points, direction, is_back)
    parts = [f"M{_pair(points[0])}"]
    for a, b in zip(points, points[1:], strict=False):
        across, along = (0, 1) if direction == "TB" else (1, 0)
        if abs(a[across] - b[across]) < 0.05:
            parts.append(f"L{_pair(b)}")
            continue
        half = (a[along] + b[along]) / 2
        bends = [(p[0], half) if direction == "TB" else (half, p[1]) for p in (a, b)]
        parts.append(f"C{' '.join(map(_pair, (*bends, b)))}")
    return f'<path class="line" d="{"".join(parts)}"/>'


def ends(points: Sequence[Point], direction: Direction, is_back: bool) -> str:
    """The first and the last piece of a line that is too long to be drawn."""
    first, *_, last = _cut(points, direction, is_back)
    step = (0.0, STUB) if direction == "TB" else (STUB, 0.0)
    left = (first[0] + step[0], first[1] + step[1])
    right = (last[0] - step[0], last[1] - step[1])
    pieces = f"M{_pair(first)}L{_pair(left)}M{_pair(right)}L{_pair(last)}"
    return f'<path class="line" d="{pieces}"/>'


def arrow(points: Sequence[Point], direction: Direction, is_back: bool) -> str:
    """The head at the end of a line, or at its start."""
    x, y = points[0] if is_back else points[-1]
    step = HEAD if is_back else -HEAD
    if direction == "TB":
        corners = [(x, y), (x - HALF_HEAD, y + step), (x + HALF_HEAD, y + step)]
    else:
        corners = [(x, y), (x + step, y - HALF_HEAD), (x + step, y + HALF_HEAD)]
    return f'<path class="head" d="M{"L".join(map(_pair, corners))}Z"/>'


def _cut(points: Sequence[Point], direction: Direction, is_back: bool) -> list[Point]:
    """The points with room for the head: the line bends before it and goes straight into it."""
    made = list(points)
    end = 0 if is_back else -1
    step = HEAD - 1 if is_back else 1 - HEAD
    x, y = made[end]
    made[end] = (x, y + step) if direction == "TB" else (x + step, y)
    return made


def _pair(point: Point) -> str:
    return f"{number(point[0])},{number(point[1])}"
