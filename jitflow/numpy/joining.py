"""Functions that put arrays together."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from jitflow.errors import ShapeError, TraceError
from jitflow.ir.dtypes import DType
from jitflow.numpy.basics import (
    Array,
    as_array,
    common_dtype,
    convert,
    emit,
    fail,
    normal_axis,
)
from jitflow.numpy.promotion import requested_dtype
from jitflow.numpy.registry import numpy_function, strong
from jitflow.numpy.shaping import expand_dims, ravel, reshaped
from jitflow.trace import FUNCTIONS, detach


def _parts(op: str, arrays: Any, dtype: Any) -> tuple[list[Array], DType]:
    """The arrays, and the one dtype of their row; a traced array is the sequence of its rows.

    Python numbers are arrays of int64 or float64 here, as in NumPy.
    """
    parts = [strong(as_array(x)) for x in arrays]
    if not parts:
        fail(ShapeError, "need at least one array", op=op)
    result = common_dtype(parts) if dtype is None else requested_dtype(dtype)
    return parts, result


@numpy_function(np.concatenate, np.concat)
def concatenate(arrays: Any, axis: Any = 0, dtype: Any = None) -> Array:
    parts, result = _parts("concatenate", arrays, dtype)
    if axis is None:
        parts, axis = [ravel(x) for x in parts], 0
    return _joined("concatenate", parts, axis, result)


def _joined(op: str, parts: Sequence[Array], axis: int, dtype: DType) -> Array:
    shapes = [x.type.shape for x in parts]
    if not shapes[0]:
        fail(
            ShapeError,
            "zero-dimensional arrays cannot be concatenated",
            op=op,
            shapes=shapes,
            cure="use stack",
        )
    position = normal_axis(op, axis, len(shapes[0]))
    beside = [(*shape[:position], *shape[position + 1 :]) for shape in shapes]
    ranks = [len(shape) for shape in shapes]
    if ranks != ranks[:1] * len(ranks) or beside != beside[:1] * len(beside):
        fail(
            ShapeError, f"the arrays must agree in every axis but {position}", op=op, shapes=shapes
        )
    parts = [convert(x, dtype) for x in parts]
    return emit("concatenate", *parts, axis=position) if len(parts) > 1 else detach(parts[0])


@numpy_function(np.stack)
def stack(arrays: Any, axis: int = 0, dtype: Any = None) -> Array:
    parts, result = _parts("stack", arrays, dtype)
    shapes = [x.type.shape for x in parts]
    if shapes != shapes[:1] * len(shapes):
        fail(ShapeError, "all arrays must have one shape", op="stack", shapes=shapes)
    position = normal_axis("stack", axis, len(shapes[0]) + 1)
    return _joined("stack", [expand_dims(x, position) for x in parts], position, result)


@numpy_function(np.vstack)
def vstack(tup: Any, dtype: Any = None) -> Array:
    parts, result = _parts("vstack", tup, dtype)
    return _joined("vstack", [FUNCTIONS[np.atleast_2d](x) for x in parts], 0, result)


@numpy_function(np.hstack)
def hstack(tup: Any, dtype: Any = None) -> Array:
    parts, result = _parts("hstack", tup, dtype)
    parts = [FUNCTIONS[np.atleast_1d](x) for x in parts]
    return _joined("hstack", parts, 0 if parts[0].type.rank == 1 else 1, result)


@numpy_function(np.dstack)
def dstack(tup: Any) -> Array:
    parts, result = _parts("dstack", tup, None)
    return _joined("dstack", [FUNCTIONS[np.atleast_3d](x) for x in parts], 2, result)


@numpy_function(np.column_stack)
def column_stack(tup: Any) -> Array:
    parts, result = _parts("column_stack", tup, None)
    columns = [x if x.type.rank > 1 else reshaped(x, (math.prod(x.type.shape), 1)) for x in parts]
    return _joined("column_stack", columns, 1, result)


@numpy_function(np.append)
def append(arr: Any, values: Any, axis: Any = None) -> Array:
    return concatenate((arr, values), axis)


@numpy_function(np.block)
def block(arrays: Any) -> Array:
    """Nested lists: the innermost are joined along the last axis, and so on outwards."""
    depth = _depth(arrays, ())
    flat = [strong(as_array(x)) for x in _leaves(arrays)]
    rank = max([depth, *(x.type.rank for x in flat)])
    dtype = common_dtype(flat)
    return detach(_blocks(arrays, depth, rank, dtype))


def _depth(arrays: Any, place: tuple[int, ...]) -> int:
    """How deep the lists are; ShapeError where they differ, or one is empty."""
    if isinstance(arrays, tuple):
        fail(TraceError, "lists are nested, not tuples", op="block", cure="write [a, b]")
    if not isinstance(arrays, list):
        return 0
    if not arrays:
        fail(ShapeError, f"the list at arrays{list(place) or ''} is empty", op="block")
    depths = [_depth(part, (*place, k)) for k, part in enumerate(arrays)]
    if depths != depths[:1] * len(depths):
        fail(ShapeError, f"the lists in {list(place) or 'it'} differ in depth", op="block")
    return depths[0] + 1


def _leaves(arrays: Any) -> Iterator[Any]:
    if not isinstance(arrays, list):
        yield arrays
        return
    for part in arrays:
        yield from _leaves(part)


def _blocks(arrays: Any, depth: int, rank: int, dtype: DType) -> Array:
    if isinstance(arrays, list):
        parts = [_blocks(part, depth - 1, rank, dtype) for part in arrays]
        return _joined("block", parts, rank - depth, dtype)
    x = as_array(arrays)
    return reshaped(convert(x, dtype), (1,) * (rank - x.type.rank) + x.type.shape)
