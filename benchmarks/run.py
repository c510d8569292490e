"""Compares jitflow with its peers on this machine, with as many threads each; see README.md here.

Owns the command line. NumPy and the peers are imported by the cases, after the threads are set.
"""

import argparse
import os
import sys
import warnings
from fnmatch import fnmatch
from pathlib import Path
from tempfile import TemporaryDirectory

from machine import STORE, facts, use_threads

RESULTS = Path(__file__).parent / "results" / "latest.json"


def options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", default="*", metavar="PATTERN", help="cases, such as 'first_*'")
    parser.add_argument("--libraries", default="", help="rows of these only, such as jitflow,jax")
    parser.add_argument("--threads", type=int, default=1, help="of each library (%(default)s)")
    parser.add_argument("--rounds", type=int, help="samples per row instead of the case's own")
    parser.add_argument("--json", type=Path, default=RESULTS, metavar="PATH", help="%(default)s")
    parser.add_argument("--list", action="store_true", help="name the cases and stop")
    return parser.parse_args()


def main() -> int:
    chosen = options()
    use_threads(chosen.threads)
    with TemporaryDirectory() as store:
        os.environ[STORE] = store
        return compare_all(chosen)


def compare_all(chosen: argparse.Namespace) -> int:
    warnings.filterwarnings("ignore", "dynamo_pgo force disabled")  # torch, of what we asked for
    from cases import CASES
    from measure import measure
    from picture import write_picture
    from report import print_case, print_head, print_summary, write_json

    cases = [case for case in CASES if fnmatch(case.name, chosen.only)]
    if not cases:
        sys.exit(f"no case matches {chosen.only!r}; known: {', '.join(c.name for c in CASES)}")
    if chosen.list:
        print("\n".join(f"{case.name:20}{case.title}" for case in cases))
        return 0
    machine, found = facts(), []
    print_head(machine)
    libraries = frozenset(chosen.libraries.split(",")) - {""}
    for case in cases:
        rows = measure(case, chosen.rounds or case.rounds, libraries)
        print_case(case, rows)
        found.append((case, rows))
        write_json(chosen.json, machine, found)
    print_summary(found)
    write_picture(chosen.json.with_suffix(".svg"), machine, found)
    return int(any(row.failed for _, rows in found for row in rows.values()))


if __name__ == "__main__":
    sys.exit(main())
