"""Arrays out of nothing. In a trace they are constants and index ranges; outside, NumPy's own."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np

from jitflow.errors import TraceError
from jitflow.ir.dims import Dim
from jitflow.ir.dtypes import DType, as_dtype, i64
from jitflow.ir.types import Shape, TensorType
from jitflow.numpy.basics import (
    Array,
    as_array,
    convert,
    emit,
    fail,
    key_of,
    operand,
    spread,
)
from jitflow.numpy.basics import full as full_of
from jitflow.numpy.promotion import default, requested_dtype
from jitflow.numpy.registry import numpy_function
from jitflow.numpy.shaping import as_shape
from jitflow.numpy.ufuncs import CALLS
from jitflow.trace import METHODS, STATE, detach, row_major


def in_trace(numpy_own: Any) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Decorator: NumPy's own function outside a trace, this one inside."""

    def enter(implementation: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(numpy_own)
        def call(*args: Any, **kwargs: Any) -> Any:
            chosen = implementation if STATE.context is not None else numpy_own
            return chosen(*args, **kwargs)

        return call

    return enter


def _of(dtype: Any) -> DType:
    return requested_dtype(np.float64 if dtype is None else dtype)


@in_trace(np.zeros)
def zeros(shape: Any, dtype: Any = None, order: str = "C") -> Array:
    return row_major(full_of(as_shape("zeros", shape), 0, _of(dtype)))


@in_trace(np.ones)
def ones(shape: Any, dtype: Any = None, order: str = "C") -> Array:
    return row_major(full_of(as_shape("ones", shape), 1, _of(dtype)))


@in_trace(np.empty)
def empty(shape: Any, dtype: Any = None, order: str = "C") -> Array:
    """Zeros: nothing is undefined."""
    return zeros(shape, dtype)


@in_trace(np.full)
def full(shape: Any, fill_value: Any, dtype: Any = None, order: str = "C") -> Array:
    return row_major(detach(_filled(as_shape("full", shape), operand(fill_value), dtype)))


def _filled(shape: Shape, value: Any, dtype: Any) -> Array:
    chosen = requested_dtype(default(key_of(value)) if dtype is None else dtype)
    return spread(value, shape, chosen)


def _like(x: Array, value: Any, dtype: Any, shape: Any) -> Array:
    chosen = x.type.dtype if dtype is None else requested_dtype(dtype)
    return spread(value, x.type.shape if shape is None else as_shape("full_like", shape), chosen)


@numpy_function(np.full_like)
def full_like_function(a: Any, fill_value: Any, dtype: Any = None, shape: Any = None) -> Array:
    return _like(as_array(a), operand(fill_value), dtype, shape)


@numpy_function(np.zeros_like)
def zeros_like(a: Any, dtype: Any = None, shape: Any = None) -> Array:
    return _like(as_array(a), 0, dtype, shape)


@numpy_function(np.ones_like)
def ones_like(a: Any, dtype: Any = None, shape: Any = None) -> Array:
    return _like(as_array(a), 1, dtype, shape)


@numpy_function(np.empty_like)
def empty_like(prototype: Any, dtype: Any = None, shape: Any = None) -> Array:
    return _like(as_array(prototype), 0, dtype, shape)


@in_trace(np.array)
def array(object: Any, dtype: Any = None, *, copy: Any = True, ndmin: int = 0) -> Array:
    """Numbers become constants; a list that holds traced values is stacked."""
    x = as_array(object)
    result = detach(convert(x, requested_dtype(dtype or default(key_of(x)))))
    result.weak = False
    missing = ndmin - result.type.rank
    if missing > 0:
        return emit("reshape", result, shape=(1,) * missing + result.type.shape)
    return result


@in_trace(np.asarray)
def asarray(a: Any, dtype: Any = None, *, copy: Any = None) -> Array:
    if dtype is None and not copy and isinstance(a, np.ndarray):
        return as_array(a)  # as in NumPy, the same memory
    if type(a) is Array and not a.weak and dtype in (None, a.dtype) and not copy:
        return a
    return array(a, dtype)


@in_trace(np.arange)
def arange(*args: Any, dtype: Any = None, **kwargs: Any) -> Array:
    """NumPy's start + i * (second - start), in the dtype of the result."""
    if any(type(x) is Array for x in (*args, *kwargs.values())):
        cure = "take bounds from x.shape, or name the argument in static_argnames"
        fail(TraceError, "bounds cannot be traced values", op="arange", cure=cure)
    if any(isinstance(x, Dim) for x in args):
        return _symbolic_arange(args, dtype)
    known = np.arange(*args, dtype=dtype, **kwargs)
    if known.dtype.kind == "b" or len(known) < 2:
        return as_array(known) if len(known) else full_of((0,), 0, as_dtype(known.dtype))
    with np.errstate(over="ignore"):
        start, step = known[0], known[1] - known[0]
    index = iota(known.shape, 0, as_dtype(known.dtype))
    scaled = index if step == 1 else CALLS[np.multiply](index, step)
    return scaled if start == 0 else CALLS[np.add](scaled, start)


def _symbolic_arange(args: tuple[Any, ...], dtype: Any) -> Array:
    if len(args) != 1:
        fail(TraceError, "arange of an unknown size takes the stop only", op="arange")
    return iota(args, 0, i64 if dtype is None else requested_dtype(dtype))


def iota(shape: Shape, axis: int, dtype: DType = i64) -> Array:
    """The index along an axis."""
    return emit("iota", axis=axis % len(shape), type=TensorType(dtype, shape))


@in_trace(np.linspace)
def linspace(start: Any, stop: Any, num: int = 50, *args: Any, **kwargs: Any) -> Array:
    """Of known bounds: the numbers that NumPy gives, as a constant."""
    if type(start) is Array or type(stop) is Array:
        fail(
            TraceError,
            "bounds cannot be traced values yet",
            op="linspace",
            cure="write start + (stop - start) * jnp.linspace(0, 1, num)",
        )
    return as_array(np.linspace(start, stop, num, *args, **kwargs))


@numpy_function(np.astype)
def astype(x: Any, dtype: Any, copy: bool = True) -> Array:
    """The conversion of the row `convert`: floats to integers truncate and saturate."""
    array = as_array(x)
    target = requested_dtype(dtype)
    if array.type.dtype is target:
        return detach(array) if copy else array
    return emit("convert", array, dtype=target)


def astype_method(
    x: Array,
    dtype: Any,
    order: str = "K",
    casting: str = "unsafe",
    subok: bool = True,
    copy: bool = True,
) -> Array:
    return astype(x, dtype, copy=copy)


METHODS["astype"] = astype_method
