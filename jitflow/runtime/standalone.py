"""Objects that C programs link: one function of a loop-IR function, for any target, and its facts.

Nothing of jitflow is needed where they run. Owns what may not be in them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from jitflow.codegen import Given, emit_alone
from jitflow.ir.core import Function
from jitflow.ir.dense import Dense
from jitflow.ir.nests import walk_all
from jitflow.passes.assign import arena_bytes
from jitflow.runtime.compile import failures
from jitflow.runtime.engine import engine
from jitflow.runtime.executable import Failure
from jitflow.runtime.symbols import LINKER_MADE, undefined_symbols
from jitflow.runtime.target import Target


class Standalone(NamedTuple):
    """An object file, and what a caller of its function must know.

    imports: functions of the C library that it calls, by name.
    """

    image: bytes
    workspace_bytes: int
    failures: Mapping[int, Failure]
    imports: tuple[str, ...]


def compile_standalone(
    function: Function, name: str, given: Sequence[Given], data: Mapping[str, Dense],
    target: Target,
) -> Standalone:
    """The object of a function at level 3, whose buffers are as `given` says; see `emit_alone`.

    LinkError where it would call what C programs do not have.
    """
    text = emit_alone(
        function, name, given, data, engine().machine_lines(target), target.lacks
    )
    image = engine().object_image(text, target)
    ops = list(walk_all(function))
    imports = tuple(sorted(undefined_symbols(image) - LINKER_MADE))
    return Standalone(image, arena_bytes(function), failures(ops), imports)
