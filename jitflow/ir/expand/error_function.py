"""Expansions of erf, erfc and erfinv."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from jitflow.ir.dtypes import f32, f64
from jitflow.ir.expand.coefficients import (
    ERF,
    ERFC_EXPONENT,
    ERFCINV,
    ERFCX,
    ERFCX_SHORT,
    ERFINV,
    ERFINV_SLOPE,
    EXP,
    EXP_SHORT,
)
from jitflow.ir.expand.exponential import (
    exp,
    exp_in_two,
    exponent_factor,
    reduce_exp,
    reduced_expm1,
    scale,
)
from jitflow.ir.expand.formats import (
    Builder,
    fast_two_sum,
    format_of,
    horner,
    polynomial,
    two_product,
)
from jitflow.ir.expand.logarithm import log

if TYPE_CHECKING:
    from jitflow.ir.core import Value

JOIN = 1.0
ONE_FROM = {32: 4.0, 64: 5.95}  # erf rounds to 1 from here
ERFC_JOIN = 0.75
ERFC_ZERO_FROM = {32: 10.1, 64: 27.3}  # erfc rounds to 0 from here
ERFCX_MIDDLE, ERFCX_BASE = 2.5, 9 / 8
ERFINV_JOIN = 0.5
LEAST_ERFC = 2.0**-54  # what 1 - x is not below for any x < 1


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


def erfc(b: Builder, x: Value) -> Value:
    """1 - x - x P(x^2) up to 3/4; e^(-a^2) R(a) beyond, a = |x|, and 2 less that for negative x."""
    form = format_of(x)
    a, one, two = b.abs(x), b.full_like(x, 1.0), b.full_like(x, 2.0)
    total, lost = fast_two_sum(b, one, b.neg(x))
    curve = b.mul(x, polynomial(b, b.mul(x, x), ERF[form.bits]))
    near = b.add(total, b.sub(lost, curve))
    limit = b.full_like(a, ERFC_ZERO_FROM[form.bits])
    tail = (_tail_f32 if x.type.dtype is f32 else _tail_f64)(b, b.select(b.lt(limit, a), limit, a))
    far = b.select(b.lt(x, b.full_like(x, 0.0)), b.sub(two, tail), tail)
    return b.select(b.lt(a, b.full_like(a, ERFC_JOIN)), near, far)


def _tail_f64(b: Builder, a: Value) -> Value:
    """erfc(a) = e^(-a^2) g / (1 + 2 a); exponent, power and quotient in two floats each."""
    one = b.full_like(a, 1.0)
    g, g_low = fast_two_sum(b, b.full_like(a, ERFCX_BASE), _scaled_erfc(b, a, ERFCX[64]))
    divisor, divisor_low = fast_two_sum(b, b.add(a, a), one)
    c = b.div(g, divisor)
    rest = b.fma(b.neg(c), divisor_low, b.add(b.fma(b.neg(c), divisor, g), g_low))
    square, square_low = two_product(b, a, a)
    bits, y, y_low = exp_in_two(b, b.neg(square), b.neg(square_low))
    product, error = two_product(b, c, y)
    low = b.fma(c, y_low, b.fma(b.mul(rest, c), y, error))
    return scale(b, b.add(product, low), bits)


def _tail_f32(b: Builder, a: Value) -> Value:
    """The same in f64, rounded once."""
    a = b.convert(a, dtype=f64)
    one = b.full_like(a, 1.0)
    g = b.add(b.full_like(a, ERFCX_BASE), _scaled_erfc(b, a, ERFCX_SHORT[64]))
    c = b.div(g, b.add(b.add(a, a), one))
    bits, r = reduce_exp(b, b.neg(b.mul(a, a)))
    y = b.add(reduced_expm1(b, r, EXP_SHORT[64]), one)
    return b.convert(b.mul(b.mul(c, y), exponent_factor(b, bits, a)), dtype=f32)


def _scaled_erfc(b: Builder, a: Value, coefficients: tuple[float, ...]) -> Value:
    """(1 + 2 a) e^(a^2) erfc(a), less ERFCX_BASE."""
    middle = b.full_like(a, ERFCX_MIDDLE)
    q = b.div(b.sub(a, middle), b.add(a, middle))
    return polynomial(b, q, coefficients)


def erfinv(b: Builder, x: Value) -> Value:
    """A polynomial in x^2 up to 1/2; beyond, a step of Halley's from a polynomial; odd.

    The step solves ln(erfc(y)) = ln(1 - |x|), which is smooth in y to the end. f32 in f64.
    """
    wide = b.convert(x, dtype=f64)
    a = b.abs(wide)
    y = b.select(b.lt(a, b.full_like(a, ERFINV_JOIN)), _central_erfinv(b, a), _outer_erfinv(b, a))
    return b.convert(b.copysign(y, wide), dtype=x.type.dtype)


def _central_erfinv(b: Builder, a: Value) -> Value:
    slope, slope_low = (b.full_like(a, part) for part in ERFINV_SLOPE[64])
    z = b.mul(a, a)
    rest = b.fma(z, polynomial(b, z, ERFINV[64]), slope_low)
    return b.fma(a, slope, b.mul(a, rest))


def _outer_erfinv(b: Builder, a: Value) -> Value:
    """Infinite at 1, NaN beyond."""
    one, least = b.full_like(a, 1.0), b.full_like(a, LEAST_ERFC)
    exact = b.sub(one, a)
    c = b.select(b.gt(least, exact), least, exact)
    y = polynomial(b, b.sqrt(b.neg(log(b, c))), ERFCINV[64])
    tail = erfc(b, y)
    u = b.div(b.sub(tail, c), c)
    g = b.mul(u, horner(b, u, (1.0, -1 / 2, 1 / 3, -1 / 4)))
    r = b.mul(b.mul(tail, b.full_like(a, ERFINV_SLOPE[64][0])), exp(b, b.mul(y, y)))
    bend = b.fma(b.mul(b.add(y, y), r), b.full_like(a, -1.0), one)
    below = b.fma(b.mul(g, b.full_like(a, 0.5)), bend, one)
    y = b.add(y, b.div(b.mul(g, r), below))
    y = b.select(b.eq(a, one), b.full_like(a, math.inf), y)
    return b.select(b.gt(a, one), b.full_like(a, math.nan), y)
