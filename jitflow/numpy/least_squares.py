"""numpy.linalg by singular values: pinv, lstsq, ranks and condition numbers; systems of tensors."""

from __future__ import annotations

import builtins
import math
from typing import Any

import numpy as np

from jitflow.errors import ShapeError
from jitflow.ir.dtypes import i32
from jitflow.numpy.basics import Array, as_array, common_dtype, convert, emit, fail, full_like
from jitflow.numpy.choosing import where
from jitflow.numpy.factorisations import adjoint, float_for, inv, matrices, solve
from jitflow.numpy.norms import norm
from jitflow.numpy.products import matmul
from jitflow.numpy.reductions import any, max, sum
from jitflow.numpy.registry import numpy_function
from jitflow.numpy.shaping import expand_dims, permuted, reshaped
from jitflow.numpy.ufuncs import CALLS


def _share(x: Array) -> float:
    """The least singular value that counts beside the greatest."""
    return float(builtins.max(x.type.shape[-2:]) * np.finfo(x.dtype).eps)


def _counting(s: Array, share: Any) -> Array:
    """Which singular values are more than `share` of the greatest; one share for each matrix."""
    if np.ndim(share):
        share = expand_dims(share, -1)
    return CALLS[np.greater](s, CALLS[np.multiply](share, max(s, -1, keepdims=True, initial=0)))


def _inverses(s: Array, counts: Array) -> Array:
    """1 / s where s counts, else 0."""
    safe = emit("select", counts, s, full_like(s, 1))
    return emit("select", counts, emit("div", full_like(s, 1), safe), full_like(s, 0))


def _solved_by(x: Array, share: Any, right: Array) -> tuple[Array, Array, Array]:
    """The least solution with the least error; which singular values counted; all of them."""
    u, s, vh = emit("svd", x)
    counts = _counting(s, share)
    weights = convert(expand_dims(_inverses(s, counts), -1), x.type.dtype)
    inner = CALLS[np.multiply](weights, matmul(adjoint(u), right))
    return matmul(adjoint(vh), inner), counts, s


@numpy_function(np.linalg.pinv)
def pinv(a: Any, rcond: Any = None, hermitian: bool = False, rtol: Any = None) -> Array:
    x = matrices("pinv", a)
    if 0 in x.type.shape[-2:]:
        shape = (*x.type.shape[:-2], x.type.shape[-1], x.type.shape[-2])
        return reshaped(x, shape)
    share = rcond if rcond is not None else rtol if rtol is not None else 1e-15
    u, s, vh = emit("svd", x)
    weights = convert(expand_dims(_inverses(s, _counting(s, share)), -1), x.type.dtype)
    return matmul(adjoint(vh), CALLS[np.multiply](weights, adjoint(u)))


@numpy_function(np.linalg.matrix_rank)
def matrix_rank(A: Any, tol: Any = None, hermitian: bool = False, rtol: Any = None) -> Array:
    x = as_array(A)
    if x.type.rank < 2:
        return any(CALLS[np.not_equal](x, 0)).astype(np.int64)
    x = matrices("matrix_rank", x)
    s = emit("svdvals", x)
    if tol is not None:
        limit = expand_dims(tol, -1) if np.ndim(tol) else tol
        return sum(CALLS[np.greater](s, limit), -1)
    return sum(_counting(s, _share(x) if rtol is None else rtol), -1)


@numpy_function(np.linalg.lstsq)
def lstsq(a: Any, b: Any, rcond: Any = None) -> tuple[Array, Array, Array, Array]:
    """The residuals are there whatever the rank: it is not known before."""
    x, y = as_array(a), as_array(b)
    float_for("lstsq", y.type.dtype)
    dtype = common_dtype([matrices("lstsq", x), y])
    x, y = convert(x, dtype), convert(y, dtype)
    rows, columns = x.type.shape[-2:]
    if x.type.rank != 2 or y.type.rank not in (1, 2) or y.type.shape[0] != rows:
        fail(ShapeError, "takes one matrix, and as many rows on the right", op="lstsq",
             shapes=[x.shape, y.shape])  # fmt: skip
    right = reshaped(y, (rows, 1)) if y.type.rank == 1 else y
    share = _share(x) if rcond is None else np.finfo(x.dtype).eps if rcond == -1 else rcond
    solution, counts, s = _solved_by(x, share, right)
    gap = CALLS[np.absolute](CALLS[np.subtract](right, matmul(x, solution)))
    left = sum(CALLS[np.square](gap), 0)
    if rows <= columns:
        left = left[:0]
    if y.type.rank == 1:
        solution = reshaped(solution, (columns,))
    return solution, left, convert(sum(counts), i32), s


@numpy_function(np.linalg.cond)
def cond(x: Any, p: Any = None) -> Array:
    """Infinite where the matrix is singular; NaN where it holds NaN."""
    a = matrices("cond", x)
    if p in (None, 2, -2):
        s = emit("svdvals", a)
        first, last = (s[..., -1], s[..., 0]) if p == -2 else (s[..., 0], s[..., -1])
        result = CALLS[np.true_divide](first, last)
    else:
        result = CALLS[np.multiply](norm(a, p, (-2, -1)), norm(inv(a), p, (-2, -1)))
    holds_nan = any(CALLS[np.isnan](a), (-2, -1))
    unknown = CALLS[np.logical_and](CALLS[np.isnan](result), CALLS[np.logical_not](holds_nan))
    return where(unknown, full_like(result, np.inf), result)


@numpy_function(np.linalg.tensorsolve)
def tensorsolve(a: Any, b: Any, axes: Any = None) -> Array:
    x, y = as_array(a), as_array(b)
    if axes is not None:
        listed = axes if isinstance(axes, (tuple, list)) else (axes,)
        last = [k % x.type.rank for k in listed]
        x = permuted(x, [*(k for k in range(x.type.rank) if k not in last), *last])
    shape = x.type.shape[y.type.rank :]
    size = math.prod(shape)
    if size * size != math.prod(x.type.shape) or math.prod(y.type.shape) != size:
        shapes = [x.type.shape, y.type.shape]
        fail(ShapeError, "the axes do not make a square matrix", op="tensorsolve", shapes=shapes)
    return reshaped(solve(reshaped(x, (size, size)), reshaped(y, (size,))), shape)


@numpy_function(np.linalg.tensorinv)
def tensorinv(a: Any, ind: int = 2) -> Array:
    x = as_array(a)
    first, last = x.type.shape[:ind], x.type.shape[ind:]
    if ind <= 0 or math.prod(first) != math.prod(last):
        cure = "the sizes before and after axis ind must have one product"
        fail(ShapeError, "the axes do not make a square matrix", op="tensorinv",
             shapes=[x.type.shape], cure=cure)  # fmt: skip
    return reshaped(inv(reshaped(x, (math.prod(first), math.prod(last)))), (*last, *first))
