"""Tangents and transposes of the rows in indexing.py: what reads becomes what adds, and back."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any

from jitflow.ir.derivative import jvp_linear
from jitflow.ir.dtypes import i64
from jitflow.ir.ops.scanning import State, scan


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
    """The product rule: right where factors are 0, and differentiable again."""
    x, u, *indices = op.operands
    if tu is None:
        return b.mul(tx, b.scatter(b.full_like(x, 1), u, *indices, combine="mul"))
    factors, changes, places = _products_by_place(b, op, tu)
    change = b.mul(x, b.scatter(b.full_like(x, 0), changes, *places))
    if tx is None:
        return change
    return b.add(change, b.mul(tx, b.scatter(b.full_like(x, 1), factors, *places)))


def _products_by_place(b: Any, op: Any, tu: Any) -> tuple[Any, Any, list[Any]]:
    """Products of the updates up to each one at its place, their tangents, and the places.

    All in the order of places, so that the last one at a place is the whole product.
    """
    x, u, *indices = op.operands
    count = prod(indices[0].type.shape)
    rows = (count, *u.type.shape[indices[0].type.rank :])
    lines = [b.reshape(index, shape=(count,)) for index in indices]
    number = _number_of_place(b, x.type.shape, lines)
    order = b.argsort(number)
    ordered = b.gather(number, order)
    before = b.concatenate(
        b.constant(-1, i64, shape=(min(count, 1),)),
        b.slice(ordered, start=(0,), stop=(max(count - 1, 0),), step=(1,)), axis=0,
    )
    begins = b.broadcast(b.ne(ordered, before), shape=rows, axes=(0,))
    state = [b.gather(b.reshape(v, shape=rows), order) for v in (u, tu)]

    def combine(first: State, second: State) -> State:
        (begun, v, dv), (begins, w, dw) = first, second
        change = b.add(b.mul(dv, w), b.mul(v, dw))
        return (
            b.or_(begun, begins), b.select(begins, w, b.mul(v, w)), b.select(begins, dw, change)
        )

    _, factors, changes = scan(b, (begins, *state), combine, 0, False)
    return factors, changes, [b.gather(line, order) for line in lines]


def _number_of_place(b: Any, shape: Sequence[int], lines: Sequence[Any]) -> Any:
    """Where the indices lead, counted in row-major order."""
    total = b.full_like(lines[0], 0)
    for index, extent in zip(lines, shape, strict=False):
        inside = b.clamp(b.full_like(index, 0), index, b.full_like(index, max(extent - 1, 0)))
        total = b.add(b.mul(total, b.full_like(total, extent)), inside)
    return total


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
