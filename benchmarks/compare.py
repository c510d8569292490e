"""jitflow beside its peers: bars, and the best peer of a case. Knows no clock and no output."""

from collections.abc import Mapping, Sequence
from typing import Any

from case import OURS, AnyBar, Case, library
from measure import Row


def found(bar: AnyBar, rows: Mapping[str, Row]) -> float | None:
    """What a bar limits, against the library's fastest row; None where one was not measured."""
    ours = rows.get(bar.row)
    meant = [name for name in rows if bar.library in (name, library(name))]
    theirs = [rows[name] for name in meant if rows[name].seconds]
    if ours is None or not ours.seconds or not theirs:
        return None
    return max(bar.found(ours, row) for row in theirs)


def verdict(bar: AnyBar, rows: Mapping[str, Row]) -> str:
    """A bar in words."""
    value = found(bar, rows)
    if value is None:
        return f"{bar.goal}: not measured"
    return f"{bar.goal}: {value:.3g}, {'pass' if value <= bar.limit else 'MISS'}"


def best_peer(case: Case, rows: Mapping[str, Row]) -> str | None:
    """The fastest row that is not jitflow's, by ratios where jitflow was measured."""
    peers = {
        name: row
        for name, row in rows.items()
        if library(name) != OURS and name not in case.no_peers and row.seconds
    }
    ours = rows.get(OURS)
    if ours is None or not ours.seconds:
        return min(peers, key=lambda name: peers[name].median, default=None)
    return min(peers, key=lambda name: peers[name].ratio(ours), default=None)


def lead(case: Case, rows: Mapping[str, Row]) -> float | None:
    """How many times jitflow's time the best peer takes: below 1 it is faster."""
    best, ours = best_peer(case, rows), rows.get(OURS)
    if best is None or ours is None or not ours.seconds:
        return None
    return rows[best].ratio(ours)


def leads(measured: Sequence[Any]) -> list[tuple[float, Case, Mapping[str, Row]]]:
    """The cases with a best peer, where jitflow is farthest behind first."""
    pairs = [(lead(case, rows), case, rows) for case, rows in measured]
    found = [(ahead, case, rows) for ahead, case, rows in pairs if ahead is not None]
    return sorted(found, key=lambda one: one[0])
