"""Python numbers, lists and foreign arrays as arrays of a definite dtype. No number is changed.

A Python number alone is int32 or float32; beside an array it takes the array's dtype.
"""

from __future__ import annotations

from typing import Any, NoReturn

import numpy as np

from jitflow.errors import DtypeError, RangeError, ShapeError, TraceError
from jitflow.ir.dtypes import as_dtype
from jitflow.recording.operand import Operand
from jitflow.trace.arrays import TracedArray
from jitflow.trace.source import fail

_ALONE = {"b": np.dtype(bool), "i": np.dtype("i4"), "f": np.dtype("f4"), "c": np.dtype("c8")}
_ORDER = "bifc"
"""Kinds of numbers: each has those before it."""

_NAMES = {"b": "bool", "i": "int", "f": "float", "c": "complex"}
_KIND = {"b": "b", "i": "i", "u": "i", "f": "f", "V": "f", "c": "c"}
"""By NumPy's kinds, of which V is that of bfloat16 here."""


def as_literal(
    x: Any, beside: np.dtype[Any] | None = None, dtype: Any = None
) -> np.ndarray[Any, Any]:
    """A number, nested list or array as a new array.

    beside: the dtype of the array that it stands beside, which it takes. dtype: of the result.
    Raises DtypeError for a kind of number that would lose a part of it, as a float beside
    integers, RangeError for a number out of range.
    """
    array, is_typed = _array_of(x)
    wanted = dtype if dtype is not None else beside
    if wanted is None:
        wanted = array.dtype if is_typed else _ALONE[_kind(x, array)]
    elif array.dtype != wanted:
        _require_kind(x, array, wanted, is_typed, beside if dtype is None else None)
    return _converted(x, array, wanted, is_typed)


def dtype_of(dtype: Any) -> np.dtype[Any]:
    """NumPy's dtype for what stands for one; DtypeError, with the user's line, for the rest."""
    try:
        return as_dtype(dtype).numpy
    except DtypeError as error:
        fail(DtypeError, str(error))


def _array_of(x: Any) -> tuple[np.ndarray[Any, Any], bool]:
    """x as an array, and whether x said its dtype itself."""
    if isinstance(x, (list, tuple)):
        _refuse_operands(x)
    if type(x) is TracedArray:
        fail(TraceError, "a value of a traced function cannot go into a graph",
             cure="make nodes outside of it, or give a node to jf.function")
    try:
        array = np.asarray(x)
    except ValueError as error:
        fail(ShapeError, str(error))
    return array, hasattr(x, "dtype") or hasattr(x, "__array__")


def _refuse_operands(x: Any) -> None:
    for part in x:
        if isinstance(part, Operand):
            fail(TraceError, "a list of tensors is no array", cure="np.stack what belongs together")
        if isinstance(part, (list, tuple)):
            _refuse_operands(part)


def _kind(x: Any, array: np.ndarray[Any, Any]) -> str:
    """The kind of number; DtypeError where these are none."""
    kind = _KIND.get(array.dtype.kind)
    if kind is None and type(x) is int:
        fail(RangeError, f"the literal {_shown(x)} does not fit any integer dtype")
    if kind is None or (array.dtype.kind == "V" and array.dtype.fields):
        fail(DtypeError, f"{type(x).__name__} of dtype {array.dtype} is no literal")
    return kind


def _require_kind(
    x: Any, array: np.ndarray[Any, Any], wanted: np.dtype[Any], is_typed: bool, beside: Any
) -> None:
    """DtypeError for numbers of a kind that the dtype wanted has not."""
    kind, have = _kind(x, array), _KIND[wanted.kind]
    is_mask = kind == "b" and have != "b" and not is_typed
    if _ORDER.index(kind) <= _ORDER.index(have) and not is_mask:
        return
    if beside is None:
        cure = f"convert it: np.asarray(x).astype({wanted}), or give another dtype"
        fail(DtypeError, f"{_shown(x)} has {_NAMES[kind]} numbers, not {wanted}", cure=cure)
    if is_typed:
        problem = f"an array of {array.dtype} beside one of {beside}"
        fail(DtypeError, problem, cure="cast one of them: x.astype(dtype)")
    fail(
        DtypeError, f"the literal {_shown(x)} is a {_NAMES[kind]}, beside an array of {beside}",
        cure=f"write it as {beside}, or cast the array: x.astype(dtype)",
    )  # fmt: skip


def _converted(
    x: Any, array: np.ndarray[Any, Any], wanted: np.dtype[Any], is_typed: bool
) -> np.ndarray[Any, Any]:
    """A new array; RangeError where a number does not fit."""
    if array.dtype == wanted:
        return array.copy() if is_typed else array
    if _KIND[wanted.kind] == "i" and array.size:
        limits = np.iinfo(wanted)
        if int(array.min()) < limits.min or int(array.max()) > limits.max:
            _refuse_range(x, wanted)
        return array.astype(wanted)
    if wanted.itemsize >= array.dtype.itemsize:
        return array.astype(wanted)
    try:
        with np.errstate(over="raise"):
            return array.astype(wanted)
    except FloatingPointError:
        _refuse_range(x, wanted)


def _refuse_range(x: Any, wanted: np.dtype[Any]) -> NoReturn:
    cure = "give a wider dtype, as in constant(x, dtype=...)"
    fail(RangeError, f"the literal {_shown(x)} does not fit {wanted}", cure=cure)


def _shown(x: Any) -> str:
    text = repr(x)
    return text if len(text) <= 40 else f"{type(x).__name__} {text[:36]}..."
