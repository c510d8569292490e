"""What a run found, as tables and as JSON. Knows no library and no clock."""

import json
import statistics
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from case import OURS, Case, Kind
from compare import best_peer, found, lead, leads, verdict
from measure import Row

COLUMNS = "", "median", "quartiles", "ratio", "first call"
WHOLE_CORE = 0.9, 1.1
METHOD = (
    "interleaved rounds, one sample per row and round, median [quartiles]; 'ratio' is the time by "
    "jitflow's, median over rounds; results are checked against NumPy before any is timed; with "
    "one thread times are the processor's, else the clock's"
)
TIMES = (("s", 1.0), ("ms", 1e-3), ("us", 1e-6), ("ns", 1e-9))
SIZES = (("GB", 1e9), ("MB", 1e6), ("kB", 1e3))


def amount(value: float, kind: Kind = Kind.CALLS) -> str:
    """Three digits and a unit of time, or of memory."""
    units = SIZES if kind is Kind.PEAK_MEMORY else TIMES
    name, size = next((unit for unit in units if value >= unit[1]), units[-1])
    value /= size
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

    table = Table(title=Text(f"{case.name}: {case.title}", "table.title"), title_justify="left")
    for column in COLUMNS[: 5 if case.kind is Kind.CALLS else 4]:
        table.add_column(column, justify="right" if column else "left", no_wrap=True)
    for name, row in rows.items():
        cells = _cells(name, row, rows.get(OURS), case.kind)
        table.add_row(*map(Text, cells[: len(table.columns)]))
    console = Console(soft_wrap=True)
    console.print()
    console.print(table)
    for line in notes(case, rows):
        console.print(line, highlight=False, markup=False)


def print_summary(measured: Sequence[Any]) -> None:
    """jitflow beside the best peer of each case, worst first, and the geometric mean."""
    from rich.console import Console
    from rich.table import Table

    ranked = leads(measured)
    if len(ranked) < 2:
        return
    table = Table(title="jitflow and the best peer of each case", title_justify="left")
    for column in "case", "jitflow", "best peer", "its time", "ratio":
        table.add_column(column, no_wrap=True)
    for ahead, case, rows in ranked:
        best = best_peer(case, rows) or ""
        ours, its = (amount(rows[name].median, case.kind) for name in (OURS, best))
        table.add_row(case.name, ours, best, its, f"{ahead:.2f}")
    mean = statistics.geometric_mean(ahead for ahead, _, _ in ranked)
    console = Console(soft_wrap=True)
    console.print()
    console.print(table)
    console.print(f"  geometric mean of the ratios: {mean:.2f}", highlight=False)


def _cells(name: str, row: Row, ours: Row | None, kind: Kind) -> list[str]:
    if row.note or not row.seconds:
        return [name, "error" if row.failed else row.note, "", "", ""]
    low, high = row.quartiles
    ratio = f"{row.ratio(ours):.2f}" if ours is not None and ours.seconds else ""
    first = "" if row.first_call is None else amount(row.first_call)
    spread = f"{amount(low, kind)} - {amount(high, kind)}"
    return [name, amount(row.median, kind), spread, ratio, first]


def notes(case: Case, rows: Mapping[str, Row]) -> list[str]:
    """The lines under a table."""
    shares = [] if case.waits else core_use(rows)
    return [
        *(f"  {name}: {row.note}" for name, row in rows.items() if row.failed),
        *(f"  {warning}" for warning in shares),
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


def write_json(path: Path, machine: Mapping[str, str], measured: Sequence[Any]) -> None:
    """All figures, in seconds."""
    cases = [_case_record(case, rows) for case, rows in measured]
    path.parent.mkdir(parents=True, exist_ok=True)
    record = {"machine": dict(machine), "method": METHOD, "cases": cases}
    path.write_text(json.dumps(record, indent=1) + "\n")


def _case_record(case: Case, rows: Mapping[str, Row]) -> dict[str, Any]:
    bars = [{"goal": bar.goal, "limit": bar.limit, "found": found(bar, rows)} for bar in case.bars]
    return {
        "name": case.name,
        "title": case.title,
        "sample": case.kind.value,
        "unit": "bytes" if case.kind is Kind.PEAK_MEMORY else "seconds",
        "best_peer": best_peer(case, rows),
        "lead": lead(case, rows),
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
