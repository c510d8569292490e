"""A run as a picture: a line a case, jitflow at 1 and each peer at its ratio. Knows no clock."""

from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from case import OURS, library
from compare import leads

COLOURS = {
    "numpy": "#4b5563", "jax": "#7c3aed", "torch": "#ea580c", "numba": "#0284c7",
    "numexpr": "#16a34a",
}  # fmt: skip
INCHES_PER_CASE = 0.24


def write_picture(path: Path, machine: Mapping[str, str], measured: Sequence[Any]) -> None:
    """An SVG file, where matplotlib is there and jitflow was measured beside a peer."""
    found = leads(measured)
    if not found or find_spec("matplotlib") is None:
        return
    import matplotlib

    matplotlib.use("svg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(figsize=(9, 1.6 + INCHES_PER_CASE * len(found)))
    for at, (_, _, rows) in enumerate(found):
        for peer, ratio in best_ratios(rows).items():
            axes.plot(ratio, at, "o", markersize=5, color=COLOURS.get(peer, "black"), alpha=0.85)
    axes.axvline(1, color="#dc2626", linewidth=1.2)
    axes.set(xscale="log", ylim=(len(found) - 0.5, -0.5))
    axes.set_yticks(range(len(found)), [case.name for _, case, _ in found], fontsize=8)
    axes.set_xlabel(
        "time (or memory) by jitflow's, which is the red line: right of it jitflow is better"
    )
    axes.grid(axis="x", which="both", alpha=0.2)
    for peer, colour in COLOURS.items():
        axes.plot([], [], "o", color=colour, label=peer)
    axes.legend(ncols=len(COLOURS), loc="lower center", bbox_to_anchor=(0.5, 1.0), frameon=False)
    caption = "\n".join(machine[line] for line in ("machine", "threads", "date"))
    figure.text(0.01, 0.005, caption, fontsize=6, va="bottom")
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, bbox_inches="tight")
    pyplot.close(figure)


def best_ratios(rows: Mapping[str, Any]) -> dict[str, float]:
    """Each peer's best row by jitflow's."""
    found: dict[str, float] = {}
    for name, row in rows.items():
        peer = library(name)
        if peer != OURS and row.seconds:
            found[peer] = min(found.get(peer, float("inf")), row.ratio(rows[OURS]))
    return found
