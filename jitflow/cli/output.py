"""What commands write for machines: the option `--json`, and values that JSON has no form for."""

from __future__ import annotations

import argparse
import json
import math
from typing import Any


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
