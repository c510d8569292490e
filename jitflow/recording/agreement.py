"""How dtypes agree where operations are recorded: more strictly than in NumPy.

A Python number alone is int32 or float32; beside an array it takes the array's dtype. Arrays of
different dtypes do not mix, and reductions keep their dtype. `@jit` follows NumPy instead.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from jitflow.errors import DtypeError, ShapeError
from jitflow.recording.operand import Attribute
from jitflow.trace.source import fail

_ALONE: dict[type, Any] = {
    bool: np.bool_, int: np.int32, float: np.float32, complex: np.complex64,
}  # fmt: skip
_KINDS = {bool: "b", int: "biufc", float: "fc", complex: "c"}

CASTS = "cast one of them: g.cast(x, dtype)"

KEEPS_DTYPE = {
    np.sum, np.prod, np.cumsum, np.cumprod, np.mean, np.trace, np.nansum, np.nanprod,
    "sum", "prod", "cumsum", "cumprod", "mean", "trace",
}  # fmt: skip
"""Functions and methods whose results NumPy widens."""

MIXING: dict[Any, slice] = {
    np.where: slice(1, 3), np.concatenate: slice(0, 1), np.stack: slice(0, 1),
    np.vstack: slice(0, 1), np.hstack: slice(0, 1), np.dstack: slice(0, 1),
    np.dot: slice(0, 2), np.vdot: slice(0, 2), np.inner: slice(0, 2), np.outer: slice(0, 2),
    np.tensordot: slice(0, 2), np.kron: slice(0, 2), np.einsum: slice(1, None),
    np.cross: slice(0, 2), np.append: slice(0, 2), np.convolve: slice(0, 2),
    np.correlate: slice(0, 2), np.clip: slice(0, 3),
}  # fmt: skip
"""Functions, ufuncs apart, that compute with several arrays: which of the arguments these are."""

FREE = {np.ldexp, np.float_power}
"""Ufuncs whose operands have dtypes of their own."""


def as_literal(x: Any, beside: np.dtype[Any] | None = None, dtype: Any = None) -> Any:
    """A number, nested list or array as a new array.

    beside: the dtype that it takes, where it can: DtypeError for a float beside integers.
    dtype: of the result, whatever it was before.
    """
    if dtype is not None:
        return np.array(x, dtype)
    if isinstance(x, (np.ndarray, np.generic)):
        return _converted(np.array(x), beside)
    try:
        array = np.asarray(x)
    except ValueError as error:
        fail(ShapeError, str(error))
    kind = {"b": bool, "i": int, "f": float, "c": complex}.get(array.dtype.kind)
    if kind is None:
        fail(DtypeError, f"{type(x).__name__} of dtype {array.dtype} is no literal")
    if beside is None:
        return array.astype(_ALONE[kind])
    if beside.kind not in _KINDS[kind] and beside.kind in "biufc":
        fail(
            DtypeError,
            f"the literal {x!r} is a {kind.__name__}, beside an array of {beside}",
            cure=f"write it as {beside}, or cast the array",
        )
    if kind is int and beside.kind in "iu" and array.size:
        limits = np.iinfo(beside)
        if array.min() < limits.min or array.max() > limits.max:
            fail(DtypeError, f"the literal {x!r} does not fit {beside}")
    return array.astype(beside)


def _converted(array: np.ndarray[Any, Any], beside: np.dtype[Any] | None) -> Any:
    """An array that is no node in the dtype of those beside it, of the same kind of number."""
    if beside is None or array.dtype == beside:
        return array
    if not np.can_cast(array.dtype, beside, "same_kind"):
        fail(DtypeError, f"an array of {array.dtype} beside one of {beside}", cure=CASTS)
    return array.astype(beside)


def mixing(function: Any, args: Sequence[Any]) -> slice | None:
    """Which positional arguments must be of one dtype; None where any may differ."""
    if isinstance(function, np.ufunc):
        return None if function in FREE else slice(0, function.nin)
    return MIXING.get(function)


def require_one_dtype(name: str, dtypes: Sequence[np.dtype[Any]]) -> None:
    """DtypeError, which names both, for arrays of different dtypes."""
    for dtype in dtypes:
        if dtype != dtypes[0]:
            fail(DtypeError, f"{dtypes[0]} and {dtype} do not mix", op=name, cure=CASTS)


def keep_dtype(function: Any, kwargs: dict[str, Any]) -> bool:
    """Whether the result is to have the dtype of the operand, where NumPy's has another."""
    key = function.name if isinstance(function, Attribute) else function
    try:
        return key in KEEPS_DTYPE and kwargs.get("dtype") is None
    except TypeError:  # not hashable: no function of NumPy
        return False
