"""How dtypes agree where operations are recorded: more strictly than in NumPy.

Arrays of different dtypes do not mix, and reductions keep their dtype. `@jit` follows NumPy
instead.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from jitflow.errors import DtypeError
from jitflow.recording.operand import Attribute
from jitflow.trace.source import fail

CASTS = "cast one of them: x.astype(dtype), or g.cast(x, dtype)"

KEEPS_DTYPE = {
    np.sum, np.prod, np.cumsum, np.cumprod, np.mean, np.trace, np.nansum, np.nanprod, np.nanmean,
    np.nancumsum, np.nancumprod, np.cumulative_sum, np.cumulative_prod,
    np.add.reduce, np.multiply.reduce, np.add.accumulate, np.multiply.accumulate,
    "sum", "prod", "cumsum", "cumprod", "mean", "trace",
}  # fmt: skip
"""Functions and methods whose results NumPy widens."""

FIRST, _PAIR = slice(0, 1), slice(0, 2)

MIXING: dict[Any, slice] = {
    **dict.fromkeys((
        np.concatenate, np.stack, np.vstack, np.hstack, np.dstack, np.column_stack, np.block,
        np.linalg.multi_dot,
    ), FIRST),
    **dict.fromkeys((
        np.dot, np.vdot, np.inner, np.outer, np.tensordot, np.kron, np.cross, np.append,
        np.convolve, np.correlate, np.isclose, np.allclose, np.polyadd, np.polysub, np.polymul,
        np.polydiv, np.polyval, np.isin, np.array_equal, np.array_equiv, np.searchsorted,
        np.digitize, np.linalg.solve, np.linalg.lstsq, np.linalg.tensorsolve, np.linalg.outer,
        np.linalg.matmul, np.linalg.tensordot, np.linalg.vecdot, np.linalg.cross, np.trapezoid,
    ), _PAIR),
    np.where: slice(1, 3), np.clip: slice(0, 3), np.interp: slice(0, 3),
    "clip": slice(0, 3), "dot": _PAIR,
}  # fmt: skip
"""Functions and methods, ufuncs apart, that compute with several arrays: at which places."""

BOUNDS = "a_min", "a_max", "min", "max"
"""Keywords of arrays that these functions compute with, too."""

FREE = {np.ldexp, np.float_power}
"""Ufuncs whose operands have dtypes of their own."""


def mixing(function: Any) -> slice | None:
    """Which positional arguments must be of one dtype; None where any may differ."""
    if isinstance(function, np.ufunc):
        return None if function in FREE else slice(0, function.nin)
    key = function.name if isinstance(function, Attribute) else function
    try:
        return MIXING.get(key)
    except TypeError:  # not hashable: no function of NumPy
        return None


def require_one_dtype(name: str, dtypes: Sequence[np.dtype[Any]]) -> None:
    """DtypeError, which names both, for arrays of different dtypes."""
    first = dtypes[0]
    for dtype in dtypes:
        if dtype is not first and dtype != first:
            fail(DtypeError, f"{first} and {dtype} do not mix", op=name, cure=CASTS)


def keep_dtype(function: Any, kwargs: dict[str, Any]) -> bool:
    """Whether the result is to have the dtype of the operand, where NumPy's has another."""
    key = function.name if isinstance(function, Attribute) else function
    try:
        return key in KEEPS_DTYPE and kwargs.get("dtype") is None
    except TypeError:  # not hashable: no function of NumPy
        return False
