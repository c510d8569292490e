"""Constant array data as an attribute: immutable, hashable, compared bit for bit."""

from __future__ import annotations

from typing import Any

import numpy as np

from jitflow.ir.dtypes import DType, as_dtype


class Dense:
    """Array data of a `constant` or a `lookup` table; rank 0 stands for a splat of any shape.

    Equality is by bits, so that -0.0 differs from 0.0 and a NaN equals itself.
    """

    __slots__ = ("_bits", "_hash", "array", "dtype")

    def __init__(self, value: Any, dtype: DType | None = None) -> None:
        array = np.array(value, dtype=dtype.numpy if dtype is not None else None, order="C")
        array.flags.writeable = False
        self.array = array
        self.dtype = dtype if dtype is not None else as_dtype(array.dtype)
        self._bits = array.tobytes()
        self._hash = hash((self.dtype.name, array.shape, self._bits))

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, Dense)
            and self.dtype is other.dtype
            and self.array.shape == other.array.shape
            and self._bits == other._bits
        )

    def __hash__(self) -> int:
        return self._hash

    def __repr__(self) -> str:
        return f"Dense({self.dtype}, shape={self.array.shape})"

    @property
    def bits(self) -> bytes:
        """The elements in memory order, native byte order."""
        return self._bits

    @property
    def is_splat(self) -> bool:
        return self.array.ndim == 0

    def item(self) -> Any:
        """The value of a splat as a NumPy scalar."""
        return self.array[()]
