"""Machine code of the last transforms: a transform is traced anew each time, and compiled once.

Functions with equal graphs share it. A check says where it failed, so that its line counts too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from jitflow.api.stages import Compiled, Lowered
from jitflow.ir.core import Function, walk
from jitflow.ir.location import Locations
from jitflow.ir.row import Effect

if TYPE_CHECKING:
    from jitflow.runtime.executable import Executable

LIMIT = 128

_RECENT: dict[_Key, Executable] = {}
"""The last used ones last. Two threads that miss the same compile it twice."""


class _Key:
    """Equal where code is: equal functions of one name, whose effects stand on the same lines."""

    __slots__ = ("function", "lines")

    def __init__(self, function: Function) -> None:
        self.function = function
        self.lines: tuple[Locations, ...] = tuple([
            op.locations for op in walk(function.body) if op.row.effect is Effect.ORDERED
        ])

    def __hash__(self) -> int:
        return hash(self.function)

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, _Key)
            and self.lines == other.lines
            and self.function.name == other.function.name
            and self.function == other.function
        )


def compile_recent(lowered: Lowered) -> Compiled:
    """The function compiled, with the code of an equal one where there is one."""
    key = _Key(lowered.graph)
    executable = _RECENT.pop(key, None)
    if executable is not None:
        lowered.road.adopt(executable)
    compiled = lowered.compile()
    _RECENT[key] = compiled.road.executable
    if len(_RECENT) > LIMIT:
        _RECENT.pop(tuple(_RECENT)[0], None)
    return compiled
