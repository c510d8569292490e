"""Classes whose objects CPython calls through the stub, and the table of rows of each object.

`native_callable` makes such a class of a Python class, with all of its attributes, or gives it back
where this Python has no native entry. `Entry` is what an object of the class keeps of it.
"""

from __future__ import annotations

import ctypes
import operator
import os
import weakref
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from itertools import chain, repeat
from typing import Any, TypeVar

import numpy as np

from jitflow.forks import forked_lock
from jitflow.runtime.entry import layout
from jitflow.runtime.entry.imports import IMPORTS, stub_symbol
from jitflow.runtime.entry.programs import Words
from jitflow.runtime.entry.rows import Row
from jitflow.runtime.entry.words import Process, State
from jitflow.runtime.numpy_api import FROM_ARRAY, SCALAR, numpy_api

MAX_ROWS = 256
"""Of one function; calls of other signatures go through Python."""

Class = TypeVar("Class", bound=type)

_MEMBERS_SLOT, _READ_ONLY, _SSIZE = 72, 1, 19
_BASE_TYPE, _HAS_VECTORCALL, _IS_METHOD = 1 << 10, 1 << 11, 1 << 17
"""Numbers of CPython's headers: typeslots.h, structmember.h, object.h."""


class _Slot(ctypes.Structure):
    _fields_ = [("slot", ctypes.c_int), ("function", ctypes.c_void_p)]


class _Member(ctypes.Structure):
    _fields_ = [
        ("name", ctypes.c_char_p), ("type", ctypes.c_int), ("offset", ctypes.c_ssize_t),
        ("flags", ctypes.c_int), ("doc", ctypes.c_char_p),
    ]  # fmt: skip


class _Spec(ctypes.Structure):
    _fields_ = [
        ("name", ctypes.c_char_p), ("basicsize", ctypes.c_int), ("itemsize", ctypes.c_int),
        ("flags", ctypes.c_uint), ("slots", ctypes.c_void_p),
    ]  # fmt: skip


class _Instance:
    """The base of native classes: it brings a dict, weak references and garbage collection.

    CPython calls objects by `__call__` until they have an entry.
    """

    _from_python: Callable[..., Any]

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self._from_python(*args, **kwargs)


_VECTORCALL = _Instance.__basicsize__
STATE = _VECTORCALL + 8
"""Where an object has the address of its entry, and that of its state."""

_ALIVE: list[Any] = []
"""What types point to, for the life of the process."""

_PROCESS: list[Words] = []
"""The table of the process, or several, for its life."""

TRACES = ctypes.c_int64(0)
"""Traces in progress in this process; the stub leaves calls to Python meanwhile."""


class _Busy:
    def __repr__(self) -> str:
        return "<an array that a call is writing over>"


BUSY = _Busy()
"""What a list has in the place of an array that a call is writing over."""


def forget_lost(values: list[Any], places: Sequence[int]) -> bool:
    """Puts None to these places, if all have BUSY and there is no call that has put it there.

    It is one call of a function in C: no thread may come between the looks and the change.
    """
    tables = [table.memory for table in _PROCESS]
    none = map(operator.not_, map(operator.getitem, tables, repeat(int(Process.TAKERS))))
    busy = map(operator.is_, map(values.__getitem__, places), repeat(BUSY))
    put = map(operator.not_, map(values.__setitem__, places, repeat(None)))
    return all(chain(none, busy, put))


def native_callable(cls: Class, is_method: bool = True) -> Class:
    """The class with a native entry: a call runs no Python where a row of its object fits.

    is_method: calls of an object's methods come with the object first, and nobody asks `__get__`.
    Other calls are those of `cls.__call__`. Each object keeps an `Entry` in its attribute `_entry`.
    """
    if layout.why_not_native():
        return cls
    members = (_Member * 2)(_Member(b"__vectorcalloffset__", _SSIZE, _VECTORCALL, _READ_ONLY, None))
    slots = (_Slot * 2)(_Slot(_MEMBERS_SLOT, ctypes.addressof(members)))
    name = f"{cls.__module__}.{cls.__qualname__}".encode()
    flags = _BASE_TYPE | _HAS_VECTORCALL | (_IS_METHOD if is_method else 0)
    spec = _Spec(name, STATE + 8, 0, flags, ctypes.addressof(slots))
    make = ctypes.pythonapi.PyType_FromSpecWithBases
    make.restype, make.argtypes = ctypes.py_object, [ctypes.c_void_p, ctypes.py_object]
    made = make(ctypes.addressof(spec), (_Instance,))
    _ALIVE.append((members, slots, spec, name))
    for attribute, value in vars(cls).items():
        if attribute not in ("__dict__", "__weakref__", "__call__"):
            setattr(made, attribute, value)
    made._from_python = cls.__call__
    return made


