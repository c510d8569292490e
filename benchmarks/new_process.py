"""A first call in a process of its own: starts that process, and is what runs in it."""

import subprocess
import sys
from pathlib import Path
from resource import RUSAGE_SELF, getrusage

from machine import environment, threads, use_threads

ONLY_SEED = 0


def first_call(case: str, row: str, seed: int, measured: str) -> list[float]:
    """A row's first call in a process that has done `before` only: seconds and cores.

    With `measured="memory"` the most bytes that the process held, in place of the seconds.
    """
    command = [sys.executable, __file__, case, row, str(seed), measured]
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, env=environment()
    )
    if done.returncode:
        raise RuntimeError((done.stderr.strip().splitlines() or ["it gave no reason"])[-1])
    return [float(text) for text in done.stdout.split()[-2:]]


def peak_bytes() -> int:
    """On Linux of this program alone: its `ru_maxrss` begins with what the parent process held."""
    if sys.platform == "linux":
        status = Path("/proc/self/status").read_text()
        (peak,) = (line.split()[1] for line in status.splitlines() if line.startswith("VmHWM:"))
        return int(peak) * 1024
    return getrusage(RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def main(case_name: str, row: str, seed: str, measured: str) -> None:
    """Prints what `first_call` reads."""
    use_threads(threads())
    from cases import CASES
    from clock import checked_call

    (case,) = (case for case in CASES if case.name == case_name)
    case.before[row](ONLY_SEED)()
    run = case.rows[row](int(seed))
    if measured == "memory":
        run()
        print(peak_bytes(), 1.0)
    else:
        print(*checked_call(case, run, int(seed)))


if __name__ == "__main__":
    main(*sys.argv[1:])
