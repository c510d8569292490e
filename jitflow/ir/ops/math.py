"""Exponentials, logarithms, powers and roots: approximate rows, emitted from their expansions.

Also the form that every approximate function of one operand has: `function`.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from jitflow.ir import expand, split
from jitflow.ir.derivative import jvp_by_operand
from jitflow.ir.ops import reference
from jitflow.ir.ops.rules import elementwise
from jitflow.ir.row import Family, OpRow, register

_FLOATS = elementwise("f", "floats")
_NUMBERS = elementwise("fc", "floats")
_TWO_OVER_SQRT_PI = 1.1283791670955126


def function(name: str, doc: str, ulp: float, cost: int, tangent: Any, **fields: Any) -> None:
    """A row of one operand; of complex numbers too, where `split` has a function of its name."""
    on_parts = getattr(split, name, None)
    register(OpRow(
        name=name, family=Family.ELEMENTWISE, arity=1, doc=doc, exact=False,
        infer=_NUMBERS if on_parts is not None else _FLOATS,
        ulp=ulp, cost=cost, jvp=jvp_by_operand(tangent), expand=getattr(expand, name),
        split=on_parts, normwise=5.0 if on_parts is not None else 0.0, **fields,
    ))


def _plus_one(b: Any, x: Any) -> Any:
    return b.add(x, b.full_like(x, 1))


def _tangent_exp2(b: Any, t: Any, out: Any, x: Any) -> Any:
    return b.mul(t, b.mul(out, b.full_like(x, math.log(2))))


def _tangent_log(base: float) -> Any:
    return lambda b, t, out, x: b.div(t, b.mul(x, b.full_like(x, math.log(base))))


def _tangent_cbrt(b: Any, t: Any, out: Any, x: Any) -> Any:
    return b.div(t, b.mul(b.mul(out, out), b.full_like(x, 3)))


def _tangent_erf(b: Any, t: Any, out: Any, x: Any) -> Any:
    bell = b.exp(b.neg(b.mul(x, x)))
    return b.mul(t, b.mul(b.full_like(x, _TWO_OVER_SQRT_PI), bell))


def _tangent_erfcx(b: Any, t: Any, out: Any, x: Any) -> Any:
    """2 x erfcx(x) - 2 / sqrt(pi)."""
    return b.mul(t, b.sub(b.mul(b.add(x, x), out), b.full_like(x, _TWO_OVER_SQRT_PI)))


def _tangent_erfinv(b: Any, t: Any, out: Any, x: Any) -> Any:
    return b.mul(t, b.mul(b.exp(b.mul(out, out)), b.full_like(x, 1 / _TWO_OVER_SQRT_PI)))


function("exp", "e**x.", 1.5, 24, lambda b, t, out, x: b.mul(t, out),
         reference=reference.quiet(np.exp))
function("exp2", "2**x, exact where x is whole.", 1.5, 22, _tangent_exp2,
         reference=reference.quiet(np.exp2))
function("expm1", "e**x - 1 without cancellation near 0.", 2.0, 29,
         lambda b, t, out, x: b.mul(t, _plus_one(b, out)), reference=reference.quiet(np.expm1))
function("log", "Natural logarithm; NaN below 0.", 1.5, 38,
         lambda b, t, out, x: b.div(t, x), reference=reference.quiet(np.log))
function("log2", "Logarithm to base 2, exact for powers of 2; NaN below 0.", 1.5, 45,
         _tangent_log(2), reference=reference.quiet(np.log2))
function("log10", "Logarithm to base 10, exact for powers of 10; NaN below 0.", 1.5, 45,
         _tangent_log(10), reference=reference.quiet(np.log10))
function("log1p", "log(1 + x) without cancellation near 0.", 1.5, 47,
         lambda b, t, out, x: b.div(t, _plus_one(b, x)), reference=reference.quiet(np.log1p))
function("cbrt", "Cube root.", 1.5, 45, _tangent_cbrt, reference=reference.quiet(np.cbrt))
function("erf", "Error function.", 2.0, 41, _tangent_erf, reference=reference.erf)
function("erfc", "1 - erf(x) without cancellation.", 1.5, 110,
         lambda b, t, out, x: b.neg(_tangent_erf(b, t, out, x)), reference=reference.erfc)
function("erfcx", "e**(x*x) erfc(x), which does not underflow.", 2.0, 180, _tangent_erfcx,
         reference=reference.erfcx)
function("erfcinv", "Inverse of erfc; infinite at 0 and 2, NaN outside.", 2.0, 450,
         lambda b, t, out, x: b.neg(_tangent_erfinv(b, t, out, x)), reference=reference.erfcinv)
function("erfinv", "Inverse of erf; infinite at 1, NaN beyond.", 2.0, 450, _tangent_erfinv,
         reference=reference.erfinv)


def _power_by_base(b: Any, t: Any, out: Any, x: Any, y: Any) -> Any:
    """y * x**(y - 1), and 0 where y is 0, also at x = 0 and for further derivatives."""
    data = y.op.attrs.get("value") if y.op is not None else None
    if data is not None and data.is_splat and data.item() != 0:
        return _power_by_base_of_constant(b, t, x, y, data.item())
    zero, one = b.full_like(y, 0), b.full_like(y, 1)
    flat = b.eq(y, zero)
    lower = b.pow(x, b.select(flat, one, b.sub(y, one)))
    return b.mul(t, b.select(flat, zero, b.mul(y, lower)))


def _power_by_base_of_constant(b: Any, t: Any, x: Any, y: Any, exponent: Any) -> Any:
    if exponent == 1:
        return t
    lower = x if exponent == 2 else b.pow(x, b.full_like(y, exponent - 1))
    return b.mul(t, b.mul(lower, y))


def _power_by_exponent(b: Any, t: Any, out: Any, x: Any, y: Any) -> Any:
    """log(x) * x**y, with 1 for x in the logarithm where x is 0."""
    base = b.select(b.eq(x, b.full_like(x, 0)), b.full_like(x, 1), x)
    return b.mul(t, b.mul(b.log(base), out))


register(OpRow(
    name="pow", family=Family.ELEMENTWISE, arity=2, exact=False, ulp=2.0, cost=76,
    doc="x**y; e**(y log x) of complex numbers. Integers wrap and take a negative exponent as 0:"
        " emit a check for it.",
    infer=elementwise("iufc", "numbers"), reference=reference.power, expand=expand.pow,
    split=split.pow, normwise=1000.0,
    jvp=jvp_by_operand(_power_by_base, _power_by_exponent),
))
register(OpRow(
    name="ldexp", family=Family.ELEMENTWISE, arity=2, cost=20,
    doc="x * 2**n rounded once; n is a whole number in the dtype of x.",
    infer=elementwise("f", "f32 or f64"), reference=reference.ldexp, expand=expand.ldexp,
    linear=(0,), transpose=lambda b, ct, op, index: b.ldexp(ct, op.operands[1]),
))


def _share(index: int) -> Any:
    """Derivative of the length by one leg: leg / length, and 0 at the origin."""

    def tangent(b: Any, t: Any, out: Any, x: Any, y: Any) -> Any:
        zero, one = b.full_like(out, 0), b.full_like(out, 1)
        length = b.select(b.eq(out, zero), one, out)
        return b.mul(t, b.div(y if index else x, length))

    return tangent


register(OpRow(
    name="hypot", family=Family.ELEMENTWISE, arity=2, exact=False, ulp=1.5, cost=30,
    doc="sqrt(x*x + y*y) without overflow on the way; infinite if either operand is.",
    infer=_FLOATS, reference=reference.quiet(np.hypot), commutative=True,
    jvp=jvp_by_operand(_share(0), _share(1)), expand=expand.hypot,
))


def _weight(index: int, power: str) -> Any:
    """Derivative of the logarithm of a sum: the operand's share of it; 1 where they are equal."""

    def tangent(b: Any, t: Any, out: Any, x: Any, y: Any) -> Any:
        mine = y if index else x
        gap = b.select(b.eq(mine, out), b.full_like(out, 0), b.sub(mine, out))
        return b.mul(t, getattr(b, power)(gap))

    return tangent


for _name, _power, _base in (("logaddexp", "exp", "e"), ("logaddexp2", "exp2", "2")):
    register(OpRow(
        name=_name, family=Family.ELEMENTWISE, arity=2, exact=False, ulp=2.0, cost=75,
        doc=f"The logarithm of {_base}**x + {_base}**y, without overflow; absolute below 1/2.",
        infer=_FLOATS, reference=reference.quiet(getattr(np, _name)), commutative=True,
        jvp=jvp_by_operand(_weight(0, _power), _weight(1, _power)),
        expand=getattr(expand, _name),
    ))
