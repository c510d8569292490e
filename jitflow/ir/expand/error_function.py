"""Expansion of erf."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jitflow.ir.expand.coefficients import ERF, ERFC_EXPONENT, EXP
from jitflow.ir.expand.exponential import exponent_factor, reduce_exp, reduced_expm1
from jitflow.ir.expand.formats import Builder, format_of, polynomial

if TYPE_CHECKING:
    from jitflow.ir.core import Value

JOIN = 1.0
ONE_FROM = {32: 4.0, 64: 5.95}  # erf rounds to 1 from here


def erf(b: Builder, x: Value) -> Value:
    """A polynomial in x^2 up to 1, 1 - e^P(x) beyond; odd."""
    form = format_of(x)
    a, z = b.abs(x), b.mul(x, x)
    near = b.fma(a, polynomial(b, z, ERF[form.bits]), a)
    y = b.select(b.lt(a, b.full_like(x, JOIN)), near, _beyond(b, a))
    return b.copysign(y, x)


def _beyond(b: Builder, a: Value) -> Value:
    form = format_of(a)
    limit, one = b.full_like(a, ONE_FROM[form.bits]), b.full_like(a, 1.0)
    t = b.sub(b.select(b.lt(limit, a), limit, a), one)
    bits, r = reduce_exp(b, polynomial(b, t, ERFC_EXPONENT[form.bits]))
    y = b.add(reduced_expm1(b, r, EXP[form.bits]), one)
    return b.fma(b.neg(y), exponent_factor(b, bits, a), one)
