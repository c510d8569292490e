"""What a forked child must not find held by a thread that is not there: locks, properties, imports.

Owns all three; knows no part of jitflow.
"""

from __future__ import annotations

import os
import sys
import threading
import time
import weakref
from collections.abc import Callable
from types import FrameType
from typing import Any, Generic, TypeVar, overload

Owner = TypeVar("Owner")
Result = TypeVar("Result")


_LOCKS: weakref.WeakSet[Any] = weakref.WeakSet()


def forked_lock() -> threading.RLock:
    """A lock that is free in a forked child, unless the forking thread holds it."""
    lock = threading.RLock()
    _LOCKS.add(lock)
    return lock


def _renew() -> None:
    """In a child: what the only thread there is cannot take, nobody will give back."""
    for lock in list(_LOCKS):
        if lock.acquire(blocking=False):
            lock.release()
        else:
            lock._at_fork_reinit()


_IMPORTS = "<frozen importlib._bootstrap>"
"""What Python calls the file of its own `import`."""

_OWN = f"{__name__.partition('.')[0]}."
_MOST_SECONDS, _PAUSE = 10, 1e-3
"""How long a fork waits at most: what loads may itself wait for the forking thread."""


def _wait_for_imports() -> None:
    """Until no other thread is loading a part of jitflow.

    A child would find that module half made, and its lock held for good. Python's lock of all
    imports is not held from here on: what others do before a fork may wait for who imports.
    """
    end = time.monotonic() + _MOST_SECONDS
    while _is_loading() and time.monotonic() < end:
        time.sleep(_PAUSE)


def _is_loading() -> bool:
    """Whether another thread is in an `import` within jitflow."""
    own = threading.get_ident()
    frames = sys._current_frames()
    return any(_loads(frame) for ident, frame in frames.items() if ident != own)


def _loads(frame: FrameType | None) -> bool:
    while frame is not None:
        caller = frame.f_back
        if caller is not None and frame.f_code.co_filename == _IMPORTS:
            if str(caller.f_globals.get("__name__")).startswith(_OWN):
                return True
        frame = caller
    return False


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_wait_for_imports, after_in_child=_renew)


class computed(Generic[Result]):  # noqa: N801 (it decorates)
    """A property that is computed when it is first asked for, and an attribute from then on.

    Threads that ask at once may compute it several times. `functools.cached_property` of Python
    3.11 has one lock for all objects of a class, which a fork may find held.
    """

    def __init__(self, compute: Callable[[Any], Result]) -> None:
        self.compute = compute
        self.__doc__ = compute.__doc__

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    @overload
    def __get__(self, instance: None, owner: type) -> computed[Result]: ...
    @overload
    def __get__(self, instance: object, owner: type | None = None) -> Result: ...
    def __get__(self, instance: Any, owner: Any = None) -> Any:
        if instance is None:
            return self
        result = instance.__dict__[self.name] = self.compute(instance)
        return result
