"""Scopes as single boxes: what a picture shows of frames that are deeper than somebody wants.

A closed frame says how much it holds, and what of that has effects; lines into it are its own.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from jitflow.drawing.model import Box, Line, Picture, Row, clipped
from jitflow.drawing.scopes import Frame, make_frames

FEW = 160
"""Boxes that a picture has at most, where nobody says how deep it is to go and scopes allow it."""

MOST_ABOUT = 10


def frames_of(picture: Picture) -> Frame:
    """The tree of frames of a picture."""
    ends = [(line.source, line.target) for line in picture.lines]
    return make_frames([box.scopes for box in picture.boxes], ends)


def overview(picture: Picture) -> Picture:
    """The picture with as much open as leaves few boxes."""
    root = frames_of(picture)
    depth = 0
    while (count := _count(root, depth + 1)) <= FEW and count < len(picture.boxes):
        depth += 1
    return closed(picture, depth) if len(picture.boxes) > FEW else picture


def closed(picture: Picture, depth: int) -> Picture:
    """The picture with frames within `depth` others as boxes; 0 closes all."""
    groups = dict(_closed_frames(frames_of(picture), "", depth))
    owner = {box: path for path, frame in groups.items() for box in frame.all_boxes()}
    number: dict[int | str, int] = {}
    boxes: list[Box] = []
    for i, box in enumerate(picture.boxes):
        key = owner.get(i, i)
        if key not in number:
            number[key] = len(boxes)
            boxes.append(box if isinstance(key, int) else _box(key, picture, groups[key]))
    new = [number[owner.get(i, i)] for i in range(len(picture.boxes))]
    lines = _lines(picture.lines, new)
    notes = [*picture.notes, f"{len(groups)} scopes are closed"] if groups else picture.notes
    return replace(picture, boxes=boxes, lines=lines, notes=notes)


def _count(frame: Frame, depth: int) -> int:
    inner = sum(_count(f, depth - 1) if depth else 1 for f in frame.frames)
    return len(frame.boxes) + inner


def _closed_frames(frame: Frame, path: str, depth: int) -> Iterator[tuple[str, Frame]]:
    for inner in frame.frames:
        name = f"{path}{inner.label}"
        if depth:
            yield from _closed_frames(inner, f"{name}/", depth - 1)
        else:
            yield name, inner


def _box(path: str, picture: Picture, frame: Frame) -> Box:
    held = [picture.boxes[i] for i in frame.all_boxes()]
    effects = [box.name for box in held if box.kind == "effect"]
    rows = [Row(f"{len(held)} nodes", style="note")]
    about = [f"{path}: {len(held)} nodes"]
    if effects:
        rows.append(Row("has side effects", style="note"))
        about.append(f"side effects: {clipped(', '.join(effects), 300)}")
    return Box(
        "scope", path, path, rows, tuple(path.split("/")[:-1]), "\n".join(about),
        all(box.is_off for box in held), any(box.is_wanted for box in held),
    )  # fmt: skip


def _lines(lines: list[Line], new: list[int]) -> list[Line]:
    """The lines between what is left, those of the same ends and kind as one."""
    merged: dict[tuple[object, ...], Line] = {}
    for line in lines:
        source, target = new[line.source], new[line.target]
        if source == target:
            continue
        key = source, target, line.kind, line.is_back
        if key not in merged:
            merged[key] = replace(line, source=source, target=target, trunk=0)
            continue
        old = merged[key]
        about = list(dict.fromkeys((*old.about, *line.about)))[:MOST_ABOUT]
        merged[key] = replace(old, about=about, is_off=old.is_off and line.is_off)
    return list(merged.values())
