"""Element types of arrays: one interned `DType` per type, and NumPy's promotion between them.

Owns the names (`f32`), widths and kinds. Knows nothing of shapes or of weak Python scalars.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import ml_dtypes
import numpy as np

from jitflow.errors import DtypeError


class DType:
    """One element type; interned, so compare with `is`.

    kind is one of "b" (bool), "i", "u", "f" and "c"; `bits` is the width of one element.
    """

    __slots__ = ("bits", "itemsize", "kind", "name", "numpy")

    def __init__(self, name: str, kind: str, numpy_type: Any) -> None:
        self.name = name
        self.kind = kind
        self.numpy = np.dtype(numpy_type)
        self.itemsize: int = self.numpy.itemsize
        self.bits: int = 1 if kind == "b" else 8 * self.itemsize

    def __repr__(self) -> str:
        return self.name

    def __reduce__(self) -> tuple[Any, ...]:
        return dtype_by_name, (self.name,)

    @property
    def is_float(self) -> bool:
        return self.kind == "f"

    @property
    def is_inexact(self) -> bool:
        return self.kind in "fc"

    @property
    def is_integer(self) -> bool:
        return self.kind in "iu"

    @property
    def is_signed(self) -> bool:
        return self.kind != "u" and self.kind != "b"


bool_ = DType("bool", "b", np.bool_)
i8, i16, i32, i64 = (DType(f"i{n}", "i", f"int{n}") for n in (8, 16, 32, 64))
u8, u16, u32, u64 = (DType(f"u{n}", "u", f"uint{n}") for n in (8, 16, 32, 64))
f16 = DType("f16", "f", np.float16)
bf16 = DType("bf16", "f", ml_dtypes.bfloat16)
f32 = DType("f32", "f", np.float32)
f64 = DType("f64", "f", np.float64)
c64 = DType("c64", "c", np.complex64)
c128 = DType("c128", "c", np.complex128)

DTYPES: dict[str, DType] = {
    d.name: d
    for d in (bool_, i8, i16, i32, i64, u8, u16, u32, u64, f16, bf16, f32, f64, c64, c128)
}
_BY_NUMPY: dict[Any, DType] = {d.numpy: d for d in DTYPES.values()}
_PARTS = {c64: f32, c128: f64}
_WHOLES = {part: whole for whole, part in _PARTS.items()}


def part_of(dtype: DType) -> DType:
    """The dtype of the real and of the imaginary part of a complex one."""
    return _PARTS[dtype]


def complex_of(dtype: DType) -> DType:
    """The complex dtype with parts of `dtype`, which is f32 or f64."""
    return _WHOLES[dtype]


def dtype_by_name(name: str) -> DType:
    """The dtype called `name` (`f32`); DtypeError with the known names otherwise."""
    if name not in DTYPES:
        raise DtypeError(f"unknown dtype '{name}'; expected one of {', '.join(DTYPES)}")
    return DTYPES[name]


def as_dtype(value: Any) -> DType:
    """A DType from a DType, a jitflow name, a NumPy dtype, or what `np.dtype` accepts.

    Raises DtypeError for byte-swapped, object, string, datetime and structured types.
    """
    if isinstance(value, DType):
        return value
    if isinstance(value, str) and value in DTYPES:
        return DTYPES[value]
    try:
        dtype = np.dtype(value)
    except TypeError as error:
        known = ", ".join(DTYPES)
        raise DtypeError(f"{value!r} is not a dtype; expected one of {known}") from error
    found = _BY_NUMPY.get(dtype)
    if found is None or not dtype.isnative:
        raise DtypeError(unsupported_dtype_text(dtype))
    return found


def unsupported_dtype_text(dtype: np.dtype[Any]) -> str:
    """Why arrays of this NumPy dtype cannot be compiled, and what to write instead."""
    if not dtype.isnative:
        return f"byte-swapped dtype {dtype.str}; convert with .astype({dtype.newbyteorder('=')})"
    return f"dtype {dtype} is not supported; expected one of {', '.join(DTYPES)}"


@cache
def promote(*dtypes: DType) -> DType:
    """The dtype that NumPy 2 (NEP 50) computes in for strong operands of these dtypes."""
    try:
        return as_dtype(np.result_type(*(d.numpy for d in dtypes)))
    except (DtypeError, TypeError) as error:
        names = " and ".join(d.name for d in dtypes)
        raise DtypeError(f"no common dtype for {names}; convert one with .astype") from error
