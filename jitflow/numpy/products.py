"""Products of matrices and tensors: every one is a `dot_general` between reshapes.

Operands keep their layout: transposes appear only where the result's axes need them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from jitflow.errors import ShapeError
from jitflow.ir.dtypes import bool_, i32
from jitflow.numpy.basics import (
    Array,
    as_array,
    broadcast,
    broadcast_shapes,
    common_dtype,
    convert,
    emit,
    fail,
    full_like,
    normal_axis,
    operand,
)
from jitflow.numpy.promotion import requested_dtype
from jitflow.numpy.registry import numpy_function, strong
from jitflow.numpy.shaping import moveaxis, permuted, ravel, reshaped
from jitflow.numpy.ufuncs import CALLS, loop_of

Axes = tuple[int, ...]


def contract(
    op: str, x: Array, y: Array, axes: tuple[Axes, Axes], batch: tuple[Axes, Axes] = ((), ())
) -> Array:
    """Sums of products; the result's axes are batch, then x's others, then y's others."""
    for a, b in zip(*axes, strict=True):
        if x.type.shape[a] != y.type.shape[b]:
            fail(
                ShapeError,
                f"axis {a} of size {x.type.shape[a]} meets axis {b} of size {y.type.shape[b]}",
                op=op,
                shapes=[x.type.shape, y.type.shape],
                dtypes=[x.type.dtype, y.type.dtype],
                cure="transpose or reshape an operand",
            )
    if x.type.dtype is bool_:
        total = emit("dot_general", convert(x, i32), convert(y, i32), contract=axes, batch=batch)
        return emit("ne", total, full_like(total, 0))
    return emit("dot_general", x, y, contract=axes, batch=batch)


def _pair(a: Any, b: Any, dtype: Any = None) -> tuple[Array, Array]:
    """Both operands in one dtype."""
    first, second = operand(a), operand(b)
    result = common_dtype([first, second]) if dtype is None else requested_dtype(dtype)
    return convert(as_array(first), result), convert(as_array(second), result)


def _loop_pair(ufunc: np.ufunc, a: Any, b: Any, dtype: Any) -> tuple[Array, Array]:
    """Both operands in the dtype of NumPy's loop; that of bfloat16 is float32."""
    first, second = operand(a), operand(b)
    left, right, _ = loop_of(ufunc, [first, second], dtype)
    return convert(as_array(first), left), convert(as_array(second), right)


def _conjugate(x: Array) -> Array:
    return CALLS[np.conjugate](x) if x.type.dtype.kind == "c" else x


def matmul(a: Any, b: Any, dtype: Any = None) -> Array:
    """np.matmul: leading axes broadcast; a vector is a row on the left, a column on the right."""
    x, y = _loop_pair(np.matmul, a, b, dtype)
    if not x.type.rank or not y.type.rank:
        fail(
            ShapeError,
            "operands need one dimension or more",
            op="matmul",
            shapes=[x.type.shape, y.type.shape],
            cure="use * for numbers",
        )
    inner = ((x.type.rank - 1,), (max(y.type.rank - 2, 0),))
    if y.type.rank <= 2:
        return contract("matmul", x, y, inner)
    if x.type.rank == 1:
        return contract("matmul", x, y, inner)
    if x.type.rank == 2:
        return _rows_behind_batch(contract("matmul", x, y, inner))
    return _batched(x, y)


def _rows_behind_batch(product: Array) -> Array:
    """(rows, batch, columns) to (batch, rows, columns)."""
    last = product.type.rank - 1
    return permuted(product, (*range(1, last), 0, last))


def _batched(x: Array, y: Array) -> Array:
    lead = broadcast_shapes("matmul", [x.type.shape[:-2], y.type.shape[:-2]])
    x = broadcast(x, (*lead, *x.type.shape[-2:]))
    y = broadcast(y, (*lead, *y.type.shape[-2:]))
    rank = len(lead)
    batch = tuple(range(rank))
    return contract("matmul", x, y, ((rank + 1,), (rank,)), (batch, batch))


