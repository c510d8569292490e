"""Writes the table of docs/accuracy.md, and its numbers for the command `jitflow ops`.

Run `python scripts/measure_accuracy.py [samples]`.

For each row with a bound, the greatest error of its compiled code over samples of the ranges in
tests/support/true_values.py and over random bit patterns. Takes minutes; the samples are fixed.
"""

import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from jitflow.ir.row import ROWS  # noqa: E402
from tests.support.native import run_row  # noqa: E402
from tests.support.true_values import LEAST, TRUE, errors, samples  # noqa: E402

PAGE = ROOT / "docs" / "accuracy.md"
MODULE = ROOT / "jitflow" / "cli" / "measured.py"
START, END = "<!-- errors: scripts/measure_accuracy.py -->\n", "<!-- end of errors -->\n"
SAMPLES = 1500
HEAD = '''\
"""The greatest errors found of rows with a bound, in ULP, of f32 and of f64.

Written by scripts/measure_accuracy.py.
"""
'''


def worst(name: str, dtype: str, count: int) -> float:
    """The greatest error found, in units of the last place."""
    operands = samples(name, dtype, count)
    return max(errors(name, dtype, run_row(name, dtype, *operands), operands))


def table(count: int) -> str:
    lines = ["| op | bound | f32 | f64 | gives |", "|---|---|---|---|---|"]
    for name in sorted(TRUE):
        row = ROWS[name]
        measured = " | ".join(f"{worst(name, dtype, count):.2f}" for dtype in ("f32", "f64"))
        least = f" Below {LEAST[name]} the unit is that of {LEAST[name]}." if name in LEAST else ""
        text = row.doc.replace("|", "\\|")
        lines.append(f"| `{name}` | {row.ulp} | {measured} | {text}{least} |")
    return "\n".join(lines) + "\n"


def module(page: str) -> str:
    """The numbers of the page's table, as Python."""
    rows = re.findall(r"^\| `(\w+)` \| [\d.]+ \| ([\d.]+) \| ([\d.]+) \|", page, re.MULTILINE)
    lines = [f'    "{name}": ({single}, {double}),' for name, single, double in rows]
    return "\n".join([HEAD, "MEASURED = {", *lines, "}\n"])


if __name__ == "__main__":
    page = PAGE.read_text()
    before, rest = page.split(START)
    found = table(int(sys.argv[1]) if len(sys.argv) > 1 else SAMPLES)
    page = f"{before}{START}\n{found}\n{END}{rest.split(END)[1]}"
    PAGE.write_text(page)
    MODULE.write_text(module(page))
