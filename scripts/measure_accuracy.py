"""Writes the tables of docs/accuracy.md, and their numbers for the command `jitflow ops`.

Run `python scripts/measure_accuracy.py [samples]`.

For each row with a bound, the greatest error of its compiled code over samples of the ranges in
tests/support/true_values.py and over random bit patterns; of complex numbers over those of
tests/support/complex_values.py; of sums and products over those of tests/support/sums.py. Takes
minutes; the samples are fixed.
"""

import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from jitflow.ir.row import ROWS  # noqa: E402
from tests.support import complex_values, sums  # noqa: E402
from tests.support.native import run_row  # noqa: E402
from tests.support.true_values import LEAST, TRUE, errors, samples  # noqa: E402

PAGE = ROOT / "docs" / "accuracy.md"
MODULE = ROOT / "jitflow" / "cli" / "measured.py"
START, END = "<!-- errors: scripts/measure_accuracy.py -->\n", "<!-- end of errors -->\n"
COMPLEX_START = "<!-- complex errors: scripts/measure_accuracy.py -->\n"
COMPLEX_END = "<!-- end of complex errors -->\n"
SUMS_START = "<!-- errors of sums: scripts/measure_accuracy.py -->\n"
SUMS_END = "<!-- end of errors of sums -->\n"
SAMPLES = 1500
COMPLEX_SAMPLES = 200
HEAD = '''\
"""The greatest errors found of rows that are not exact, in ULP, of f32 and of f64, of c64 and c128.

Written by scripts/measure_accuracy.py. Those of sums are in ULP of the sum of the moduli.
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


def sums_table() -> str:
    lines = ["| op | terms | at most | f32 | f64 |", "|---|---|---|---|---|"]
    for name, counts in sums.COUNTS.items():
        for count in counts:
            most = f"{sums.most(name, count, 64):.1f}"
            measured = " | ".join(f"{sums.worst(name, d, count):.2f}" for d in ("f32", "f64"))
            lines.append(f"| `{name}` | {count} | {most} | {measured} |")
    return "\n".join(lines) + "\n"


def replaced(page: str, start: str, text: str, end: str) -> str:
    before, rest = page.split(start)
    return f"{before}{start}\n{text}\n{end}{rest.split(end)[1]}"


def module(page: str) -> str:
    """The numbers of the page's tables, as Python."""
    real = greatest(page, START, END) | greatest(page, SUMS_START, SUMS_END)
    found = {"MEASURED": real, "COMPLEX": greatest(page, COMPLEX_START, COMPLEX_END)}
    lines = [HEAD]
    for name, errors_ in found.items():
        pairs = [f'    "{op}": ({a:.2f}, {b:.2f}),' for op, (a, b) in errors_.items()]
        lines += [f"{name} = {{", *pairs, "}"]
    return "\n".join(lines) + "\n"


def greatest(page: str, start: str, end: str) -> dict[str, tuple[float, float]]:
    """The last two numbers of the table's lines by name, the greatest where it has several."""
    table = page.partition(start)[2].partition(end)[0]
    line = r"^\| `(\w+)` \|(?: \d+ \|)? [\d.]+ \| ([\d.]+) \| ([\d.]+) \|"
    found: dict[str, tuple[float, float]] = {}
    for name, single, double in re.findall(line, table, re.MULTILINE):
        before = found.get(name, (0.0, 0.0))
        found[name] = (max(before[0], float(single)), max(before[1], float(double)))
    return found


if __name__ == "__main__":
    given = int(sys.argv[1]) if len(sys.argv) > 1 else 0
    page = replaced(PAGE.read_text(), START, table(given or SAMPLES), END)
    found = complex_table(given or COMPLEX_SAMPLES)
    page = replaced(page, COMPLEX_START, found, COMPLEX_END)
    page = replaced(page, SUMS_START, sums_table(), SUMS_END)
    PAGE.write_text(page)
    MODULE.write_text(module(page))
