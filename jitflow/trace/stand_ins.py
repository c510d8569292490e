"""What stands in for NumPy's functions while a trace is taken once more.

NumPy's `zeros` knows of no trace, so that a function which writes traced values into such an array
fails the first time. The second time this thread's calls from the user's code come here: functions
that make arrays make traced ones, and those of `FUNCTIONS` take lists of traced values. NumPy's
own internals, other threads and later calls see NumPy as it is. Knows no implementation.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from functools import cache, wraps
from types import FrameType
from typing import Any

import numpy as np

from jitflow.forks import forked_lock
from jitflow.runtime.interrupts import Uninterrupted
from jitflow.trace.arrays import TracedArray
from jitflow.trace.context import STATE
from jitflow.trace.dispatch import FUNCTIONS, STAND_INS, fill_tables
from jitflow.trace.instructions import calls
from jitflow.trace.lift import holds_traced
from jitflow.trace.source import is_users, is_users_module


class _Replacements:
    """NumPy's attributes that are replaced at present, and the threads that ask for that.

    Ctrl-C waits until all are replaced, or none.
    """

    def __init__(self) -> None:
        self.lock = forked_lock()
        self.threads: set[int] = set()
        self.originals: list[tuple[Any, str, Any]] = []

    def enter(self) -> None:
        with self.lock, Uninterrupted():
            if not self.threads:
                made = _stand_ins()
                for module, name, new in (*made, *_imported(made)):
                    self.originals.append((module, name, getattr(module, name)))
                    setattr(module, name, new)
            self.threads.add(threading.get_ident())

    def leave(self) -> None:
        with self.lock, Uninterrupted():
            self.threads.discard(threading.get_ident())
            if not self.threads:
                self._restore()

    def _restore(self) -> None:
        while self.originals:
            setattr(*self.originals.pop())

    def forget_other_threads(self) -> None:
        """In a forked child: threads that were tracing are not there."""
        self.threads = {threading.get_ident()} if STATE.stands_in else set()
        if not self.threads:
            self._restore()


_REPLACEMENTS = _Replacements()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_REPLACEMENTS.forget_other_threads)


@contextmanager
def standing_in() -> Iterator[None]:
    """Within, this thread's user code makes traced arrays where NumPy would make its own."""
    try:
        _REPLACEMENTS.enter()
        STATE.stands_in = True
        yield
    finally:
        STATE.stands_in = False
        _REPLACEMENTS.leave()


@cache
def _stand_ins() -> tuple[tuple[Any, str, Any], ...]:
    """Module, name and what replaces the attribute; `FUNCTIONS` knows the new ones, too."""
    fill_tables()
    found: list[tuple[Any, str, Any]] = []
    for module in (np, np.linalg, np.fft):
        for name, original in vars(module).items():
            if module is np and name in STAND_INS:
                own = STAND_INS[name]
                new = _for_users(name, original, own) if callable(original) else own
                found.append((np, name, new))
            elif isinstance(original, Hashable) and original in FUNCTIONS:
                if not isinstance(original, np.ufunc):
                    found.append((module, name, _for_traced(name, original, FUNCTIONS[original])))
                    FUNCTIONS[found[-1][-1]] = FUNCTIONS[original]
    return tuple(found)


def _imported(stand_ins: tuple[tuple[Any, str, Any], ...]) -> list[tuple[Any, str, Any]]:
    """The same of the user's modules: what they have by `from numpy import zeros`."""
    by_id = {id(getattr(module, name)): new for module, name, new in stand_ins}
    return [
        (module, name, by_id[id(value)])
        for module in list(sys.modules.values()) if is_users_module(module)
        for name, value in list(vars(module).items()) if id(value) in by_id
    ]  # fmt: skip


def _for_users(name: str, original: Any, own: Callable[..., Any]) -> Callable[..., Any]:
    """`own` where the user's code calls it in a trace of this thread, else the original."""

    @wraps(original, assigned=("__name__", "__doc__"), updated=())
    def call(*args: Any, **kwargs: Any) -> Any:
        if _is_asked(sys._getframe(1), call, name):
            return own(*args, **kwargs)
        return original(*args, **kwargs)

    return call


def _for_traced(name: str, original: Any, own: Callable[..., Any]) -> Callable[..., Any]:
    """Like `_for_users`, where a traced array is among the arguments, or in a list of them."""

    @wraps(original, assigned=("__name__", "__doc__"), updated=())
    def call(*args: Any, **kwargs: Any) -> Any:
        if _is_asked(sys._getframe(1), call, name) and has_traced(args, kwargs):
            return own(*args, **kwargs)
        return original(*args, **kwargs)

    return call


def _is_asked(caller: FrameType, stand_in: Any, name: str) -> bool:
    """Whether the user's own code calls the stand-in in a trace of this thread.

    A function in C that the user calls may take for granted that NumPy makes arrays.
    """
    if not STATE.stands_in or STATE.context is None or not is_users(caller.f_code.co_filename):
        return False
    return calls(caller, stand_in, name)


def has_traced(args: tuple[Any, ...], kwargs: dict[str, Any]) -> bool:
    """Whether a traced array is among the arguments of a call, or in lists and tuples there."""
    return holds_traced(args) or any(
        type(x) is TracedArray or holds_traced(x) for x in kwargs.values()
    )
