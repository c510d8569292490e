"""`jitflow cache`: what code lies on disk, whether it is whole, and how to be rid of it."""

from __future__ import annotations

import argparse
import os
from time import time
from typing import Any

from jitflow.cli.files import write_text
from jitflow.cli.output import add_json, json_text, table
from jitflow.config import settings
from jitflow.runtime import cache
from jitflow.runtime.cache.listing import Entry, entries
from jitflow.runtime.machine import machine_key
from jitflow.runtime.surroundings import origin

DAMAGED, UNFINISHED, OTHERS, USABLE = "damaged", "unfinished", "other", "usable"
"""Other: for another machine, or made by other versions or under other settings."""

TITLES = ("kind", "function", "defined at", "bytes", "hours since", "state")


def add(commands: Any) -> None:
    parser = commands.add_parser(
        "cache",
        help="list, check or remove the code on disk",
        description="Shows what code jitflow keeps on disk, checks every entry, or removes all.",
        allow_abbrev=False,
    )
    actions = parser.add_subparsers(title="actions", metavar="ACTION", required=True)
    for name, run, text in (
        ("ls", _list, "list the entries, the last used ones first"),
        ("clear", _clear, "remove all entries"),
        ("verify", _verify, "read every entry, and remove those that are damaged"),
    ):
        action = actions.add_parser(name, help=text, description=text, allow_abbrev=False)
        add_json(action)
        action.set_defaults(run=run)


def _list(arguments: argparse.Namespace) -> None:
    found = sorted(entries(), key=lambda entry: -entry.used)
    total = sum(entry.size for entry in found)
    if arguments.json:
        records = [_record(entry) for entry in found]
        facts = {"folder": cache.folder(), "bytes": total, "most_bytes": settings.cache_bytes}
        write_text("-", json_text({**facts, "entries": records}))
        return
    lines = table(TITLES, [_row(_record(entry)) for entry in found]) if found else ""
    write_text("-", f"{lines}{_size(len(found), total)} in {_place()}\n")


def _clear(arguments: argparse.Namespace) -> None:
    gone = [entry for entry in entries() if cache.remove(entry.path)]
    size = sum(entry.size for entry in gone)
    if arguments.json:
        write_text("-", json_text({"removed": len(gone), "bytes": size}))
    else:
        write_text("-", f"removed {_size(len(gone), size)} from {_place()}\n")


def _verify(arguments: argparse.Namespace) -> int:
    """Exit code 1 says that something was damaged."""
    found = [entry for entry in entries() if not entry.is_unfinished]
    damaged = [entry for entry in found if entry.about is None]
    for entry in damaged:
        cache.remove(entry.path)
    if arguments.json:
        paths = [entry.path for entry in damaged]
        write_text("-", json_text({"whole": len(found) - len(damaged), "damaged": paths}))
    else:
        lines = [f"damaged, removed: {entry.path}\n" for entry in damaged]
        whole = _size(len(found) - len(damaged), sum(e.size for e in found if e.about is not None))
        write_text("-", f"{''.join(lines)}{whole} are whole in {_place()}\n")
    return 1 if damaged else 0


def _record(entry: Entry) -> dict[str, Any]:
    about = entry.about or {}
    return {
        "key": _key(entry),
        "kind": about.get("kind", ""),
        "name": about.get("name", ""),
        "at": about.get("at", ""),
        "bytes": entry.size,
        "used": entry.used,
        "state": _state(entry),
    }


def _state(entry: Entry) -> str:
    if entry.about is None:
        return UNFINISHED if entry.is_unfinished else DAMAGED
    is_own = entry.about.get("origin") == origin()
    if entry.about.get("kind") == "machine":
        is_own = _key(entry) == machine_key()
    return USABLE if is_own else OTHERS


def _key(entry: Entry) -> str:
    return os.path.basename(entry.path).partition(".")[0]


def _row(record: dict[str, Any]) -> tuple[str, ...]:
    folder, _, file = record["at"].rpartition(os.sep)
    hours = f"{max(0.0, time() - record['used']) / 3600:.0f}"
    return (record["kind"], record["name"], file, str(record["bytes"]), hours, record["state"])


def _size(count: int, size: int) -> str:
    return f"{count} {'entry' if count == 1 else 'entries'}, {size / 1024:.0f} KiB"


def _place() -> str:
    return cache.folder() or f"no folder: {cache.why_off()}"
