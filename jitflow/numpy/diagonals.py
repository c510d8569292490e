"""Matrices by their diagonals: identities, triangles, what stands on a diagonal."""

from __future__ import annotations

from typing import Any

import numpy as np

from jitflow.errors import AxisError, ShapeError
from jitflow.ir.types import Shape
from jitflow.numpy.basics import (
    Array,
    as_array,
    broadcast,
    common_dtype,
    convert,
    emit,
    fail,
    full,
    full_like,
    normal_axis,
)
from jitflow.numpy.creation import in_trace
from jitflow.numpy.promotion import requested_dtype
from jitflow.numpy.ranges import iota
from jitflow.numpy.reductions import sum
from jitflow.numpy.registry import numpy_function
from jitflow.numpy.shaping import as_shape, moveaxis, ravel, reshaped
from jitflow.numpy.ufuncs import CALLS


def _band(row: str, shape: Shape, k: int) -> Array:
    """bool: how the column compares with the line + k."""
    line, column = iota(shape, -2), iota(shape, -1)
    return emit(row, column, CALLS[np.add](line, k) if k else line)


@in_trace(np.eye)
def eye(N: int, M: int | None = None, k: int = 0, dtype: Any = float) -> Array:
    shape: Any = as_shape("eye", (N, N if M is None else M))
    k = max(-shape[0], min(k, shape[1]))  # beyond, all is zero
    return convert(_band("eq", shape, k), requested_dtype(dtype))


@in_trace(np.identity)
def identity(n: int, dtype: Any = None) -> Array:
    return eye(n, dtype=float if dtype is None else dtype)


@in_trace(np.tri)
def tri(N: int, M: int | None = None, k: int = 0, dtype: Any = float) -> Array:
    shape = as_shape("tri", (N, N if M is None else M))
    return convert(_band("le", shape, k), requested_dtype(dtype))


def _triangle(row: str, x: Array, k: int) -> Array:
    if not x.type.rank:
        fail(ShapeError, "needs one dimension or more", op="tril" if row == "le" else "triu")
    if x.type.rank == 1:
        x = broadcast(x, x.type.shape * 2)
    return emit("select", _band(row, x.type.shape, k), x, full_like(x, 0))


@numpy_function(np.tril)
def tril(m: Any, k: int = 0) -> Array:
    return _triangle("le", as_array(m), k)


@numpy_function(np.triu)
def triu(m: Any, k: int = 0) -> Array:
    return _triangle("ge", as_array(m), k)


@numpy_function(np.diagonal, method="diagonal")
def diagonal(a: Any, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Array:
    """Every (columns + 1)-th element of the flattened matrix."""
    x = as_array(a)
    axes = [normal_axis("diagonal", axis, x.type.rank) for axis in (axis1, axis2)]
    if axes[0] == axes[1]:
        fail(AxisError, "axis1 and axis2 must differ", op="diagonal", shapes=[x.type.shape])
    x = moveaxis(x, axes, (-2, -1))
    *lead, lines, columns = x.type.shape
    count = max(min(lines + min(offset, 0), columns - max(offset, 0)), 0)
    first = max(offset, 0) - min(offset, 0) * columns
    flat = reshaped(x, (*lead, lines * columns))
    stop = first + (count - 1) * (columns + 1) + 1
    return flat[..., first : stop : columns + 1] if count else flat[..., :0]


@numpy_function(np.trace, method="trace")
def trace(a: Any, offset: int = 0, axis1: int = 0, axis2: int = 1, dtype: Any = None) -> Array:
    return sum(diagonal(a, offset, axis1, axis2), -1, dtype)


@numpy_function(np.diag)
def diag(v: Any, k: int = 0) -> Array:
    """The k-th diagonal of a matrix, or the matrix that has the vector on it."""
    x = as_array(v)
    if x.type.rank not in (1, 2):
        fail(ShapeError, "takes a vector or a matrix", op="diag", shapes=[x.type.shape])
    if x.type.rank == 2:
        return diagonal(x, k)
    size = x.type.shape[0] + abs(k)
    shape = (size, size)
    zero = full((), 0, x.type.dtype)
    padded = emit("pad", x, zero, low=(max(k, 0),), high=(max(-k, 0),), interior=(0,))
    line = broadcast(padded, shape)
    return emit("select", _band("eq", shape, k), line, full_like(line, 0))


@numpy_function(np.diagflat)
def diagflat(v: Any, k: int = 0) -> Array:
    return diag(ravel(as_array(v)), k)


@numpy_function(np.vander)
def vander(x: Any, N: int | None = None, increasing: bool = False) -> Array:
    """Powers by columns, each the product of the one before and x; in int64 at least."""
    column = as_array(x)
    if column.type.rank != 1:
        fail(ShapeError, "x must be a vector", op="vander", shapes=[column.type.shape])
    count: Any = as_shape("vander", column.type.shape[0] if N is None else N)[0]
    dtype = common_dtype([column, np.int64(0)])
    column = convert(column, dtype)
    size = column.type.shape[0]
    powers = [full((size,), 1, dtype)]
    for _ in range(count - 1):
        powers.append(CALLS[np.multiply](powers[-1], column))
    if count < 1:
        return full((size, 0), 0, dtype)
    columns = [reshaped(power, (size, 1)) for power in powers]
    return emit("concatenate", *(columns if increasing else columns[::-1]), axis=1)
