"""Complex exponentials, logarithms and powers on real parts.

Near 1 a logarithm is small: its real part is taken from |z|**2 - 1 there. Infinite arguments follow
C's Annex G, but for signs of what it leaves open, and NaN where an angle is infinite.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from jitflow.ir.parts import Parts
from jitflow.ir.split.arithmetic import SQUARES, mul, scale_of, squared

if TYPE_CHECKING:
    from jitflow.ir.core import Value

Builder = Any

_HALVED_FROM = {32: 80.0, 64: 700.0}
"""From here on e**x is the square of e**(x / 2): it may be too large before it is multiplied."""


def exp(b: Builder, z: Parts) -> Parts:
    """e**x (cos y, sin y)."""
    x, y = z
    half, zero = b.full_like(x, 0.5), b.full_like(x, 0)
    is_large = b.gt(x, b.full_like(x, _HALVED_FROM[x.type.dtype.bits]))
    size = b.exp(b.select(is_large, b.mul(x, half), x))
    again = b.select(is_large, size, b.full_like(x, 1))
    re, im = (b.mul(b.mul(size, turn), again) for turn in (b.cos(y), b.sin(y)))
    vanishes = b.eq(x, b.full_like(x, -np.inf))
    re, im = (b.select(b.and_(vanishes, b.ne(v, v)), zero, v) for v in (re, im))
    infinity = b.full_like(x, np.inf)
    re = b.select(b.and_(b.eq(x, infinity), b.ne(re, re)), infinity, re)
    return Parts(re, b.select(b.eq(y, zero), y, im))


def expm1(b: Builder, z: Parts) -> Parts:
    """expm1(x) cos(y) - 2 sin(y / 2)**2 beside e**x sin(y); -1 from where e**x is 0."""
    x, y = z
    turn = b.sin(b.mul(y, b.full_like(y, 0.5)))
    near = b.sub(b.mul(b.expm1(x), b.cos(y)), b.mul(b.add(turn, turn), turn))
    far = exp(b, z)
    is_near = b.lt(x, b.full_like(x, 2))
    re = b.select(is_near, near, b.sub(far.real, b.full_like(x, 1)))
    is_nothing = b.eq(x, b.full_like(x, -math.inf))
    return Parts(b.select(is_nothing, b.full_like(x, -1), re), far.imag)


def log(b: Builder, z: Parts) -> Parts:
    """log|z| and the angle."""
    return Parts(log_of_modulus(b, z), b.arctan2(z.imag, z.real))


def log1p(b: Builder, z: Parts) -> Parts:
    """log(1 + z), from |1 + z|**2 - 1 where z is small."""
    x, y = z
    whole = Parts(b.add(x, b.full_like(x, 1)), y)
    excess = b.add(b.mul(x, b.add(x, b.full_like(x, 2))), b.mul(y, y))
    near = b.mul(b.log1p(excess), b.full_like(x, 0.5))
    is_near = b.lt(b.maximum(b.abs(x), b.abs(y)), b.full_like(x, 0.5))
    far = log(b, whole)
    return Parts(b.select(is_near, near, far.real), far.imag)


def log_of_modulus(b: Builder, z: Parts) -> Value:
    re, im = b.abs(z.real), b.abs(z.imag)
    high, low = b.maximum(re, im), b.minimum(re, im)
    one, half = b.full_like(high, 1), b.full_like(high, 0.5)
    excess = b.add(b.mul(b.sub(high, one), b.add(high, one)), b.mul(low, low))
    near = b.mul(b.log1p(excess), half)
    scale = scale_of(b, z, SQUARES)
    *_, total = squared(b, z, scale)
    far = b.sub(b.mul(b.log(total), half), scale.choose(b, lambda k: k * math.log(2)))
    is_near = b.and_(b.ge(high, half), b.le(high, b.full_like(high, 2)))
    infinity = b.full_like(high, np.inf)
    is_infinite = b.or_(b.eq(re, infinity), b.eq(im, infinity))
    return b.select(is_infinite, infinity, b.select(is_near, near, far))


def log2(b: Builder, z: Parts) -> Parts:
    return _scaled_log(b, z, 1 / math.log(2))


def log10(b: Builder, z: Parts) -> Parts:
    return _scaled_log(b, z, 1 / math.log(10))


def _scaled_log(b: Builder, z: Parts, factor: float) -> Parts:
    return Parts(*(b.mul(part, b.full_like(part, factor)) for part in log(b, z)))


def exp2(b: Builder, z: Parts) -> Parts:
    """e**(z log 2), and what the product with log 2 lost, which turns a large number far."""
    whole = Parts(*(b.mul(part, b.full_like(part, math.log(2))) for part in z))
    result = exp(b, whole)
    lost = Parts(*(_lost(b, *pair) for pair in zip(z, whole, strict=True)))
    lost = mul(b, result, expm1(b, lost))
    known = (b.eq(part, part) for part in lost)
    near = (b.add(*pair) for pair in zip(result, lost, strict=True))
    re, im = (b.select(*side) for side in zip(known, near, result, strict=True))
    return Parts(re, b.select(b.eq(z.imag, b.full_like(im, 0)), z.imag, im))


def _lost(b: Builder, x: Value, product: Value) -> Value:
    """x log(2) - product."""
    high = x.type.dtype.numpy.type(math.log(2))
    low = math.log(2) - float(high) if x.type.dtype.bits == 32 else 2.3190468138462996e-17
    error = b.fma(x, b.full_like(x, high), b.neg(product))
    return b.add(error, b.mul(x, b.full_like(x, low)))


def pow(b: Builder, x: Parts, y: Parts) -> Parts:
    """e**(y log x); 1 where y is 0. Powers of 0 are 0 where y has a positive real part, else NaN.

    The relative error grows with |y log x|.
    """
    found = exp(b, mul(b, y, log(b, x)))
    zero, one = b.full_like(x.real, 0), b.full_like(x.real, 1)
    base_is_zero, flat = (b.and_(*(b.eq(part, zero) for part in z)) for z in (x, y))
    of_zero = b.select(b.gt(y.real, zero), zero, b.full_like(zero, np.nan))
    at_zero = Parts(*(b.select(base_is_zero, of_zero, part) for part in found))
    return Parts(b.select(flat, one, at_zero.real), b.select(flat, zero, at_zero.imag))
