"""How often integers occur: bincount with a known number of counts."""

from __future__ import annotations

from functools import wraps
from typing import Any

import numpy as np

from jitflow.errors import DtypeError, ShapeError, TraceError
from jitflow.ir.dtypes import DType, f64, i64
from jitflow.numpy.basics import (
    Array,
    as_array,
    convert,
    emit,
    emit_check,
    fail,
    full,
    full_like,
)
from jitflow.numpy.index_arrays import counting_dtype
from jitflow.numpy.known import known
from jitflow.numpy.registry import numpy_function
from jitflow.trace import STATE
from jitflow.trace.checks import WRONG_VALUE


def counted(index: Array, weights: Array | None, length: int, dtype: DType) -> Array:
    """The sum of the weights (1) at each of 0..length-1; an index beyond counts for nothing."""
    total = _scattered(emit("minimum", index, full_like(index, length)), weights, length + 1, dtype)
    return emit("slice", total, start=(0,), stop=(length,), step=(1,))


def _scattered(index: Array, weights: Array | None, length: int, dtype: DType) -> Array:
    """The same, of indices that are below the length."""
    ones = full(index.type.shape, 1, dtype) if weights is None else convert(weights, dtype)
    index = convert(index, i64)
    return emit("scatter", full((length,), 0, dtype), ones, index, combine="add")


# bincount


def _bincount(x: Any, weights: Any, minlength: Any, length: Any) -> Array:
    index = as_array(x)
    if index.type.rank != 1:
        fail(ShapeError, "x must be 1-dimensional", op="bincount", shapes=[index.type])
    if index.type.dtype.kind not in "biu":
        fail(DtypeError, "x must be integers", op="bincount", dtypes=[index.type.dtype])
    size = _length_of(index, int(minlength)) if length is None else int(length)
    index = convert(index, counting_dtype(index.type.dtype, size))
    _require("ge", index, 0, "'x' argument must have no negative elements")
    if length is None and known(index) is None and index.type.shape != (0,):
        problem = f"an element is not below minlength={size}, which would make the result longer"
        _require("lt", index, size, f"bincount: {problem}")
    count = _scattered if length is None else counted
    if weights is None or index.type.shape == (0,):
        return count(index, None, size, i64)  # NumPy, too, looks at no weights where nothing is
    weight = as_array(weights)
    if weight.type.shape != index.type.shape:
        shapes = [index.type, weight.type]
        fail(ShapeError, "weights and x don't have the same length", op="bincount", shapes=shapes)
    return count(index, weight, size, f64)


def _require(comparison: str, index: Array, limit: int, message: str) -> None:
    """Fails the call where an element does not compare so with the limit."""
    holds = emit(comparison, index, full_like(index, limit))
    emit_check(emit("reduce_all", holds, axes=(0,)), f"{WRONG_VALUE}{message}")


def _length_of(index: Array, minlength: int) -> int:
    """One more than the greatest element if it is known, else `minlength`, to be checked."""
    if minlength < 0:
        fail(ShapeError, "'minlength' must not be negative", op="bincount")
    if index.type.shape == (0,):
        return minlength
    value = known(index)
    if value is None and minlength:
        return minlength
    if value is None:
        fail(
            TraceError,
            "the length of the result depends on the elements of x, which are not known yet",
            op="bincount",
            shapes=[index.type],
            cure="give a minlength= above all elements, or jnp.bincount a length= that cuts",
        )
    return max(minlength, int(value.max()) + 1)


@wraps(np.bincount)
def bincount(x: Any, /, weights: Any = None, minlength: Any = 0, length: Any = None) -> Any:
    """As NumPy's; `length` fixes how many counts there are, and what is beyond is not counted.

    Under `@jit` a call with `minlength` alone fails where an element is not below it.
    """
    if STATE.context is not None:
        return _bincount(x, weights, minlength, length)
    counts = np.bincount(x, weights, minlength)
    if length is None:
        return counts
    result = np.zeros(length, counts.dtype)
    result[: len(counts)] = counts[:length]
    return result


numpy_function(np.bincount)(
    lambda x, weights=None, minlength=0: _bincount(x, weights, minlength, None)
)
