"""A first call in a process of its own: starts that process, and is what runs in it."""

import subprocess
import sys

from machine import use_one_thread

ONLY_SEED = 0


def first_call(case: str, row: str, seed: int) -> list[float]:
    """Seconds and cores of a row's first call, in a process that has done `before` only."""
    command = [sys.executable, __file__, case, row, str(seed)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError((done.stderr.strip().splitlines() or ["it gave no reason"])[-1])
    return [float(text) for text in done.stdout.split()[-2:]]


def main(case_name: str, row: str, seed: str) -> None:
    """Prints what `first_call` reads."""
    use_one_thread()
    from cases import CASES
    from clock import checked_call

    (case,) = (case for case in CASES if case.name == case_name)
    case.before[row](ONLY_SEED)()
    run = case.rows[row](int(seed))
    print(*checked_call(case, run, int(seed)))


if __name__ == "__main__":
    main(*sys.argv[1:])
