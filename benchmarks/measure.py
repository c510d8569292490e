"""Times the rows of a case in interleaved rounds. Knows no library and no output.

In each round every row gives one sample, so that all rows see the same machine: what else runs
there, and the clock of the processor, change slowly against a round.
"""

import gc
import os
import statistics
from collections.abc import Callable
from dataclasses import dataclass, field
from importlib.util import find_spec
from time import perf_counter, process_time
from typing import Any

from agreement import require_agreement
from case import Case, Run, library

SAMPLE_SECONDS = 0.02
PREPARATION = 0
"""The seed of the first call; rounds count from 1."""


@dataclass
class Row:
    """What was measured of one row; `seconds` maps a round to the time of one call.

    `cores` has the processor time of each sample by the time that passed: more than 1 comes from
    several threads, less than 1 from other programs on the core.
    """

    seconds: dict[int, float] = field(default_factory=dict)
    cores: list[float] = field(default_factory=list)
    first_call: float | None = None
    calls: int = 1
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


class Measurement:
    """One case, row by row and round by round."""

    def __init__(self, case: Case, libraries: frozenset[str]) -> None:
        self.case = case
        names = [name for name in case.rows if not libraries or library(name) in libraries]
        self.rows = {name: Row() for name in names}
        self.runs: dict[str, Run] = {}

    def prepare(self, name: str) -> None:
        """The first call ever; in a case of first calls it is a warm-up."""
        run = self.case.rows[name](PREPARATION)
        seconds, _ = self.checked_call(run, PREPARATION)
        if not self.case.is_first_call:
            row = self.rows[name]
            row.first_call = seconds
            row.calls = max(1, round(SAMPLE_SECONDS / time_of(run, 1)[0]))
            self.runs[name] = run

    def sample(self, name: str, k: int) -> None:
        """The sample of one row in round k."""
        row = self.rows[name]
        if self.case.is_first_call:
            row.seconds[k], cores = self.checked_call(self.case.rows[name](k), k)
        else:
            self.runs[name]()
            row.seconds[k], cores = time_of(self.runs[name], row.calls)
        row.cores.append(cores)

    def checked_call(self, run: Run, seed: int) -> tuple[float, float]:
        """The time of one call, whose result must be NumPy's, and how many cores were at work."""
        results: list[Any] = []
        gc.collect()
        found = time_of(lambda: results.append(run()), 1)
        require_agreement(results[0], self.case.reference(seed), self.case.tolerance)
        return found

    def attempt(self, action: Callable[..., None], name: str, *more: int) -> None:
        """Does it unless the row has come to its end; an error of any kind is such an end."""
        row = self.rows[name]
        if row.note:
            return
        try:
            action(name, *more)
        except Exception as error:  # noqa: BLE001  (shown in the row and by the exit code)
            row.note = f"{type(error).__name__}: {error}".strip()
            row.failed = True


def time_of(run: Run, calls: int) -> tuple[float, float]:
    """Seconds per call, and how many cores were at work."""
    start, start_of_work = perf_counter(), processor_time()
    for _ in range(calls):
        run()
    seconds, work = perf_counter() - start, processor_time() - start_of_work
    return seconds / calls, work / seconds


def processor_time() -> float:
    """Seconds of work of this process and of those that it started, such as a C++ compiler."""
    children = os.times()
    return process_time() + children.children_user + children.children_system


def measure(case: Case, rounds: int, libraries: frozenset[str] = frozenset()) -> dict[str, Row]:
    """The rows of a case; only those of `libraries`, where any are named."""
    measurement = Measurement(case, libraries)
    for name, row in measurement.rows.items():
        if find_spec(library(name)) is None:
            row.note = "not installed"
        measurement.attempt(measurement.prepare, name)
    gc.collect()
    gc.freeze()  # what the others have imported must not slow a collection down
    for k in range(1, rounds + 1):
        for name in list(measurement.rows)[:: 1 if k % 2 else -1]:
            if k <= case.fewer_rounds.get(name, rounds):
                measurement.attempt(measurement.sample, name, k)
    gc.unfreeze()
    return measurement.rows
