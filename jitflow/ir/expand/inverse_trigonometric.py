"""Expansions of arctan, arctan2, arcsin and arccos: a polynomial, and an angle to turn from.

Multiples of pi/4 are sums of two floats, to which the polynomial's terms are added by size.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from jitflow.ir.expand.coefficients import ARCSIN, ARCTAN, HALF_PI
from jitflow.ir.expand.formats import (
    Builder,
    fast_two_sum,
    format_of,
    polynomial,
    two_product,
)

if TYPE_CHECKING:
    from jitflow.ir.core import Value

TAN_EIGHTH = math.sqrt(2) - 1
SCALES = {  # lengths above the first and below the second are scaled by the third
    32: (2.0**100, 2.0**-80, 2.0**40),
    64: (2.0**1000, 2.0**-900, 2.0**200),
}


def arctan(b: Builder, x: Value) -> Value:
    """The angle of (1, |x|); odd."""
    one, a = b.full_like(x, 1.0), b.abs(x)
    steep = b.gt(a, one)
    low, high = b.select(steep, one, a), b.select(steep, a, one)
    base = b.select(steep, b.full_like(x, 2.0), b.full_like(x, 0.0))
    return b.copysign(_angle(b, low, high, base, steep), x)


def arctan2(b: Builder, y: Value, x: Value) -> Value:
    """The angle of (|x|, |y|) by the smaller over the greater of them, then turned to its octant.

    Lengths are scaled by a power of two, so that sums and remainders are in range.
    """
    zero, one, two = (b.full_like(x, v) for v in (0.0, 1.0, 2.0))
    across, along = b.abs(x), b.abs(y)
    steep = b.gt(along, across)
    low, high = b.select(steep, across, along), b.select(steep, along, across)
    large, small, step = SCALES[format_of(x).bits]
    factor = b.select(b.gt(high, b.full_like(x, large)), b.full_like(x, 1 / step), one)
    factor = b.select(b.lt(high, b.full_like(x, small)), b.full_like(x, step), factor)
    low, high = b.mul(low, factor), b.mul(high, factor)
    high = b.select(b.eq(high, zero), one, high)
    left = b.lt(b.copysign(one, x), zero)
    behind = b.select(left, b.full_like(x, 4.0), zero)
    angle = _angle(b, low, high, b.select(steep, two, behind), b.xor(steep, left))
    return b.copysign(angle, y)


def arcsin(b: Builder, x: Value) -> Value:
    """arcsin(|x|), or pi/2 - 2 arcsin(sqrt((1 - |x|) / 2)) beyond 1/2; odd."""
    a = b.abs(x)
    far, s, rest = _half_arcsin(b, a)
    base = _eighths(b, b.select(far, b.full_like(x, 2.0), b.full_like(x, 0.0)))
    return b.copysign(_turned(b, base, s, rest, far), x)


def arccos(b: Builder, x: Value) -> Value:
    """pi/2 - arcsin(x), or 2 arcsin(sqrt((1 - |x|) / 2)) beyond 1/2, taken from pi below 0."""
    zero = b.full_like(x, 0.0)
    far, s, rest = _half_arcsin(b, b.abs(x))
    negative = b.lt(x, zero)
    behind = b.select(negative, b.full_like(x, 4.0), zero)
    base = _eighths(b, b.select(far, behind, b.full_like(x, 2.0)))
    return _turned(b, base, s, rest, b.eq(far, negative))


def _half_arcsin(b: Builder, a: Value) -> tuple[Value, Value, Value]:
    """(far, s, rest) with s + rest = arcsin(a), or twice that of sqrt((1 - a) / 2) if far."""
    half = b.full_like(a, 0.5)
    far = b.gt(a, half)
    z = b.select(far, b.fma(a, b.full_like(a, -0.5), half), b.mul(a, a))
    s = b.select(far, b.sqrt(z), a)
    s = b.select(far, b.add(s, s), s)
    return far, s, b.mul(b.mul(s, z), polynomial(b, z, ARCSIN[format_of(a).bits]))


def _angle(b: Builder, low: Value, high: Value, base: Value, back: Value) -> Value:
    """base pi/4 + arctan(low / high), or minus that where `back`, for 0 <= low <= high > 0.

    Beyond tan(pi/8) it is the arctan of (low - high) / (low + high), and pi/4. What rounding the
    quotient lost is divided too. Infinite lengths are at 45 degrees if they are two.
    """
    zero, one = b.full_like(low, 0.0), b.full_like(low, 1.0)
    infinite, both = (b.eq(v, b.full_like(v, math.inf)) for v in (high, low))
    low = b.select(infinite, b.select(both, one, b.mul(low, zero)), low)
    high = b.select(infinite, one, high)
    middle = b.gt(low, b.mul(high, b.full_like(high, TAN_EIGHTH)))
    beyond, beyond_low = fast_two_sum(b, high, b.neg(low))
    total, total_low = fast_two_sum(b, high, low)
    above, below = b.select(middle, b.neg(beyond), low), b.select(middle, total, high)
    t = b.div(above, below)
    lost = b.neg(b.fma(t, total_low, beyond_low))
    rest = b.add(b.fma(b.neg(t), below, above), b.select(middle, lost, zero))
    z = b.mul(t, t)
    curve = b.mul(b.mul(t, z), polynomial(b, z, ARCTAN[format_of(t).bits]))
    rest = b.add(b.div(rest, below), curve)
    eighth = b.select(middle, b.select(back, b.neg(one), one), zero)
    return _turned(b, _eighths(b, b.add(base, eighth)), t, rest, back)


def _eighths(b: Builder, count: Value) -> tuple[Value, Value]:
    """`count` times pi/4 in two floats, for counts of 0 to 4."""
    first, second, _ = HALF_PI[format_of(count).bits]
    high, low = b.full_like(count, first / 2), b.full_like(count, second / 2)
    product, lost = two_product(b, count, high)
    return product, b.fma(count, low, lost)


def _turned(
    b: Builder, base: tuple[Value, Value], t: Value, rest: Value, back: Value
) -> Value:
    """base + t + rest, or base - t - rest where `back`; |t| < base unless that is 0."""
    t, rest = b.select(back, b.neg(t), t), b.select(back, b.neg(rest), rest)
    total, lost = fast_two_sum(b, base[0], t)
    return b.add(total, b.add(lost, b.add(base[1], rest)))
