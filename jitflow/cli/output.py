"""What commands write: tables for people, JSON for machines."""

from __future__ import annotations

import argparse
import json
import math
from collections.abc import Sequence
from typing import Any

from jitflow.cli.colour import BOLD, paint


def add_json(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="as JSON, for other programs")


def json_text(value: Any) -> str:
    return json.dumps(value, allow_nan=False) + "\n"


def json_number(value: Any) -> Any:
    """A number or nested lists of them; "nan", "inf" and "-inf" are text, complex ones pairs."""
    if isinstance(value, list):
        return [json_number(item) for item in value]
    if isinstance(value, complex):
        return [json_number(value.real), json_number(value.imag)]
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    return value


def table(titles: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Columns as wide as they need be, under their titles; the last one runs on."""
    widths = [max(map(len, column)) for column in zip(titles, *rows, strict=True)]
    lines = [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in (titles, *rows)
    ]
    lines[0] = paint(lines[0], BOLD)
    return "\n".join(lines) + "\n"
