"""Arrays that are made word by word, as NumPy makes small ones, and templates for them.

Most of what a small result costs is how NumPy finds its memory handler, strides and flags. All
of these are known when a row is made: the stub copies them from an array of that dtype and shape,
and asks for memory only. Where `why_no_templates` says so, NumPy's function makes every result.
"""

from __future__ import annotations

import ctypes
import math
from collections.abc import Iterator
from functools import cache
from typing import Any

import numpy as np

from jitflow.runtime.entry import layout
from jitflow.runtime.numpy_api import (
    DEFAULT_HANDLER,
    NEW_FROM_DESCR,
    is_as_expected,
    numpy_api,
    word_at,
)

MOST_BYTES = 1 << 14
"""Of an array that is made from a template, which is kept: from there on its contents cost more."""

_VERSION, _CONTEXT, _TAKE = 127, 128, 136
"""Of NumPy's PyDataMem_Handler, where these lie."""

_ALLOC, _FREE = 47, 74
"""Slots of a type, from CPython's typeslots.h."""


def template(
    shape: tuple[int, ...], dtype: np.dtype[Any], maker: int
) -> np.ndarray[Any, Any] | None:
    """An array of which others take over all but their memory; None where `maker` makes them.

    That is where this is not NumPy's function, and where memory is not that of NumPy's own handler.
    """
    nbytes = math.prod(shape) * dtype.itemsize
    is_plain = shape and maker == numpy_api(NEW_FROM_DESCR)
    if not (is_plain and 0 < nbytes <= MOST_BYTES) or why_no_templates():
        return None
    made = np.empty(shape, dtype)
    return made if word_at(id(made) + layout.HANDLER) == _default_handler() else None


def memory_source() -> tuple[int, int]:
    """The function that NumPy's own handler takes memory by, and its first argument."""
    handler = _handler(_default_handler())
    return word_at(handler + _TAKE), word_at(handler + _CONTEXT)


@cache
def why_no_templates() -> str:
    """What keeps NumPy's way to make arrays from being followed; "" where nothing does."""
    return next(_doubts(), "")


def _doubts() -> Iterator[str]:
    """Pointers are followed once NumPy says that its API is the one that is meant here."""
    if not is_as_expected():
        yield "NumPy's C API has another version"
    if np.ndarray.__basicsize__ != layout.ARRAY_BYTES:
        yield "arrays have parts that were never looked at"
    slot = ctypes.pythonapi.PyType_GetSlot
    slot.restype, slot.argtypes = ctypes.c_void_p, [ctypes.py_object, ctypes.c_int]
    own = [(_ALLOC, "PyType_GenericAlloc"), (_FREE, "PyObject_Free")]
    functions = [ctypes.cast(getattr(ctypes.pythonapi, name), ctypes.c_void_p) for _, name in own]
    if [slot(np.ndarray, number) for number, _ in own] != [f.value for f in functions]:
        yield "arrays have memory of their own kind"
    handler = _default_handler()
    for x in (np.empty(3, np.int16), np.empty((2, 1, 5))):
        if _words(x) != _expected(x, handler):
            yield "arrays have other words, or another memory handler"
    is_valid = ctypes.pythonapi.PyCapsule_IsValid
    is_valid.argtypes = [ctypes.py_object, ctypes.c_char_p]
    if not is_valid(_object(handler), b"mem_handler"):
        yield "NumPy's memory handler is something else"
    start = ctypes.string_at(_handler(handler), _VERSION + 1)
    if start[:-1].rstrip(b"\0") != b"default_allocator" or start[-1] != 1:
        yield "NumPy's memory handler is another one"


def _words(x: np.ndarray[Any, Any]) -> list[int]:
    return [word_at(id(x) + at) for at in range(layout.HEAD, layout.ARRAY_BYTES, 8)]


def _expected(x: np.ndarray[Any, Any], handler: int) -> list[int]:
    """Data, rank, shape, strides behind it, no base, dtype, flags, two more, memory handler."""
    shape = word_at(id(x) + layout.SHAPE)
    lies = [x.ctypes.data, x.ndim, shape, shape + 8 * x.ndim]
    return [*lies, 0, id(x.dtype), x.flags.num, 0, 0, handler]


def _default_handler() -> int:
    return word_at(numpy_api(DEFAULT_HANDLER))


def _handler(capsule: int) -> int:
    pointer = ctypes.pythonapi.PyCapsule_GetPointer
    pointer.restype, pointer.argtypes = ctypes.c_void_p, [ctypes.py_object, ctypes.c_char_p]
    found: int = pointer(_object(capsule), b"mem_handler")
    return found


def _object(address: int) -> Any:
    return ctypes.cast(address, ctypes.py_object).value
