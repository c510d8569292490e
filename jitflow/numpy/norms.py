"""Norms of vectors and matrices, powers and chains of matrices."""

from __future__ import annotations

import builtins
import math
from typing import Any

import numpy as np

from jitflow.errors import AxisError, ShapeError, TraceError
from jitflow.ir.dtypes import f64
from jitflow.numpy.basics import Array, as_array, convert, emit, fail, full_like, normal_axes
from jitflow.numpy.cross_products import outer
from jitflow.numpy.diagonals import diagonal, eye, trace
from jitflow.numpy.factorisations import inv, svdvals
from jitflow.numpy.products import dot, matmul, tensordot, vecdot
from jitflow.numpy.reductions import max, min, sum
from jitflow.numpy.registry import numpy_function
from jitflow.numpy.shaping import matrix_transpose, permuted, reshaped
from jitflow.numpy.ufuncs import CALLS
from jitflow.trace import PROPERTIES

numpy_function(np.linalg.matmul)(lambda x1, x2, /: matmul(x1, x2))
numpy_function(np.linalg.tensordot)(lambda x1, x2, /, *, axes=2: tensordot(x1, x2, axes))
numpy_function(np.linalg.matrix_transpose)(lambda x, /: matrix_transpose(x))
numpy_function(np.linalg.diagonal)(lambda x, /, *, offset=0: diagonal(x, offset, -2, -1))


@numpy_function(np.linalg.outer)
def outer_of_vectors(x1: Any, x2: Any, /) -> Array:
    x, y = as_array(x1), as_array(x2)
    if x.type.rank != 1 or y.type.rank != 1:
        fail(ShapeError, "takes vectors", op="outer", shapes=[x.type.shape, y.type.shape])
    return outer(x, y)


@numpy_function(np.linalg.trace)
def matrix_trace(x: Any, /, *, offset: int = 0, dtype: Any = None) -> Array:
    return trace(x, offset, -2, -1, dtype)


@numpy_function(np.linalg.vecdot)
def last_axis_vecdot(x1: Any, x2: Any, /, *, axis: int = -1) -> Array:
    return vecdot(x1, x2, axis=axis)


def _magnitudes(x: Array) -> Array:
    return CALLS[np.absolute](x)


def _squares(x: Array) -> Array:
    """|x|**2, real."""
    if x.type.dtype.kind != "c":
        return emit("mul", x, x)
    parts = [PROPERTIES[name](x) for name in ("real", "imag")]
    return emit("add", *(emit("mul", part, part) for part in parts))


@numpy_function(np.linalg.norm)
def norm(x: Any, ord: Any = None, axis: Any = None, keepdims: bool = False) -> Array:
    """By default the 2-norm of all elements; else of vectors along one axis, matrices along two."""
    _require_known(ord)
    array = as_array(x)
    if not array.type.dtype.is_inexact:
        array = convert(array, f64)
    rank = array.type.rank
    if ord is None and axis is None:
        return CALLS[np.sqrt](sum(_squares(array), None, keepdims=keepdims))
    listed = axis if isinstance(axis, (tuple, list)) else (axis,)
    axes = normal_axes("norm", None if axis is None else tuple(listed), rank)
    if len(axes) == 1:
        return _vector_norm(array, ord, axes[0], keepdims)
    if len(axes) == 2:
        lines, columns = [k % rank for k in listed] if axis is not None else axes
        return _matrix_norm(array, ord, lines, columns, keepdims)
    fail(ShapeError, "improper number of dimensions to norm", op="norm", shapes=[array.type.shape])


def _require_known(ord: Any) -> None:
    if type(ord) is Array:
        problem = "ord decides about the formula, and cannot be a traced value"
        fail(TraceError, problem, op="norm", cure="name it in static_argnames")


def _vector_norm(x: Array, ord: Any, axis: int, keepdims: bool) -> Array:
    if ord is None or ord == 2:
        return CALLS[np.sqrt](sum(_squares(x), axis, keepdims=keepdims))
    if isinstance(ord, str):
        fail(ShapeError, f"invalid norm order {ord!r} for vectors", op="norm")
    sizes = _magnitudes(x)
    if ord == math.inf:
        return max(sizes, axis, keepdims, initial=0)
    if ord == -math.inf:
        return min(sizes, axis, keepdims)
    if ord == 0:
        nonzero = CALLS[np.not_equal](x, full_like(x, 0))
        return sum(convert(nonzero, sizes.type.dtype), axis, keepdims=keepdims)
    if ord == 1:
        return sum(sizes, axis, keepdims=keepdims)
    total = sum(CALLS[np.power](sizes, float(ord)), axis, keepdims=keepdims)
    return CALLS[np.power](total, float(1 / ord))


def _matrix_norm(x: Array, ord: Any, lines: int, columns: int, keepdims: bool) -> Array:
    if ord in (None, "fro", "f"):
        return CALLS[np.sqrt](sum(_squares(x), (lines, columns), keepdims=keepdims))
    if ord in (2, -2, "nuc"):
        return _spectral_norm(x, ord, lines, columns, keepdims)
    if ord not in (1, -1, math.inf, -math.inf):
        fail(ShapeError, f"invalid norm order {ord!r} for matrices", op="norm")
    inner, outer_axis = (lines, columns) if abs(ord) == 1 else (columns, lines)
    totals = sum(_magnitudes(x), inner, keepdims=True)
    options = {"initial": 0} if ord > 0 else {}
    result = (max if ord > 0 else min)(totals, outer_axis, True, **options)
    return _without(result, x, lines, columns, keepdims)


