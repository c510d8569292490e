"""Reductions over axes, each with the elementwise row that combines two elements."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np

from jitflow.errors import DtypeError, ShapeError
from jitflow.ir import split
from jitflow.ir.dtypes import i64
from jitflow.ir.ops import reference
from jitflow.ir.ops.rules import Attrs, Types, normal_axes, require_tensor
from jitflow.ir.parts import Parts
from jitflow.ir.row import Attribute, Family, OpRow, register

COMBINES = {
    "reduce_sum": "add",
    "reduce_prod": "mul",
    "reduce_max": "maximum",
    "reduce_min": "minimum",
    "reduce_any": "or",
    "reduce_all": "and",
}
"""The row that combines two elements, by reduction."""


def _infer_reduce(kinds: str, what: str, needs_elements: bool = False) -> Any:
    def infer(types: Types, attrs: Attrs, regions: Any) -> tuple[Any, ...]:
        require_tensor(types)
        (operand,), axes = types, attrs["axes"]
        normal_axes(axes, operand.rank)
        if operand.dtype.kind not in kinds:
            raise DtypeError(f"expected {what}, got {operand.dtype}; convert first")
        if needs_elements and any(operand.shape[a] == 0 for a in axes):
            raise ShapeError(f"zero-size {operand} has no greatest or least element")
        kept = tuple(extent for a, extent in enumerate(operand.shape) if a not in axes)
        return (operand.with_shape(kept),)

    return infer


def expand_result(b: Any, result: Any, like: Any, axes: tuple[int, ...]) -> Any:
    """A reduction's result spread back over the axes that it lost."""
    kept = tuple(a for a in range(like.rank) if a not in axes)
    return b.broadcast(result, shape=like.shape, axes=kept)


def _transpose_sum(b: Any, ct: Any, op: Any, index: int) -> Any:
    return expand_result(b, ct, op.operands[0].type, op.attrs["axes"])


def _tangent_extreme(b: Any, op: Any, tangents: Any) -> Any:
    """The mean of the tangents at the elements that attain the extreme."""
    x, (t,), axes = op.operands[0], tangents, op.attrs["axes"]
    hit = b.eq(x, expand_result(b, op.result, x.type, axes))
    count = b.reduce_sum(b.convert(hit, dtype=x.type.dtype), axes=axes)
    return b.div(b.reduce_sum(b.select(hit, t, b.full_like(t, 0)), axes=axes), count)


def _tangent_product(b: Any, op: Any, tangents: Any) -> Any:
    """Product rule along a binary tree of halves: right with zeros, and differentiable again."""
    x, t, axes = op.operands[0], tangents[0], op.attrs["axes"]
    x, t = _axes_last(b, x, axes), _axes_last(b, t, axes)
    one, zero = b.constant(1, x.type.dtype), b.constant(0, x.type.dtype)
    while x.type.shape[-1] > 1:
        if x.type.shape[-1] % 2:
            x, t = _pad_last(b, x, one), _pad_last(b, t, zero)
        (x0, x1), (t0, t1) = _halves(b, x), _halves(b, t)
        x, t = b.mul(x0, x1), b.add(b.mul(t0, x1), b.mul(x0, t1))
    if x.type.shape[-1] == 0:
        return None
    return b.reshape(t, shape=op.result.type.shape)


def _split_product(b: Any, x: Parts, axes: tuple[int, ...]) -> Parts:
    """Along a binary tree of halves, as its derivative; 1 where there is nothing."""
    dtype = x.real.type.dtype
    kept = tuple(n for a, n in enumerate(x.real.type.shape) if a not in axes)
    re, im = (_axes_last(b, part, axes) for part in x)
    one, zero = b.constant(1, dtype), b.constant(0, dtype)
    if re.type.shape[-1] == 0:
        return Parts(*(b.constant(v, dtype, shape=kept) for v in (1, 0)))
    while re.type.shape[-1] > 1:
        if re.type.shape[-1] % 2:
            re, im = _pad_last(b, re, one), _pad_last(b, im, zero)
        (re0, re1), (im0, im1) = _halves(b, re), _halves(b, im)
        re, im = split.mul(b, Parts(re0, im0), Parts(re1, im1))
    return Parts(*(b.reshape(part, shape=kept) for part in (re, im)))


