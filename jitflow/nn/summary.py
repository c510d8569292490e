"""The table that `Model.summary` gives."""

from __future__ import annotations

from typing import Any

import numpy as np

from jitflow.trace.pytree import flatten, paths


def summary_text(variables: Any) -> str:
    """A line for each array, parameters first, and sums; for a screen of 80 columns."""
    lines = [f"{'name':40} {'shape':20} {'count':>12}", "-" * 74]
    totals = []
    for tree, kind in ((variables.params, ""), (variables.state, " (state)")):
        leaves, structure = flatten(tree)
        names = [_plain(path) for path in paths(structure, "")]
        lines += [
            f"{name + kind:40} {np.shape(x)!s:20} {np.size(x):12,}"
            for name, x in zip(names, leaves, strict=True)
        ]
        totals.append(sum(int(np.size(x)) for x in leaves))
    trained, kept = totals
    lines += ["-" * 74, f"parameters: {trained:,} trained, {kept:,} kept beside them"]
    return "\n".join(lines)


def _plain(path: str) -> str:
    """`dense/kernel` for `['dense']['kernel']`."""
    return path.replace("']['", "/").strip("[]'")
