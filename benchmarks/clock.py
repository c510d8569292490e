"""Times calls, and checks what they give. Knows no library and no rounds."""

import gc
from resource import RUSAGE_CHILDREN, getrusage
from time import perf_counter, process_time
from typing import Any, NamedTuple

from agreement import require_agreement
from case import Case, Run
from machine import threads


class Timing(NamedTuple):
    """Seconds per call, and how many cores were at work: processor time by time.

    With one thread the seconds are those of the processor: what others do on the machine does not
    count, and a library that has more threads at work gains nothing by it. Where rows wait, they
    are those of the clock.
    """

    seconds: float
    cores: float


def time_of(run: Run, calls: int, waits: bool = False) -> Timing:
    """The mean over some calls."""
    start, start_of_work = perf_counter(), processor_time()
    for _ in range(calls):
        run()
    seconds, work = perf_counter() - start, processor_time() - start_of_work
    return Timing((work if threads() == 1 and not waits else seconds) / calls, work / seconds)


def processor_time() -> float:
    """Seconds of work of this process and of those that it started, such as a C++ compiler."""
    children = getrusage(RUSAGE_CHILDREN)
    return process_time() + children.ru_utime + children.ru_stime


def checked_call(case: Case, run: Run, seed: int) -> Timing:
    """One call, whose result must be NumPy's."""
    results: list[Any] = []
    gc.collect()
    gc.freeze()  # what others left must not slow down a collection in the call
    timing = time_of(lambda: results.append(run()), 1, case.waits)
    require_agreement(results[0], case.reference(seed), case.tolerance)
    return timing
