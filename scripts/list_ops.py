"""Writes the tables of ops in docs/ir.md from the rows: `python scripts/list_ops.py`."""

from pathlib import Path

from jitflow.ir.facts import facts, takes
from jitflow.ir.row import ROWS, Family

PAGE = Path(__file__).parents[1] / "docs" / "ir.md"
START, END = "<!-- ops: scripts/list_ops.py -->\n", "<!-- end of ops -->\n"
FAMILIES = {
    Family.CREATION: "Creation",
    Family.ELEMENTWISE: "Elementwise: arrays of one shape, scalars, and vectors alike",
    Family.VIEW: "Views: elements move, nothing is computed",
    Family.REDUCE: "Reductions",
    Family.CUMULATIVE: "Cumulative: from the first element to each one",
    Family.CONTRACTION: "Contraction",
    Family.INDEXING: "Indexing: parts of arrays are read or replaced",
    Family.LIBRARY: "Library: along the last axes, by a function of the host",
    Family.STRUCTURED: "Structured: regions that see their own parameters only",
    Family.CHECK: "Checks and effects",
    Family.LOOP: "Level 3: loops, memory, lanes; regions see outer values",
}


def tables():
    """A table for each family, in Markdown."""
    return "\n".join(map(table, FAMILIES))


def table(family):
    lines = [f"**{FAMILIES[family]}**", "", "| op | takes | gives | facts |", "|---|---|---|---|"]
    rows = sorted((row for row in ROWS.values() if row.family is family), key=lambda row: row.name)
    for row in rows:
        cells = f"`{row.name}`", takes(row), row.doc.replace("|", "\\|"), ", ".join(facts(row))
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def page(text):
    """The page with its tables as the rows are now."""
    before, rest = text.split(START)
    after = rest.split(END)[1]
    return f"{before}{START}\n{tables()}\n{END}{after}"


if __name__ == "__main__":
    PAGE.write_text(page(PAGE.read_text()))
