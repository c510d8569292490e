"""Functions that repeat, turn, insert and leave out elements along an axis."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from jitflow.errors import AxisError, ShapeError, TraceError
from jitflow.numpy.basics import (
    Array,
    as_array,
    broadcast,
    broadcast_shapes,
    cast,
    emit,
    fail,
    full,
    normal_axis,
)
from jitflow.numpy.picking import Indices, picked
from jitflow.numpy.registry import numpy_function
from jitflow.numpy.shaping import as_shape, flip, moveaxis, permuted, ravel, reshaped
from jitflow.numpy.splitting import sliced
from jitflow.trace import detach, holds_traced


def _require_counts(op: str, counts: Any, x: Array) -> None:
    if any(count < 0 for count in counts):
        fail(ShapeError, "counts may not be negative", op=op, shapes=[x.type.shape])


@numpy_function(np.repeat, method="repeat")
def repeat(a: Any, repeats: Any, axis: Any = None) -> Array:
    """One count for all elements, by an axis that is added, spread, and merged; or one for each."""
    x = as_array(a)
    if type(repeats) is Array or holds_traced(repeats):
        problem = "counts cannot be traced values: they decide the shape"
        fail(TraceError, problem, op="repeat", cure="name the counts in static_argnames")
    if axis is None:
        x, axis = ravel(x), 0
    position = normal_axis("repeat", axis, x.type.rank)
    counts: Any = as_shape("repeat", list(repeats) if np.ndim(repeats) else repeats)
    _require_counts("repeat", counts, x)
    shape = x.type.shape
    if len(counts) != 1:
        if len(counts) != shape[position]:
            problem = f"{len(counts)} counts do not fit axis {axis}"
            fail(ShapeError, problem, op="repeat", shapes=[shape])
        return picked(x, position, np.repeat(np.arange(len(counts)), counts))
    before, extent, after = shape[:position], shape[position], shape[position + 1 :]
    axes = (*range(position + 1), *range(position + 2, len(shape) + 1))
    spread_out = emit("broadcast", x, shape=(*before, extent, counts[0], *after), axes=axes)
    return emit("reshape", spread_out, shape=(*before, extent * counts[0], *after))


@numpy_function(np.tile)
def tile(A: Any, reps: Any) -> Array:
    x = as_array(A)
    counts = as_shape("tile", reps)
    _require_counts("tile", counts, x)
    rank = max(len(counts), x.type.rank)
    counts = (1,) * (rank - len(counts)) + counts
    shape = (1,) * (rank - x.type.rank) + x.type.shape
    pairs = [part for count, extent in zip(counts, shape, strict=True) for part in (count, extent)]
    axes = tuple(2 * k + 1 for k in range(rank - x.type.rank, rank))
    spread_out = emit("broadcast", x, shape=tuple(pairs), axes=axes)
    final = tuple(count * extent for count, extent in zip(counts, shape, strict=True))
    return emit("reshape", spread_out, shape=final)


@numpy_function(np.resize)
def resize(a: Any, new_shape: Any) -> Array:
    """The elements in order, again and again, until the shape is full; zeros out of nothing."""
    x = as_array(a)
    shape: Any = as_shape("resize", new_shape)
    _require_counts("resize", shape, x)
    size, wanted = math.prod(x.type.shape), math.prod(shape)
    if size == 0 or wanted == 0:
        return full(shape, 0, x.type.dtype)
    rounds = -(-wanted // size)
    flat = ravel(x) if rounds == 1 else tile(ravel(x), rounds)
    return reshaped(sliced(flat, 0, 0, wanted), shape)


@numpy_function(np.roll)
def roll(a: Any, shift: Any, axis: Any = None) -> Array:
    x = as_array(a)
    if axis is None:
        return reshaped(roll(ravel(x), int(np.sum(_shifts(shift))), 0), x.type.shape)
    for count, k in np.broadcast(_shifts(shift), axis):
        x = _rolled(x, int(count), normal_axis("roll", int(k), x.type.rank))
    return detach(x)


def _shifts(shift: Any) -> Any:
    """Integers, those of floats cut off; TraceError of traced ones."""
    listed = shift if isinstance(shift, (tuple, list)) else [shift]
    if any(type(count) is Array for count in listed):
        cure = "use np.take with (np.arange(n) - shift) % n, or name it in static_argnames"
        fail(TraceError, "a shift cannot be a traced value", op="roll", cure=cure)
    return np.asarray(shift).astype(int)


def _rolled(x: Array, shift: int, axis: int) -> Array:
    extent = x.type.shape[axis]
    cut = -shift % extent if extent else 0
    if cut == 0:
        return x
    return emit("concatenate", sliced(x, axis, cut, extent), sliced(x, axis, 0, cut), axis=axis)


@numpy_function(np.rot90)
def rot90(m: Any, k: int = 1, axes: Any = (0, 1)) -> Array:
    x = as_array(m)
    if len(axes) != 2:
        fail(AxisError, "axes must be two", op="rot90", shapes=[x.type.shape])
    first, second = (normal_axis("rot90", axis, x.type.rank) for axis in axes)
    if first == second:
        fail(AxisError, "axes must be different", op="rot90", shapes=[x.type.shape])
    if k % 4 == 0:
        return x
    if k % 4 == 2:
        return flip(x, (first, second))
    order = list(range(x.type.rank))
    order[first], order[second] = second, first
    if k % 4 == 1:
        return permuted(flip(x, second), order)
    return flip(permuted(x, order), second)


# By indices that are known.


def _axis_of(op: str, x: Array, axis: Any) -> tuple[Array, int]:
    return (ravel(x), 0) if axis is None else (x, normal_axis(op, axis, x.type.rank))


def _known(op: str, obj: Any, extent: int) -> Indices:
    """Indices counted from the front, of an integer, a slice, or an array of integers."""
    if type(obj) is Array:
        cure = "the result's shape needs them: name the argument in static_argnames"
        fail(TraceError, "indices cannot be traced values", op=op, cure=cure)
    if isinstance(obj, slice):
        return np.arange(extent)[obj]
    indices = np.asarray(obj)
    if not indices.size:
        indices = indices.astype(np.int64)
    if indices.dtype.kind not in "iu" or indices.ndim > 1:
        problem = "indices are an integer, a slice, or a list of integers"
        fail(AxisError, problem, op=op, dtypes=[indices.dtype])
    for index in indices.ravel():
        if not -extent <= index < extent + (op == "insert"):
            fail(AxisError, f"index {index} is out of bounds for size {extent}", op=op)
    return np.where(indices < 0, indices + extent, indices)


@numpy_function(np.delete)
def delete(arr: Any, obj: Any, axis: Any = None) -> Array:
    x, position = _axis_of("delete", as_array(arr), axis)
    extent = x.type.shape[position]
    mask = np.ones(extent, bool)
    flags = None if isinstance(obj, (Array, slice)) else np.asarray(obj)
    if flags is not None and flags.dtype == np.bool_:
        if flags.shape != (extent,):
            problem = f"a mask needs one dimension and the axis' length {extent}"
            fail(ShapeError, problem, op="delete", shapes=[flags.shape])
        mask = ~flags
    else:
        mask[_known("delete", obj, extent)] = False
    return picked(x, position, np.flatnonzero(mask))


@numpy_function(np.insert)
def insert(arr: Any, obj: Any, values: Any, axis: Any = None) -> Array:
    """The array and the values in a row, and of that each element at its place."""
    x, position = _axis_of("insert", as_array(arr), axis)
    shape = x.type.shape
    if not shape:
        fail(AxisError, "needs one dimension or more", op="insert", shapes=[shape])
    extent = shape[position]
    flags = None if isinstance(obj, (Array, slice)) else np.asarray(obj)
    if flags is not None and flags.dtype == np.bool_:
        obj = np.flatnonzero(flags)
    places = _known("insert", obj, extent)
    new = cast(as_array(values), x.type.dtype)
    new = reshaped(new, (1,) * (len(shape) - new.type.rank) + new.type.shape)
    if not places.ndim:
        new = moveaxis(new, 0, position)
    count = places.size if places.size != 1 else new.type.shape[position]
    if places.size == 1:
        places = places.ravel()[0] + np.zeros(count, np.int64)
    wanted = (*shape[:position], count, *shape[position + 1 :])
    if broadcast_shapes("insert", [new.type.shape, wanted]) != wanted:
        fail(ShapeError, "the values do not fit", op="insert", shapes=[new.type.shape, wanted])
    row = emit("concatenate", x, broadcast(new, wanted), axis=position)
    return picked(row, position, _merged(extent, places))


def _merged(extent: int, places: Indices) -> Indices:
    """Where each element of the result is in the row of old and new ones."""
    order = np.argsort(places, kind="stable")
    target = places.copy()
    target[order] += np.arange(len(places))
    result = np.empty(extent + len(places), np.int64)
    is_old = np.ones(len(result), bool)
    is_old[target] = False
    result[target] = extent + np.arange(len(places))
    result[is_old] = np.arange(extent)
    return result
