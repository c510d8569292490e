"""Numbers of 16 bits, as references see them: computed in f32, rounded once.

Owns what rounding to f16 and bf16 means for NumPy arrays. Knows no row.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np

Array = Any

def in_f32(reference: Callable[..., Any]) -> Callable[..., Any]:
    """`reference` on f16 and bf16: it sees f32, and what it gives in f32 is rounded once."""

    @functools.wraps(reference)
    def call(*operands: Any, **attrs: Any) -> Any:
        dtypes = [x.dtype for x in operands if _is_half(x)]
        if not dtypes:
            return reference(*operands, **attrs)
        wide = [x.astype(np.float32) if _is_half(x) else x for x in operands]
        with np.errstate(all="ignore"):
            result = reference(*wide, **attrs)
            if isinstance(result, tuple):
                return tuple([_rounded(part, dtypes[0]) for part in result])
            return _rounded(result, dtypes[0])

    return call


def _is_half(x: Any) -> bool:
    dtype = getattr(x, "dtype", None)
    if dtype is None or dtype.itemsize != 2:
        return False
    return bool(dtype.kind == "f" or dtype.name == "bfloat16")


def _rounded(result: Array, dtype: np.dtype[Any]) -> Array:
    return result.astype(dtype) if result.dtype == np.float32 else result


def to_half(x: Array, dtype: np.dtype[Any]) -> Array:
    """An array of any real dtype rounded to f16 or bf16 once, to nearest and ties to even.

    NumPy's own conversion to bf16 rounds wider numbers to f32 first: here that is done to odd,
    which leaves nothing to choose. S. Boldo, G. Melquiond, 2008.
    """
    with np.errstate(all="ignore"):
        if dtype == np.float16 or x.dtype.itemsize < 4 or x.dtype == np.float32:
            return x.astype(dtype)
        return _to_odd_f32(_to_odd_f64(x)).astype(dtype)


def _to_odd_f64(x: Array) -> Array:
    """Integers of 64 bits as the sum of two f64, whose error says where the truth is."""
    if x.dtype.kind == "f" or x.dtype.itemsize < 8:
        return x.astype(np.float64)
    high = (x >> 32).astype(np.float64) * 2.0**32
    low = (x & 0xFFFFFFFF).astype(np.float64)
    total = high + low
    return to_odd(total, low - (total - high))


def _to_odd_f32(x: Array) -> Array:
    near = x.astype(np.float32)
    return to_odd(near, x - near.astype(np.float64))


def to_odd(near: Array, error: Array) -> Array:
    """The float next to `near + error` on the side of an odd last bit; `near` where it is exact."""
    near = np.asarray(near)
    bits = near.view(f"i{near.itemsize}")
    inexact = ((error < 0) | (error > 0)) & (bits & 1 == 0)
    outward = (error > 0) == (near > 0)
    step = np.where(outward | (near == 0), 1, -1).astype(bits.dtype)
    sign = np.where((near == 0) & (error < 0), np.iinfo(bits.dtype).min, 0).astype(bits.dtype)
    return np.where(inexact, (bits + step) | sign, bits).view(near.dtype)
