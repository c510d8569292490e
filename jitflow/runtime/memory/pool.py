"""The pool's table of words, and the emitted functions that work on it.

Loaded when something large is made first, as it brings LLVM. Every call has Python's global lock.
"""

from __future__ import annotations

import ctypes
import os
from typing import Any

from jitflow.runtime.library import link_library
from jitflow.runtime.memory.control import HANDLER, Lender, MemoryStats
from jitflow.runtime.memory.words import SYMBOLS, SYSTEM, WORDS, PoolWord
from jitflow.runtime.numpy_api import NEW_FROM_DESCR, SET_HANDLER, numpy_api

_NAME_BYTES = 127
_SHOWN = (
    PoolWord.USED_BYTES, PoolWord.USED_COUNT, PoolWord.FREE_BYTES, PoolWord.FREE_COUNT,
    PoolWord.CAP, PoolWord.REUSED, PoolWord.MAPPED,
)  # fmt: skip


class _Handler(ctypes.Structure):
    """NumPy's PyDataMem_Handler."""

    _fields_ = [
        ("name", ctypes.c_char * _NAME_BYTES), ("version", ctypes.c_uint8),
        ("pool", ctypes.c_void_p), ("take", ctypes.c_void_p), ("zeros", ctypes.c_void_p),
        ("grow", ctypes.c_void_p), ("give", ctypes.c_void_p),
    ]  # fmt: skip


class Pool:
    """The pool's table and functions; for the life of the process, as arrays may live as long."""

    def __init__(self, cap: int) -> None:
        self.table = (ctypes.c_uint64 * WORDS)()
        self.table[PoolWord.CAP] = cap
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
        name = f"jitflow_pool_{os.sysconf('SC_PAGE_SIZE')}"
        functions = link_library(name, SYMBOLS, _text, imports)
        for role in ("take", "zeros", "grow", "give"):
            setattr(self.handler, role, functions[f"jitflow_pool_{role}"])
        place = ctypes.addressof(self.table)
        self.lender = Lender(place, functions["jitflow_pool_take"], functions["jitflow_pool_give"])
        self.new_array = functions["jitflow_pool_array"]
        """The address of a function with the signature of PyArray_NewFromDescr."""
        self._trim = ctypes.PYFUNCTYPE(None, ctypes.c_void_p, ctypes.c_uint64)(
            functions["jitflow_pool_trim"]
        )
        for lasting in (self, self.capsule):  # arrays may outlive this module
            ctypes.pythonapi.Py_IncRef(ctypes.py_object(lasting))

    def set_cap(self, cap: int) -> None:
        self.table[PoolWord.CAP] = cap
        self.trim(cap)

    def trim(self, limit: int) -> None:
        """Gives free blocks back to the system, the oldest first, until they are within it."""
        self._trim(ctypes.addressof(self.table), limit)

    def stats(self) -> MemoryStats:
        words = self.table[: len(PoolWord)]
        return MemoryStats(*[words[word] for word in _SHOWN])


def _text() -> str:
    from jitflow.runtime.memory.pool_text import pool_text  # noqa: PLC0415 (objects are kept)

    return pool_text()


def _address(function: Any) -> int:
    return ctypes.cast(function, ctypes.c_void_p).value or 0