def vecdot(a: Any, b: Any, dtype: Any = None, axis: int = -1) -> Array:
    """np.vecdot over one axis of each: of a's conjugate."""
    x, y = _loop_pair(np.vecdot, a, b, dtype)
    _require_ranks("vecdot", x, y, 1, 1)
    _require_ranks("vecdot", x, y, 1, 1)
    x, y = (moveaxis(z, normal_axis("vecdot", axis, z.type.rank), -1) for z in (x, y))
    x = _conjugate(x)
    lead = broadcast_shapes("vecdot", [x.type.shape[:-1], y.type.shape[:-1]])
    x = broadcast(x, (*lead, x.type.shape[-1]))
    y = broadcast(y, (*lead, y.type.shape[-1]))
    batch = tuple(range(len(lead)))
    return contract("vecdot", x, y, ((len(lead),), (len(lead),)), (batch, batch))


@numpy_function(np.dot, method="dot")
def dot(a: Any, b: Any) -> Array:
    """The last axis of a with the last but one of b; a number multiplies, and is not weak."""
    x, y = _pair(strong(as_array(a)), strong(as_array(b)))
    if not x.type.rank or not y.type.rank:
        return CALLS[np.multiply](x, y)
    return contract("dot", x, y, ((x.type.rank - 1,), (max(y.type.rank - 2, 0),)))


@numpy_function(np.vdot)
def vdot(a: Any, b: Any) -> Array:
    """Of a's conjugate."""
    x, y = _pair(ravel(a), ravel(b))
    return contract("vdot", _conjugate(x), y, ((0,), (0,)))


@numpy_function(np.inner)
def inner(a: Any, b: Any) -> Array:
    x, y = _pair(strong(as_array(a)), strong(as_array(b)))
    if not x.type.rank or not y.type.rank:
        return CALLS[np.multiply](x, y)
    return contract("inner", x, y, ((x.type.rank - 1,), (y.type.rank - 1,)))


@numpy_function(np.tensordot)
def tensordot(a: Any, b: Any, axes: Any = 2) -> Array:
    x, y = _pair(strong(as_array(a)), strong(as_array(b)))
    first, second = _tensordot_axes(x, y, axes)
    if len(first) != len(second):
        fail(
            ShapeError,
            f"axes {first} and {second} differ in number",
            op="tensordot",
            shapes=[x.type.shape, y.type.shape],
        )
    return contract("tensordot", x, y, (first, second))


def _tensordot_axes(x: Array, y: Array, axes: Any) -> tuple[Axes, Axes]:
    ranks = x.type.rank, y.type.rank
    sides: list[Sequence[int]]
    if isinstance(axes, (tuple, list)):
        sides = [k if isinstance(k, (tuple, list)) else (k,) for k in axes]
    elif 0 <= axes <= min(ranks):
        sides = [range(ranks[0] - axes, ranks[0]), range(axes)]
    else:
        fail(
            ShapeError,
            f"axes={axes} is more than an operand has",
            op="tensordot",
            shapes=[x.type.shape, y.type.shape],
        )
    first, second = (
        tuple([normal_axis("tensordot", k, rank) for k in side])
        for side, rank in zip(sides, ranks, strict=True)
    )
    return first, second


def matvec(a: Any, b: Any, dtype: Any = None) -> Array:
    """np.matvec: matrices times vectors, leading axes broadcast."""
    x, y = _loop_pair(np.matvec, a, b, dtype)
    _require_ranks("matvec", x, y, 2, 1)
    product = matmul(x, reshaped(y, (*y.type.shape, 1)))
    return reshaped(product, product.type.shape[:-1])


def vecmat(a: Any, b: Any, dtype: Any = None) -> Array:
    """np.vecmat: conjugates of vectors times matrices, leading axes broadcast."""
    x, y = _loop_pair(np.vecmat, a, b, dtype)
    _require_ranks("vecmat", x, y, 1, 2)
    row = reshaped(_conjugate(x), (*x.type.shape[:-1], 1, x.type.shape[-1]))
    product = matmul(row, y)
    return reshaped(product, (*product.type.shape[:-2], product.type.shape[-1]))


def _require_ranks(op: str, x: Array, y: Array, first: int, second: int) -> None:
    if x.type.rank < first or y.type.rank < second:
        shapes = [x.type.shape, y.type.shape]
        problem = f"operands need {first} and {second} dimensions or more"
        fail(ShapeError, problem, op=op, shapes=shapes)


CALLS[np.matmul] = matmul
CALLS[np.matvec] = matvec
CALLS[np.vecmat] = vecmat
CALLS[np.vecdot] = vecdot
