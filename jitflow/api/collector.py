"""Python's cycle collector, paused while a function is compiled.

A compilation makes many objects at once that live to its end; to look for garbage among them, again
and again, takes a tenth of its time and more.
"""

from __future__ import annotations

import gc
from collections.abc import Callable
from typing import TypeVar

Result = TypeVar("Result")


def without_collector(compute: Callable[[], Result]) -> Result:
    """compute(), with no cycle collection inside; reference counting goes on.

    It is on again afterwards if it was before, whatever interrupts the computation.
    """
    was_on = gc.isenabled()
    try:
        gc.disable()
        return compute()
    finally:
        if was_on:
            gc.enable()
