"""What is printed of values while a graph runs, here or from a file."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np


def printed_line(message: str, values: Sequence[Any], most: int) -> str:
    """The message and each value in brackets, `most` elements of it, all where that is negative."""
    return message + "".join([f"[{_summary(np.asarray(x), most)}]" for x in values])


def _summary(x: np.ndarray[Any, Any], most: int) -> str:
    flat = x.reshape(-1)
    shown = flat if most < 0 else flat[:most]
    return " ".join(map(str, shown.tolist())) + ("..." if len(shown) < len(flat) else "")
