"""Complex products, quotients, moduli and square roots on real parts.

Errors are small against the modulus of the result, over the whole range: where squares or
quotients would leave it, operands are scaled by powers of two first. Infinite operands follow the
formulas as NumPy's do, without the recovery of C's Annex G.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from jitflow.ir.parts import Parts

if TYPE_CHECKING:
    from jitflow.ir.core import Value

Builder = Any


class Range(NamedTuple):
    """Numbers from `high` on are multiplied by 2**down, those up to `low` by 2**up."""

    high: float
    down: int
    low: float
    up: int


SQUARES = {32: Range(2.0**60, -70, 2.0**-39, 100), 64: Range(2.0**500, -600, 2.0**-450, 700)}
"""Squares stay within the range, and what underflows is below the last bit of their sum."""

_QUOTIENTS = {32: Range(2.0**127, -1, 2.0**-101, 49), 64: Range(2.0**1023, -1, 2.0**-968, 107)}
"""M. Baudin, R. Smith, A Robust Complex Division in Scilab, 2012."""


def mul(b: Builder, x: Parts, y: Parts) -> Parts:
    """Four products, each rounded; in an order in which each shares a part with the one before."""
    re_re, re_im = b.mul(x.real, y.real), b.mul(x.real, y.imag)
    im_im, im_re = b.mul(x.imag, y.imag), b.mul(x.imag, y.real)
    return Parts(b.sub(re_re, im_im), b.add(re_im, im_re))


def div(b: Builder, x: Parts, y: Parts) -> Parts:
    """R. Smith's algorithm on scaled operands; a divisor of zero divides each part by +0.0."""
    x_scale, y_scale = (scale_of(b, z, _QUOTIENTS).power(b, 1) for z in (x, y))
    x, y = (Parts(*(b.mul(v, s) for v in z)) for z, s in ((x, x_scale), (y, y_scale)))
    back = b.div(y_scale, x_scale)
    flip = b.lt(b.abs(y.real), b.abs(y.imag))
    u, v = b.select(flip, y.imag, y.real), b.select(flip, y.real, y.imag)
    p, q = b.select(flip, x.imag, x.real), b.select(flip, x.real, x.imag)
    zero = b.full_like(u, 0)
    is_zero = b.eq(u, zero)
    ratio = b.div(v, u)
    divisor = b.select(is_zero, zero, b.add(u, b.mul(v, ratio)))
    low, high = (b.select(is_zero, zero, b.mul(side, ratio)) for side in (q, p))
    re = b.div(b.add(p, low), divisor)
    im = b.div(b.sub(b.select(flip, high, q), b.select(flip, q, high)), divisor)
    return Parts(b.mul(re, back), b.mul(im, back))


def abs(b: Builder, x: Parts) -> Value:
    """The modulus, infinite if a part is."""
    return b.hypot(x.real, x.imag)


def sqrt(b: Builder, x: Parts) -> Parts:
    """The root with a real part that is not negative; W. Kahan, Branch Cuts, 1987."""
    scale = scale_of(b, x, SQUARES)
    re, im, total = squared(b, x, scale)
    half = b.full_like(re, 0.5)
    root = b.sqrt(b.mul(b.add(re, b.sqrt(total)), half))
    other = b.div(b.mul(im, half), root)
    zero, infinity = b.full_like(root, 0), b.full_like(root, np.inf)
    other = b.select(b.eq(root, zero), zero, other)
    root = b.select(b.eq(re, infinity), infinity, root)
    is_infinite = b.eq(im, infinity)
    back = scale.power(b, -0.5)
    root, other = (b.select(is_infinite, im, b.mul(v, back)) for v in (root, other))
    left = b.lt(x.real, zero)
    re, im = b.select(left, other, root), b.select(left, root, other)
    return Parts(re, b.copysign(im, x.imag))


def dot(b: Builder, x: Parts, y: Parts, **attrs: Any) -> Parts:
    """Four products of matrices; of two vectors the sum of products, which reads them once."""
    if attrs["contract"] == ((0,), (0,)) and x.real.type.rank == y.real.type.rank == 1:
        return Parts(*(b.reduce_sum(part, axes=(0,)) for part in mul(b, x, y)))

    def of(left: Value, right: Value) -> Value:
        return b.dot_general(left, right, **attrs)

    re = b.sub(of(x.real, y.real), of(x.imag, y.imag))
    return Parts(re, b.add(of(x.real, y.imag), of(x.imag, y.real)))


# Scaling.


class Scale(NamedTuple):
    """By which power of two a number is multiplied: that of `limits` where it is large or small."""

    limits: Range
    is_large: Any
    is_small: Any
    like: Any

    def choose(self, b: Builder, of: Callable[[int], float]) -> Value:
        """`of` the exponent of the power."""
        down, up, none = (
            b.full_like(self.like, of(k)) for k in (self.limits.down, self.limits.up, 0)
        )
        return b.select(self.is_large, down, b.select(self.is_small, up, none))

    def power(self, b: Builder, exponent: float) -> Value:
        """The factor to a power."""
        return self.choose(b, lambda k: 2.0 ** (k * exponent))


def squared(b: Builder, x: Parts, scale: Scale) -> tuple[Value, Value, Value]:
    """The moduli of the parts, scaled, and the sum of their squares."""
    factor = scale.power(b, 1)
    re, im = (b.mul(b.abs(part), factor) for part in x)
    return re, im, b.add(b.mul(re, re), b.mul(im, im))


def scale_of(b: Builder, x: Parts, limits: Mapping[int, Range]) -> Scale:
    """Chosen by the larger part."""
    chosen = limits[x.real.type.dtype.bits]
    size = b.maximum(b.abs(x.real), b.abs(x.imag))
    is_large = b.ge(size, b.full_like(size, chosen.high))
    is_small = b.le(size, b.full_like(size, chosen.low))
    return Scale(chosen, is_large, is_small, size)
