"""Elementwise arithmetic whose results are exact to the bit: the correctly rounded ones."""

from __future__ import annotations

from typing import Any

import numpy as np

from jitflow.ir import split
from jitflow.ir.derivative import jvp_by_operand
from jitflow.ir.dtypes import DType, part_of
from jitflow.ir.ops import reference
from jitflow.ir.ops.rules import Attrs, Types, elementwise
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


def _tangent_sub(b: Any, op: Any, tangents: Any) -> Any:
    x, y = tangents
    if y is None:
        return x
    return b.neg(y) if x is None else b.sub(x, y)


register(OpRow(
    name="sub", family=Family.ELEMENTWISE, arity=2, doc="x - y; integers wrap.",
    infer=elementwise(NUMBERS, "numbers"), reference=np.subtract,
    linear=(0, 1), jvp=_tangent_sub,
    transpose=lambda b, ct, op, index: b.neg(ct) if index else ct,
))
register(OpRow(
    name="mul", family=Family.ELEMENTWISE, arity=2, doc="x * y; integers wrap.",
    infer=elementwise(NUMBERS, "numbers"), reference=np.multiply, split=split.mul, normwise=3.0,
    commutative=True, associative=True, identity=_one,
    multilinear=(0, 1), transpose=lambda b, ct, op, index: b.mul(ct, op.operands[1 - index]),
))


def _tangent_div(b: Any, op: Any, tangents: Any) -> Any:
    """(dx - x/y * dy) / y: one division serves both operands, backwards too."""
    x, y = tangents
    if y is None:
        return b.div(x, op.operands[1])
    change = b.mul(y, op.result)
    return b.div(b.neg(change) if x is None else b.sub(x, change), op.operands[1])


register(OpRow(
    name="div", family=Family.ELEMENTWISE, arity=2, doc="x / y, correctly rounded.",
    infer=elementwise("fc", "floats"), reference=np.divide, cost=8,
    split=split.div, normwise=4.0,
    linear=(0,), jvp=_tangent_div,
    transpose=lambda b, ct, op, index: b.div(ct, op.operands[1]),
))
register(OpRow(
    name="neg", family=Family.ELEMENTWISE, arity=1, doc="-x; the least integer stays.",
    infer=elementwise(NUMBERS, "numbers"), reference=np.negative, involution=True,
    keeps_halves=True, linear=(0,), transpose=lambda b, ct, op, index: b.neg(ct),
))


def _unit(b: Any, x: Any) -> Any:
    """1 with the sign bit of x."""
    return b.copysign(b.full_like(x, 1), x)


def _sign(b: Any, x: Any) -> Any:
    zero = b.full_like(x, 0)
    return b.select(b.eq(x, zero), zero, _unit(b, x))


def _infer_abs(types: Types, attrs: Attrs, regions: Any) -> tuple[Any, ...]:
    (result,) = elementwise(NUMBERS, "numbers")(types, attrs, regions)
    return (result.with_dtype(part_of(result.dtype)) if result.dtype.kind == "c" else result,)


def _tangent_abs(b: Any, t: Any, out: Any, x: Any) -> Any:
    """Of a complex number Re(conj(x) t) / |x|."""
    if x.type.dtype.kind != "c":
        return b.mul(t, _sign(b, x))
    along = b.add(b.mul(b.real(x), b.real(t)), b.mul(b.imag(x), b.imag(t)))
    zero = b.full_like(out, 0)
    is_zero = b.eq(out, zero)
    return b.select(is_zero, zero, b.div(along, b.select(is_zero, b.full_like(out, 1), out)))


register(OpRow(
    name="abs", family=Family.ELEMENTWISE, arity=1,
    doc="|x|; the least integer stays; real of complex x; the derivative at 0 is 0.",
    infer=_infer_abs, reference=np.abs, idempotent=True, split=split.abs, normwise=2.0,
    keeps_halves=True,
    jvp=jvp_by_operand(_tangent_abs),
))


def _wins(compare: str, index: int) -> Any:
    """Derivative of maximum/minimum by one operand: 1 where it wins, 1/2 at ties, else 0."""

    def tangent(b: Any, t: Any, out: Any, x: Any, y: Any) -> Any:
        mine, other = (y, x) if index else (x, y)
        tie = b.select(b.eq(mine, other), b.full_like(x, 0.5), b.full_like(x, 0))
        won = getattr(b, compare)(mine, other)
        return b.mul(t, b.select(won, b.full_like(x, 1), tie))

    return tangent


register(OpRow(
    name="maximum", family=Family.ELEMENTWISE, arity=2,
    doc="The greater; NaN if either is NaN; +0.0 is above -0.0 (IEEE 754-2019 maximum).",
    infer=elementwise("biuf", "real numbers"), reference=reference.maximum,
    commutative=True, associative=True, idempotent=True, identity=lowest,
    jvp=jvp_by_operand(_wins("gt", 0), _wins("gt", 1)),
))
register(OpRow(
    name="minimum", family=Family.ELEMENTWISE, arity=2,
    doc="The smaller; NaN if either is NaN; -0.0 is below +0.0 (IEEE 754-2019 minimum).",
    infer=elementwise("biuf", "real numbers"), reference=reference.minimum,
    commutative=True, associative=True, idempotent=True, identity=highest,
    jvp=jvp_by_operand(_wins("lt", 0), _wins("lt", 1)),
))


def _where(b: Any, mask: Any, t: Any) -> Any:
    return b.select(mask, t, b.full_like(t, 0))


register(OpRow(
    name="clamp", family=Family.ELEMENTWISE, arity=3,
    doc="clamp(low, x, high) = minimum(maximum(x, low), high); its derivative is 0 at ties.",
    infer=elementwise("iuf", "real numbers"),
    reference=lambda low, x, high: reference.minimum(reference.maximum(x, low), high),
    jvp=jvp_by_operand(
        lambda b, t, out, low, x, high: _where(b, b.and_(b.lt(x, low), b.lt(low, high)), t),
        lambda b, t, out, low, x, high: _where(b, b.and_(b.lt(low, x), b.lt(x, high)), t),
        lambda b, t, out, low, x, high: _where(b, b.gt(b.maximum(x, low), high), t),
    ),
    expand=lambda b, low, x, high: b.minimum(b.maximum(x, low), high),
))
register(OpRow(
    name="sqrt", family=Family.ELEMENTWISE, arity=1, doc="Square root, correctly rounded.",
    infer=elementwise("fc", "floats"), reference=reference.quiet(np.sqrt), cost=8,
    split=split.sqrt, normwise=3.0,
    jvp=jvp_by_operand(lambda b, t, out, x: b.div(t, b.add(out, out))),
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
    infer=elementwise("f", "floats"), reference=np.copysign, keeps_halves=True,
    jvp=jvp_by_operand(
        lambda b, t, out, x, y: b.mul(t, b.mul(_unit(b, x), _unit(b, y))), None,
    ),
))
register(OpRow(
    name="fma", family=Family.ELEMENTWISE, arity=3, doc="x * y + z with one rounding.",
    infer=elementwise("f", "f32 or f64", least_bits=32), reference=reference.fma,
    jvp=jvp_by_operand(
        lambda b, t, out, x, y, z: b.mul(t, y), lambda b, t, out, x, y, z: b.mul(t, x),
        lambda b, t, out, x, y, z: t,
    ),
))
