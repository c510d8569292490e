"""`accumulate` of ufuncs that no cumulative row stands for, by steps of 1, 2, 4, ..

Fills FUNCTIONS. The ufuncs are those that `reduce` folds: they are associative. Source: W. Hillis,
G. Steele, "Data Parallel Algorithms", 1986.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from jitflow.numpy.basics import Array, as_array, convert, emit, key_of, normal_axis
from jitflow.numpy.folding import FOLDED
from jitflow.numpy.promotion import loops
from jitflow.numpy.registry import strong
from jitflow.numpy.splitting import sliced
from jitflow.numpy.ufuncs import CALLS
from jitflow.trace import FUNCTIONS


def _accumulate(ufunc: np.ufunc) -> Callable[..., Array]:
    def accumulate(array: Any, axis: int = 0, dtype: Any = None) -> Array:
        x = as_array(array)
        place = normal_axis(f"{ufunc.__name__}.accumulate", axis, x.type.rank)
        *_, result = loops(ufunc, (key_of(x),) * 2, None if dtype is None else np.dtype(dtype))
        x = convert(x, result) if ufunc is not np.logical_xor else CALLS[np.not_equal](x, 0)
        return strong(_scan(ufunc, x, place))

    return accumulate


def _scan(ufunc: np.ufunc, x: Array, axis: int) -> Array:
    """After a step of k each element is the result over the 2 k elements up to it."""
    extent, step = x.type.shape[axis], 1
    while step < extent:
        both = CALLS[ufunc](sliced(x, axis, 0, extent - step), sliced(x, axis, step, extent))
        both = convert(both, x.type.dtype)
        x = emit("concatenate", sliced(x, axis, 0, step), both, axis=axis)
        step *= 2
    return x


for _ufunc in FOLDED:
    FUNCTIONS[_ufunc, "accumulate"] = _accumulate(_ufunc)
