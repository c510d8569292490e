"""Where CPython and NumPy keep what the stub reads, each fact checked in this process.

Offsets within objects, and slots of NumPy's C API. `why_not_native` says what is not as expected;
then nothing native is made, and Python code calls the same bodies.
"""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Iterator
from functools import cache
from typing import Any

import numpy as np

from jitflow.config import settings
from jitflow.runtime.numpy_api import (
    ARRAY_TYPE,
    FROM_ARRAY,
    NEW_FROM_DESCR,
    SCALAR,
    numpy_api,
    word_at,
)

HEAD = object.__basicsize__
"""Bytes of a plain object's head; what an object holds comes next."""

DATA, RANK, SHAPE, STRIDES, DTYPE, FLAGS = (HEAD + at for at in (0, 8, 16, 24, 40, 48))
"""Of an ndarray: `PyArrayObject_fields` in NumPy's ndarraytypes.h."""

HANDLER, ARRAY_BYTES = HEAD + 72, HEAD + 80
"""Its last word and its size, where `why_no_templates` has no objection."""

TYPE = HEAD - 8
"""Of any object: its type."""

DTYPE_FACTS, DTYPE_FACTS_READ = HEAD + 8, 0xFFFF_FFFF_00FF_FFFF
"""Of a dtype: the word with its kind, character, byte order and number, and which bits these are.

Several objects may stand for one dtype: arrays that were pickled bring their own.
"""

C_CONTIGUOUS, ALIGNED, WRITEABLE = 0x0001, 0x0100, 0x0400
"""NumPy's flags."""

PLAIN_COPY = C_CONTIGUOUS | ALIGNED | 0x0040
"""What PyArray_FromArray is asked for: these flags, and no subclass (NPY_ARRAY_ENSUREARRAY)."""

IN_PLACE = (
    float, complex, np.bool_, np.int8, np.int16, np.int32, np.int64, np.uint8, np.uint16, np.uint32,
    np.uint64, np.float16, np.float32, np.float64, np.complex64, np.complex128,
)  # fmt: skip
"""Types of numbers whose value lies right behind the head."""

CHECKED_PYTHONS = ((3, 11), (3, 14))
"""The first and the last version that was looked at."""


@cache
def why_not_native() -> str:
    """What keeps this Python from the native entry; "" where nothing does."""
    try:
        return next(_doubts(), "")
    except (AttributeError, ImportError, ValueError) as error:
        return f"{type(error).__name__}: {error}"


def _doubts() -> Iterator[str]:
    """What is not as the stub needs it, cheapest checks first."""
    if not settings.native_entry:
        yield "JITFLOW_NATIVE_ENTRY is off"
    if sys.implementation.name != "cpython":
        yield f"{sys.implementation.name} is not CPython"
    if not CHECKED_PYTHONS[0] <= sys.version_info[:2] <= CHECKED_PYTHONS[1]:
        yield f"Python {sys.version_info[0]}.{sys.version_info[1]} was never looked at"
    if "t" in sys.abiflags:
        yield "this Python has no global lock"
    if ctypes.sizeof(ctypes.c_void_p) != 8 or sys.byteorder != "little":
        yield "words are not 64 bits, little endian"
    if HEAD != 16:
        yield f"objects have a head of {HEAD} bytes, not 16"
    if numpy_api(ARRAY_TYPE) != id(np.ndarray):
        yield "NumPy's C API has another order"
    yield from (f"an array's {fact} is elsewhere" for fact in _misplaced_in_arrays())
    if not all(map(_has_facts, "?bhlqBHLQefdFD")):
        yield "a dtype's number is elsewhere"
    if not _counts_references():
        yield "references are counted elsewhere"
    for kind in IN_PLACE:
        if not _is_in_place(kind):
            yield f"{kind.__name__} keeps its value elsewhere"
    if not _makes_scalars():
        yield "NumPy's C API makes other scalars"
    if not _makes_arrays():
        yield "NumPy's C API makes other arrays"
    if not _copies_arrays():
        yield "NumPy's C API copies otherwise"


