"""Functions of x[mask] as a whole, for a mask whose elements are not known: numbers by rank, norms.

Fills `REDUCTIONS` of selection.py, beside what NumPy gives `where=`.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from jitflow.ir.dtypes import f64
from jitflow.numpy.basics import Array, convert, emit, full_like
from jitflow.numpy.choosing import where
from jitflow.numpy.selection import REDUCTIONS, Selection, is_same
from jitflow.trace import FUNCTIONS

_BY_RANK = {np.median: np.nanmedian, np.percentile: np.nanpercentile, np.quantile: np.nanquantile}


def _by_rank(among_nan: Any, x: Selection, *args: Any, **options: Any) -> Array:
    """Without what the mask leaves out, as if that were NaN; NaN where a selected element is."""
    if options or x.values.type.dtype.kind == "c":
        x.refuse()
    values = x.values if x.values.type.dtype.is_inexact else convert(x.values, f64)
    marked = emit("select", x.mask, values, full_like(values, np.nan))
    is_spoilt = FUNCTIONS[np.any](np.isnan(values), where=x.mask)
    return where(is_spoilt, np.nan, FUNCTIONS[among_nan](marked, *args))


def _none_left_out(x: Selection) -> Array:
    """The values, and 0 in place of what the mask leaves out."""
    return emit("select", x.mask, x.values, full_like(x.values, 0))


def _norm(x: Selection, ord: Any = None) -> Array:
    if ord is not None or x.ndim != 1:
        x.refuse()
    return FUNCTIONS[np.linalg.norm](_none_left_out(x).ravel())


def _count_nonzero(x: Selection) -> Array:
    return FUNCTIONS[np.count_nonzero](_none_left_out(x))


def _dot(x: Any, y: Any) -> Array:
    """Of two vectors that one mask selects."""
    first = x if isinstance(x, Selection) else y
    if not isinstance(x, Selection) or not isinstance(y, Selection) or (x.ndim, y.ndim) != (1, 1):
        first.refuse()
    if not is_same(x.mask.value, y.mask.value):
        first.refuse()
    return FUNCTIONS[np.dot](_none_left_out(x).ravel(), _none_left_out(y).ravel())


for _function, _among_nan in _BY_RANK.items():
    REDUCTIONS[_function] = lambda x, *args, _f=_among_nan, **options: _by_rank(
        _f, x, *args, **options
    )
REDUCTIONS[np.linalg.norm] = _norm
REDUCTIONS[np.count_nonzero] = _count_nonzero
REDUCTIONS[np.dot] = REDUCTIONS[np.inner] = REDUCTIONS[np.matmul] = _dot
