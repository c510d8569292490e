"""The process's pool: its table, how many threads are wanted, and what a fork leaves of it.

The pool's code and table are made when a body with chunked loops is loaded first, its threads when
such a loop runs first, and both last as long as the process: a thread may be anywhere in them. A
child process starts with no threads, and makes its own.
"""

from __future__ import annotations

import ctypes
import os
import sys
from functools import cache, partial

from jitflow.config import MOST_THREADS, settings
from jitflow.errors import ArgumentError, LinkError
from jitflow.runtime.engine import LOCK
from jitflow.runtime.library import link_library
from jitflow.runtime.machine import host_target
from jitflow.runtime.threads.count import machine_threads
from jitflow.runtime.threads.pool_text import (
    SYMBOL,
    futex_call,
    pool_text,
    serial_text,
    system_functions,
)
from jitflow.runtime.threads.words import WORDS, Word
from jitflow.runtime.threads.worker_text import TABLE

_LINE_BYTES = 128


class _Chosen:
    """What the user asked for."""

    threads: int = 0


_CHOSEN = _Chosen()


def get_num_threads() -> int:
    """How many threads a call may use, the calling one among them.

    It is what `set_num_threads` or `JITFLOW_NUM_THREADS` said; else the CPUs that this process may
    run on, within the quota of its control groups.
    """
    return _CHOSEN.threads or settings.num_threads or _machine_threads()


def set_num_threads(count: int) -> None:
    """Lets later calls use so many threads; 1 leaves them to the calling thread.

    Results have the same bits for any number. ArgumentError unless it is from 1 to 256.
    """
    if type(count) is not int or not 1 <= count <= MOST_THREADS:
        raise ArgumentError(f"set_num_threads takes 1 to {MOST_THREADS} threads, got {count!r}")
    _CHOSEN.threads = count
    if _pool.cache_info().currsize:
        _pool().want(count)


class Pool:
    """The table and the code. `fork` is the address of a call of a chunked loop; see pool_text."""

    def __init__(self) -> None:
        self._memory = ctypes.create_string_buffer(8 * WORDS + _LINE_BYTES)
        start = ctypes.addressof(self._memory)
        self.table = start + -start % _LINE_BYTES
        ctypes.pythonapi.Py_IncRef(ctypes.py_object(self._memory))  # threads outlive this module
        self.problem = ""
        try:
            self.fork = self._link()
        except (AttributeError, LinkError) as error:
            self.problem = f"no threads: {error}"
            self.fork = link_library("no threads", [SYMBOL], serial_text, {})[SYMBOL]
        self.want(get_num_threads())

    def _link(self) -> int:
        """AttributeError where the C library lacks something, LinkError where the CPU does."""
        futex = futex_call(host_target().architecture)
        library = ctypes.CDLL(None)
        imports = {name: _address(library, name) for name in system_functions(futex)}
        write = partial(pool_text, host_target().architecture, futex)
        name = f"threads that wait by {'futexes' if futex else 'conditions'}"
        return link_library(name, [SYMBOL], write, {**imports, TABLE: self.table})[SYMBOL]

    def want(self, count: int) -> None:
        """From the next call on; the system may give more threads now than it did before."""
        self._word(Word.REFUSED).value = 0
        self._word(Word.WANTED).value = count

    @property
    def workers(self) -> int:
        """Threads that were started."""
        return int(self._word(Word.WORKERS).value)

    @property
    def jobs(self) -> int:
        """Calls that ran on more than one thread."""
        return int(ctypes.c_uint64.from_address(self.table + 8 * Word.JOBS).value)

    def forget(self) -> None:
        """In a child process: its threads, and the call that another thread was in, are gone."""
        wanted = self._word(Word.WANTED).value
        ctypes.memset(self.table, 0, 8 * WORDS)
        self.want(wanted)

    def _word(self, word: Word) -> ctypes.c_uint32:
        return ctypes.c_uint32.from_address(self.table + 8 * word)


def _address(library: ctypes.CDLL, name: str) -> int:
    return ctypes.cast(getattr(library, name), ctypes.c_void_p).value or 0


@cache
def _machine_threads() -> int:
    return machine_threads()


@cache
def _pool() -> Pool:
    return Pool()


def pool() -> Pool:
    """The process's pool, made when first needed."""
    with LOCK:
        return _pool()


def _after_fork() -> None:
    if _pool.cache_info().currsize:
        _pool().forget()


if hasattr(os, "register_at_fork") and sys.platform != "win32":
    os.register_at_fork(after_in_child=_after_fork)
