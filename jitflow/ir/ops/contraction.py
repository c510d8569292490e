"""dot_general: products summed over pairs of axes; every matrix product is one."""

from __future__ import annotations

from typing import Any

import numpy as np

from jitflow.errors import DtypeError, ShapeError
from jitflow.ir import split
from jitflow.ir.batching import shifted
from jitflow.ir.ops.rules import Attrs, Types, normal_axes, require_tensor
from jitflow.ir.row import Attribute, Family, OpRow, register


def free_axes(rank: int, contract: tuple[int, ...], batch: tuple[int, ...]) -> tuple[int, ...]:
    """The axes of an operand that are neither contracted nor batched."""
    return tuple(a for a in range(rank) if a not in contract and a not in batch)


def _infer_dot(types: Types, attrs: Attrs, regions: Any) -> tuple[Any, ...]:
    require_tensor(types)
    lhs, rhs = types
    contract, batch = attrs["contract"], attrs["batch"]
    if lhs.dtype is not rhs.dtype or lhs.dtype.kind not in "iufc":
        raise DtypeError(f"a product needs two arrays of one number type, got {lhs} and {rhs}")
    for operand, side in ((lhs, 0), (rhs, 1)):
        normal_axes((*contract[side], *batch[side]), operand.rank, "contracted and batch axes")
    for kind, pairs in (("contracted", contract), ("batch", batch)):
        if len(pairs[0]) != len(pairs[1]):
            raise ShapeError(f"{kind} axes {pairs[0]} and {pairs[1]} differ in number")
        for a, c in zip(*pairs, strict=True):
            if lhs.shape[a] != rhs.shape[c]:
                raise ShapeError(
                    f"{lhs} and {rhs} differ on {kind} axes {a} and {c}: "
                    f"{lhs.shape[a]} against {rhs.shape[c]}"
                )
    kept = tuple(lhs.shape[a] for a in batch[0])
    kept += tuple(lhs.shape[a] for a in free_axes(lhs.rank, contract[0], batch[0]))
    kept += tuple(rhs.shape[a] for a in free_axes(rhs.rank, contract[1], batch[1]))
    return (lhs.with_shape(kept),)


def _reference_dot(lhs: Any, rhs: Any, contract: Any, batch: Any) -> Any:
    names = iter(range(lhs.ndim + rhs.ndim))
    left = [next(names) for _ in range(lhs.ndim)]
    right = [next(names) for _ in range(rhs.ndim)]
    for (lhs_axes, rhs_axes) in (contract, batch):
        for a, c in zip(lhs_axes, rhs_axes, strict=True):
            right[c] = left[a]
    out = [left[a] for a in batch[0]]
    out += [left[a] for a in free_axes(lhs.ndim, contract[0], batch[0])]
    out += [right[a] for a in free_axes(rhs.ndim, contract[1], batch[1])]
    return np.einsum(lhs, left, rhs, right, out).astype(lhs.dtype)


def _transpose_dot(b: Any, ct: Any, op: Any, index: int) -> Any:
    """Contracts the cotangent with the other operand, in the order that needs no transpose."""
    contract, batch = op.attrs["contract"], op.attrs["batch"]
    mine, other = index, 1 - index
    mine_free = free_axes(op.operands[mine].type.rank, contract[mine], batch[mine])
    other_free = free_axes(op.operands[other].type.rank, contract[other], batch[other])
    batched = len(batch[0])
    first = batched + (0 if other == 0 else len(mine_free))
    ct_contract = tuple(range(first, first + len(other_free)))
    ct_batch = tuple(range(batched))
    to_mine = dict(zip(contract[other], contract[mine], strict=True))
    contracted = tuple(to_mine[a] for a in sorted(contract[other]))
    other_first = (*batch[mine], *contracted, *mine_free)
    if other_first == tuple(range(len(other_first))):
        return b.dot_general(
            op.operands[other], ct, contract=(other_free, ct_contract),
            batch=(batch[other], ct_batch),
        )
    product = b.dot_general(
        ct, op.operands[other], contract=(ct_contract, other_free),
        batch=(ct_batch, batch[other]),
    )
    order = (*batch[mine], *mine_free, *contracted)
    axes = tuple(sorted(range(len(order)), key=order.__getitem__))
    return product if axes == tuple(range(len(axes))) else b.transpose(product, axes=axes)


def _batch_dot(b: Any, op: Any, operands: Any, batched: Any) -> Any:
    """The batch is a batch axis where both operands have it, else a free axis of the first."""
    contract, batch = (
        [shifted(axes) if has else axes for axes, has in zip(pairs, batched, strict=True)]
        for pairs in (op.attrs["contract"], op.attrs["batch"])
    )
    if all(batched):
        batch = [(0, *axes) for axes in batch]
        return b.dot_general(*operands, contract=tuple(contract), batch=tuple(batch))
    lone = batched.index(True)
    sides = (lone, 1 - lone)
    product = b.dot_general(
        *(operands[side] for side in sides), contract=tuple(contract[side] for side in sides),
        batch=tuple(batch[side] for side in sides),
    )
    own, rank = len(batch[0]), product.type.rank
    middle = operands[lone].type.rank - len(contract[lone])
    frees = [range(own + 1, middle), range(middle, rank)]
    axes = (own, *range(own), *frees[lone], *frees[1 - lone])
    return product if axes == tuple(range(rank)) else b.transpose(product, axes=axes)


register(OpRow(
    name="dot_general", family=Family.CONTRACTION, arity=2, exact=False, cost=2,
    doc="Sum of products over `contract` axes; result axes: batch, lhs free, rhs free.",
    attributes={"contract": Attribute("nested"), "batch": Attribute("nested", ((), ()))},
    infer=_infer_dot, reference=_reference_dot, multilinear=(0, 1), transpose=_transpose_dot,
    split=split.dot,
    batch=_batch_dot,
))
