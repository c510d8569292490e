"""Expansions of erf, erfc and erfcx."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from jitflow.ir.dtypes import f32, f64
from jitflow.ir.expand.coefficients import (
    ERF,
    ERFC_EXPONENT,
    ERFCX,
    ERFCX_SHORT,
    EXP,
    EXP_SHORT,
    EXPM1,
    LOG_ERFC,
)
from jitflow.ir.expand.exponential import (
    LOG2_E,
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
    polynomial,
    round_to_integer,
    two_product,
)

if TYPE_CHECKING:
    from jitflow.ir.core import Value

JOIN = 1.0
ONE_FROM = {32: 4.0, 64: 5.95}  # erf rounds to 1 from here
ERFC_JOIN = 0.75
ERFC_ZERO_FROM = {32: 10.1, 64: 27.3}  # erfc rounds to 0 from here
ERFCX_MIDDLE, ERFCX_BASE = 3.0, 9 / 8
FAR = 2.0**60  # the quotient for erfcx is 1 beyond, to the last bit


def erf(b: Builder, x: Value) -> Value:
    """1 - e^(ln erfc(|x|)), odd; in f64 a polynomial in x^2 up to 1."""
    if x.type.dtype is f32:
        return b.copysign(_erf_f32(b, b.abs(x)), x)
    a, z = b.abs(x), b.mul(x, x)
    near = b.fma(a, polynomial(b, z, ERF[64]), a)
    y = b.select(b.lt(a, b.full_like(x, JOIN)), near, _beyond(b, a))
    return b.copysign(y, x)


def _erf_f32(b: Builder, a: Value) -> Value:
    """1 - 2^n - 2^n (e^r - 1), ln erfc(a) = n ln(2) + r: near 0, where n = 0, it is 1 - e^r.

    The error of n ln(2) in one float counts for nothing, as 2^n shrinks it.
    """
    limit, one = b.full_like(a, ONE_FROM[32]), b.full_like(a, 1.0)
    a = b.select(b.lt(limit, a), limit, a)
    t = b.neg(b.fma(a, polynomial(b, a, LOG_ERFC[32]), a))
    bits, n = round_to_integer(b, t, LOG2_E, 2 * format_of(a).bias)
    r = b.fma(n, b.full_like(a, -math.log(2)), t)
    h = exponent_factor(b, bits, a)
    return b.fma(b.neg(h), reduced_expm1(b, r, EXPM1[32]), b.sub(one, h))


def _beyond(b: Builder, a: Value) -> Value:
    """1 - e^P(a - 1) for an f64."""
    limit, one = b.full_like(a, ONE_FROM[64]), b.full_like(a, 1.0)
    t = b.sub(b.select(b.lt(limit, a), limit, a), one)
    bits, r = reduce_exp(b, polynomial(b, t, ERFC_EXPONENT[64]))
    y = b.add(reduced_expm1(b, r, EXP[64]), one)
    return b.fma(b.neg(y), exponent_factor(b, bits, a), one)


def erfc(b: Builder, x: Value) -> Value:
    """1 - x - x P(x^2) up to 3/4; e^(-a^2) R(a) beyond, a = |x|, and 2 less that for negative x."""
    form = format_of(x)
    a, two = b.abs(x), b.full_like(x, 2.0)
    near = b.add(*_near_erfc(b, x))
    limit = b.full_like(a, ERFC_ZERO_FROM[form.bits])
    tail = (_tail_f32 if x.type.dtype is f32 else _tail_f64)(b, b.select(b.lt(limit, a), limit, a))
    far = b.select(b.lt(x, b.full_like(x, 0.0)), b.sub(two, tail), tail)
    return b.select(b.lt(a, b.full_like(a, ERFC_JOIN)), near, far)


def erfcx(b: Builder, x: Value) -> Value:
    """R(x), or e^(x^2) erfc(x) near 0, or 2 e^(x^2) - R(|x|) below; f32 in f64."""
    wide = b.convert(x, dtype=f64)
    a, zero, two = b.abs(wide), b.full_like(wide, 0.0), b.full_like(wide, 2.0)
    is_near = b.lt(a, b.full_like(a, ERFC_JOIN))
    limit = b.full_like(a, ERFC_ZERO_FROM[64])
    inner = b.select(b.lt(limit, a), limit, a)
    square, square_low = two_product(b, inner, inner)
    bits, y, y_low = exp_in_two(b, square, square_low)
    near, near_low = _near_erfc(b, wide)
    v, v_low = b.select(is_near, near, two), b.select(is_near, near_low, zero)
    product, error = two_product(b, y, v)
    power = scale(b, b.add(product, b.fma(y, v_low, b.fma(y_low, v, error))), bits)
    far = b.add(*_quotient(b, a))
    beyond = b.select(b.lt(wide, zero), b.sub(power, far), far)
    return b.convert(b.select(is_near, power, beyond), dtype=x.type.dtype)


def _near_erfc(b: Builder, x: Value) -> tuple[Value, Value]:
    """1 - x - x P(x^2) as two floats, for |x| < 1."""
    total, lost = fast_two_sum(b, b.full_like(x, 1.0), b.neg(x))
    return total, b.sub(lost, b.mul(x, polynomial(b, b.mul(x, x), ERF[format_of(x).bits])))


def _quotient(b: Builder, a: Value) -> tuple[Value, Value]:
    """R(a) = g / (1 + 2 a) as two floats."""
    limit, one = b.full_like(a, FAR), b.full_like(a, 1.0)
    inner = b.select(b.lt(limit, a), limit, a)
    g, g_low = fast_two_sum(b, b.full_like(a, ERFCX_BASE), _scaled_erfc(b, inner, ERFCX[64]))
    divisor, divisor_low = fast_two_sum(b, b.add(inner, inner), one)
    c = b.div(g, divisor)
    rest = b.fma(b.neg(c), divisor_low, b.add(b.fma(b.neg(c), divisor, g), g_low))
    low = b.mul(rest, c)
    shrink = b.div(inner, a)
    is_far = b.lt(limit, a)
    return b.select(is_far, b.mul(c, shrink), c), b.select(is_far, b.full_like(a, 0.0), low)


def _tail_f64(b: Builder, a: Value) -> Value:
    """erfc(a) = e^(-a^2) R(a); exponent, power and quotient in two floats each."""
    c, c_low = _quotient(b, a)
    square, square_low = two_product(b, a, a)
    bits, y, y_low = exp_in_two(b, b.neg(square), b.neg(square_low))
    product, error = two_product(b, c, y)
    low = b.fma(c, y_low, b.fma(c_low, y, error))
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