def _axes_last(b: Any, x: Any, axes: tuple[int, ...]) -> Any:
    """x with the reduced axes flattened into one last axis."""
    kept = tuple(a for a in range(x.type.rank) if a not in axes)
    moved = b.transpose(x, axes=kept + tuple(axes))
    length = prod(x.type.shape[a] for a in axes)
    if not isinstance(length, int):
        raise ShapeError(f"a product of {length} factors needs a static size; it is halved")
    return b.reshape(moved, shape=(*(x.type.shape[a] for a in kept), length))


def _pad_last(b: Any, x: Any, value: Any) -> Any:
    none = (0,) * x.type.rank
    return b.pad(x, value, low=none, high=(*none[:-1], 1), interior=none)


def _halves(b: Any, x: Any) -> tuple[Any, Any]:
    rank, half = x.type.rank, x.type.shape[-1] // 2
    lead, ones = (0,) * (rank - 1), (1,) * rank
    low = b.slice(x, start=(*lead, 0), stop=(*x.type.shape[:-1], half), step=ones)
    high = b.slice(x, start=(*lead, half), stop=x.type.shape, step=ones)
    return low, high


def _reduction(name: str, function: Any, doc: str, infer: Any, **fields: Any) -> None:
    register(OpRow(
        name=name, family=Family.REDUCE, arity=1, doc=doc, infer=infer,
        attributes={"axes": Attribute("ints")},
        reference=lambda x, axes: function(x, axis=axes), **fields,
    ))


_NUMBERS = _infer_reduce("iufc", "numbers")
_ORDERED = _infer_reduce("biuf", "real numbers", needs_elements=True)
_BOOLS = _infer_reduce("b", "bool")


def _sum(x: Any, axis: Any) -> Any:
    return np.sum(x, axis=axis, dtype=x.dtype)


def _prod(x: Any, axis: Any) -> Any:
    return np.prod(x, axis=axis, dtype=x.dtype)


_reduction("reduce_sum", _sum, "Sum over `axes` by a fixed tree; 0 where empty.", _NUMBERS,
           exact=False, linear=(0,), transpose=_transpose_sum)
_reduction("reduce_prod", _prod, "Product over `axes` by a fixed tree; 1 where empty.", _NUMBERS,
           exact=False, jvp=_tangent_product, split=_split_product)
_reduction("reduce_max", reference.greatest, "The `maximum` over `axes`; NaN if one is NaN.",
           _ORDERED, jvp=_tangent_extreme)
_reduction("reduce_min", reference.least, "The `minimum` over `axes`; NaN if one is NaN.",
           _ORDERED, jvp=_tangent_extreme)
_reduction("reduce_any", np.any, "True if any element over `axes` is.", _BOOLS,
           no_derivative="bool")
_reduction("reduce_all", np.all, "True if every element over `axes` is.", _BOOLS,
           no_derivative="bool")


def _infer_arg(types: Types, attrs: Attrs, regions: Any) -> tuple[Any, ...]:
    infer = _infer_reduce("biuf", "real numbers", needs_elements=True)
    (result,) = infer(types, {"axes": (attrs["axis"],)}, regions)
    return (result.with_dtype(i64),)


def _arg(name: str, function: Any, what: str) -> None:
    register(OpRow(
        name=name, family=Family.REDUCE, arity=1, infer=_infer_arg,
        doc=f"Index along `axis` of the first {what} element; of the first NaN if there is one.",
        attributes={"axis": Attribute("int")},
        reference=lambda x, axis: function(x, axis=axis), no_derivative="an index",
    ))


_arg("argmax", np.argmax, "greatest")
_arg("argmin", np.argmin, "least")
