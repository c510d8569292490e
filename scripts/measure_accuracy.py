"""Writes the table of docs/accuracy.md: `python scripts/measure_accuracy.py [samples]`.

For each row with a bound, the greatest error of its compiled code over samples of the ranges in
tests/support/true_values.py and over random bit patterns. Takes minutes; the samples are fixed.
"""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from jitflow.ir.row import ROWS  # noqa: E402
from tests.support.native import run_row  # noqa: E402
from tests.support.true_values import LEAST, TRUE, errors, samples  # noqa: E402

PAGE = ROOT / "docs" / "accuracy.md"
START, END = "<!-- errors: scripts/measure_accuracy.py -->\n", "<!-- end of errors -->\n"
SAMPLES = 1500


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


if __name__ == "__main__":
    page = PAGE.read_text()
    before, rest = page.split(START)
    found = table(int(sys.argv[1]) if len(sys.argv) > 1 else SAMPLES)
    PAGE.write_text(f"{before}{START}\n{found}\n{END}{rest.split(END)[1]}")
