"""The table that `Model.summary` gives."""

from __future__ import annotations

from typing import Any

import numpy as np

from jitflow.nn.frame import Call
from jitflow.trace.pytree import flatten, paths


def summary_text(variables: Any, places: Call) -> str:
    """A line for each array, parameters first, and sums; for a screen of 80 columns."""
    lines = [f"{'name':40} {'shape':20} {'count':>12}", "-" * 74]
    totals = {"trained": 0, "frozen": 0, "kept beside them": 0}
    for tree, is_state in ((variables.params, False), (variables.state, True)):
        leaves, structure = flatten(tree)
        for name, x in zip(map(_plain, paths(structure, "")), leaves, strict=True):
            is_frozen = places.is_frozen(tuple(name.split("/")[:-1]))
            kind = "kept beside them" if is_state else "frozen" if is_frozen else "trained"
            mark = {"frozen": " (frozen)", "kept beside them": " (state)"}.get(kind, "")
            lines.append(f"{name + mark:40} {np.shape(x)!s:20} {np.size(x):12,}")
            totals[kind] += int(np.size(x))
    counts = [f"{count:,} {kind}" for kind, count in totals.items() if count or kind != "frozen"]
    lines += ["-" * 74, f"parameters: {', '.join(counts)}"]
    return "\n".join(lines)


def _plain(path: str) -> str:
    """`dense/kernel` for `['dense']['kernel']`."""
    return path.replace("']['", "/").strip("[]'")
