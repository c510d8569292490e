"""What a run found, as a table and as JSON. Knows no library and no clock."""

import json
import statistics
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from case import Bar, Case, Kind, library
from measure import Row

OURS = "jitflow"
COLUMNS = "", "time", "quartiles", "ratio", "first call"
WHOLE_CORE = 0.9, 1.1
METHOD = (
    "interleaved rounds, one sample per row and round, median [quartiles]; 'ratio' is the time by "
    "jitflow's, median over rounds; results are checked against NumPy before any is timed"
)
UNITS = (("s", 1.0), ("ms", 1e-3), ("us", 1e-6), ("ns", 1e-9))


def share(bar: Bar, rows: Mapping[str, Row]) -> float | None:
    """jitflow's time by that of the library's fastest row; None where one was not measured."""
    ours = rows.get(OURS)
    theirs = [row for name, row in rows.items() if library(name) == bar.library and row.seconds]
    if ours is None or not ours.seconds or not theirs:
        return None
    return max(ours.ratio(row) for row in theirs)


def verdict(bar: Bar, rows: Mapping[str, Row]) -> str:
    """A bar in words."""
    found = share(bar, rows)
    goal = f"jitflow takes at most {bar.share:.2f} of {bar.library}'s time"
    if found is None:
        return f"{goal}: not measured"
    return f"{goal}: {found:.2f}, {'pass' if found <= bar.share else 'MISS'}"


def duration(seconds: float) -> str:
    """Three digits and a unit."""
    name, size = next((u for u in UNITS if seconds >= u[1]), UNITS[-1])
    value = seconds / size
    return f"{value:.{2 if value < 10 else 1 if value < 100 else 0}f} {name}"


def head(machine: Mapping[str, str]) -> str:
    """The lines above the tables."""
    lines = {**machine, "method": METHOD}
    return "\n".join(f"{name + ':':10}{text}" for name, text in lines.items())


def print_head(machine: Mapping[str, str]) -> None:
    from rich.console import Console

    Console(soft_wrap=True).print(head(machine), highlight=False, markup=False)


def print_case(case: Case, rows: Mapping[str, Row]) -> None:
    """One case: a table, its bars, and what is missing."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(title=f"{case.name}: {case.title}", title_justify="left")
    for column in COLUMNS[: 5 if case.kind is Kind.CALLS else 4]:
        table.add_column(column, justify="right" if column else "left", no_wrap=True)
    for name, row in rows.items():
        cells = _cells(name, row, rows.get(OURS))
        table.add_row(*map(Text, cells[: len(table.columns)]))
    console = Console(soft_wrap=True)
    console.print()
    console.print(table)
    for line in notes(case, rows):
        console.print(line, highlight=False, markup=False)


def _cells(name: str, row: Row, ours: Row | None) -> list[str]:
    if row.note or not row.seconds:
        return [name, "error" if row.failed else row.note, "", "", ""]
    low, high = row.quartiles
    ratio = f"{row.ratio(ours):.2f}" if ours is not None and ours.seconds else ""
    first = "" if row.first_call is None else duration(row.first_call)
    return [name, duration(row.median), f"{duration(low)} - {duration(high)}", ratio, first]


def notes(case: Case, rows: Mapping[str, Row]) -> list[str]:
    """The lines under a table."""
    return [
        *(f"  {name}: {row.note}" for name, row in rows.items() if row.failed),
        *(f"  {warning}" for warning in core_use(rows)),
        *(f"  {name}: left out, {why}" for name, why in case.left_out.items()),
        *(f"  bar: {verdict(bar, rows)}" for bar in case.bars),
    ]


def core_use(rows: Mapping[str, Row]) -> list[str]:
    """Warnings where rows had more than one core, or had to share it."""
    used = {name: row.cores for name, row in rows.items() if row.cores}
    least, most = WHOLE_CORE
    unfair = [
        f"{name}: used {max(cores):.1f} cores, so its time does not compare"
        for name, cores in used.items()
        if max(cores) > most
    ]
    share = min(map(statistics.median, used.values()), default=1.0)
    return unfair + [f"busy machine: a row had {share:.2f} of its core"] * (share < least)


def write_json(path: Path, machine: Mapping[str, str], found: Sequence[Any]) -> None:
    """All figures, in seconds."""
    cases = [_case_record(case, rows) for case, rows in found]
    path.parent.mkdir(parents=True, exist_ok=True)
    record = {"machine": dict(machine), "method": METHOD, "cases": cases}
    path.write_text(json.dumps(record, indent=1) + "\n")


def _case_record(case: Case, rows: Mapping[str, Row]) -> dict[str, Any]:
    bars = [
        {"library": bar.library, "goal": bar.share, "share": share(bar, rows)} for bar in case.bars
    ]
    return {
        "name": case.name,
        "title": case.title,
        "sample": case.kind.value,
        "rows": {name: _row_record(row) for name, row in rows.items()},
        "bars": bars,
        "left_out": dict(case.left_out),
    }


def _row_record(row: Row) -> dict[str, Any]:
    record: dict[str, Any] = {"note": row.note, "first_call": row.first_call}
    if row.seconds:
        low, high = row.quartiles
        record |= {
            "median": row.median,
            "first_quartile": low,
            "third_quartile": high,
            "samples": list(row.seconds.values()),
            "cores": row.cores,
        }
    return record
