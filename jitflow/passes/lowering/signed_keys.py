"""Floats as signed integers in the same order, and back: what lanes compare in one step.

The bits of positive numbers are in their order; those of negative ones are the other way around,
but for the sign. -0 comes below +0. For integers without a sign, see `sort_keys`.
"""

from __future__ import annotations

from jitflow.ir.builder import Builder
from jitflow.ir.core import Value
from jitflow.ir.dtypes import DTYPES, DType


def key_dtype(dtype: DType) -> DType:
    """Of the keys of floats."""
    return DTYPES[f"i{dtype.bits}"]


def keys_of(b: Builder, x: Value, nan_is_greatest: bool) -> Value:
    """The key of a float, or of each in a vector; NaN is beyond all numbers, on one side."""
    dtype = key_dtype(x.type.dtype)
    key = _flipped(b, b.bitcast(x, dtype=dtype))
    least = -(1 << dtype.bits - 1)
    beyond = ~least if nan_is_greatest else least
    return b.select(b.ne(x, x), b.full_like(key, beyond), key)


def numbers_of(b: Builder, keys: Value, dtype: DType) -> Value:
    """The floats that the keys are of."""
    return b.bitcast(_flipped(b, keys), dtype=dtype)


def _flipped(b: Builder, bits: Value) -> Value:
    """All bits but the sign turned over where that is set; twice is nothing."""
    width = bits.type.dtype.bits - 1
    signs = b.shift_right(bits, b.full_like(bits, width))
    return b.xor(bits, b.and_(signs, b.full_like(bits, (1 << width) - 1)))
