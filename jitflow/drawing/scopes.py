"""Boxes in scopes: a tree of frames, in which no frame both leads to a thing and needs it.

A frame is laid out like a box, so lines between frames must not make a cycle; frames that would are
taken apart, as those that hold one thing only. Knows no coordinates.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from jitflow.drawing.layers import topological_order

MAX_DEPTH = 6
"""Frames within frames; what is deeper stands in the innermost of these."""

Ends = Sequence[tuple[int, int]]


@dataclass(eq=False)
class Frame:
    """What stands in a scope: boxes by number, and frames. `label` is within that around it."""

    label: str
    boxes: list[int] = field(default_factory=list)
    frames: list[Frame] = field(default_factory=list)

    def all_boxes(self) -> Iterator[int]:
        yield from self.boxes
        for frame in self.frames:
            yield from frame.all_boxes()

    def inner_first(self) -> Iterator[Frame]:
        for frame in self.frames:
            yield from frame.inner_first()
        yield self


def make_frames(paths: Sequence[tuple[str, ...]], ends: Ends) -> Frame:
    """The outermost frame, which holds all; `paths` are the scopes of each box, `ends` of lines."""
    root = Frame("")
    known: dict[tuple[str, ...], Frame] = {(): root}
    for box, path in enumerate(paths):
        path = path[:MAX_DEPTH]
        for depth in range(1, len(path) + 1):
            part = path[:depth]
            if part not in known:
                known[part] = Frame(part[-1])
                known[part[:-1]].frames.append(known[part])
        known[path].boxes.append(box)
    for frame in root.inner_first():
        _dissolve(frame, [f for f in frame.frames if len(f.boxes) + len(f.frames) < 2])
    _break_cycles(root, ends)
    return root


def _dissolve(frame: Frame, inner: Sequence[Frame]) -> None:
    """Puts what frames hold in their place; a frame in one keeps the labels of both."""
    for gone in inner:
        frame.frames.remove(gone)
        frame.boxes += gone.boxes
        for left in gone.frames:
            left.label = f"{gone.label}/{left.label}"
            frame.frames.append(left)
    frame.boxes.sort()


def _break_cycles(frame: Frame, ends: Ends) -> None:
    while frame.frames and (cyclic := _in_cycles(frame, ends)):
        cyclic.sort(key=lambda f: sum(1 for _ in f.all_boxes()))
        _dissolve(frame, cyclic[: len(cyclic) // 2 + 1])
    for inner in frame.frames:
        held = set(inner.all_boxes())
        _break_cycles(inner, [(a, b) for a, b in ends if a in held and b in held])


def _in_cycles(frame: Frame, ends: Ends) -> list[Frame]:
    """The frames within this one that lead to something that leads to them."""
    owner = {box: i for i, inner in enumerate(frame.frames) for box in inner.all_boxes()}
    owner.update((box, len(frame.frames) + i) for i, box in enumerate(frame.boxes))
    count = len(frame.frames) + len(frame.boxes)
    above: list[list[int]] = [[] for _ in range(count)]
    below: list[list[int]] = [[] for _ in range(count)]
    for a, b in {(owner[a], owner[b]) for a, b in ends}:
        if a != b:
            below[a].append(b)
            above[b].append(a)
    free = {*topological_order(above, below), *topological_order(below, above)}
    return [inner for i, inner in enumerate(frame.frames) if i not in free]
