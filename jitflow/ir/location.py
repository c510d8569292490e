"""Where in the user's source an op comes from. Locations are no part of equality or of objects."""

from __future__ import annotations

import linecache
from collections.abc import Iterable
from itertools import chain
from typing import NamedTuple


class Location(NamedTuple):
    """One source line; `function` is the function that holds it. Line 0 is an unknown place."""

    file: str
    line: int
    function: str = ""

    def __str__(self) -> str:
        return f"{self.file}:{self.line}" if self.line else ""

    @property
    def text(self) -> str:
        """The source line without indentation, or "" where the file cannot be read."""
        return linecache.getline(self.file, self.line).strip()


Locations = tuple[Location, ...]
"""The lines an op stands for; ops that a pass merges unite theirs."""


def unite(first: Locations, second: Locations) -> Locations:
    """Both sets of lines in order, each once."""
    if second == first or not second:
        return first
    return first + tuple(place for place in second if place not in first)


def unite_all(each: Iterable[Locations]) -> Locations:
    """All lines in order, each once; fast for many."""
    return tuple(dict.fromkeys(chain.from_iterable(each)))
