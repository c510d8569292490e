"""NumPy's C API, as far as emitted code and ctypes call it: the table of its functions.

Knows nothing of jitflow.
"""

from __future__ import annotations

import ctypes
import importlib
from functools import cache

ABI_VERSION = 0x2000000
"""Of NumPy 2: as long as it is this, slots keep their meaning."""

ARRAY_TYPE, NEW_FROM_DESCR, SCALAR, FROM_ARRAY = 2, 94, 60, 109
"""Slots: PyArray_Type, PyArray_NewFromDescr, PyArray_Scalar, PyArray_FromArray."""

SET_HANDLER, DEFAULT_HANDLER = 304, 306
"""Slots: PyDataMem_SetHandler, and the address of the variable PyDataMem_DefaultHandler."""

_GET_ABI_VERSION = 0


def word_at(address: int) -> int:
    return ctypes.c_uint64.from_address(address).value


@cache
def numpy_api(slot: int) -> int:
    """The address in a slot of NumPy's C API."""
    module = importlib.import_module("numpy._core._multiarray_umath")
    pointer = ctypes.pythonapi.PyCapsule_GetPointer
    pointer.restype, pointer.argtypes = ctypes.c_void_p, [ctypes.py_object, ctypes.c_char_p]
    return word_at(pointer(module._ARRAY_API, None) + 8 * slot)


def is_as_expected() -> bool:
    """Whether NumPy says that its table has the order that is meant here."""
    return ctypes.PYFUNCTYPE(ctypes.c_uint)(numpy_api(_GET_ABI_VERSION))() == ABI_VERSION
