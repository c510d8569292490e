"""Names of a package that load when they are first asked for, so that `import jitflow` is short.

Owns nothing else; knows no part of jitflow.
"""

from __future__ import annotations

import gc
import sys
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from typing import Any

FILLERS: list[str] = []
"""Modules that fill the tables of `trace/dispatch.py`, in the order in which they are tried: a
trace loads the first, and those behind it until what it looks for is there."""


def loader(
    package: str, homes: Mapping[str, Sequence[str]], refuse: Callable[[str], Any] | None = None
) -> Callable[[str], Any]:
    """A module's `__getattr__`: `homes` has the names of each of its modules, without the package.

    A module that lists its own name is given itself. Cycle collection pauses, as modules are no
    garbage. refuse: raises the AttributeError of a name that is in none.
    """
    home_of = {name: home for home, names in homes.items() for name in names}

    def load(name: str) -> Any:
        if name not in home_of:
            if refuse is not None:
                refuse(name)
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        home = home_of[name]
        was_on = gc.isenabled()
        gc.disable()
        try:
            module = import_module(f"{package}.{home}")
        finally:
            if was_on:
                gc.enable()
        value = module if name == home else getattr(module, name)
        setattr(sys.modules[package], name, value)
        return value

    return load
