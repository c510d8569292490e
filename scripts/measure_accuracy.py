"""Writes the tables of docs/accuracy.md, and numbers of the first for the command `jitflow ops`.

Run `python scripts/measure_accuracy.py [samples]`.

For each row with a bound, the greatest error of its compiled code over samples of the ranges in
tests/support/true_values.py and over random bit patterns; of complex numbers over those of
tests/support/complex_values.py. Takes minutes; the samples are fixed.
"""

import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from jitflow.ir.row import ROWS  # noqa: E402
from tests.support import complex_values  # noqa: E402
from tests.support.native import run_row  # noqa: E402
from tests.support.true_values import LEAST, TRUE, errors, samples  # noqa: E402

PAGE = ROOT / "docs" / "accuracy.md"
MODULE = ROOT / "jitflow" / "cli" / "measured.py"
START, END = "<!-- errors: scripts/measure_accuracy.py -->\n", "<!-- end of errors -->\n"
COMPLEX_START = "<!-- complex errors: scripts/measure_accuracy.py -->\n"
COMPLEX_END = "<!-- end of complex errors -->\n"
SAMPLES = 1500
COMPLEX_SAMPLES = 200
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


def complex_table(count: int) -> str:
    lines = ["| op | bound | c64 | c128 |", "|---|---|---|---|"]
    for name in sorted(complex_values.TRUE):
        measured = " | ".join(f"{complex_worst(name, d, count):.2f}" for d in ("c64", "c128"))
        lines.append(f"| `{name}` | {ROWS[name].normwise} | {measured} |")
    return "\n".join(lines) + "\n"


def complex_worst(name: str, dtype: str, count: int) -> float:
    """The greatest error found, in units of the last place of the modulus."""
    operands = complex_values.samples(name, dtype, count)
    found = run_row(name, dtype, *operands)
    return max(complex_values.errors(name, dtype, found, operands))


def replaced(page: str, start: str, text: str, end: str) -> str:
    before, rest = page.split(start)
    return f"{before}{start}\n{text}\n{end}{rest.split(end)[1]}"


def module(page: str) -> str:
    """The numbers of the page's first table, as Python."""
    table = page.partition(START)[2].partition(END)[0]
    rows = re.findall(r"^\| `(\w+)` \| [\d.]+ \| ([\d.]+) \| ([\d.]+) \|", table, re.MULTILINE)
    lines = [f'    "{name}": ({single}, {double}),' for name, single, double in rows]
    return "\n".join([HEAD, "MEASURED = {", *lines, "}\n"])


if __name__ == "__main__":
    given = int(sys.argv[1]) if len(sys.argv) > 1 else 0
    page = replaced(PAGE.read_text(), START, table(given or SAMPLES), END)
    found = complex_table(given or COMPLEX_SAMPLES)
    page = replaced(page, COMPLEX_START, found, COMPLEX_END)
    PAGE.write_text(page)
    MODULE.write_text(module(page))
