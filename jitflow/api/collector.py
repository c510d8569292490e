"""Python's cycle collector, paused while a function is compiled.

A compilation makes many objects at once that live to its end; to look for garbage among them, again
and again, takes a tenth of its time and more.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def collector_paused() -> Iterator[None]:
    """No cycle collection inside, if it was on; reference counting goes on."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
