"""Numbers, strings and constant data as text, both ways: what is written reads back bit for bit.

Owns no syntax of lists or attributes: printer and parser bring those.
"""

from __future__ import annotations

import binascii
import math
from typing import Any

import numpy as np

from jitflow.ir.dense import Dense
from jitflow.ir.dtypes import DType

INLINE_ELEMENTS = 64
"""Constant data above this many elements is written as base64."""


# Strings: JSON's.


def format_string(text: str) -> str:
    import json  # noqa: PLC0415

    return json.dumps(text, ensure_ascii=not text.isprintable())


def read_string(literal: str) -> str:
    """The text of a literal with its quotes; ValueError where an escape is not one of JSON's."""
    import json  # noqa: PLC0415

    text: str = json.loads(literal)
    return text


# Numbers.


def read_number(literal: str) -> int | float:
    """An int where it has digits only; ValueError where f64 has no such number."""
    if literal.lstrip("-").isdigit():
        return int(literal)
    value = float(literal)
    if math.isinf(value) and not literal.endswith("inf"):
        raise ValueError(f"{literal[:40]} is out of range of f64")
    return value


def format_element(value: Any, dtype: DType) -> str:
    """One element: the shortest text that reads back as this value of this dtype."""
    if dtype.kind == "b":
        return "true" if value else "false"
    if dtype.is_integer:
        return str(int(value))
    if dtype.kind == "c":
        return f"complex({_format_float(value.real)}, {_format_float(value.imag)})"
    return _format_float(value)


def _format_float(value: Any) -> str:
    if np.isnan(value):
        return "-nan" if np.signbit(value) else "nan"
    short = str(value)
    text = short if type(value)(float(short)) == value else repr(float(value))
    return text if any(c in text for c in ".eni") else text + ".0"


_SORTS: dict[str, tuple[type, ...]] = {
    "b": (bool,),
    "i": (int,),
    "u": (int,),
    "f": (int, float),
    "c": (int, float, complex),
}


def read_element(value: Any, dtype: DType) -> Any:
    """A Python number as an element of the dtype; ValueError or OverflowError where it is none.

    A fraction is rounded; a number out of range, or of another sort, is refused.
    """
    is_number = isinstance(value, _SORTS[dtype.kind])
    if not is_number or isinstance(value, bool) != (dtype.kind == "b"):
        raise ValueError(f"{str(value)[:40].lower()} is not {dtype} data")
    if not dtype.is_inexact:
        return dtype.numpy.type(value)
    exact = complex(value) if dtype.kind == "c" else float(value)
    with np.errstate(over="ignore"):
        element = dtype.numpy.type(exact)
    if np.isinf(element) and not np.isinf(exact):
        raise ValueError(f"{str(value)[:40]} is out of range of {dtype}")
    return element


# Data.


def read_elements(value: Any, dtype: DType) -> Dense:
    """Numbers in nested tuples as data; ValueError or OverflowError where they are none."""
    array = np.array(value, dtype=object)
    flat = [read_element(item, dtype) for item in _without_tuples(array)]
    return Dense(np.array(flat, dtype.numpy).reshape(array.shape), dtype)


def _without_tuples(array: Any) -> list[Any]:
    items = list(array.flat)
    if any(isinstance(item, tuple) for item in items):
        raise ValueError("lists of different lengths")
    return items


def format_dense(value: Dense) -> str:
    """`[1.0, 2.0]`, or `data "f32[100] base64"` for what is long or has no other text."""
    array = value.array
    if array.size <= INLINE_ELEMENTS and (array.size or array.ndim == 1) and _has_plain_nans(value):
        return _format_nested(array, value.dtype)
    shape = ", ".join(map(str, array.shape))
    encoded = binascii.b2a_base64(value.bits, newline=False).decode()
    return f'data "{value.dtype}[{shape}] {encoded}"'


def _format_nested(array: Any, dtype: DType) -> str:
    if array.ndim:
        return "[" + ", ".join(_format_nested(row, dtype) for row in array) + "]"
    return format_element(array[()], dtype)


def _has_plain_nans(value: Dense) -> bool:
    """True where each NaN has the bits that reading `nan` or `-nan` gives."""
    array = value.array
    parts = [array.real, array.imag] if value.dtype.kind == "c" else [array]
    for part in parts if value.dtype.is_inexact else []:
        nans = part[np.isnan(part)]
        if nans.tobytes() != np.copysign(part.dtype.type(np.nan), nans).tobytes():
            return False
    return True


def read_data(dtype: DType, shape: tuple[Any, ...], encoded: str) -> Dense:
    """The elements of an array from base64; ValueError where they are damaged."""
    try:
        raw = binascii.a2b_base64(encoded, strict_mode=True)
        array = np.frombuffer(raw, dtype.numpy).reshape(shape)
    except (binascii.Error, ValueError) as error:
        raise ValueError(f"damaged constant data: {error}") from error
    if dtype.kind == "b" and raw.strip(b"\0\1"):
        raise ValueError("damaged constant data: a bool is 0 or 1")
    return Dense(array, dtype)
