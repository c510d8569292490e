"""Expansions of tanh, sinh and cosh."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jitflow.ir.expand.coefficients import EXP, SINH, TANH
from jitflow.ir.expand.exponential import exponent_factor, reduce_exp, reduced_expm1
from jitflow.ir.expand.formats import Builder, fast_two_sum, format_of, polynomial

if TYPE_CHECKING:
    from jitflow.ir.core import Value

JOIN = 0.625
SINH_JOIN = 1.0
OVERFLOW = {32: 89.6, 64: 710.6}  # sinh and cosh overflow before it
ONE_FROM = {32: 9.1, 64: 20.0}  # tanh rounds to 1 from here


def tanh(b: Builder, x: Value) -> Value:
    """A polynomial in x^2 near 0, 1 - 2 / (e^2x + 1) beyond; odd."""
    a = b.abs(x)
    near, far = _near_zero(b, x, a), _beyond(b, a)
    y = b.select(b.lt(a, b.full_like(x, JOIN)), near, far)
    return b.copysign(y, x)


def _near_zero(b: Builder, x: Value, a: Value) -> Value:
    z = b.mul(x, x)
    return b.fma(b.mul(a, z), polynomial(b, z, TANH[format_of(x).bits]), a)


def _beyond(b: Builder, a: Value) -> Value:
    form = format_of(a)
    limit, one = b.full_like(a, ONE_FROM[form.bits]), b.full_like(a, 1.0)
    a = b.select(b.lt(limit, a), limit, a)
    bits, r = reduce_exp(b, b.add(a, a))
    y = b.add(reduced_expm1(b, r, EXP[form.bits]), one)
    total = b.fma(y, exponent_factor(b, bits, a), one)
    return b.sub(one, b.div(b.full_like(a, 2.0), total))


def sinh(b: Builder, x: Value) -> Value:
    """A polynomial in x^2 near 0, (e^x - e^-x) / 2 beyond; odd."""
    a, z = b.abs(x), b.mul(x, x)
    near = b.fma(b.mul(a, z), polynomial(b, z, SINH[format_of(x).bits]), a)
    grown, lost, shrunk = _quarter_exponentials(b, a)
    total, error = fast_two_sum(b, grown, b.neg(shrunk))
    far = b.add(total, b.add(error, lost))
    y = b.select(b.lt(a, b.full_like(a, SINH_JOIN)), near, b.add(far, far))
    return b.copysign(y, x)


def cosh(b: Builder, x: Value) -> Value:
    """(e^x + e^-x) / 2."""
    grown, lost, shrunk = _quarter_exponentials(b, b.abs(x))
    total, error = fast_two_sum(b, grown, shrunk)
    far = b.add(total, b.add(error, lost))
    return b.add(far, far)


def _quarter_exponentials(b: Builder, a: Value) -> tuple[Value, Value, Value]:
    """(g, l, s) with g + l = e^a / 4 and s = e^-a / 4; a quarter, so that none overflows."""
    form = format_of(a)
    limit, one = b.full_like(a, OVERFLOW[form.bits]), b.full_like(a, 1.0)
    bits, r = reduce_exp(b, b.select(b.lt(limit, a), limit, a))
    y, y_low = fast_two_sum(b, one, reduced_expm1(b, r, EXP[form.bits]))
    h = exponent_factor(b, bits, a, -2)
    grown = b.mul(h, y)
    shrunk = b.div(b.full_like(a, 1 / 16), grown)
    return grown, b.mul(h, y_low), b.fma(b.neg(shrunk), y_low, shrunk)
