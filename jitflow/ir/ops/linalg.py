"""Linear algebra by the host: systems, determinants and factorisations of batches of matrices.

A matrix that has no answer fails the call with a LinalgError. Derivatives follow M. Giles, "An
extended collection of matrix derivative results", 2008; functions that read one triangle of a
matrix have the derivative of what they read.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from jitflow.errors import DtypeError, ShapeError
from jitflow.ir.dims import dim_min
from jitflow.ir.dtypes import DType, part_of
from jitflow.ir.ops import matrices as m
from jitflow.ir.ops.host_loops import over_matrices
from jitflow.ir.ops.rules import Attrs, Types, require_tensor
from jitflow.ir.row import Family, OpRow, register
from jitflow.ir.types import TensorType


def matrix_type(type: Any, is_square: bool = False) -> TensorType:
    """The type, where it is that of floats in two axes or more; else an error."""
    require_tensor((type,))
    if type.dtype.kind not in "fc":
        raise DtypeError(f"expected floats, got {type.dtype}; convert first")
    if type.rank < 2 or (is_square and type.shape[-1] != type.shape[-2]):
        raise ShapeError(f"expected {'square ' if is_square else ''}matrices, got {type}")
    return type


def real_dtype(dtype: DType) -> DType:
    """The dtype of absolute values."""
    return part_of(dtype) if dtype.kind == "c" else dtype


def _infer_solve(types: Types, attrs: Attrs, regions: Any) -> tuple[Any, ...]:
    a, b = matrix_type(types[0], is_square=True), matrix_type(types[1])
    if a.dtype is not b.dtype:
        raise DtypeError(f"operands must have one dtype, got {a} and {b}; convert first")
    if a.shape[:-1] != b.shape[:-1]:
        raise ShapeError(f"{b} has no row for each row of {a}")
    return (b,)


def _infer_square(types: Types, attrs: Attrs, regions: Any) -> tuple[Any, ...]:
    return (matrix_type(types[0], is_square=True),)


def library(
    name: str, doc: str, arity: int, infer: Any, reference: Any, loop: str = "", problem: str = "",
    **fields: Any,
) -> None:
    """Registers a row that the host computes, by NumPy's function or the loop that it comes to;
    equal only up to rounding on other machines.
    """
    register(OpRow(
        name=name, family=Family.LIBRARY, arity=arity, infer=infer, doc=doc,
        reference=over_matrices(loop, problem, reference), exact=False, cost=200, **fields,
    ))


# Systems.


def _moved_by(b: Any, t: Any, a_part: Any, x: Any) -> Any:
    """The right-hand side's tangent less what the matrix's tangent moves; either may be None."""
    if a_part is None:
        return t
    moved = m.product(b, a_part, x)
    return b.neg(moved) if t is None else b.sub(t, moved)


def _tangent_solve(b: Any, op: Any, tangents: Any) -> Any:
    return b.solve(op.operands[0], _moved_by(b, tangents[1], tangents[0], op.result))


def _transpose_solve(b: Any, ct: Any, op: Any, index: int) -> Any:
    return b.solve(m.transposed(b, op.operands[0]), ct)


library(
    "solve", "The x for which a x = b, of square matrices a.", 2, _infer_solve, np.linalg.solve,
    loop="solve", problem="Singular matrix",
    linear=(1,), jvp=_tangent_solve, transpose=_transpose_solve,
)


def _solve_lower(a: Any, b: Any) -> Any:
    """Row after row from the first on."""
    result = np.array(b)
    for k in range(a.shape[-1]):
        known = a[..., k : k + 1, :k] @ result[..., :k, :]
        result[..., k, :] = (b[..., k, :] - known[..., 0, :]) / a[..., k, k, None]
    return result


def _tangent_solve_lower(b: Any, op: Any, tangents: Any) -> Any:
    part = None if tangents[0] is None else m.below(b, tangents[0])
    return b.solve_lower(op.operands[0], _moved_by(b, tangents[1], part, op.result))


def _transpose_solve_lower(b: Any, ct: Any, op: Any, index: int) -> Any:
    """The transpose is an upper triangle: a lower one, turned over."""
    rows = (ct.type.rank - 2,)
    turned = m.turned_over(b, m.transposed(b, op.operands[0]))
    return b.reverse(b.solve_lower(turned, b.reverse(ct, axes=rows)), axes=rows)


library(
    "solve_lower", "The x for which a x = b, where only the lower triangle of a is read.", 2,
    _infer_solve, _solve_lower,
    linear=(1,), jvp=_tangent_solve_lower, transpose=_transpose_solve_lower,
)


# Determinants.


def _infer_det(types: Types, attrs: Attrs, regions: Any) -> tuple[Any, ...]:
    matrix = matrix_type(types[0], is_square=True)
    return (matrix.with_shape(matrix.shape[:-2]),)


def _infer_slogdet(types: Types, attrs: Attrs, regions: Any) -> tuple[Any, ...]:
    (sign,) = _infer_det(types, attrs, regions)
    return (sign, sign.with_dtype(real_dtype(sign.dtype)))


def _log_change(b: Any, op: Any, t: Any) -> Any:
    """The trace of a**-1 t: the relative change of the determinant."""
    solved = m.diagonal(b, b.solve(op.operands[0], t))
    return b.reduce_sum(solved, axes=(solved.type.rank - 1,))


def _tangent_det(b: Any, op: Any, tangents: Any) -> Any:
    return b.mul(op.result, _log_change(b, op, tangents[0]))


def _tangent_slogdet(b: Any, op: Any, tangents: Any) -> Any:
    """A real sign stays; a complex one turns by the imaginary part of the change."""
    change = _log_change(b, op, tangents[0])
    if change.type.dtype.kind != "c":
        return None, change
    turn = b.complex(b.full_like(b.imag(change), 0), b.imag(change))
    return b.mul(op.results[0], turn), b.real(change)


library(
    "det", "Determinants.", 1, _infer_det, np.linalg.det, loop="det", jvp=_tangent_det
)
library(
    "slogdet", "Sign and logarithm of the size of determinants.", 1, _infer_slogdet,
    lambda x: tuple(np.linalg.slogdet(x)), loop="slogdet", jvp=_tangent_slogdet,
)


# Factorisations.


def _tangent_cholesky(b: Any, op: Any, tangents: Any) -> Any:
    """L times the lower triangle, with half the diagonal, of L**-1 da L**-H."""
    lower = op.result
    left = b.solve_lower(lower, m.hermitian(b, tangents[0]))
    both = m.adjoint(b, b.solve_lower(lower, m.adjoint(b, left)))
    part = b.add(m.below(b, both, "gt"), m.on_diagonal(b, m.halved(b, m.diagonal(b, both))))
    return m.product(b, lower, part)


library(
    "cholesky", "The lower triangle L with L L**H = x; reads the lower triangle of x.", 1,
    _infer_square, np.linalg.cholesky,
    loop="cholesky_lo", problem="Matrix is not positive definite", jvp=_tangent_cholesky,
)


def _infer_qr(types: Types, attrs: Attrs, regions: Any) -> tuple[Any, ...]:
    matrix = matrix_type(types[0])
    *batch, rows, columns = matrix.shape
    inner = dim_min(rows, columns)
    return matrix.with_shape((*batch, rows, inner)), matrix.with_shape((*batch, inner, columns))


def _infer_qr_complete(types: Types, attrs: Attrs, regions: Any) -> tuple[Any, ...]:
    matrix = matrix_type(types[0])
    *batch, rows, _ = matrix.shape
    return matrix.with_shape((*batch, rows, rows)), matrix


def _tangent_qr(b: Any, op: Any, tangents: Any) -> Any:
    """With dq = q w + what leaves the span of q, where w is skew and makes dr a triangle."""
    q, r = op.results
    rows, columns = op.operands[0].type.shape[-2:]
    if rows < columns:
        raise ShapeError("has a derivative only where there are no fewer rows than columns")
    right = m.transposed(b, b.solve_lower(m.transposed(b, r), m.transposed(b, tangents[0])))
    inside = m.product(b, m.adjoint(b, q), right)
    strict = m.below(b, inside, "gt")
    skew = b.sub(strict, m.adjoint(b, strict))
    if inside.type.dtype.kind == "c":
        imaginary = b.imag(m.diagonal(b, inside))
        turn = b.complex(b.full_like(imaginary, 0), imaginary)
        skew = b.add(skew, m.on_diagonal(b, turn))
    rest = b.sub(inside, skew)
    return b.sub(right, m.product(b, q, rest)), m.product(b, rest, r)


library(
    "qr", "q with orthonormal columns and the upper triangle r, with q r = x.", 1, _infer_qr,
    lambda x: tuple(np.linalg.qr(x)), jvp=_tangent_qr,
)
library(
    "qr_complete", "As qr, with a square q.", 1, _infer_qr_complete,
    lambda x: tuple(np.linalg.qr(x, mode="complete")), no_derivative="columns of q are arbitrary",
    refuses_derivative=True,
)