def _misplaced_in_arrays() -> Iterator[str]:
    """What lies in the object itself comes first: pointers are followed once that is right."""
    if np.ndarray.__basicsize__ < FLAGS + 8:
        yield "size"
    base = np.zeros((3, 5, 4), np.float32)
    samples = base, base[1:, ::-2, 1], base.T, np.zeros((), np.int8), np.zeros((0, 7))
    for x in samples:
        at = id(x)
        facts = {
            "type": (word_at(at + TYPE), id(type(x))),
            "data": (word_at(at + DATA), x.ctypes.data),
            "rank": (ctypes.c_int32.from_address(at + RANK).value, x.ndim),
            "dtype": (word_at(at + DTYPE), id(x.dtype)),
            "flags": (ctypes.c_int32.from_address(at + FLAGS).value & 0xFFF, x.flags.num & 0xFFF),
        }
        yield from (fact for fact, (found, wanted) in facts.items() if found != wanted)
    for x in samples:
        if _words(word_at(id(x) + SHAPE), x.ndim) != x.shape:
            yield "shape"
        if _words(word_at(id(x) + STRIDES), x.ndim) != x.strides:
            yield "strides"


def _has_facts(character: str) -> bool:
    dtype = np.dtype(character)
    order = "|" if dtype.itemsize == 1 else "="
    named = int.from_bytes(f"{dtype.kind}{dtype.char}{order}".encode(), "little")
    return word_at(id(dtype) + DTYPE_FACTS) & DTYPE_FACTS_READ == named | dtype.num << 32


def _words(address: int, count: int) -> tuple[int, ...]:
    return tuple((ctypes.c_int64 * count).from_address(address)) if count else ()


def _is_in_place(kind: Any) -> bool:
    x = kind(1)
    as_array = np.asarray(x)
    return ctypes.string_at(id(x) + HEAD, as_array.nbytes) == as_array.tobytes()


def _counts_references() -> bool:
    x = np.zeros(1)
    before = ctypes.c_uint32.from_address(id(x)).value
    more = [x, x]
    return ctypes.c_uint32.from_address(id(x)).value == before + len(more)


def _makes_scalars() -> bool:
    scalar = ctypes.PYFUNCTYPE(
        ctypes.py_object, ctypes.c_void_p, ctypes.py_object, ctypes.c_void_p
    )(numpy_api(SCALAR))
    samples: list[Any] = [np.array(1.5, np.float32), np.array(-3, np.int16), np.array(2j)]
    made = [scalar(x.ctypes.data, x.dtype, None) for x in samples]
    return all(type(m) is type(x[()]) and m == x[()] for m, x in zip(made, samples, strict=True))


def _makes_arrays() -> bool:
    make = ctypes.PYFUNCTYPE(
        ctypes.py_object, ctypes.py_object, ctypes.c_void_p, ctypes.c_int, ctypes.c_void_p,
        ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int, ctypes.c_void_p,
    )(numpy_api(NEW_FROM_DESCR))  # fmt: skip
    dtype, shape = np.dtype(np.int16), (ctypes.c_int64 * 2)(3, 5)
    ctypes.pythonapi.Py_IncRef(ctypes.py_object(dtype))  # the function takes a reference over
    made = make(np.ndarray, id(dtype), 2, ctypes.addressof(shape), None, None, 0, None)
    return (type(made), made.dtype, made.shape) == (np.ndarray, dtype, (3, 5))


def _copies_arrays() -> bool:
    copy = ctypes.PYFUNCTYPE(ctypes.py_object, ctypes.py_object, ctypes.c_void_p, ctypes.c_int)(
        numpy_api(FROM_ARRAY)
    )
    x = np.arange(12, dtype=np.int16).reshape(3, 4)[::-1, ::2]
    made = copy(x, None, PLAIN_COPY)
    return type(made) is np.ndarray and made.flags.c_contiguous and bool((made == x).all())
