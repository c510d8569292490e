"""Machine code of the last transforms: a transform is traced anew each time, and compiled once.

Functions that the same code serves share it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from jitflow.api.stages import Compiled, Lowered
from jitflow.ir.digest import digest_text

if TYPE_CHECKING:
    from jitflow.runtime.executable import Executable

LIMIT = 128

_RECENT: dict[str, Executable] = {}
"""By what stands for the digest text, which may be as long as a function's constants; the last used
ones last. Two threads that miss the same compile it twice.
"""


def _key(text: str) -> str:
    """A hash that only equal texts have; loaded when something is compiled."""
    from jitflow.runtime.cache import key_of  # noqa: PLC0415

    return key_of(text)


def compile_recent(lowered: Lowered) -> Compiled:
    """The function compiled, with the code of an equal one where there is one."""
    key = _key(digest_text(lowered.graph))
    executable = _RECENT.pop(key, None)
    if executable is not None:
        lowered.road.adopt(executable)
    compiled = lowered.compile()
    _RECENT[key] = compiled.road.executable
    if len(_RECENT) > LIMIT:
        _RECENT.pop(tuple(_RECENT)[0], None)
    return compiled
