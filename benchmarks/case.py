"""What a benchmark case declares. Knows no library and no clock."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, ClassVar

OURS = "jitflow"

Run = Callable[[], Any]
"""One timed call; it returns when its result is there."""

Setup = Callable[[int], Run]
"""Imports a library and makes a run for a seed. Not timed; equal seeds ask for equal results."""


class Kind(Enum):
    """What a sample is; `samplers.py` has them all. Seconds, or bytes where it says memory."""

    CALLS = "many calls of what was compiled before"
    FIRST_CALL = "the first call of something new"
    FIRST_CALL_OF_PROCESS = "the same, in a new process"
    PEAK_MEMORY = "the most memory of a new process with a first call, in bytes"


@dataclass(frozen=True)
class Bar:
    """jitflow must take at most `share` of the time of the fastest row of a library, or of one."""

    library: str
    share: float
    row: ClassVar[str] = OURS

    @property
    def goal(self) -> str:
        return f"jitflow takes at most {self.share:.2f} of {self.library}'s time"

    def found(self, ours: Any, theirs: Any) -> float:
        """What must not be above `limit`; of the fastest row the most."""
        return ours.ratio(theirs)

    @property
    def limit(self) -> float:
        return self.share


@dataclass(frozen=True)
class Over:
    """jitflow must take at most so many seconds more than the fastest row of a library, or one."""

    library: str
    seconds: float
    row: ClassVar[str] = OURS

    @property
    def goal(self) -> str:
        return f"jitflow takes at most {self.seconds:g} s over {self.library}"

    def found(self, ours: Any, theirs: Any) -> float:
        return ours.over(theirs)

    @property
    def limit(self) -> float:
        return self.seconds


@dataclass(frozen=True)
class Within:
    """A row of jitflow's must take at most so many seconds, whoever else is there."""

    seconds: float
    row: str = OURS

    @property
    def library(self) -> str:
        return self.row

    @property
    def goal(self) -> str:
        return f"{self.row} takes at most {self.seconds:g} s"

    def found(self, ours: Any, theirs: Any) -> float:
        return ours.median

    @property
    def limit(self) -> float:
        return self.seconds


AnyBar = Bar | Over | Within


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

    no_peers: tuple[str, ...] = ()
    """Rows that are shown, but do less than jitflow does, so that the best peer is another."""

    bars: tuple[AnyBar, ...] = ()
    waits: bool = False
    """Whether rows wait for something, which the clock sees and the processor does not."""


def library(row: str) -> str:
    """The package behind a row."""
    return row.split()[0]
