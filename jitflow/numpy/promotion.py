"""Which dtype an operation computes in: NumPy 2's rules (NEP 50), asked of NumPy itself.

Operands are described by keys: a NumPy dtype where the operand is strong, or the Python type `int`,
`float` or `complex` where it is weak. Knows nothing of shapes or of the ops that will be emitted.
"""

from __future__ import annotations

from contextlib import suppress
from functools import cache
from typing import Any

import numpy as np

from jitflow.errors import DtypeError
from jitflow.ir.dtypes import DType, as_dtype
from jitflow.trace.source import fail

Key = Any
"""A NumPy dtype, or one of the types int, float and complex."""

SAMPLES: dict[Key, Any] = {int: 0, float: 0.0, complex: 0j}
"""What stands for weak operands where NumPy is asked."""

_DEFAULTS = {int: np.dtype(np.int64), float: np.dtype(np.float64), complex: np.dtype(np.complex128)}


def requested_dtype(value: Any) -> DType:
    """The dtype of an argument `dtype=`, in NumPy's words first: its "i8" has 8 bytes, not bits."""
    if isinstance(value, str):
        with suppress(TypeError):
            value = np.dtype(value)
    try:
        return as_dtype(value)
    except DtypeError as error:
        fail(DtypeError, str(error))


def scalar_key(value: Any) -> Key:
    """The key of a Python or NumPy scalar; a Python bool is as strong as NumPy's."""
    return type(value) if type(value) in SAMPLES else np.dtype(type(value))


def default(key: Key) -> Any:
    """The NumPy dtype of a value that meets no other: int64, float64 or complex128 if weak."""
    return _DEFAULTS.get(key, key)


@cache
def loops(ufunc: np.ufunc, keys: tuple[Key, ...], dtype: Any = None) -> tuple[DType, ...]:
    """The dtypes that a ufunc takes its operands in, and those of its results.

    Raises TypeError where NumPy has no such loop, DtypeError where jitflow has no such dtype.
    """
    if all(key in _DEFAULTS for key in keys):
        keys = tuple(map(default, keys))
    if dtype is None:
        return tuple(map(as_dtype, ufunc.resolve_dtypes((*keys, *[None] * ufunc.nout))))
    signature = (*[None] * len(keys), *[dtype] * ufunc.nout)
    given = (*keys, *[None] * ufunc.nout)
    return tuple(map(as_dtype, ufunc.resolve_dtypes(given, signature=signature)))


@cache
def common(keys: tuple[Key, ...]) -> DType:
    """The dtype of a choice between, or a row of, operands with these keys.

    Raises DtypeError where NumPy knows none: for bfloat16 beside integers or float16.
    """
    try:
        return as_dtype(np.result_type(*(SAMPLES.get(key, key) for key in keys)))
    except TypeError as error:
        names = " and ".join(dict.fromkeys(str(default(key)) for key in keys))
        raise DtypeError(f"no common dtype for {names}") from error
