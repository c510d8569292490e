"""The legend under a picture: the kinds that are in it, and what it has to say besides."""

from __future__ import annotations

from jitflow.drawing.model import Picture, columns
from jitflow.drawing.shapes import arrow, path, rect, text
from jitflow.drawing.style import KINDS, LETTER, LINES, SMALL

NARROW, WIDE = 420.0, 760.0
"""How long its lines are, at most; between these as wide as the picture."""

STEP, SWATCH = 20.0, 22.0
GAP = 22.0


def legend(picture: Picture, width: float) -> tuple[list[str], float, float]:
    """Its elements, from the origin on, its width and its height."""
    entries = [*_boxes(picture), *_lines(picture)]
    if len(entries) < 2 and not picture.notes:
        return [], 0.0, 0.0
    parts: list[str] = []
    x = y = widest = 0.0
    longest = min(max(width, NARROW), WIDE)
    for kind, label, is_line in entries:
        extent = (30.0 if is_line else SWATCH) + 6 + columns(label) * LETTER * SMALL
        if x and x + extent > longest:
            x, y = 0.0, y + STEP
        parts += _entry(x, y, kind, label, is_line)
        widest = max(widest, x + extent)
        x += extent + GAP
    y += STEP if entries else 0.0
    for note in picture.notes:
        parts.append(text("note", 0, y + 11, note))
        widest = max(widest, columns(note) * LETTER * SMALL)
        y += STEP
    return parts, widest, y + 12.0


def _boxes(picture: Picture) -> list[tuple[str, str, bool]]:
    found = {box.kind for box in picture.boxes}
    made = [(kind, KINDS[kind].label, False) for kind in KINDS if kind in found]
    if any(box.is_wanted for box in picture.boxes):
        made.append(("op wanted", "fetched", False))
    if any(box.is_off for box in picture.boxes):
        made.append(("op off", "does not run", False))
    return made


def _lines(picture: Picture) -> list[tuple[str, str, bool]]:
    found = {line.kind for line in picture.lines}
    return [(kind, label, True) for kind, (label, _) in LINES.items() if kind in found]


def _entry(x: float, y: float, kind: str, label: str, is_line: bool) -> list[str]:
    if is_line:
        points = [(x, y + 7), (x + 30, y + 7)]
        mark = path(points, "LR", False) + arrow(points, "LR", False)
        return [f'<g class="{kind}">{mark}</g>', text("note", x + 36, y + 11, label)]
    radius = min(KINDS[kind.split()[0]].radius, 6)
    mark = rect("box", x, y + 1, SWATCH, 12, radius)
    return [f'<g class="{kind}">{mark}</g>', text("note", x + SWATCH + 6, y + 11, label)]
