"""A picture as an SVG text, whole in itself: the same text for the same picture, byte by byte.

Every box has an id made of its name, and says its source line when pointed at; every line says what
goes along it. Colours follow the reader's choice of light or dark.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Literal

from jitflow.drawing.closed import closed, frames_of, overview
from jitflow.drawing.legend import legend
from jitflow.drawing.model import Box, Direction, Line, Picture, Row, columns, shortened
from jitflow.drawing.nested import HEADER, PADDING, Placed, place
from jitflow.drawing.scopes import Frame
from jitflow.drawing.shapes import arrow, ends, number, path, rect, text, xml
from jitflow.drawing.style import (
    FONT,
    KINDS,
    LETTER,
    NAME,
    PAD_X,
    PAD_Y,
    ROW,
    SMALL,
    SMALL_ROW,
    rules,
)  # fmt: skip
from jitflow.errors import ArgumentError

MARGIN = 24.0
TITLE = 40
"""Letters of a title, at most."""

MAX_BOXES = 20_000
"""What is larger is no picture any more: it would take minutes, and no browser shows it."""

MAX_OVERVIEW = 1500
"""The same where somebody wants to see few."""

DIRECTIONS = ("TB", "LR")


def draw(
    picture: Picture, direction: Direction = "TB", depth: int | Literal["few"] | None = None
) -> str:
    """The SVG text; ArgumentError for an unknown direction, or more boxes than a page can have.

    depth: how many scopes deep it goes, what is deeper is one box for each scope; None for all,
    "few" for as many as leave few boxes, MAX_OVERVIEW at most.
    """
    if direction not in DIRECTIONS:
        raise ArgumentError(f"direction {direction!r} is unknown; expected 'LR' or 'TB'")
    picture = _opened(picture, depth)
    root = frames_of(picture)
    boxes = titled(picture.boxes, root)
    lines = [(line.source, line.target, (line.kind, line.trunk)) for line in picture.lines]
    placed = place(root, [_size(box) for box in boxes], lines, direction)
    if placed.cut:
        note = f"{len(placed.cut)} lines are too long: their ends are drawn"
        picture = replace(picture, notes=[*picture.notes, note])
    key, key_width, key_height = legend(picture, placed.size[0])
    width = max(placed.size[0], key_width) + 2 * MARGIN
    height = placed.size[1] + key_height + 2 * MARGIN
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" class="{NAME}" role="img"'
        f' aria-label="{xml(picture.title)}" width="{number(width)}" height="{number(height)}"'
        f' viewBox="{number(-MARGIN)} {number(-MARGIN)} {number(width)} {number(height)}">',
        f"<title>{xml(picture.title)}</title><desc>{xml(picture.about)}</desc>",
        f"<style>\n{rules()}\n</style>",
        rect("page", -MARGIN, -MARGIN, width, height, 0),
        *_frames(placed),
        *_lines(picture.lines, placed, direction),
        *_labels(placed),
    ]
    for box, corner in zip(boxes, placed.corners, strict=True):
        parts += _box(box, *corner)
    top = placed.size[1] + MARGIN
    parts += [f'<g transform="translate(0 {number(top)})">', *key, "</g>"] if key else []
    return "\n".join([*parts, "</svg>"]) + "\n"


def _opened(picture: Picture, depth: int | Literal["few"] | None) -> Picture:
    """The picture as deep as it is wanted; ArgumentError where that is too many boxes."""
    if depth not in (None, "few") and (not isinstance(depth, int) or depth < 0):
        raise ArgumentError(f"depth {depth!r}: expected a number from 0 on, 'few' or None")
    if depth is not None:
        picture = overview(picture) if depth == "few" else closed(picture, depth)
    most = MAX_OVERVIEW if depth == "few" else MAX_BOXES
    if len(picture.boxes) > most:
        raise ArgumentError(
            f"{len(picture.boxes)} boxes are too many for a picture; {most} can be drawn\n"
            "  cure: draw less of it: depth=0 (--depth 0), only_path=True (--only-path)"
        )
    return picture


def titled(boxes: Sequence[Box], root: Frame) -> list[Box]:
    """The boxes with their titles as first rows, without what the frames around them say."""
    paths: dict[int, str] = {}

    def read(frame: Frame, path: str) -> None:
        paths.update((box, path) for box in frame.boxes)
        for inner in frame.frames:
            read(inner, f"{path}{inner.label}/")

    read(root, "")
    made = []
    for i, box in enumerate(boxes):
        title = box.title.removeprefix(paths[i])
        if f"{box.title}/" == paths[i]:
            title = box.title.rpartition("/")[2]
        row = [Row(shortened(title, TITLE), style="name")] if title else []
        made.append(replace(box, rows=[*row, *box.rows]))
    return made


def _size(box: Box) -> tuple[float, float]:
    widths = [_row_width(row) for row in box.rows]
    heights = [_row_height(row) for row in box.rows]
    return max(widths) + 2 * PAD_X, sum(heights) + 2 * PAD_Y


def _row_width(row: Row) -> float:
    letters = columns(row.text) + (columns(row.note) + 2 if row.note else 0)
    return letters * LETTER * (SMALL if row.style == "note" else FONT)


def _row_height(row: Row) -> float:
    return SMALL_ROW if row.style == "note" else ROW


def _frames(placed: Placed) -> Iterator[str]:
    for _, depth, (x, y), (width, height) in placed.frames:
        yield rect(f"frame shade{depth % 3}", x, y, width, height, 8)


def _labels(placed: Placed) -> Iterator[str]:
    """Names of frames, over the lines, which pass behind them."""
    for label, depth, (x, y), _ in placed.frames:
        width = columns(label) * LETTER * SMALL
        yield rect(f"shade{depth % 3}", x + PADDING / 2, y + 5, width + 6, HEADER - 4, 0)
        yield text("label note", x + PADDING / 2 + 3, y + HEADER - 4, label)


def _lines(lines: Sequence[Line], placed: Placed, direction: Direction) -> Iterator[str]:
    """The faint ones first, so that the others run over them."""
    is_faded = any(line.is_off for line in lines)
    for i in sorted(range(len(lines)), key=lambda i: not lines[i].is_off):
        line, points = lines[i], placed.routes[i]
        shape = ends if i in placed.cut else path
        strength = " faint" if line.is_off else " on" if is_faded else ""
        about = xml("\n".join(line.about))
        yield f'<g class="edge {line.kind}{strength}"><title>{about}</title>'
        yield shape(points, direction, line.is_back)
        yield arrow(points, direction, line.is_back) + "</g>"


def _box(box: Box, x: float, y: float) -> Iterator[str]:
    width, height = _size(box)
    state = (" off" if box.is_off else "") + (" wanted" if box.is_wanted else "")
    yield f'<g class="{box.kind}{state}" id="{box_id(box.name)}">'
    if box.about:
        yield f"<title>{xml(box.about)}</title>"
    yield rect("box", x, y, width, height, KINDS[box.kind].radius)
    line = y + PAD_Y
    for row in box.rows:
        height = _row_height(row)
        base = line + height / 2 + 0.35 * (SMALL if row.style == "note" else FONT)
        if row.about:
            yield f'<g class="op-row"><title>{xml(row.about)}</title>'
            yield rect("row", x + 1, line, width - 2, height, 0)
        yield text(row.style, x + PAD_X, base, row.text)
        if row.note:
            yield text("note", x + width - PAD_X, base, row.note, ' text-anchor="end"')
        if row.about:
            yield "</g>"
        line += height
    yield "</g>"


def box_id(name: str) -> str:
    """The id of a box of this name: letters, digits, `_`, `-`, `.`, others by their number."""
    return "node-" + re.sub(r"[^A-Za-z0-9.-]", lambda c: f"_{ord(c[0]):x}_", name)
