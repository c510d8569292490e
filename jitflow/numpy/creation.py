"""Arrays out of nothing. In a trace they are constants and index ranges; outside, NumPy's own."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np

from jitflow.errors import ArgumentError
from jitflow.ir.dtypes import DType, bf16
from jitflow.ir.types import Shape
from jitflow.numpy.basics import (
    Array,
    as_array,
    cast,
    convert,
    emit,
    emit_check,
    key_of,
    operand,
    spread,
)
from jitflow.numpy.basics import full as full_of
from jitflow.numpy.promotion import default, requested_dtype
from jitflow.numpy.registry import drop_inert, numpy_function
from jitflow.numpy.shaping import as_shape, perhaps_copied, reshaped
from jitflow.numpy.ufuncs import CALLS
from jitflow.trace import FUNCTIONS, METHODS, STATE, detach, fail, in_c_order, row_major


def in_trace(numpy_own: Any) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Decorator: NumPy's own function outside a trace, this one inside.

    NumPy's own asks for this one, too, where its `like=` is a traced array.
    """

    def enter(implementation: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(numpy_own)
        def call(*args: Any, **kwargs: Any) -> Any:
            if STATE.context is None:
                return _eager(numpy_own, args, kwargs)
            kwargs.pop("like", None)
            drop_inert(numpy_own.__name__, implementation, kwargs)
            return implementation(*args, **kwargs)

        FUNCTIONS.setdefault(numpy_own, call)
        return call

    return enter


def _eager(numpy_own: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """NumPy knows bfloat16 by name once its package is loaded: for the first who says it."""
    if any([type(x) is str and x == "bfloat16" for x in (*args, *kwargs.values())]):
        np.dtype(bf16.numpy)
    return numpy_own(*args, **kwargs)


def _of(dtype: Any) -> DType:
    return requested_dtype(np.float64 if dtype is None else dtype)


@in_trace(np.zeros)
def zeros(shape: Any, dtype: Any = None, order: str = "C") -> Array:
    return _laid_out(full_of(as_shape("zeros", shape), 0, _of(dtype)), order)


@in_trace(np.ones)
def ones(shape: Any, dtype: Any = None, order: str = "C") -> Array:
    return _laid_out(full_of(as_shape("ones", shape), 1, _of(dtype)), order)


@in_trace(np.empty)
def empty(shape: Any, dtype: Any = None, order: str = "C") -> Array:
    """Zeros: nothing is undefined."""
    return zeros(shape, dtype, order)


@in_trace(np.full)
def full(shape: Any, fill_value: Any, dtype: Any = None, order: str = "C") -> Array:
    return _laid_out(detach(_filled(as_shape("full", shape), operand(fill_value), dtype)), order)


def _laid_out(x: Array, order: Any) -> Array:
    """New memory in NumPy's order: what is a view of it follows from that."""
    return x if order == "F" else row_major(x)


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
    """Numbers become constants; a list that holds traced values is stacked.

    Without `copy`, an array is itself, as in NumPy.
    """
    x = as_array(object)
    kind = requested_dtype(dtype or default(key_of(x)))
    if not copy and isinstance(object, (Array, np.ndarray)) and not x.weak and x.type.dtype is kind:
        result = x
    elif copy or copy is None:
        result = detach(convert(x, kind))
        result.weak = False
    else:
        fail(
            ArgumentError,
            "copy=False, and there is no array of that dtype",
            op="array",
            cure="say copy=None, which copies where it must",
        )
    missing = ndmin - result.type.rank
    return result if missing <= 0 else reshaped(result, (1,) * missing + result.type.shape)


@in_trace(np.asarray)
def asarray(a: Any, dtype: Any = None, *, copy: Any = None) -> Array:
    if dtype is None and not copy and isinstance(a, np.ndarray):
        return as_array(a)  # as in NumPy, the same memory
    return array(a, dtype, copy=copy)


@in_trace(np.asanyarray)
def asanyarray(a: Any, dtype: Any = None, order: str = "K", *, copy: Any = None) -> Array:
    return asarray(a, dtype, copy=copy)


@in_trace(np.ascontiguousarray)
def ascontiguousarray(a: Any, dtype: Any = None) -> Array:
    """Of one dimension at least. Results are in C order anyway; of x it may be a copy."""
    x = asarray(a, dtype)
    if not x.type.rank:
        return reshaped(x, (1,))
    return x if x is not a or in_c_order(x) else perhaps_copied(x, x)


@in_trace(np.asfortranarray)
def asfortranarray(a: Any, dtype: Any = None) -> Array:
    """The same elements: a result is in C order."""
    x = ascontiguousarray(a, dtype)
    return perhaps_copied(x, x) if x is a and x.type.rank > 1 else x


@numpy_function(np.require)
def require(a: Any, dtype: Any = None, requirements: Any = None) -> Array:
    """Every result is in C order, aligned and writeable."""
    x = asarray(a, dtype)
    return perhaps_copied(x, x) if x is a and requirements else x


@in_trace(np.asarray_chkfinite)
def asarray_chkfinite(a: Any, dtype: Any = None, order: Any = None) -> Array:
    """Fails the call where an element is infinite or NaN."""
    x = asarray(a, dtype)
    if x.type.dtype.is_inexact:
        finite = CALLS[np.isfinite](x)
        every = tuple(range(x.type.rank))
        holds = emit("reduce_all", finite, axes=every) if every else finite
        emit_check(holds, "array must not contain infs or NaNs")
    return x


@numpy_function(np.astype)
def astype(x: Any, dtype: Any, copy: bool = True) -> Array:
    """The conversion of the row `convert`: floats to integers truncate and saturate.

    Complex numbers lose their imaginary parts without a warning.
    """
    array = as_array(x)
    target = requested_dtype(dtype)
    if array.type.dtype is target:
        return detach(array) if copy else array
    return cast(array, target)


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
