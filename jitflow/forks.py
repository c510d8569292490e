"""What a forked child must not find held by a thread that is not there: locks, and properties.

Owns both; knows no part of jitflow.
"""

from __future__ import annotations

import os
import threading
import weakref
from collections.abc import Callable
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


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_renew)


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
