"""Who makes the array of a result: NumPy as always, or the pool where it is large.

Knows no calls and no bodies.
"""

from __future__ import annotations

import ctypes
import math
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from jitflow.runtime.memory.control import ALIGNMENT, Lender, pool
from jitflow.runtime.numpy_api import NEW_FROM_DESCR, numpy_api

if TYPE_CHECKING:
    from jitflow.runtime.memory.pool import Pool

POOL_BYTES = 1 << 20
"""From here on arrays are the pool's: what the system does for fresh memory shows in the time."""


class Maker(NamedTuple):
    """What makes arrays of one size."""

    empty: Any
    """empty(shape, dtype)"""

    address: int
    """Of a function with the signature of PyArray_NewFromDescr; 0 where there is none."""


def maker_of(nbytes: int, aligned: bool = False) -> Maker:
    """What makes arrays of so many bytes; `aligned`: at addresses that 64 divides."""
    found = pool() if aligned or nbytes >= POOL_BYTES else None
    if found is not None:
        return _pool_maker(found)
    return Maker(_aligned, 0) if aligned else Maker(np.empty, numpy_api(NEW_FROM_DESCR))


def lender_of(nbytes: int) -> Lender | None:
    """Who lends memory of so many bytes for a call; None where it should be kept for the next."""
    found = pool() if nbytes >= POOL_BYTES else None
    return None if found is None else found.lender


def _aligned(shape: tuple[int, ...], dtype: np.dtype[Any]) -> Any:
    """A view of a little more memory, where there is no pool."""
    nbytes = math.prod(shape) * dtype.itemsize
    memory = np.empty(nbytes + ALIGNMENT, np.uint8)
    start = -memory.ctypes.data % ALIGNMENT
    return np.ndarray(shape, dtype, memory, start)


def empty(shape: tuple[int, ...], dtype: Any) -> np.ndarray[Any, Any]:
    """An array whose elements are not set."""
    dtype = np.dtype(dtype)
    nbytes = math.prod(shape) * dtype.itemsize
    made: np.ndarray[Any, Any] = maker_of(nbytes).empty(shape, dtype)
    return made


@cache
def _pool_maker(found: Pool) -> Maker:
    make = ctypes.PYFUNCTYPE(
        ctypes.py_object, ctypes.py_object, ctypes.py_object, ctypes.c_int, ctypes.c_void_p,
        ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int, ctypes.c_void_p,
    )(found.new_array)  # fmt: skip
    own = ctypes.pythonapi.Py_IncRef

    def empty(shape: tuple[int, ...], dtype: np.dtype[Any]) -> Any:
        extents = (ctypes.c_int64 * len(shape))(*shape)
        own(ctypes.py_object(dtype))  # the function takes a reference over
        place = ctypes.addressof(extents)
        return make(np.ndarray, dtype, len(shape), place, None, None, 0, None)

    return Maker(empty, found.new_array)
