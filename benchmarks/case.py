"""What a benchmark case declares. Knows no library and no clock."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

Run = Callable[[], Any]
"""One timed call; it returns when its result is there."""

Setup = Callable[[int], Run]
"""Imports a library and makes a run for a seed. Not timed; equal seeds ask for equal results."""


class Kind(Enum):
    """What a sample is; `samplers.py` has them all."""

    CALLS = "many calls of what was compiled before"
    FIRST_CALL = "the first call of something new"
    FIRST_CALL_OF_PROCESS = "the same, in a new process"


@dataclass(frozen=True)
class Bar:
    """jitflow must take at most `share` of the time of the fastest row of a library."""

    library: str
    share: float


@dataclass(frozen=True, kw_only=True)
class Case:
    """One comparison. A row's name is its library, then in which form: `torch compiled`.

    Cases of first calls are set up anew, with another seed, for each single timed call.
    """

    name: str
    title: str
    reference: Callable[[int], Any]
    """The right result for a seed, by NumPy: arrays, or tuples, lists and dicts of them."""

    rows: Mapping[str, Setup]
    kind: Kind = Kind.CALLS
    before: Mapping[str, Setup] = field(default_factory=dict)
    """What a new process runs first, by row."""

    tolerance: float = 1e-5
    rounds: int = 15
    fewer_rounds: Mapping[str, int] = field(default_factory=dict)
    left_out: Mapping[str, str] = field(default_factory=dict)
    """Rows that a reader may miss, and why they are not there."""

    bars: tuple[Bar, ...] = ()


def library(row: str) -> str:
    """The package behind a row."""
    return row.split()[0]
