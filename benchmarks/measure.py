"""Measures the rows of a case in interleaved rounds. Knows no library, no clock and no output.

In each round every row gives one sample, so that all rows see the same machine: what else runs
there, and the clock of the processor, change slowly against a round.
"""

import gc
import statistics
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.util import find_spec

from case import Case, library
from samplers import SAMPLERS


@dataclass
class Row:
    """What was measured of one row; `seconds` maps a round to the time of one call.

    `cores` has the processor time of each sample by the time that passed: more than 1 comes from
    several threads, less than 1 from other programs on the core.
    """

    seconds: dict[int, float] = field(default_factory=dict)
    cores: list[float] = field(default_factory=list)
    first_call: float | None = None
    note: str = ""
    failed: bool = False

    @property
    def median(self) -> float:
        return statistics.median(self.seconds.values())

    @property
    def quartiles(self) -> tuple[float, float]:
        """The first and third quartile; the range, where there are fewer than three samples."""
        values = sorted(self.seconds.values())
        if len(values) < 3:
            return values[0], values[-1]
        first, _, third = statistics.quantiles(values, method="inclusive")
        return first, third

    def ratio(self, other: "Row") -> float:
        """Median over the rounds that both have of this row's time by the other's."""
        both = self.seconds.keys() & other.seconds.keys()
        return statistics.median(self.seconds[k] / other.seconds[k] for k in both)

    def over(self, other: "Row") -> float:
        """Median over the rounds that both have of this row's time less the other's."""
        both = self.seconds.keys() & other.seconds.keys()
        return statistics.median(self.seconds[k] - other.seconds[k] for k in both)

    @contextmanager
    def failures_noted(self) -> Iterator[None]:
        """An error of any kind ends the row, not the run; the report and the exit code tell."""
        try:
            yield
        except Exception as error:  # noqa: BLE001
            self.note = f"{type(error).__name__}: {error}".strip()
            self.failed = True


def measure(case: Case, rounds: int, libraries: frozenset[str] = frozenset()) -> dict[str, Row]:
    """The rows of a case; only those of `libraries`, where any are named."""
    names = [name for name in case.rows if not libraries or library(name) in libraries]
    rows = {name: Row() for name in names}
    sampler = SAMPLERS[case.kind](case)
    for name, row in rows.items():
        if find_spec(library(name)) is None:
            row.note = "not installed"
            continue
        with row.failures_noted():
            row.first_call = sampler.prepare(name)
    for k in range(1, rounds + 1):
        for name in names[:: 1 if k % 2 else -1]:
            row = rows[name]
            if row.note or k > case.fewer_rounds.get(name, rounds):
                continue
            with row.failures_noted():
                row.seconds[k], cores = sampler.sample(name, k)
                row.cores.append(cores)
    gc.unfreeze()  # what `clock` froze
    return rows
