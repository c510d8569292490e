"""Tangents and transposes of the rows in indexing.py: what reads becomes what adds, and back."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any

from jitflow.ir.derivative import jvp_linear
from jitflow.ir.dtypes import i64


def transpose_gather(b: Any, ct: Any, op: Any, index: int) -> Any:
    """Each element's cotangent is added where the element was read."""
    x, *indices = op.operands
    return b.scatter(b.full_like(x, 0), ct, *indices, combine="add")


def transpose_scatter(b: Any, ct: Any, op: Any, index: int) -> Any:
    """Of `set` and `add`; `tangent_scatter` writes no other in a tangent."""
    _, updates, *indices = op.operands
    is_set = op.attrs["combine"] == "set"
    if index == 0:
        return b.scatter(ct, b.full_like(updates, 0), *indices) if is_set else ct
    read = b.gather(ct, *indices)
    if not is_set:
        return read
    return b.select(_stays(b, op), read, b.full_like(read, 0))


def _stays(b: Any, op: Any) -> Any:
    """Whether an update of a scatter that sets is the last one at its place."""
    x, updates, *indices = op.operands
    shape = indices[0].type.shape
    number = b.reshape(b.iota(i64, (prod(shape),)), shape=shape)
    places = b.constant(0, i64, shape=x.type.shape[: len(indices)])
    last = b.gather(b.scatter(places, number, *indices), *indices)
    return b.broadcast(
        b.eq(last, number), shape=updates.type.shape, axes=tuple(range(len(shape)))
    )


def tangent_scatter(b: Any, op: Any, tangents: Sequence[Any]) -> Any:
    combine = op.attrs["combine"]
    if combine == "add" and tangents[1] is None:
        return tangents[0]
    if combine in ("set", "add"):
        return jvp_linear(b, op, tangents)
    rule = _tangent_of_products if combine == "mul" else _tangent_of_extremes
    return rule(b, op, *tangents[:2])


def _tangent_of_products(b: Any, op: Any, tx: Any, tu: Any) -> Any:
    """A factor's tangent times the other factors: none, or all but one, may be zero."""
    x, u, *indices = op.operands
    total = b.full_like(x, 0)
    if tx is not None:
        total = b.mul(tx, b.scatter(b.full_like(x, 1), u, *indices, combine="mul"))
    if tu is None:
        return total
    return b.scatter(total, b.mul(tu, _other_factors(b, op)), *indices, combine="add")


def _other_factors(b: Any, op: Any) -> Any:
    """For each update of a product, what it is multiplied by."""
    x, u, *indices = op.operands
    zero, one = b.full_like(u, 0), b.full_like(u, 1)
    is_zero = b.eq(u, zero)
    factor = b.select(is_zero, one, u)
    zeros = b.scatter(
        b.full_like(x, 0), b.convert(is_zero, dtype=u.type.dtype), *indices, combine="add"
    )
    zeros_here = b.gather(zeros, *indices)
    rest = b.gather(b.scatter(x, factor, *indices, combine="mul"), *indices)
    return b.select(
        is_zero,
        b.select(b.eq(zeros_here, one), rest, zero),
        b.select(b.eq(zeros_here, zero), b.div(rest, factor), zero),
    )


def _tangent_of_extremes(b: Any, op: Any, tx: Any, tu: Any) -> Any:
    """The mean of the tangents of those that attain the extreme."""
    x, u, *indices = op.operands
    from_x = b.eq(x, op.result)
    from_u = b.eq(u, b.gather(op.result, *indices))
    count = b.scatter(
        b.convert(from_x, dtype=x.type.dtype), b.convert(from_u, dtype=u.type.dtype), *indices,
        combine="add",
    )
    zero_x, zero_u = b.full_like(x, 0), b.full_like(u, 0)
    total = b.scatter(
        zero_x if tx is None else b.select(from_x, tx, zero_x),
        zero_u if tu is None else b.select(from_u, tu, zero_u), *indices, combine="add",
    )
    return b.div(total, count)


def transpose_update(b: Any, ct: Any, op: Any, index: int) -> Any:
    part, start, step = op.operands[1], op.attrs["start"], op.attrs["step"]
    if index == 0:
        return b.update(ct, b.full_like(part, 0), **op.attrs)
    if 0 in part.type.shape:
        return b.full_like(part, 0)
    stop = [s + (n - 1) * k + 1 for s, n, k in zip(start, part.type.shape, step, strict=True)]
    return b.slice(ct, start=start, stop=tuple(stop), step=step)


def transpose_dynamic_slice(b: Any, ct: Any, op: Any, index: int) -> Any:
    x, *starts = op.operands
    return b.dynamic_update(b.full_like(x, 0), ct, *starts)


def transpose_dynamic_update(b: Any, ct: Any, op: Any, index: int) -> Any:
    part, starts = op.operands[1], op.operands[2:]
    if index == 0:
        return b.dynamic_update(ct, b.full_like(part, 0), *starts)
    return b.dynamic_slice(ct, *starts, sizes=part.type.shape)


# Sums with what is zero but for a part.


def add_scattered(b: Any, total: Any, op: Any) -> Any:
    if op.attrs["combine"] != "add":
        return None
    return b.scatter(total, *op.operands[1:], combine="add")


def add_part(b: Any, total: Any, op: Any) -> Any:
    """Of update and dynamic_update, by what transposes them."""
    _, part, *starts = op.operands
    there = op.row.transpose(b, total, op, 1)
    return b.emit(op.row, (total, b.add(there, part), *starts), op.attrs).result
