"""The process's pool: made when first needed, checked before it is used, safe over a fork.

Owns the table of words that the emitted functions work on, and what users ask of it.
"""

from __future__ import annotations

import ctypes
import os
import sys
import sysconfig
import threading
from functools import cache
from typing import Any, NamedTuple

import numpy as np

from jitflow.config import settings
from jitflow.errors import ConfigError
from jitflow.runtime.library import link_library
from jitflow.runtime.memory.pool_text import SYMBOLS, SYSTEM, WORDS, PoolWord, pool_text
from jitflow.runtime.numpy_api import NEW_FROM_DESCR, SET_HANDLER, is_as_expected, numpy_api

HANDLER = "jitflow"
"""What `numpy.get_handler_name` says of an array whose memory is the pool's."""

_NAME_BYTES = 127


class MemoryStats(NamedTuple):
    """Large results and temporaries, in bytes and in blocks.

    `used` belongs to arrays that are alive, `free` waits for the next ones, up to `cap`.
    `reused` and `mapped` count the times that a block was waiting, or came from the system.
    """

    used_bytes: int
    used_blocks: int
    free_bytes: int
    free_blocks: int
    cap_bytes: int
    reused: int
    mapped: int


class _Handler(ctypes.Structure):
    """NumPy's PyDataMem_Handler."""

    _fields_ = [
        ("name", ctypes.c_char * _NAME_BYTES), ("version", ctypes.c_uint8),
        ("pool", ctypes.c_void_p), ("take", ctypes.c_void_p), ("zeros", ctypes.c_void_p),
        ("grow", ctypes.c_void_p), ("give", ctypes.c_void_p),
    ]  # fmt: skip


class Pool:
    """The pool's table and functions; for the life of the process, as arrays may live as long."""

    def __init__(self) -> None:
        self.table = (ctypes.c_uint64 * WORDS)()
        self.table[PoolWord.CAP] = _CAP[0]
        self.handler = _Handler(HANDLER.encode(), 1, ctypes.addressof(self.table))
        new_capsule = ctypes.pythonapi.PyCapsule_New
        new_capsule.restype = ctypes.py_object
        new_capsule.argtypes = [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_void_p]
        self.kind = ctypes.c_char_p(b"mem_handler")
        self.capsule = new_capsule(ctypes.addressof(self.handler), self.kind, None)
        library = ctypes.CDLL(None)
        imports = {name: _address(getattr(library, name)) for name in SYSTEM}
        imports |= {
            "PyArray_NewFromDescr": numpy_api(NEW_FROM_DESCR),
            "PyDataMem_SetHandler": numpy_api(SET_HANDLER),
            "Py_DecRef": _address(ctypes.pythonapi.Py_DecRef),
            "jitflow_pool_handler": id(self.capsule),
        }
        functions = link_library(SYMBOLS, pool_text(), imports)
        for role in ("take", "zeros", "grow", "give"):
            setattr(self.handler, role, functions[f"jitflow_pool_{role}"])
        self.new_array = functions["jitflow_pool_array"]
        """The address of a function with the signature of PyArray_NewFromDescr."""
        of_pool = ctypes.CFUNCTYPE(None, ctypes.c_void_p)
        self._lock = of_pool(functions["jitflow_pool_lock"])
        self._unlock = of_pool(functions["jitflow_pool_unlock"])
        self._trim = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_uint64)(
            functions["jitflow_pool_trim"]
        )
        for lasting in (self, self.capsule):  # arrays may outlive this module
            ctypes.pythonapi.Py_IncRef(ctypes.py_object(lasting))

    def lock(self) -> None:
        self._lock(ctypes.addressof(self.table))

    def unlock(self) -> None:
        self._unlock(ctypes.addressof(self.table))

    def trim(self, limit: int) -> None:
        """Gives free blocks back to the system, the oldest first, until they are within it."""
        self._trim(ctypes.addressof(self.table), limit)

    def stats(self) -> MemoryStats:
        self.lock()
        words = self.table[: len(PoolWord)]
        self.unlock()
        return MemoryStats(*[words[word] for word in _SHOWN])


_SHOWN = (
    PoolWord.USED_BYTES, PoolWord.USED_COUNT, PoolWord.FREE_BYTES, PoolWord.FREE_COUNT,
    PoolWord.CAP, PoolWord.REUSED, PoolWord.MAPPED,
)  # fmt: skip
_CAP = [settings.pool_bytes]
_MAKING = threading.RLock()
_MADE: list[Pool] = []


@cache
def why_no_pool() -> str:
    """What keeps large results from the pool; "" where nothing does."""
    if settings.pool_bytes == 0:
        return "JITFLOW_POOL_BYTES is 0"
    if sys.implementation.name != "cpython" or sysconfig.get_config_var("Py_GIL_DISABLED"):
        return "this Python was never looked at"
    if os.name != "posix" or ctypes.sizeof(ctypes.c_void_p) != 8:
        return "this system has no mmap as 64-bit POSIX has it"
    try:
        if not is_as_expected():
            return "NumPy's C API has another version"
    except (AttributeError, ImportError, ValueError) as error:
        return f"{type(error).__name__}: {error}"
    return ""


def pool() -> Pool | None:
    """The pool, made when first asked for; None where `why_no_pool` says so."""
    if not _MADE:
        if why_no_pool():
            return None
        with _MAKING:
            if not _MADE:
                _MADE.append(Pool())
    return _MADE[0]


def memory_stats() -> MemoryStats:
    """What large results and temporaries take, and what waits for the next ones."""
    return _MADE[0].stats() if _MADE else MemoryStats(0, 0, 0, 0, _CAP[0], 0, 0)


def clear_memory() -> None:
    """Gives memory that no array uses back to the system."""
    if _MADE:
        _MADE[0].trim(0)


def set_memory_cap(cap: int) -> None:
    """The bytes that may wait for the next large results; ConfigError below 0.

    At first `JITFLOW_POOL_BYTES`. With 0 every large result comes from the system.
    """
    if isinstance(cap, bool) or not isinstance(cap, (int, np.integer)) or not 0 <= cap < 2**63:
        raise ConfigError(f"a cap is a number of bytes, got {cap!r}")
    _CAP[0] = int(cap)
    if _MADE:
        _MADE[0].table[PoolWord.CAP] = int(cap)
        _MADE[0].trim(int(cap))


def _address(function: Any) -> int:
    return ctypes.cast(function, ctypes.c_void_p).value or 0


def _before_fork() -> None:
    _MAKING.acquire()
    if _MADE:
        _MADE[0].lock()


def _after_fork() -> None:
    if _MADE:
        _MADE[0].unlock()
    _MAKING.release()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(
        before=_before_fork, after_in_parent=_after_fork, after_in_child=_after_fork
    )
