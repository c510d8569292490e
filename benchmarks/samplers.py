"""The kinds of samples: many calls, a first call, a first call in a new process.

A sampler has `prepare`, called once per row before the rounds, and `sample`, called once per round.
"""

from case import Case, Kind, Run
from clock import Timing, checked_call, time_of
from new_process import first_call

SAMPLE_SECONDS = 0.02
PREPARATION = 0
"""The seed of what is prepared; rounds count from 1."""


class Calls:
    """Set up once; a sample is the mean over many calls, after one that does not count."""

    def __init__(self, case: Case) -> None:
        self.case = case
        self.runs: dict[str, Run] = {}
        self.counts: dict[str, int] = {}

    def prepare(self, row: str) -> float:
        """Seconds of the first call."""
        run = self.runs[row] = self.case.rows[row](PREPARATION)
        first = checked_call(self.case, run, PREPARATION)
        self.counts[row] = max(1, round(SAMPLE_SECONDS / time_of(run, 1, True).seconds))
        return first.seconds

    def sample(self, row: str, k: int) -> Timing:
        self.runs[row]()
        return time_of(self.runs[row], self.counts[row], self.case.waits)


class FirstCalls:
    """Set up anew for each call; one call that does not count goes ahead of all."""

    def __init__(self, case: Case) -> None:
        self.case = case

    def prepare(self, row: str) -> None:
        self.sample(row, PREPARATION)

    def sample(self, row: str, k: int) -> Timing:
        return checked_call(self.case, self.case.rows[row](k), k)


class FirstCallsOfProcesses:
    """A process for each call, which has only done the case's `before`."""

    measured = "time"

    def __init__(self, case: Case) -> None:
        self.case = case

    def prepare(self, row: str) -> None:
        """Nothing: no sample knows of another."""

    def sample(self, row: str, k: int) -> Timing:
        return Timing(*first_call(self.case.name, row, k, self.measured))


class PeakMemory(FirstCallsOfProcesses):
    """The same, by its memory."""

    measured = "memory"


SAMPLERS = {
    Kind.CALLS: Calls,
    Kind.FIRST_CALL: FirstCalls,
    Kind.FIRST_CALL_OF_PROCESS: FirstCallsOfProcesses,
    Kind.PEAK_MEMORY: PeakMemory,
}
