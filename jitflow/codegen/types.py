"""Types and literals in LLVM's text: `f32<8>` is `<8 x float>`.

Owns the spelling of types, numbers and constant data, and which dtypes have code. Knows no op.
"""

from __future__ import annotations

import struct
import sys
from functools import cache
from typing import Any

from jitflow.errors import NoCodeError, VerifyError
from jitflow.ir.dense import Dense
from jitflow.ir.dtypes import DType
from jitflow.ir.types import BufferType, TensorType, VectorType

_ELEMENTS = {
    "bool": "i1", "i8": "i8", "i16": "i16", "i32": "i32", "i64": "i64",
    "u8": "i8", "u16": "i16", "u32": "i32", "u64": "i64", "f32": "float", "f64": "double",
    "f16": "i16", "bf16": "i16",
}
"""16-bit floats are bits: nothing but conversions reads them as numbers."""


def element_type(dtype: DType) -> str:
    """The type of one element in a register; NoCodeError where there is no code for it."""
    try:
        return _ELEMENTS[dtype.name]
    except KeyError:
        raise NoCodeError(f"no code for {dtype} yet; expected {', '.join(_ELEMENTS)}") from None


def memory_type(dtype: DType) -> str:
    """The type of one element in memory: bool is a byte there."""
    return "i8" if dtype.kind == "b" else element_type(dtype)


@cache
def register_type(type: Any) -> str:
    """The LLVM type of a value: a scalar, a vector or a pointer."""
    if isinstance(type, VectorType):
        return f"<{type.lanes} x {element_type(type.dtype)}>"
    if isinstance(type, BufferType):
        return "ptr"
    if isinstance(type, TensorType) and not type.rank:
        return element_type(type.dtype)
    raise VerifyError(f"{type} is not a type of level 3; run the passes that lower to loops")


@cache
def vector_text(lanes: int, element: str) -> str:
    return f"<{lanes} x {element}>"


@cache
def suffix(type: Any) -> str:
    """The type as part of an intrinsic's name: `f32`, `v8f32`; integers are `i32` and the like."""
    is_float = element_type(type.dtype) in ("float", "double")
    name = f"{'f' if is_float else 'i'}{type.dtype.bits}"
    return f"v{type.lanes}{name}" if isinstance(type, VectorType) else name


def number(value: Any, dtype: DType) -> str:
    """One element as a literal; f32 and f64 as the bits of a double, 16-bit floats as theirs."""
    if dtype.kind == "b":
        return "true" if value else "false"
    if dtype.is_integer:
        return str(int(value))
    if dtype.bits == 16:
        return str(int.from_bytes(dtype.numpy.type(value).tobytes(), sys.byteorder))
    (bits,) = _BITS.unpack(_DOUBLE.pack(value))
    return f"0x{bits:016X}"


_DOUBLE, _BITS = struct.Struct("<d"), struct.Struct("<Q")


def splat(literal: str, dtype: DType) -> str:
    """A vector literal with one number in every lane."""
    return f"splat ({_ELEMENTS[dtype.name]} {literal})"


def constant(data: Dense, type: Any) -> str:
    """A literal of a scalar or vector type."""
    dtype = data.dtype
    if data.is_splat:
        literal = number(data.array[()], dtype)
        return splat(literal, dtype) if isinstance(type, VectorType) else literal
    element = element_type(dtype)
    return f"<{', '.join(f'{element} {number(x, dtype)}' for x in data.array.tolist())}>"


def counting(type: VectorType) -> str:
    """The vector literal 0, 1, 2, ..."""
    element = element_type(type.dtype)
    return f"<{', '.join(f'{element} {number(k, type.dtype)}' for k in range(type.lanes))}>"


def initializer(data: Dense) -> str:
    """Type and bytes of constant memory."""
    text = data.bits.hex("\\")
    return f'[{len(data.bits)} x i8] c"\\{text}"' if text else "[0 x i8] zeroinitializer"
