"""`compile_report()`: what the compilations of a function took, step by step and nest by nest.

Owns the report as text and as data. What is measured, and where, it does not know.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from jitflow.api.road import Road
from jitflow.errors import cut
from jitflow.forks import computed
from jitflow.passes.timing import Timing, format_timings

if TYPE_CHECKING:
    from jitflow.runtime.nests import NestCost

_MOST_ROWS, _MOST_LINES = 4, 3


class Compilation:
    """One compilation: `str()` shows it, `data()` is made of dicts, lists, numbers and texts."""

    def __init__(self, road: Road) -> None:
        self._road = road

    @property
    def signature(self) -> str:
        """The function with the types that it was compiled for; captured arrays come last."""
        graph = self._road.graph
        return f"{graph.name}({', '.join(f'{p.name}: {p.type}' for p in graph.params)})"

    @property
    def steps(self) -> tuple[Timing, ...]:
        """What each step took by itself, in order: the trace, the passes, code, linking."""
        return tuple(self._road.timings)

    @property
    def milliseconds(self) -> float:
        return sum(step.milliseconds for step in self.steps)

    @computed
    def kernels(self) -> tuple[NestCost, ...]:
        """What each loop nest costs. When first asked for, all are compiled once more, singly."""
        return self._road.nest_costs()

    def data(self) -> dict[str, Any]:
        """Steps and kernels by the names of their fields."""
        return {
            "function": self.signature,
            "milliseconds": self.milliseconds,
            "steps": [step._asdict() for step in self.steps],
            "kernels": [
                {**kernel._asdict(), "locations": [str(at) for at in kernel.locations]}
                for kernel in self.kernels
            ],
        }

    def __str__(self) -> str:
        lines = [cut(self.signature), format_timings(self.steps)]
        if self.kernels:
            lines += [_format_kernels(self.kernels)]
        return "\n".join(lines)


class CompileReport(tuple[Compilation, ...]):
    """The compilations of a function that are alive, in the order in which they were made."""

    __slots__ = ()

    def data(self) -> list[dict[str, Any]]:
        return [compilation.data() for compilation in self]

    def __str__(self) -> str:
        return "\n".join(map(str, self)) or "nothing is compiled yet\n"


def _format_kernels(kernels: Sequence[NestCost]) -> str:
    lines = [f"{'ms':>9}  {'ops':>6}  {'executed':>12}  {'bytes':>7}  kernel"]
    for kernel in kernels:
        figures = f"{kernel.milliseconds:9.3f}  {kernel.ops:6}  {kernel.executed:12}"
        lines.append(f"{figures}  {kernel.bytes:7}  {_contents(kernel)}")
    return "\n".join(lines) + "\n"


def _contents(kernel: NestCost) -> str:
    """What a kernel computes most, and where the user wrote it."""
    rows = [f"{name} {count}" if count > 1 else name for name, count in kernel.rows.items()]
    lines = sorted({(os.path.basename(at.file), at.line) for at in kernel.locations if at.line})
    places = [f"{file}:{line}" for file, line in lines]
    times = f"{kernel.runs} x " if kernel.runs > 1 else ""
    return f"{times}{_some(rows, _MOST_ROWS) or 'copy'}  {_some(places, _MOST_LINES)}".rstrip()


def _some(words: Sequence[str], most: int) -> str:
    return ", ".join(words[:most]) + (", ..." if len(words) > most else "")
