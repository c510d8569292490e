"""What a picture is of: boxes with lines of text, lines between them, and the scopes around them.

Whoever draws something says it in these words; where things lie and how they look is not known.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal, NamedTuple
from unicodedata import east_asian_width

Direction = Literal["LR", "TB"]
"""From left to right, or from top to bottom."""

LONGEST = 72
"""Letters of a text, at most."""


class Row(NamedTuple):
    """One line of a box: its text, a note in grey behind it, what it says when pointed at.

    style: "", "name" for bold letters, "note" for small ones.
    """

    text: str
    note: str = ""
    about: str = ""
    style: str = ""


@dataclass
class Box:
    """Something in a picture. kind: one of those that style.py knows.

    name: unique in the picture, for its id. title: a bold line, "" for none; what the frames around
    it say already is left out of it. scopes: the labels of what it stands in, outermost first.
    about: what it says when pointed at. is_off: it is shown faded. is_wanted: with a strong edge.
    """

    kind: str
    name: str
    title: str
    rows: Sequence[Row]
    scopes: tuple[str, ...] = ()
    about: str = ""
    is_off: bool = False
    is_wanted: bool = False


@dataclass
class Line:
    """Something between two boxes, by number, in the direction of the flow.

    kind: "data", "control" or "state". trunk: what goes along it; lines of one box with the same
    trunk leave it at one place. is_back: the arrow is at the source.
    """

    source: int
    target: int
    about: Sequence[str]
    kind: str = "data"
    trunk: int = 0
    is_off: bool = False
    is_back: bool = False


@dataclass
class Picture:
    """All of it. notes: sentences under the picture."""

    title: str
    about: str
    boxes: list[Box] = field(default_factory=list)
    lines: list[Line] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def columns(text: str) -> int:
    """The width of a text in letters; those of East Asia count twice."""
    if text.isascii():
        return len(text)
    return sum(2 if east_asian_width(c) in "WF" else 1 for c in text)


def clipped(text: str, longest: int = LONGEST) -> str:
    """The text on one line, its end replaced by a mark where it is too long."""
    text = " ".join(text.split())
    if columns(text) <= longest:
        return text
    while columns(text) > longest - 1:
        text = text[:-1]
    return text + "\u2026"


def shortened(text: str, longest: int) -> str:
    """The text without its middle where it is too long: both ends tell names apart."""
    if columns(text) <= longest:
        return text
    half = (longest - 1) // 2
    return clipped(text[: 2 * half], half + 1)[:-1] + "\u2026" + text[-half:]
