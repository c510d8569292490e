"""The gamma family and Bessel functions: approximate rows.

Derivatives of digamma of any order come from the series of the first.
"""

from __future__ import annotations

import math
from typing import Any

from jitflow.ir.ops import reference
from jitflow.ir.ops.math import function

_STEPS = 8
_TRIGAMMA = (1.0, 1 / 6, -1 / 30, 1 / 42, -1 / 30, 5 / 66, -691 / 2730, 7 / 6)
"""Bernoulli's numbers: trigamma(z) = 1/(2 z^2) + sum of B_2k / z^(2k+1)."""


def _trigamma(b: Any, x: Any) -> Any:
    """The derivative of digamma, in ops that have derivatives themselves; good to about 1e-14.

    Eight steps of trigamma(x) = 1/x^2 + trigamma(x + 1), then the series; negative x by
    (pi / sin(pi x))^2 - trigamma(1 - x). M. Abramowitz, I. Stegun, 6.4.
    """
    one, negative = b.full_like(x, 1), b.lt(x, b.full_like(x, 0))
    z = b.select(negative, b.sub(one, x), x)
    total = b.full_like(x, 0)
    for _ in range(_STEPS):
        total = b.add(total, b.div(one, b.mul(z, z)))
        z = b.add(z, one)
    inverse = b.div(one, z)
    square = b.mul(inverse, inverse)
    series = b.full_like(x, _TRIGAMMA[-1])
    for number in reversed(_TRIGAMMA[:-1]):
        series = b.add(b.mul(series, square), b.full_like(x, number))
    half = b.full_like(x, 0.5)
    total = b.add(total, b.add(b.mul(series, inverse), b.mul(half, square)))
    turn = b.sub(x, b.rint(x))
    sine = b.sin(b.mul(b.select(negative, turn, half), b.full_like(x, math.pi)))
    mirror = b.div(b.full_like(x, math.pi), sine)
    return b.select(negative, b.sub(b.mul(mirror, mirror), total), total)


function("gammaln", "log |gamma(x)|; of negative x to 2 ULP of the greater of its two terms.",
         2.0, 420, lambda b, t, out, x: b.mul(t, b.digamma(x)), reference=reference.gammaln)
function("digamma", "Derivative of gammaln; of negative x to 2 ULP of the greater of its terms.",
         2.0, 350, lambda b, t, out, x: b.mul(t, _trigamma(b, x)), reference=reference.digamma)


def _tangent_i1(b: Any, t: Any, out: Any, x: Any) -> Any:
    """i0(x) - i1(x) / x, which is 1/2 at 0."""
    one, at_zero = b.full_like(x, 1), b.eq(x, b.full_like(x, 0))
    rest = b.div(out, b.select(at_zero, one, x))
    return b.mul(t, b.sub(b.i0(x), b.select(at_zero, b.full_like(x, 0.5), rest)))


function("i0", "Modified Bessel function of the first kind, order 0.", 1.5, 260,
         lambda b, t, out, x: b.mul(t, b.i1(x)), reference=reference.i0)
function("i1", "Modified Bessel function of the first kind, order 1.", 2.0, 260, _tangent_i1,
         reference=reference.i1)
