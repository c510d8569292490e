"""Expansion of tanh."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jitflow.ir.expand.coefficients import EXP, TANH
from jitflow.ir.expand.exponential import exponent_factor, reduce_exp, reduced_expm1
from jitflow.ir.expand.formats import Builder, format_of, polynomial

if TYPE_CHECKING:
    from jitflow.ir.core import Value

JOIN = 0.625
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
