"""Expansions of cbrt and hypot."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from jitflow.ir.dtypes import f32, f64
from jitflow.ir.expand.coefficients import INVERSE_CBRT
from jitflow.ir.expand.exponential import exponent_factor
from jitflow.ir.expand.formats import (
    Builder,
    format_of,
    polynomial,
    round_to_integer,
    two_product,
)
from jitflow.ir.expand.logarithm import raise_subnormal, split_exponent

if TYPE_CHECKING:
    from jitflow.ir.core import Value

FAR = {"above": 2.0**510, "below": 2.0**-450}  # beyond, squares would overflow or lose bits
STEP = 2.0**600


def cbrt(b: Builder, x: Value) -> Value:
    """m^(1/3) 2^q with |x| = m 2^(3q), 0.7 <= m < 5.7.

    w = m^(-1/3) is a polynomial and a step of Newton's; y = m w^2 then has half of the bits, and
    gets the rest from m - y^3.
    """
    form = format_of(x)
    a = b.abs(x)
    f, e, _ = split_exponent(b, *raise_subnormal(b, a))
    third = b.fma(e, b.full_like(x, 1 / 3), b.full_like(x, -1 / 3))
    bits, q = round_to_integer(b, third, 1.0, 2 * form.bias)
    left = b.fma(q, b.full_like(x, -3.0), e)
    m, root = b.add(f, b.full_like(x, 1.0)), b.full_like(x, 1.0)
    for power in (1.0, 2.0):
        here = b.eq(left, b.full_like(x, power))
        m = b.select(here, b.mul(b.add(f, b.full_like(x, 1.0)), b.full_like(x, 2.0**power)), m)
        root = b.select(here, b.full_like(x, 2.0 ** (-power / 3)), root)
    y = _corrected_cbrt(b, m, b.mul(root, polynomial(b, f, INVERSE_CBRT[form.bits])))
    y = b.copysign(b.mul(y, exponent_factor(b, bits, x)), x)
    plain = b.and_(b.gt(a, b.full_like(x, 0.0)), b.lt(a, b.full_like(x, math.inf)))
    return b.select(plain, y, x)


def _corrected_cbrt(b: Builder, m: Value, w: Value) -> Value:
    """m^(1/3) from w, which is m^(-1/3) to 17 bits."""
    third = b.full_like(m, 1 / 3)
    if m.type.dtype is f64:
        cube = b.mul(b.mul(w, w), w)
        lack = b.fma(b.neg(m), cube, b.full_like(m, 1.0))
        w = b.fma(b.mul(w, third), lack, w)
    square = b.mul(w, w)
    y = b.mul(m, square)
    product, error = two_product(b, y, y)
    lack = b.sub(b.fma(b.neg(y), product, m), b.mul(y, error))
    return b.fma(lack, b.mul(square, third), y)


def hypot(b: Builder, x: Value, y: Value) -> Value:
    """sqrt(x^2 + y^2); f32 by way of f64, which has the range, f64 scaled by powers of two."""
    inf = b.full_like(x, math.inf)
    is_infinite = b.or_(b.eq(b.abs(x), inf), b.eq(b.abs(y), inf))
    return b.select(is_infinite, inf, _length(b, b.abs(x), b.abs(y)))


def _length(b: Builder, x: Value, y: Value) -> Value:
    if x.type.dtype is f32:
        x, y = b.convert(x, dtype=f64), b.convert(y, dtype=f64)
        return b.convert(b.sqrt(b.fma(x, x, b.mul(y, y))), dtype=f32)
    high, low, one = b.maximum(x, y), b.minimum(x, y), b.full_like(x, 1.0)
    up, down = b.full_like(x, STEP), b.full_like(x, 1 / STEP)
    is_large = b.gt(high, b.full_like(x, FAR["above"]))
    is_small = b.lt(high, b.full_like(x, FAR["below"]))
    factor = b.select(is_large, down, b.select(is_small, up, one))
    back = b.select(is_large, up, b.select(is_small, down, one))
    high, low = b.mul(high, factor), b.mul(low, factor)
    return b.mul(b.sqrt(b.fma(high, high, b.mul(low, low))), back)
