"""Element types of arrays: one interned `DType` per type, and NumPy's promotion between them.

Owns the names (`f32`), widths and kinds. Knows nothing of shapes or of weak Python scalars.
"""

from __future__ import annotations

from functools import cache
from importlib import import_module
from typing import Any

import numpy as np

from jitflow.errors import DtypeError


class DType:
    """One element type; interned, so compare with `is`.

    kind is one of "b" (bool), "i", "u", "f" and "c"; `bits` is the width of one element. What is
    asked of the kind all the time follows from it: is_float, is_inexact, is_integer, is_signed.
    `numpy` is NumPy's dtype; that of bf16 loads its package when it is first asked for.
    """

    __slots__ = (
        "bits", "is_float", "is_inexact", "is_integer", "is_signed", "itemsize", "kind", "name",
        "numpy",
    )

    numpy: np.dtype[Any]

    def __init__(self, name: str, kind: str, itemsize: int, numpy_type: Any = None) -> None:
        self.name = name
        self.kind = kind
        self.itemsize = itemsize
        self.bits: int = 1 if kind == "b" else 8 * itemsize
        self.is_float = kind == "f"
        self.is_inexact = kind in "fc"
        self.is_integer = kind in "iu"
        self.is_signed = kind not in "bu"
        if numpy_type is not None:
            self.numpy = np.dtype(numpy_type)

    def __getattr__(self, name: str) -> Any:
        """`numpy` of a dtype that was made without."""
        if name != "numpy":
            raise AttributeError(f"{self!r} has no attribute {name!r}")
        self.numpy = np.dtype(import_module("ml_dtypes").bfloat16)
        return self.numpy

    def __repr__(self) -> str:
        return self.name

    def __reduce__(self) -> tuple[Any, ...]:
        return dtype_by_name, (self.name,)


bool_ = DType("bool", "b", 1, np.bool_)
i8, i16, i32, i64 = (DType(f"i{n}", "i", n // 8, f"int{n}") for n in (8, 16, 32, 64))
u8, u16, u32, u64 = (DType(f"u{n}", "u", n // 8, f"uint{n}") for n in (8, 16, 32, 64))
f16 = DType("f16", "f", 2, np.float16)
bf16 = DType("bf16", "f", 2)
f32 = DType("f32", "f", 4, np.float32)
f64 = DType("f64", "f", 8, np.float64)
c64 = DType("c64", "c", 8, np.complex64)
c128 = DType("c128", "c", 16, np.complex128)

DTYPES: dict[str, DType] = {
    d.name: d
    for d in (bool_, i8, i16, i32, i64, u8, u16, u32, u64, f16, bf16, f32, f64, c64, c128)
}
_BY_NUMPY: dict[Any, DType] = {d.numpy: d for d in DTYPES.values() if d is not bf16}
NAMES: dict[str, DType] = {
    **{dtype.name: known for dtype, known in _BY_NUMPY.items()}, "bfloat16": bf16, **DTYPES,
}  # fmt: skip
"""Dtypes by jitflow's names and by NumPy's."""

_INSTEAD = {
    "f": "convert with .astype(float)", "c": "convert with .astype(complex)",
    "M": "convert with .astype('int64')", "m": "convert with .astype('int64')",
}  # fmt: skip
"""What to write in place of arrays that jitflow does not take, by NumPy's kind."""

_PARTS = {c64: f32, c128: f64}
_WHOLES = {part: whole for whole, part in _PARTS.items()}


def part_of(dtype: DType) -> DType:
    """The dtype of the real and of the imaginary part of a complex one."""
    return _PARTS[dtype]


def complex_of(dtype: DType) -> DType:
    """The complex dtype with parts of `dtype`, which is f32 or f64."""
    return _WHOLES[dtype]


def finfo(dtype: DType) -> Any:
    """NumPy's `finfo` of a real float type, bf16 too."""
    return import_module("ml_dtypes").finfo(bf16.numpy) if dtype is bf16 else np.finfo(dtype.numpy)


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
    if isinstance(value, str) and value in NAMES:
        return NAMES[value]
    try:
        dtype = np.dtype(value)
    except TypeError as error:
        known = ", ".join(DTYPES)
        raise DtypeError(f"{value!r} is not a dtype; expected one of {known}") from error
    found = _BY_NUMPY.get(dtype)
    if found is None and dtype.name == "bfloat16" and dtype == bf16.numpy:
        found = bf16
    if found is None or not dtype.isnative:
        raise DtypeError(_unsupported_text(dtype))
    return found


def _unsupported_text(dtype: np.dtype[Any]) -> str:
    """Why arrays of this NumPy dtype cannot be compiled, and what to write instead."""
    if not dtype.isnative:
        return f"byte-swapped dtype {dtype.str}; convert with .astype({dtype.newbyteorder('=')})"
    instead = _INSTEAD.get(dtype.kind, "convert with .astype(float) what holds numbers")
    if dtype.fields:
        instead = "take its fields one by one, as x['name']"
    return f"dtype {dtype} is not supported; {instead}"


@cache
def promote(*dtypes: DType) -> DType:
    """The dtype that NumPy 2 (NEP 50) computes in for strong operands of these dtypes."""
    try:
        return as_dtype(np.result_type(*(d.numpy for d in dtypes)))
    except (DtypeError, TypeError) as error:
        names = " and ".join(d.name for d in dtypes)
        raise DtypeError(f"no common dtype for {names}; convert one with .astype") from error
