"""Eigenvalues and singular values by the host, with or without their vectors.

Vectors have the derivative that leaves their own direction alone, and 0 between equal values.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from jitflow.errors import DtypeError
from jitflow.ir.dims import dim_min
from jitflow.ir.dtypes import c64, c128, f32
from jitflow.ir.ops import matrices as m
from jitflow.ir.ops.linalg import library, matrix_type, real_dtype
from jitflow.ir.ops.rules import Attrs, Types


def _infer_eigvalsh(types: Types, attrs: Attrs, regions: Any) -> tuple[Any, ...]:
    matrix = matrix_type(types[0], is_square=True)
    return (matrix.with_shape(matrix.shape[:-1]).with_dtype(real_dtype(matrix.dtype)),)


def _infer_eigh(types: Types, attrs: Attrs, regions: Any) -> tuple[Any, ...]:
    return (*_infer_eigvalsh(types, attrs, regions), types[0])


def _in_basis(b: Any, t: Any, left: Any, right: Any) -> Any:
    """left**H t right."""
    return m.product(b, m.product(b, m.adjoint(b, left), t), right)


def _tangent_eigvalsh(b: Any, op: Any, tangents: Any) -> Any:
    vectors = b.eigh(op.operands[0])[1]
    change = _in_basis(b, m.hermitian(b, tangents[0]), vectors, vectors)
    return m.real(b, m.diagonal(b, change))


def _tangent_eigh(b: Any, op: Any, tangents: Any) -> Any:
    values, vectors = op.results
    change = _in_basis(b, m.hermitian(b, tangents[0]), vectors, vectors)
    gaps = m.as_dtype_of(b, m.inverse_gaps(b, values), change)
    return m.real(b, m.diagonal(b, change)), m.product(b, vectors, b.mul(gaps, change))


library(
    "eigh", "Eigenvalues, ascending, and eigenvectors of Hermitian matrices; reads the lower"
    " triangle.", 1, _infer_eigh, lambda x: tuple(np.linalg.eigh(x)),
    loop="eigh_lo", problem="Eigenvalues did not converge", jvp=_tangent_eigh,
)
library(
    "eigvalsh", "Eigenvalues, ascending, of Hermitian matrices; reads the lower triangle.", 1,
    _infer_eigvalsh, np.linalg.eigvalsh,
    loop="eigvalsh_lo", problem="Eigenvalues did not converge", jvp=_tangent_eigvalsh,
)


def _infer_svd(types: Types, attrs: Attrs, regions: Any) -> tuple[Any, ...]:
    matrix = matrix_type(types[0])
    *batch, rows, columns = matrix.shape
    inner = dim_min(rows, columns)
    values = matrix.with_shape((*batch, inner)).with_dtype(real_dtype(matrix.dtype))
    left, right = (*batch, rows, inner), (*batch, inner, columns)
    return matrix.with_shape(left), values, matrix.with_shape(right)


def _infer_svd_complete(types: Types, attrs: Attrs, regions: Any) -> tuple[Any, ...]:
    _, values, _ = _infer_svd(types, attrs, regions)
    (*batch, rows, columns), matrix = types[0].shape, types[0]
    left, right = (*batch, rows, rows), (*batch, columns, columns)
    return matrix.with_shape(left), values, matrix.with_shape(right)


def _infer_svdvals(types: Types, attrs: Attrs, regions: Any) -> tuple[Any, ...]:
    return (_infer_svd(types, attrs, regions)[1],)


def _tangent_svdvals(b: Any, op: Any, tangents: Any) -> Any:
    left, _, right = b.svd(op.operands[0])
    change = _in_basis(b, tangents[0], left, m.adjoint(b, right))
    return m.real(b, m.diagonal(b, change))


def _tangent_svd(b: Any, op: Any, tangents: Any) -> Any:
    (t,), (u, s, vh) = tangents, op.results
    v, count = m.adjoint(b, vh), s.type.shape[-1]
    change = _in_basis(b, t, u, v)
    gaps = m.as_dtype_of(b, m.inverse_gaps(b, b.mul(s, s)), change)
    across = m.as_dtype_of(b, m.rows_of(b, s, count), change)
    down = m.as_dtype_of(b, m.columns_of(b, s, count), change)
    inner_u, inner_v = (
        b.mul(gaps, b.add(part, m.adjoint(b, part)))
        for part in (b.mul(across, change), b.mul(down, change))
    )
    inverse = _inverse(b, s)
    if change.type.dtype.kind == "c":
        inner_u = b.add(inner_u, _turn(b, change, inverse))
    du = b.add(m.product(b, u, inner_u), _outside(b, t, u, v, inverse))
    dv = b.add(m.product(b, v, inner_v), _outside(b, m.adjoint(b, t), v, u, inverse))
    return du, m.real(b, m.diagonal(b, change)), m.adjoint(b, dv)


def _inverse(b: Any, s: Any) -> Any:
    """1 / s, and 0 where that is infinite."""
    zero, one = b.full_like(s, 0), b.full_like(s, 1)
    is_zero = b.eq(s, zero)
    return b.select(is_zero, zero, b.div(one, b.select(is_zero, one, s)))


def _turn(b: Any, change: Any, inverse: Any) -> Any:
    """The phases of the left vectors: the skew half of the diagonal, over the values."""
    half = m.halved(b, b.sub(change, m.adjoint(b, change)))
    phases = b.mul(m.diagonal(b, half), m.as_dtype_of(b, inverse, change))
    return m.on_diagonal(b, phases)


def _outside(b: Any, t: Any, u: Any, v: Any, inverse: Any) -> Any:
    """What of t v / s leaves the span of u; nothing where u is square."""
    moved = m.product(b, t, v)
    rest = b.sub(moved, m.product(b, u, m.product(b, m.adjoint(b, u), moved)))
    return b.mul(rest, m.as_dtype_of(b, m.rows_of(b, inverse, u.type.shape[-2]), rest))


library(
    "svd", "u, s and v**H with u s v**H = x; s descends, u and v have orthonormal columns.", 1,
    _infer_svd, lambda x: tuple(np.linalg.svd(x, full_matrices=False)),
    loop="svd_s", problem="SVD did not converge", jvp=_tangent_svd,
)
library(
    "svd_complete", "As svd, with square u and v.", 1, _infer_svd_complete,
    lambda x: tuple(np.linalg.svd(x)), no_derivative="vectors of 0 are arbitrary",
    refuses_derivative=True,
)
library(
    "svdvals", "Singular values, descending.", 1, _infer_svdvals,
    lambda x: np.linalg.svd(x, compute_uv=False),
    loop="svd", problem="SVD did not converge", jvp=_tangent_svdvals,
)


def _infer_eig(types: Types, attrs: Attrs, regions: Any) -> tuple[Any, ...]:
    matrix = matrix_type(types[0], is_square=True)
    if matrix.dtype.kind == "f" and matrix.dtype.bits < 32:
        raise DtypeError(f"expected f32, f64 or complex, got {matrix.dtype}; convert first")
    whole = matrix.with_dtype(c64 if matrix.dtype in (f32, c64) else c128)
    return whole.with_shape(matrix.shape[:-1]), whole


def _infer_eigvals(types: Types, attrs: Attrs, regions: Any) -> tuple[Any, ...]:
    return _infer_eig(types, attrs, regions)[:1]


def _tangent_eig(b: Any, op: Any, tangents: Any) -> Any:
    """With change = v**-1 dx v: its diagonal, and v times what is beside it over the gaps."""
    values, vectors = op.results
    t = m.as_dtype_of(b, tangents[0], vectors)
    change = b.solve(vectors, m.product(b, t, vectors))
    moved = m.product(b, vectors, b.mul(m.inverse_gaps(b, values), change))
    along = b.reduce_sum(b.mul(b.conj(vectors), moved), axes=(vectors.type.rank - 2,))
    own = b.mul(vectors, m.rows_of(b, along, vectors.type.shape[-1]))
    return m.diagonal(b, change), b.sub(moved, own)


library(
    "eig", "Eigenvalues and right eigenvectors, complex, in no order.", 1, _infer_eig,
    lambda x: tuple(np.linalg.eig(x)), jvp=_tangent_eig,
)
library(
    "eigvals", "Eigenvalues, complex, in no order; to differentiate them, take those of eig.", 1,
    _infer_eigvals, np.linalg.eigvals, no_derivative="another order than that of the vectors",
    refuses_derivative=True,
)
