"""Where elements are: nonzero and its kin, flat and per-axis indices, open meshes, triangles.

How many places there are must be known: from constants, or by size=, which jitflow's functions
have beside NumPy's arguments.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import wraps
from typing import Any

import numpy as np

from jitflow.errors import ShapeError, TraceError
from jitflow.ir.dtypes import bool_, i32, i64
from jitflow.ir.types import Dimension, Shape, TensorType
from jitflow.numpy.basics import (
    Array,
    as_array,
    broadcast,
    broadcast_shapes,
    convert,
    emit,
    emit_check,
    fail,
    full,
    full_like,
    truth,
)
from jitflow.numpy.index_arrays import constant_array, counting_dtype
from jitflow.numpy.known import known
from jitflow.numpy.registry import numpy_function
from jitflow.numpy.shaping import as_shape, reshaped
from jitflow.numpy.taking import index_array
from jitflow.numpy.ufuncs import CALLS
from jitflow.trace import METHODS, STATE
from jitflow.trace.checks import WRONG_VALUE


def _sized(x: Array, size: int, fill_value: Any) -> tuple[Array, ...]:
    """The first `size` places where x is not zero, in row-major order, then the fill value."""
    shape = x.type.shape
    flat, is_place = chosen(emit("reshape", truth(x), shape=(math.prod(shape),)), size)
    filled = full_like(flat, fill_value)
    return tuple([emit("select", is_place, k, filled) for k in _unraveled(flat, shape)])


def chosen(flag: Array, size: int) -> tuple[Array, Array]:
    """The first `size` places where a vector of bool holds, then 0; and which of them there are."""
    flat, (length,) = full((size + 1,), 0, i64), flag.type.shape
    if not length:
        return _first(flat, size), full((size,), False, bool_)
    number = emit("cumsum", convert(flag, counting_dtype(i32, max(size, length) + 1)), axis=0)
    spare = full_like(number, size)
    target = emit("select", flag, emit("sub", number, full_like(number, 1)), spare)
    places = emit("iota", type=TensorType(i64, (length,)), axis=0)
    flat = emit("scatter", flat, places, convert(target, i64))
    total = emit("slice", number, start=(length - 1,), stop=(length,), step=(1,))
    total = emit("broadcast", total, shape=(size,), axes=(0,))
    slot = emit("iota", type=TensorType(total.type.dtype, (size,)), axis=0)
    return _first(flat, size), emit("lt", slot, total)


def _first(x: Array, size: int) -> Array:
    return emit("slice", x, start=(0,), stop=(size,), step=(1,))


def _unraveled(flat: Array, shape: Shape) -> list[Array]:
    """Indices per axis from row-major ones, which are below the size."""
    found = []
    for axis in reversed(range(len(shape))):
        if not axis and shape[axis] != 0:
            found.append(flat)
            break
        size = shape[axis] if shape[axis] != 0 else 1
        found.append(CALLS[np.remainder](flat, size))
        flat = CALLS[np.floor_divide](flat, size)
    return found[::-1]


def _places(op: str, a: Any, size: Any, fill_value: Any) -> tuple[Array, ...]:
    x = as_array(a)
    if x.type.rank == 0:
        fail(ShapeError, "a rank-0 array has no places; use np.atleast_1d", op=op)
    if size is not None:
        return _sized(x, int(size), 0 if fill_value is None else fill_value)
    value = known(x)
    if value is None:
        fail(
            TraceError,
            "how many places there are depends on the elements, which are not known yet",
            op=op,
            shapes=[x.type],
            cure=f"give jnp.{op} a size=, or choose with jnp.where(condition, x, y)",
        )
    return tuple([constant_array(place) for place in np.nonzero(value)])


def _with_size(numpy_own: Any) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Decorator: NumPy's own function outside a trace, cut or filled to `size` if that is given."""

    def enter(implementation: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(implementation)
        def call(a: Any, size: Any = None, fill_value: Any = None) -> Any:
            if STATE.context is not None:
                return implementation(a, size, fill_value)
            found = numpy_own(a)
            return found if size is None else _resized(found, size, fill_value)

        numpy_function(numpy_own)(lambda a: implementation(a, None, None))
        return call

    return enter


def _resized(found: Any, size: int, fill_value: Any) -> Any:
    if isinstance(found, tuple):
        return tuple([_resized(part, size, fill_value) for part in found])
    shape = (size, *found.shape[1:])
    result = np.full(shape, 0 if fill_value is None else fill_value, found.dtype)
    result[: len(found)] = found[:size]
    return result


@_with_size(np.nonzero)
def nonzero(a: Any, size: Any = None, fill_value: Any = None) -> tuple[Array, ...]:
    """Index arrays of the elements that are not zero.

    size: how many places to give; what is over is left out, what is missing is `fill_value` (0).
    """
    return _places("nonzero", a, size, fill_value)


@_with_size(np.flatnonzero)
def flatnonzero(a: Any, size: Any = None, fill_value: Any = None) -> Array:
    """Row-major indices of the elements that are not zero; `size` as in `nonzero`."""
    x = as_array(a)
    flat = emit("reshape", x, shape=(math.prod(x.type.shape),))
    return _places("flatnonzero", flat, size, fill_value)[0]


@_with_size(np.argwhere)
def argwhere(a: Any, size: Any = None, fill_value: Any = None) -> Array:
    """A row of indices for each element that is not zero; `size` as in `nonzero`."""
    x = as_array(a)
    places = _places("argwhere", emit("reshape", x, shape=x.type.shape or (1,)), size, fill_value)
    count = places[0].type.shape[0]
    if not x.type.rank:
        return full((count, 0), 0, i64)
    return emit(
        "concatenate", *[emit("reshape", p, shape=(count, 1)) for p in places], axis=1
    )


METHODS["nonzero"] = lambda x: nonzero(x)


# Indices per axis, and flat ones.


def _require(condition: Array, message: str) -> None:
    every = tuple(range(condition.type.rank))
    emit_check(
        emit("reduce_all", condition, axes=every) if every else condition, WRONG_VALUE + message
    )


@numpy_function(np.unravel_index)
def unravel_index(indices: Any, shape: Any, order: str = "C") -> tuple[Array, ...]:
    extents = as_shape("unravel_index", shape)
    flat = convert(index_array("unravel_index", indices), i64)
    size = math.prod(extents)
    fits = emit(
        "and", emit("ge", flat, full_like(flat, 0)), emit("lt", flat, full_like(flat, size))
    )
    _require(fits, f"index out of bounds for array with size {size}")
    if order == "F":
        return tuple(_unraveled(flat, extents[::-1])[::-1])
    return tuple(_unraveled(flat, extents))


@numpy_function(np.ravel_multi_index)
def ravel_multi_index(multi_index: Any, dims: Any, mode: Any = "raise", order: str = "C") -> Array:
    extents = as_shape("ravel_multi_index", dims)
    modes = mode if isinstance(mode, tuple) else (mode,) * len(extents)
    indices = [
        convert(index_array("ravel_multi_index", multi_index[k]), i64) for k in range(len(extents))
    ]
    if len(multi_index) != len(extents):
        fail(
            ShapeError, f"{len(multi_index)} index arrays for {len(extents)} dimensions",
            op="ravel_multi_index",
        )
    shape = broadcast_shapes("ravel_multi_index", [k.type.shape for k in indices])
    flat = full(shape, 0, i64)
    triples = list(zip(indices, extents, modes, strict=True))
    for index, extent, how in triples if order == "C" else triples[::-1]:
        place = broadcast(_within(index, extent, how), shape)
        flat = emit("add", emit("mul", flat, full_like(flat, extent)), place)
    return flat


def _within(index: Array, extent: Dimension, mode: Any) -> Array:
    """Unlike where arrays are indexed, negative indices are outside."""
    if mode == "clip":
        low = emit("maximum", index, full_like(index, 0))
        return emit("minimum", low, full_like(index, extent - 1))
    if mode == "wrap":
        return CALLS[np.remainder](index, extent)
    fits = emit(
        "and", emit("ge", index, full_like(index, 0)), emit("lt", index, full_like(index, extent))
    )
    _require(fits, "invalid entry in coordinates array")
    return index


@numpy_function(np.ix_)
def ix_(*args: Any) -> tuple[Array, ...]:
    """Index arrays of an open mesh: the k-th one along axis k."""
    found = []
    for k, arg in enumerate(args):
        x = as_array(arg)
        if x.type.rank != 1:
            fail(ShapeError, "Cross index must be 1 dimensional", op="ix_", shapes=[x.type])
        if x.type.dtype.kind == "b":
            (x,) = _places("ix_", x, None, None)
        ones = [1] * len(args)
        ones[k] = x.type.shape[0]
        found.append(reshaped(x, tuple(ones)))
    return tuple(found)


# Triangles and diagonals: by shape alone.


def _constants(places: Any) -> tuple[Array, ...]:
    return tuple(map(constant_array, places))


@numpy_function(np.tril_indices_from)
def tril_indices_from(arr: Any, k: int = 0) -> tuple[Array, ...]:
    return _constants(np.tril_indices_from(np.empty(as_array(arr).type.shape, np.bool_), k))


@numpy_function(np.triu_indices_from)
def triu_indices_from(arr: Any, k: int = 0) -> tuple[Array, ...]:
    return _constants(np.triu_indices_from(np.empty(as_array(arr).type.shape, np.bool_), k))


@numpy_function(np.diag_indices_from)
def diag_indices_from(arr: Any) -> tuple[Array, ...]:
    try:
        return _constants(np.diag_indices_from(np.empty(as_array(arr).type.shape, np.bool_)))
    except ValueError as error:
        fail(ShapeError, str(error), op="diag_indices_from")