class Entry:
    """The rows of one object of a native class; nothing for one of any other class."""

    def __init__(self, owner: Any, miss: Callable[..., Any] | None = None) -> None:
        """miss: what takes other calls, if not `owner.__call__`."""
        self.rows: dict[Any, Row] = {}
        self.lock = forked_lock()
        self.is_native = isinstance(owner, _Instance)
        if self.is_native:
            self.place = id(owner)
            # of the owner, bound: a cycle that the collector knows
            self.miss = miss or owner._from_python
            self.state = Words([0, id(self.miss), 0])
        _ENTRIES.add(self)  # at the end: a fork finds nothing half made

    def add(self, row: Row) -> bool:
        """Puts a row in front, unless there is an equal one; no call sees half of it.

        An interrupt may come between any two lines: whoever comes next makes up for it.
        """
        stub, process = _stub()
        with self.lock:
            is_new = row.identity not in self.rows and len(self.rows) < MAX_ROWS
            if is_new:
                row.put_before(next(reversed(self.rows.values()), None))
                self.rows[row.identity] = row
            first = next(reversed(self.rows.values()), row)
            self.state.memory[State.PROCESS] = process.address
            self.state.memory[State.ROWS] = first.words.address if self.rows else 0
            enter(self.place, stub, self.state)
        return is_new

    @contextmanager
    def asleep(self) -> Iterator[None]:
        """All calls that begin meanwhile are `miss`'s; other threads that ask for this wait."""
        with self.lock:
            if not self.is_native:
                yield
                return
            try:
                self.state.memory[State.ROWS] = 0
                yield
            finally:
                self.wake()

    def wake(self) -> None:
        """Takes calls again; in a forked child, what put it to sleep is perhaps not there."""
        if self.is_native:
            first = next(reversed(self.rows.values()), None)
            self.state.memory[State.ROWS] = first.words.address if first else 0

    def count_call(self) -> None:
        """One more call that Python took, for rows that are spent: they wait for full code.

        For owners that run their rows' code by other objects, whose own rows take such calls.
        """
        for row in [row for row in self.rows.copy().values() if row.is_spent]:
            row.executable.count_call()

    def clear(self) -> None:
        """Forgets all rows; what a call uses of them lives until it ends."""
        with self.lock:
            if self.is_native:
                self.state.memory[State.ROWS] = 0
            self.rows = {}

    @property
    def is_full(self) -> bool:
        """Whether there is no place for another row."""
        return not self.is_native or len(self.rows) >= MAX_ROWS

    @property
    def calls(self) -> int:
        """How many calls ran no Python."""
        return sum(row.calls for row in self.rows.values())


_ENTRIES: weakref.WeakSet[Entry] = weakref.WeakSet()


def _wake_all() -> None:
    for table in _PROCESS:
        table.memory[Process.TAKERS] = 0
    for entry in list(_ENTRIES):
        entry.wake()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_wake_all)


@cache
def _stub() -> tuple[int, Words]:
    """The stub's address, and the words of the process."""
    from jitflow.runtime.library import library_address  # noqa: PLC0415

    address = library_address(stub_symbol(STATE), _stub_text, addresses(IMPORTS))
    words = {
        Process.TRACES: ctypes.addressof(TRACES),
        Process.ARRAY_TYPE: id(np.ndarray),
        Process.NEW_SCALAR: numpy_api(SCALAR),
        Process.TRUE: id(True),
        Process.FROM_ARRAY: numpy_api(FROM_ARRAY),
        Process.BUSY: id(BUSY),
    }
    table = Words([words.get(word, 0) for word in Process])
    _PROCESS.append(table)  # of threads that come here at once, each has rows with its own table
    return address, table


def _stub_text() -> str:
    """The text, whose writers are loaded where its object is not on disk."""
    from jitflow.runtime.entry.stub import stub_text  # noqa: PLC0415

    return stub_text(STATE)


def addresses(names: Iterable[str]) -> dict[str, int]:
    """Where functions of CPython are."""
    found = ctypes.c_char.in_dll
    return {name: ctypes.addressof(found(ctypes.pythonapi, name)) for name in names}


def enter(place: int, code: int, state: Words) -> None:
    """The object of a native class at this address is called by `code`, which finds the state."""
    _set_word(place + STATE, state.address)
    _set_word(place + _VECTORCALL, code)


def _set_word(address: int, value: int) -> None:
    ctypes.c_uint64.from_address(address).value = value
