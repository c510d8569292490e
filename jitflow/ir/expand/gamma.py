"""Expansions of gammaln and digamma: Stirling's series from 8 on, recurrence from there to 0.

Below 8 eight steps of gamma(x + 1) = x gamma(x) are taken at once, by p = x (x + 1) .. (x + 7);
both parts of the difference are sums of two floats. Negative arguments are reflected. f32 is
computed in f64.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from jitflow.ir.dtypes import f64
from jitflow.ir.expand.coefficients import DIGAMMA, LOG_ROOT_TAU, STIRLING
from jitflow.ir.expand.formats import (
    Builder,
    fast_two_sum,
    polynomial,
    two_product,
    two_sum,
)
from jitflow.ir.expand.logarithm import log
from jitflow.ir.expand.power import log_in_two
from jitflow.ir.expand.trigonometric import half_turns

if TYPE_CHECKING:
    from jitflow.ir.core import Value

Pair = tuple["Value", "Value"]

STEPS = 8
GAMMALN_OVERFLOW = 2.5e305  # gammaln does not overflow below
TINY = 2.0**-200  # gammaln(-a) is gammaln(a) below


def gammaln(b: Builder, x: Value) -> Value:
    """ln|gamma(x)|; negative x by ln(pi / (a |sin(pi a)|)) - gammaln(a), a = |x|."""
    wide = b.convert(x, dtype=f64)
    a, zero, inf = b.abs(wide), b.full_like(wide, 0.0), b.full_like(wide, math.inf)
    total, rest = _gammaln_in_two(b, a)
    at_one = b.eq(wide, b.full_like(wide, 1.0))
    positive = b.select(at_one, zero, b.add(total, rest))
    sine, _ = half_turns(b, a)
    mirror = log(b, b.div(b.div(b.full_like(a, math.pi), b.abs(sine)), a))
    reflected = b.sub(b.sub(mirror, total), rest)
    reflected = b.select(b.lt(a, b.full_like(a, TINY)), positive, reflected)
    y = b.select(b.lt(wide, zero), reflected, positive)
    y = b.select(b.gt(wide, b.full_like(a, GAMMALN_OVERFLOW)), b.mul(wide, inf), y)
    pole = b.and_(b.le(wide, zero), b.eq(b.rint(wide), wide))
    return b.convert(b.select(pole, inf, y), dtype=x.type.dtype)


def digamma(b: Builder, x: Value) -> Value:
    """The derivative of gammaln; negative x by digamma(a) + 1 / a + pi / tan(pi a), a = |x|."""
    wide = b.convert(x, dtype=f64)
    a, zero, inf = b.abs(wide), b.full_like(wide, 0.0), b.full_like(wide, math.inf)
    positive = _digamma_of_positive(b, a)
    sine, cosine = half_turns(b, a)
    turned = b.mul(b.full_like(a, math.pi), b.div(cosine, sine))
    reflected = b.add(turned, b.add(positive, b.div(b.full_like(a, 1.0), a)))
    y = b.select(b.lt(wide, zero), reflected, positive)
    pole = b.and_(b.lt(wide, zero), b.eq(b.rint(wide), wide))
    y = b.select(pole, b.full_like(a, math.nan), y)
    y = b.select(b.eq(wide, zero), b.neg(b.copysign(inf, wide)), y)
    return b.convert(b.select(b.eq(wide, inf), inf, y), dtype=x.type.dtype)


def _gammaln_in_two(b: Builder, x: Value) -> Pair:
    """(z - 1/2) ln z - z + ln(2 pi)/2 + R(1/z^2)/z - ln p for x > 0."""
    z, z_low, small = _moved(b, x)
    half, constant, constant_low = (b.full_like(x, v) for v in (0.5, *LOG_ROOT_TAU[64]))
    inverse = b.div(b.full_like(x, 1.0), z)
    ln, ln_low = log_in_two(b, z)
    from_half = b.sub(z, half)
    lead, lost = two_product(b, from_half, ln)
    rest = b.fma(from_half, ln_low, b.add(lost, constant_low))
    rest = b.fma(z_low, b.fma(half, b.neg(inverse), ln), rest)
    rest = b.fma(inverse, polynomial(b, b.mul(inverse, inverse), STIRLING[64]), rest)
    total, error1 = fast_two_sum(b, lead, b.neg(z))
    total, error2 = two_sum(b, total, constant)
    (p, p_low), _ = _product(b, x)
    taken, taken_low = log_in_two(b, p)
    taken_low = b.add(taken_low, b.div(p_low, p))
    zero = b.full_like(x, 0.0)
    taken, taken_low = b.select(small, taken, zero), b.select(small, taken_low, zero)
    total, error3 = two_sum(b, total, b.neg(taken))
    return total, b.add(b.sub(rest, taken_low), b.add(error1, b.add(error2, error3)))


def _digamma_of_positive(b: Builder, x: Value) -> Value:
    """ln z - 1/(2 z) - Q(1/z^2)/z^2 - p'/p for x > 0."""
    z, z_low, small = _moved(b, x)
    zero = b.full_like(x, 0.0)
    inverse = b.div(b.full_like(x, 1.0), z)
    ln, rest = log_in_two(b, z)
    square = b.mul(inverse, inverse)
    rest = b.fma(inverse, b.sub(z_low, b.full_like(x, 0.5)), rest)
    rest = b.fma(b.neg(square), polynomial(b, square, DIGAMMA[64]), rest)
    (p, p_low), (slope, slope_low) = _product(b, x)
    c = b.div(slope, p)
    lack = b.add(b.fma(b.neg(c), p, slope), b.fma(b.neg(c), p_low, slope_low))
    c, c_low = b.select(small, c, zero), b.select(small, b.div(lack, p), zero)
    c_low = b.select(b.gt(c, b.full_like(c, 1 / TINY)), zero, c_low)
    total, error = two_sum(b, ln, b.neg(c))
    return b.add(total, b.add(error, b.sub(rest, c_low)))


def _moved(b: Builder, x: Value) -> tuple[Value, Value, Value]:
    """(z, low, small) with z + low = x, or x + 8 where x is small."""
    small = b.lt(x, b.full_like(x, float(STEPS)))
    step = b.select(small, b.full_like(x, float(STEPS)), b.full_like(x, 0.0))
    return *fast_two_sum(b, step, x), small


def _product(b: Builder, x: Value) -> tuple[Pair, Pair]:
    """p = x (x + 1) .. (x + 7) and its derivative by x, for x < 8."""
    zero, one = b.full_like(x, 0.0), b.full_like(x, 1.0)
    p, slope = (x, zero), (one, zero)
    for k in range(1, STEPS):
        factor = two_sum(b, b.full_like(x, float(k)), x)
        slope = _add(b, _multiply(b, slope, factor), p)
        p = _multiply(b, p, factor)
    return p, slope


def _multiply(b: Builder, x: Pair, y: Pair) -> Pair:
    product, error = two_product(b, x[0], y[0])
    return fast_two_sum(b, product, b.fma(x[0], y[1], b.fma(x[1], y[0], error)))


def _add(b: Builder, x: Pair, y: Pair) -> Pair:
    total, error = two_sum(b, x[0], y[0])
    return fast_two_sum(b, total, b.add(error, b.add(x[1], y[1])))
