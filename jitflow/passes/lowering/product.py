"""One matrix product in canonical form, and what its loops share: how products are added up.

Products are summed in order of the contracted index, in runs of SUM_RUN, each rounded once.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import Any

from jitflow.ir.builder import Builder
from jitflow.ir.core import Op, Value
from jitflow.ir.dtypes import DType, f32
from jitflow.ir.ops.contraction import free_axes
from jitflow.passes.lowering.access import Access, split_strides
from jitflow.passes.lowering.context import Context
from jitflow.passes.lowering.moves import dense

SUM_RUN = 512
"""Products summed one after the other before runs are added up."""

Values = tuple[Value, ...]


@dataclass(frozen=True)
class Product:
    """out[batch, m, n] = sum over k of lhs[batch, m, k] * rhs[batch, k, n]; all accesses so."""

    lhs: Access
    rhs: Access
    out: Access
    batch: tuple[int, ...]
    is_symmetric: bool = False
    """Whether the right operand is the left one, turned."""

    @property
    def rows(self) -> int:
        return self.lhs.shape[-2]

    @property
    def depth(self) -> int:
        return self.lhs.shape[-1]

    @property
    def columns(self) -> int:
        return self.rhs.shape[-1]


def canonical(context: Context, op: Op, lhs: Access, rhs: Access, out: Access) -> Product:
    """Orders and merges axes; copies an operand whose axes do not merge in memory."""
    contract, batch = op.attrs["contract"], op.attrs["batch"]
    sizes = tuple(lhs.shape[a] for a in batch[0])
    lhs_free = free_axes(len(lhs.shape), contract[0], batch[0])
    rhs_free = free_axes(len(rhs.shape), contract[1], batch[1])
    rows, columns = (prod(x.shape[a] for a in f) for x, f in ((lhs, lhs_free), (rhs, rhs_free)))
    depth = prod(lhs.shape[a] for a in contract[0])
    left = _ordered(context, lhs, (*batch[0], *lhs_free, *contract[0]), (*sizes, rows, depth))
    right = _ordered(context, rhs, (*batch[1], *contract[1], *rhs_free), (*sizes, depth, columns))
    merged = (*sizes, rows, columns)
    strides = split_strides(out.shape, out.strides, merged)
    assert strides is not None
    symmetric = left == _turned(right)
    return Product(left, right, out.moved(0, merged, strides), sizes, symmetric)


def _ordered(
    context: Context, access: Access, order: tuple[int, ...], shape: tuple[int, ...]
) -> Access:
    moved = access.moved(
        0, tuple(access.shape[a] for a in order), tuple(access.strides[a] for a in order)
    )
    if 0 in shape:
        return moved.moved(0, shape, (0,) * len(shape))
    strides = split_strides(moved.shape, moved.strides, shape)
    if strides is None:
        moved = dense(context, moved)
        strides = split_strides(moved.shape, moved.strides, shape)
        assert strides is not None
    return moved.moved(0, shape, strides)


def swapped(product: Product) -> Product:
    """One column as one row: the transposed product stands in the same memory."""
    return Product(
        _turned(product.rhs), _turned(product.lhs), _turned(product.out), product.batch
    )


def _turned(access: Access) -> Access:
    """The last two axes exchanged."""
    shape, strides = access.shape, access.strides
    return access.moved(
        0, (*shape[:-2], shape[-1], shape[-2]), (*strides[:-2], strides[-1], strides[-2])
    )


def multiply_add(b: Builder, x: Value, y: Value, total: Value) -> Value:
    """One rounding for floats; integers wrap."""
    return b.fma(x, y, total) if x.type.dtype.is_float else b.add(b.mul(x, y), total)


def held(dtype: DType) -> DType:
    """What products are summed in: 16-bit floats in f32."""
    return f32 if dtype.is_float and dtype.bits == 16 else dtype


def load(b: Builder, buffer: Value, *at: Value, **lanes: Any) -> Value:
    value = b.load(buffer, *at, **lanes)
    dtype = held(buffer.type.dtype)
    return value if dtype is buffer.type.dtype else b.convert(value, dtype=dtype)


def store(b: Builder, value: Value, buffer: Value, *at: Value, valid: int = 0) -> None:
    dtype = buffer.type.dtype
    b.store(
        value if value.type.dtype is dtype else b.convert(value, dtype=dtype), buffer, *at,
        valid=valid,
    )


def over_batch(
    context: Context, batch: tuple[int, ...], body: Any, at: Values = (), b: Any = None
) -> None:
    """body(builder, indices) for each point of the batch axes."""
    b = context.builder if b is None else b
    if len(at) == len(batch):
        body(b, at)
        return

    def step(inner: Builder, index: Value) -> Values:
        over_batch(context, batch, body, (*at, index), inner)
        return ()

    b.loop(context.index(0), context.index(batch[len(at)]), step, kind="parallel")


def sum_in_runs(
    context: Context, b: Builder, depth: int, step: int, zeros: Any, body: Any
) -> Values:
    """body(builder, k, *totals) for k = 0, step, ..: totals of runs of SUM_RUN, then their sum."""
    if depth <= SUM_RUN:
        return b.loop(context.index(0), context.index(depth), body, zeros(b), step)
    end = context.index(depth)

    def run(inner: Builder, start: Value, *totals: Value) -> Values:
        stop = inner.minimum(inner.add(start, context.index(SUM_RUN)), end)
        parts = inner.loop(start, stop, body, zeros(inner), step)
        return tuple(inner.add(t, p) for t, p in zip(totals, parts, strict=True))

    return b.loop(context.index(0), end, run, zeros(b), SUM_RUN)
