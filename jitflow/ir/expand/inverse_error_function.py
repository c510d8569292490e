"""Expansions of erfinv and erfcinv; f32 is computed in f64."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from jitflow.ir.dtypes import f64
from jitflow.ir.expand.coefficients import ERFCINV, ERFCINV_FAR, ERFINV, ERFINV_SLOPE
from jitflow.ir.expand.error_function import erfc, erfcx
from jitflow.ir.expand.exponential import exp_in_two, scale
from jitflow.ir.expand.formats import Builder, horner, polynomial, two_product
from jitflow.ir.expand.logarithm import log

if TYPE_CHECKING:
    from jitflow.ir.core import Value

JOIN = 0.5
FAR = 6.0  # of sqrt(-ln(c)): from here on, erfc(y) is taken in parts that do not underflow


def erfinv(b: Builder, x: Value) -> Value:
    """A polynomial in x^2 up to 1/2, the root of erfc(y) = 1 - |x| beyond; odd."""
    wide = b.convert(x, dtype=f64)
    a, one = b.abs(wide), b.full_like(wide, 1.0)
    central = b.lt(a, b.full_like(a, JOIN))
    y = b.select(central, _central(b, a), _root_of_erfc(b, b.sub(one, a)))
    return b.convert(b.copysign(y, wide), dtype=x.type.dtype)


def erfcinv(b: Builder, x: Value) -> Value:
    """erfinv(1 - x) from 1/2 to 3/2, the root of erfc(y) = x or 2 - x outside."""
    wide = b.convert(x, dtype=f64)
    one, two = b.full_like(wide, 1.0), b.full_like(wide, 2.0)
    above = b.gt(wide, one)
    c = b.select(above, b.sub(two, wide), wide)
    a = b.sub(one, c)
    central = b.le(a, b.full_like(a, JOIN))
    y = b.select(central, _central(b, a), _root_of_erfc(b, c))
    y = b.select(above, b.neg(y), y)
    return b.convert(y, dtype=x.type.dtype)


def _central(b: Builder, a: Value) -> Value:
    slope, slope_low = (b.full_like(a, part) for part in ERFINV_SLOPE[64])
    z = b.mul(a, a)
    rest = b.fma(z, polynomial(b, z, ERFINV[64]), slope_low)
    return b.fma(a, slope, b.mul(a, rest))


def _root_of_erfc(b: Builder, c: Value) -> Value:
    """y with erfc(y) = c: a step of Halley's from a polynomial in sqrt(-ln(c)), for c <= 1/2.

    The step solves ln(erfc(y)) = ln(c), which is smooth in y to the end. Infinite at 0, NaN below.
    """
    zero = b.full_like(c, 0.0)
    size = b.sqrt(b.neg(log(b, b.select(b.gt(c, zero), c, b.full_like(c, 0.5)))))
    is_far = b.gt(size, b.full_like(size, FAR))
    near = polynomial(b, size, ERFCINV[64])
    y = b.select(is_far, polynomial(b, size, ERFCINV_FAR[64]), near)
    ratio = erfcx(b, y)
    half_square, low = two_product(b, b.mul(y, b.full_like(y, 0.5)), y)
    bits, e, e_low = exp_in_two(b, b.neg(half_square), b.neg(low))
    root = scale(b, b.add(e, e_low), bits)
    far = b.sub(b.mul(b.mul(ratio, b.div(root, c)), root), b.full_like(c, 1.0))
    u = b.select(is_far, far, b.div(b.sub(erfc(b, y), c), c))
    g = b.mul(u, horner(b, u, (1.0, -1 / 2, 1 / 3, -1 / 4)))
    r = b.mul(ratio, b.full_like(c, ERFINV_SLOPE[64][0]))
    bend = b.fma(b.mul(b.add(y, y), r), b.full_like(c, -1.0), b.full_like(c, 1.0))
    below = b.fma(b.mul(g, b.full_like(c, 0.5)), bend, b.full_like(c, 1.0))
    y = b.add(y, b.div(b.mul(g, r), below))
    y = b.select(b.eq(c, zero), b.full_like(c, math.inf), y)
    return b.select(b.lt(c, zero), b.full_like(c, math.nan), y)
