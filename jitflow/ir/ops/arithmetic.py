"""Elementwise arithmetic whose results are exact to the bit: the correctly rounded ones."""

from __future__ import annotations

from typing import Any

import numpy as np

from jitflow.ir.dtypes import DType
from jitflow.ir.ops import reference
from jitflow.ir.ops.rules import elementwise
from jitflow.ir.row import Family, OpRow, register

NUMBERS = "iufc"
REALS = "iuf"


def _zero(dtype: DType) -> Any:
    """x + (-0.0) is x for every float, -0.0 included; x + 0.0 is not."""
    return dtype.numpy.type(-0.0 if dtype.is_inexact else 0)


def _one(dtype: DType) -> Any:
    return dtype.numpy.type(1)


def lowest(dtype: DType) -> Any:
    """The identity of maximum: -inf, False or the least integer."""
    if dtype.is_float:
        return dtype.numpy.type(-np.inf)
    return np.bool_(False) if dtype.kind == "b" else np.iinfo(dtype.numpy).min


def highest(dtype: DType) -> Any:
    """The identity of minimum: inf, True or the greatest integer."""
    if dtype.is_float:
        return dtype.numpy.type(np.inf)
    return np.bool_(True) if dtype.kind == "b" else np.iinfo(dtype.numpy).max


register(OpRow(
    name="add", family=Family.ELEMENTWISE, arity=2, doc="x + y; integers wrap.",
    infer=elementwise(NUMBERS, "numbers"), reference=np.add,
    commutative=True, associative=True, identity=_zero,
    linear=(0, 1), transpose=lambda b, ct, op, index: ct,
))
register(OpRow(
    name="sub", family=Family.ELEMENTWISE, arity=2, doc="x - y; integers wrap.",
    infer=elementwise(NUMBERS, "numbers"), reference=np.subtract,
    linear=(0, 1), transpose=lambda b, ct, op, index: b.neg(ct) if index else ct,
))
register(OpRow(
    name="mul", family=Family.ELEMENTWISE, arity=2, doc="x * y; integers wrap.",
    infer=elementwise(NUMBERS, "numbers"), reference=np.multiply,
    commutative=True, associative=True, identity=_one,
    multilinear=(0, 1), transpose=lambda b, ct, op, index: b.mul(ct, op.operands[1 - index]),
))
register(OpRow(
    name="div", family=Family.ELEMENTWISE, arity=2, doc="x / y, correctly rounded.",
    infer=elementwise("fc", "floats"), reference=np.divide, cost=8,
    partials=(
        lambda b, out, x, y: b.div(b.full_like(x, 1), y),
        lambda b, out, x, y: b.neg(b.div(out, y)),
    ),
    transpose=lambda b, ct, op, index: b.div(ct, op.operands[1]),
))
register(OpRow(
    name="neg", family=Family.ELEMENTWISE, arity=1, doc="-x; the least integer stays.",
    infer=elementwise(NUMBERS, "numbers"), reference=np.negative, involution=True,
    linear=(0,), transpose=lambda b, ct, op, index: b.neg(ct),
))


def _sign(b: Any, out: Any, x: Any) -> Any:
    one, zero = b.full_like(x, 1), b.full_like(x, 0)
    return b.select(b.gt(x, zero), one, b.select(b.lt(x, zero), b.full_like(x, -1), zero))


register(OpRow(
    name="abs", family=Family.ELEMENTWISE, arity=1, doc="|x|; the least integer stays.",
    infer=elementwise(REALS, "real numbers"), reference=np.abs, idempotent=True,
    partials=(_sign,),
))


def _wins(compare: str, index: int) -> Any:
    """Derivative of maximum/minimum by one operand: 1 where it wins, 1/2 at ties, else 0."""

    def partial(b: Any, out: Any, x: Any, y: Any) -> Any:
        mine, other = (y, x) if index else (x, y)
        tie = b.select(b.eq(mine, other), b.full_like(x, 0.5), b.full_like(x, 0))
        return b.select(getattr(b, compare)(mine, other), b.full_like(x, 1), tie)

    return partial


register(OpRow(
    name="maximum", family=Family.ELEMENTWISE, arity=2,
    doc="The greater; NaN if either is NaN; +0.0 is above -0.0 (IEEE 754-2019 maximum).",
    infer=elementwise("biuf", "real numbers"), reference=reference.maximum,
    commutative=True, associative=True, idempotent=True, identity=lowest,
    partials=(_wins("gt", 0), _wins("gt", 1)),
))
register(OpRow(
    name="minimum", family=Family.ELEMENTWISE, arity=2,
    doc="The smaller; NaN if either is NaN; -0.0 is below +0.0 (IEEE 754-2019 minimum).",
    infer=elementwise("biuf", "real numbers"), reference=reference.minimum,
    commutative=True, associative=True, idempotent=True, identity=highest,
    partials=(_wins("lt", 0), _wins("lt", 1)),
))
register(OpRow(
    name="clamp", family=Family.ELEMENTWISE, arity=3,
    doc="clamp(low, x, high) = minimum(maximum(x, low), high).",
    infer=elementwise("iuf", "real numbers"),
    reference=lambda low, x, high: reference.minimum(reference.maximum(x, low), high),
    partials=(
        lambda b, out, low, x, high: _inside(b, b.lt(x, low), out),
        lambda b, out, low, x, high: _inside(b, b.and_(b.ge(x, low), b.le(x, high)), out),
        lambda b, out, low, x, high: _inside(b, b.gt(b.maximum(x, low), high), out),
    ),
    expand=lambda b, low, x, high: b.minimum(b.maximum(x, low), high),
))


def _inside(b: Any, mask: Any, out: Any) -> Any:
    return b.select(mask, b.full_like(out, 1), b.full_like(out, 0))


register(OpRow(
    name="sqrt", family=Family.ELEMENTWISE, arity=1, doc="Square root, correctly rounded.",
    infer=elementwise("f", "floats"), reference=reference.quiet(np.sqrt), cost=8,
    partials=(lambda b, out, x: b.div(b.full_like(out, 0.5), out),),
))
register(OpRow(
    name="floor", family=Family.ELEMENTWISE, arity=1, doc="The greatest integer not above x.",
    infer=elementwise("f", "floats"), reference=np.floor, idempotent=True,
    no_derivative="piecewise constant",
))
register(OpRow(
    name="rint", family=Family.ELEMENTWISE, arity=1, doc="The nearest integer, ties to even.",
    infer=elementwise("f", "floats"), reference=np.rint, idempotent=True,
    no_derivative="piecewise constant",
))
register(OpRow(
    name="copysign", family=Family.ELEMENTWISE, arity=2, doc="|x| with the sign bit of y.",
    infer=elementwise("f", "floats"), reference=np.copysign,
    partials=(
        lambda b, out, x, y: b.copysign(b.full_like(x, 1), b.mul(out, _sign(b, out, x))), None,
    ),
))
register(OpRow(
    name="fma", family=Family.ELEMENTWISE, arity=3, doc="x * y + z with one rounding.",
    infer=elementwise("f", "f32 or f64"), reference=reference.fma,
    partials=(
        lambda b, out, x, y, z: y, lambda b, out, x, y, z: x,
        lambda b, out, x, y, z: b.full_like(z, 1),
    ),
))
