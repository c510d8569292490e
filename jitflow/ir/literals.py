"""Attribute values as text gives them: which Python value each kind takes, and numbers as data.

Owns no syntax: the parser reads lists, names and numbers, and asks here what they may mean.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from jitflow.ir.dense import Dense
from jitflow.ir.dtypes import DType

WANTED = {
    "int": "an int",
    "ints": "a list of ints",
    "dims": "a list of dimensions",
    "bool": "true or false",
    "str": "a string",
    "dtype": "a dtype such as f32",
    "dense": "a number, a list of numbers or data",
    "nested": "a list of two lists of ints",
    "type": "no value: the type stands in front",
}
"""What an attribute of each kind takes, in words."""


def fits(kind: str, value: Any) -> bool:
    """True where an attribute of this kind takes the value."""
    match kind:
        case "int":
            return _is_int(value)
        case "ints":
            return _are_ints(value)
        case "dims":
            return isinstance(value, tuple) and not any(isinstance(v, tuple) for v in value)
        case "bool":
            return isinstance(value, bool)
        case "str":
            return isinstance(value, str)
        case "dtype":
            return isinstance(value, DType)
        case "nested":
            return isinstance(value, tuple) and len(value) == 2 and all(map(_are_ints, value))
        case "dense":
            return isinstance(value, (int, float, bool, tuple, Dense))
        case "type":
            return False
        case _:
            return True


def dense(value: Any, dtype: DType) -> Dense:
    """Numbers or nested tuples of them as data; ValueError, TypeError or OverflowError if not."""
    array = np.array(value, dtype=object)
    flat = [_element(item, dtype) for item in array.flat]
    return Dense(np.array(flat, dtype.numpy).reshape(array.shape), dtype)


def number(text: str) -> int | float:
    """A literal: an int where it has digits only."""
    return int(text) if text.lstrip("-").isdigit() else float(text)


def _is_int(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _are_ints(value: Any) -> bool:
    return isinstance(value, tuple) and all(map(_is_int, value))


def _element(value: Any, dtype: DType) -> Any:
    """One literal as an element; refuses what would change value."""
    if isinstance(value, tuple):
        raise ValueError("lists of different lengths")
    if isinstance(value, bool) != (dtype.kind == "b"):
        raise ValueError(f"{value} is not {dtype}")
    if dtype.is_integer and not isinstance(value, int):
        raise ValueError(f"{value} is not an integer")
    with np.errstate(over="ignore"):
        element = dtype.numpy.type(value)
    if dtype.is_float and np.isinf(element) and not np.isinf(value):
        raise ValueError(f"{value} is out of range")
    return element
