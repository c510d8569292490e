"""numpy.linalg by factorisations: systems, determinants, Cholesky, QR, eigenvalues, SVD.

Results are in float64 where the operands are integers; float16 is refused, as by NumPy.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np

from jitflow.errors import ArgumentError, DtypeError, MatrixError, ShapeError
from jitflow.ir.dtypes import DType, f64
from jitflow.numpy.basics import (
    Array,
    as_array,
    broadcast,
    broadcast_shapes,
    common_dtype,
    convert,
    emit,
    fail,
)
from jitflow.numpy.diagonals import eye
from jitflow.numpy.registry import numpy_function
from jitflow.numpy.shaping import matrix_transpose, reshaped
from jitflow.trace import current


def matrices(op: str, a: Any, is_square: bool = False) -> Array:
    """The operand as floats in two axes or more; DtypeError or MatrixError for others."""
    x = as_array(a)
    shape = x.type.shape
    if len(shape) < 2:
        fail(MatrixError, "takes matrices: two dimensions or more", op=op, shapes=[shape])
    if is_square and shape[-1] != shape[-2]:
        fail(MatrixError, "the last two dimensions must be equal", op=op, shapes=[shape])
    return convert(x, float_for(op, x.type.dtype))


def float_for(op: str, dtype: DType) -> DType:
    """What LAPACK computes an operand of this dtype in; DtypeError of 16-bit floats."""
    if dtype.is_float and dtype.bits == 16:
        cure = "convert it to float32"
        fail(DtypeError, f"{dtype.numpy} is not supported in linalg", op=op, cure=cure)
    return dtype if dtype.is_inexact else f64


def adjoint(x: Array) -> Array:
    turned = matrix_transpose(x)
    return emit("conj", turned) if x.type.dtype.kind == "c" else turned


@cache
def _named(function: Any) -> Any:
    """NumPy's class of the function's result: a tuple with names."""
    return type(function(np.eye(1)))


# Systems.


@numpy_function(np.linalg.solve)
def solve(a: Any, b: Any) -> Array:
    """b is one vector, or matrices; batches spread."""
    x, y = as_array(a), as_array(b)
    float_for("solve", y.type.dtype)
    dtype = float_for("solve", common_dtype([x, y]))
    x, y = convert(matrices("solve", x, True), dtype), convert(y, dtype)
    is_vector = y.type.rank == 1
    if not y.type.rank:
        fail(ShapeError, "b must have a dimension", op="solve", shapes=[x.shape, y.shape])
    right = reshaped(y, (*y.type.shape, 1)) if is_vector else y
    if right.type.shape[-2] != x.type.shape[-1]:
        shapes = [x.type.shape, y.type.shape]
        fail(ShapeError, "b must have a row for each row of a", op="solve", shapes=shapes)
    batch = broadcast_shapes("solve", [x.type.shape[:-2], right.type.shape[:-2]])
    x = broadcast(x, (*batch, *x.type.shape[-2:]))
    right = broadcast(right, (*batch, *right.type.shape[-2:]))
    result = emit("solve", x, right)
    return reshaped(result, result.type.shape[:-1]) if is_vector else result


@numpy_function(np.linalg.inv)
def inv(a: Any) -> Array:
    x = matrices("inv", a, True)
    one = eye(x.type.shape[-1], dtype=x.dtype)
    return emit("solve", x, broadcast(one, x.type.shape))


@numpy_function(np.linalg.det)
def det(a: Any) -> Array:
    return emit("det", matrices("det", a, True))


@numpy_function(np.linalg.slogdet)
def slogdet(a: Any) -> Any:
    return _named(np.linalg.slogdet)(*emit("slogdet", matrices("slogdet", a, True)))


# Factorisations.


@numpy_function(np.linalg.cholesky)
def cholesky(a: Any, /, *, upper: bool = False) -> Array:
    """Reads one triangle, and has the derivative of that."""
    x = matrices("cholesky", a, True)
    return adjoint(emit("cholesky", adjoint(x))) if upper else emit("cholesky", x)


@numpy_function(np.linalg.qr)
def qr(a: Any, mode: str = "reduced") -> Any:
    x = matrices("qr", a)
    if mode not in ("reduced", "complete", "r"):
        cure = "use reduced, complete or r"
        fail(ArgumentError, f"mode={mode!r} is not supported under @jit", op="qr", cure=cure)
    is_tall = x.type.shape[-2] > x.type.shape[-1]
    q, r = emit("qr_complete" if mode == "complete" and is_tall else "qr", x)
    return r if mode == "r" else _named(np.linalg.qr)(q, r)


def _by_triangle(op: str, a: Any, triangle: str) -> Array:
    """The matrices with what is read in their lower triangle."""
    x = matrices(op, a, True)
    if triangle.upper() not in ("L", "U"):
        fail(ArgumentError, f"UPLO is 'L' or 'U', not {triangle!r}", op=op)
    return x if triangle.upper() == "L" else adjoint(x)


@numpy_function(np.linalg.eigh)
def eigh(a: Any, UPLO: str = "L") -> Any:
    return _named(np.linalg.eigh)(*emit("eigh", _by_triangle("eigh", a, UPLO)))


@numpy_function(np.linalg.eigvalsh)
def eigvalsh(a: Any, UPLO: str = "L") -> Array:
    return emit("eigvalsh", _by_triangle("eigvalsh", a, UPLO))


@numpy_function(np.linalg.eig)
def eig(a: Any) -> Any:
    """Complex always: whether all values are real is not known before."""
    return _named(np.linalg.eig)(*emit("eig", matrices("eig", a, True)))


@numpy_function(np.linalg.eigvals)
def eigvals(a: Any) -> Array:
    """Complex always. Where they will be differentiated, in the order of their vectors."""
    x = matrices("eigvals", a, True)
    return emit("eig", x)[0] if current().order else emit("eigvals", x)


@numpy_function(np.linalg.svd)
def svd(
    a: Any, full_matrices: bool = True, compute_uv: bool = True, hermitian: bool = False
) -> Any:
    """The same method whether `hermitian` or not."""
    x = matrices("svd", a)
    if not compute_uv:
        return emit("svdvals", x)
    is_square = x.type.shape[-1] == x.type.shape[-2]
    row = "svd_complete" if full_matrices and not is_square else "svd"
    return _named(np.linalg.svd)(*emit(row, x))


@numpy_function(np.linalg.svdvals)
def svdvals(x: Any, /) -> Array:
    return emit("svdvals", matrices("svdvals", x))