def _spectral_norm(x: Array, ord: Any, lines: int, columns: int, keepdims: bool) -> Array:
    """The greatest or least singular value, or the sum of them all."""
    rest = [k for k in range(x.type.rank) if k not in (lines, columns)]
    values = svdvals(permuted(x, [*rest, lines, columns]))
    reduce = {2: max, -2: min, "nuc": sum}[ord]
    options = {"initial": 0} if ord == 2 else {}
    return _without(reduce(values, -1, **options), x, lines, columns, keepdims)


def _without(result: Array, x: Array, lines: int, columns: int, keepdims: bool) -> Array:
    """The result in the shape of x, the two axes gone or of extent 1."""
    pairs = list(enumerate(x.type.shape))
    if keepdims:
        return reshaped(result, tuple([1 if k in (lines, columns) else n for k, n in pairs]))
    return reshaped(result, tuple([n for k, n in pairs if k not in (lines, columns)]))


@numpy_function(np.linalg.vector_norm)
def vector_norm(x: Any, /, *, axis: Any = None, keepdims: bool = False, ord: Any = 2) -> Array:
    """Over any axes, taken as one."""
    array = as_array(x)
    shape = array.type.shape
    listed = axis if axis is None or isinstance(axis, (tuple, list)) else (axis,)
    axes = normal_axes("vector_norm", listed, len(shape))
    rest = [k for k in range(len(shape)) if k not in axes]
    flat = reshaped(
        permuted(array, [*axes, *rest]),
        (math.prod([shape[k] for k in axes]), *[shape[k] for k in rest]),
    )
    result = norm(flat, ord, 0)
    if not keepdims:
        return result
    return reshaped(result, tuple([1 if k in axes else n for k, n in enumerate(shape)]))


@numpy_function(np.linalg.matrix_norm)
def matrix_norm(x: Any, /, *, keepdims: bool = False, ord: Any = "fro") -> Array:
    return norm(x, ord, (-2, -1), keepdims)


@numpy_function(np.linalg.matrix_power)
def matrix_power(a: Any, n: Any) -> Array:
    """By repeated squaring, in NumPy's order."""
    x = as_array(a)
    if x.type.rank < 2 or x.type.shape[-1] != x.type.shape[-2]:
        fail(ShapeError, "needs square matrices", op="matrix_power", shapes=[x.type.shape])
    if not hasattr(n, "__index__") or type(n) is Array:
        fail(TraceError, "the exponent is an integer known beforehand", op="matrix_power")
    if n < 0:
        x, n = inv(x), -n
    if n == 0:
        one = eye(x.type.shape[-1], dtype=x.dtype)
        return CALLS[np.add](one, full_like(x, 0))
    if n == 3:
        return matmul(matmul(x, x), x)
    square, result, left = x, None, int(n)
    while left:
        if left & 1:
            result = square if result is None else matmul(result, square)
        left >>= 1
        if left:
            square = matmul(square, square)
    assert result is not None
    return result


@numpy_function(np.linalg.multi_dot)
def multi_dot(arrays: Any) -> Array:
    """In the order that takes the fewest multiplications.

    Source: Cormen et al., Introduction to Algorithms, chapter 15.2.
    """
    parts = [as_array(x) for x in arrays]
    if len(parts) < 2:
        fail(ShapeError, "expecting at least two arrays", op="multi_dot")
    if len(parts) == 2:
        return dot(*parts)
    is_row, is_column = parts[0].type.rank == 1, parts[-1].type.rank == 1
    if is_row:
        parts[0] = reshaped(parts[0], (1, *parts[0].type.shape))
    if is_column:
        parts[-1] = reshaped(parts[-1], (*parts[-1].type.shape, 1))
    for part in parts:
        if part.type.rank != 2:
            fail(AxisError, "takes matrices", op="multi_dot", shapes=[p.type.shape for p in parts])
    sizes = [part.type.shape[0] for part in parts] + [parts[-1].type.shape[1]]
    result = _chained(parts, _best_splits(sizes), 0, len(parts) - 1)
    shape = result.type.shape
    kept = [n for n, is_gone in zip(shape, (is_row, is_column), strict=True) if not is_gone]
    return reshaped(result, tuple(kept))


def _best_splits(sizes: list[Any]) -> dict[tuple[int, int], int]:
    """Where to split each stretch of the chain last."""
    count = len(sizes) - 1
    cost = {(k, k): 0 for k in range(count)}
    splits: dict[tuple[int, int], int] = {}
    for length in range(1, count):
        for first in range(count - length):
            last = first + length
            prices = [
                cost[first, k] + cost[k + 1, last] + sizes[first] * sizes[k + 1] * sizes[last + 1]
                for k in range(first, last)
            ]
            best = prices.index(builtins.min(prices))
            splits[first, last] = first + best
            cost[first, last] = prices[best]
    return splits


def _chained(
    parts: list[Array], splits: dict[tuple[int, int], int], first: int, last: int
) -> Array:
    if first == last:
        return parts[first]
    split = splits[first, last]
    left = _chained(parts, splits, first, split)
    return dot(left, _chained(parts, splits, split + 1, last))
