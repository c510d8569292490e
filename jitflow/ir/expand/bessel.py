"""Expansions of the modified Bessel functions i0 and i1: a power series, and e^x / sqrt(x) beyond.

f32 is computed in f64.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from jitflow.ir.dtypes import f64
from jitflow.ir.expand.coefficients import I0, I0_FAR, I1, I1_FAR
from jitflow.ir.expand.exponential import exp_in_two, scale
from jitflow.ir.expand.formats import (
    Builder,
    clamp,
    fast_two_sum,
    polynomial,
    two_product,
    two_sum,
)

if TYPE_CHECKING:
    from jitflow.ir.core import Value

JOIN = 14.0
FAR_BASE = 13 / 32  # near e^-x sqrt(x) times the function, beyond the join
OVERFLOW = 720.0  # both overflow before it


def i0(b: Builder, x: Value) -> Value:
    """P(x^2), or e^|x| (c + Q(28 / |x| - 1)) / sqrt(|x|) beyond the join; even."""
    a = b.abs(b.convert(x, dtype=f64))
    y = _joined(b, a, _series(b, a, I0[64]), I0_FAR[64])
    return b.convert(y, dtype=x.type.dtype)


def i1(b: Builder, x: Value) -> Value:
    """As i0, with x P(x^2); odd."""
    a = b.abs(b.convert(x, dtype=f64))
    y = _joined(b, a, b.mul(a, _series(b, a, I1[64])), I1_FAR[64])
    return b.copysign(b.convert(y, dtype=x.type.dtype), x)


def _series(b: Builder, a: Value, coefficients: tuple[float, ...]) -> Value:
    """P(a^2) by Horner's scheme, with the errors of its steps (S. Graillat, 2009).

    What rounding the square lost comes by P'/P = 1 / (2 + 2 sqrt(1 + a^2)), roughly.
    """
    one, two = b.full_like(a, 1.0), b.full_like(a, 2.0)
    z, z_low = two_product(b, a, a)
    change = b.div(z_low, b.fma(b.sqrt(b.add(z, one)), two, two))
    *rest, last = coefficients
    total, low = b.full_like(a, last), b.full_like(a, 0.0)
    for coefficient in reversed(rest):
        product, error1 = two_product(b, total, z)
        total, error2 = two_sum(b, product, b.full_like(a, coefficient))
        low = b.fma(low, z, b.add(error1, error2))
    return b.add(total, b.fma(total, change, low))


def _joined(b: Builder, a: Value, near: Value, far: tuple[float, ...]) -> Value:
    """`near`, or the function far from 0; infinite where it overflows."""
    join, one = b.full_like(a, JOIN), b.full_like(a, 1.0)
    outside = clamp(b, a, JOIN, OVERFLOW)
    ratio = b.fma(b.div(one, outside), b.full_like(a, 2 * JOIN), b.neg(one))
    q, q_low = fast_two_sum(b, b.full_like(a, FAR_BASE), polynomial(b, ratio, far))
    root = b.sqrt(outside)
    root_error = b.fma(b.neg(root), root, outside)
    c = b.div(q, root)
    lost = b.add(b.fma(b.neg(c), root, q), q_low)
    lost = b.fma(b.mul(b.neg(c), b.full_like(a, 0.5)), b.div(root_error, root), lost)
    bits, y, y_low = exp_in_two(b, outside, b.full_like(a, 0.0))
    product, error = two_product(b, c, y)
    low = b.fma(c, y_low, b.fma(b.div(lost, root), y, error))
    return b.select(b.lt(a, join), near, scale(b, b.add(product, low), bits))
