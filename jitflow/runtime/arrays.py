"""The addresses of arrays' first elements, at the lowest price that Python allows.

NumPy's own ways cost 1.5 us each (`array.ctypes.data`, `__array_interface__`). The address stands
in the array's struct behind the object's head; whether that is so is tried once, and NumPy is asked
where it is not. Knows no IR and no LLVM.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np


class _ArrayHead(ctypes.Structure):
    """What NumPy's stable ABI puts in front: the object's head, then the data pointer."""

    _fields_ = [("head", ctypes.c_byte * object.__basicsize__), ("data", ctypes.c_size_t)]


_head_at = _ArrayHead.from_address


def _from_struct(arrays: Sequence[Any]) -> list[int]:
    return [_head_at(place).data for place in map(id, arrays)]


def _from_numpy(arrays: Sequence[Any]) -> list[int]:
    return [int(array.ctypes.data) for array in arrays]


def _struct_holds_address() -> bool:
    samples = [np.empty(shape, np.uint8) for shape in ((), (1,), (3, 5), (0,), (4096,))]
    samples.append(samples[2][1:, ::-2])
    return _from_struct(samples) == _from_numpy(samples)


addresses: Callable[[Sequence[Any]], list[int]] = (
    _from_struct if _struct_holds_address() else _from_numpy
)
"""addresses(arrays) of ndarrays; anything else must be refused before."""
