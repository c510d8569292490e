"""What derivatives of linear algebra are written in: matrices in the last two axes of arrays."""

from __future__ import annotations

from typing import Any

from jitflow.ir.dtypes import i64


def transposed(b: Any, x: Any) -> Any:
    rank = x.type.rank
    return b.transpose(x, axes=(*range(rank - 2), rank - 1, rank - 2))


def adjoint(b: Any, x: Any) -> Any:
    """The conjugate transpose."""
    turned = transposed(b, x)
    return b.conj(turned) if x.type.dtype.kind == "c" else turned


def product(b: Any, x: Any, y: Any) -> Any:
    """The matrix product; batches are equal."""
    batch = tuple(range(x.type.rank - 2))
    contract = ((x.type.rank - 1,), (x.type.rank - 2,))
    return b.dot_general(x, y, contract=contract, batch=(batch, batch))


def turned_over(b: Any, x: Any) -> Any:
    """Rows and columns in reverse order, which makes an upper triangle a lower one."""
    return b.reverse(x, axes=(x.type.rank - 2, x.type.rank - 1))


def below(b: Any, x: Any, compare: str = "ge") -> Any:
    """The elements whose row number is at least (`ge`), or above (`gt`), that of the column."""
    shape, rank = x.type.shape, x.type.rank
    rows, columns = (b.iota(i64, shape, axis=axis) for axis in (rank - 2, rank - 1))
    return b.select(getattr(b, compare)(rows, columns), x, b.full_like(x, 0))


def diagonal(b: Any, x: Any) -> Any:
    """The elements on the diagonal of square matrices, as vectors."""
    shape, rank = x.type.shape, x.type.rank
    rows, columns = (b.iota(i64, shape, axis=axis) for axis in (rank - 2, rank - 1))
    kept = b.select(b.eq(rows, columns), x, b.full_like(x, 0))
    return b.reduce_sum(kept, axes=(rank - 1,))


def on_diagonal(b: Any, x: Any) -> Any:
    """Square matrices that are x on their diagonal and 0 beside it."""
    shape = (*x.type.shape, x.type.shape[-1])
    spread = columns_of(b, x, shape[-1])
    rows, columns = (b.iota(i64, shape, axis=axis) for axis in (len(shape) - 2, len(shape) - 1))
    return b.select(b.eq(rows, columns), spread, b.full_like(spread, 0))


def columns_of(b: Any, x: Any, count: Any) -> Any:
    """Each vector as the columns of a matrix."""
    rank = x.type.rank
    return b.broadcast(x, shape=(*x.type.shape, count), axes=tuple(range(rank)))


def rows_of(b: Any, x: Any, count: Any) -> Any:
    """Each vector as the rows of a matrix."""
    rank = x.type.rank
    shape = (*x.type.shape[:-1], count, x.type.shape[-1])
    return b.broadcast(x, shape=shape, axes=(*range(rank - 1), rank))


def real(b: Any, x: Any) -> Any:
    return b.real(x) if x.type.dtype.kind == "c" else x


def as_dtype_of(b: Any, x: Any, like: Any) -> Any:
    """Real x in the dtype of another value."""
    return x if x.type.dtype is like.type.dtype else b.convert(x, dtype=like.type.dtype)


def halved(b: Any, x: Any) -> Any:
    return b.mul(x, b.full_like(x, 0.5))


def hermitian(b: Any, x: Any) -> Any:
    """The matrix of which x has the lower triangle; of a real diagonal."""
    lower, strict = below(b, x), below(b, x, "gt")
    whole = b.add(lower, adjoint(b, strict))
    if x.type.dtype.kind != "c":
        return whole
    return halved(b, b.add(whole, adjoint(b, whole)))


def inverse_gaps(b: Any, x: Any) -> Any:
    """1 / (x[j] - x[i]) at row i and column j, 0 on the diagonal and where two are equal."""
    count = x.type.shape[-1]
    gaps = b.sub(rows_of(b, x, count), columns_of(b, x, count))
    zero, one = b.full_like(gaps, 0), b.full_like(gaps, 1)
    is_zero = b.eq(gaps, zero)
    return b.select(is_zero, zero, b.div(one, b.select(is_zero, one, gaps)))
