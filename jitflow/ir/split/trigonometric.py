"""Complex trigonometric and hyperbolic functions on real parts, by their addition theorems.

sinh and cosh of a large part are held as the product of two factors, since they may be too large
before they are multiplied. NaN where an angle is infinite.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from jitflow.ir.parts import Parts

if TYPE_CHECKING:
    from jitflow.ir.core import Value

Builder = Any

_HALVED_FROM = {32: 80.0, 64: 700.0}
"""From here on e**x is taken as the square of e**(x / 2)."""

_FLAT_FROM = {32: 43.0, 64: 340.0}
"""From here on tanh is 1 to the last bit, whatever the angle; squares stay finite up to here."""


def sinh(b: Builder, z: Parts) -> Parts:
    """sinh(x) cos(y) + i cosh(x) sin(y)."""
    x, y = z
    grown = _grown(b, x)
    re = _infinite_like(b, x, grown.times(b, grown.sinh, b.cos(y)))
    im = grown.times(b, grown.cosh, b.sin(y))
    return Parts(_kept_zero(b, x, re), _kept_zero(b, y, im))


def cosh(b: Builder, z: Parts) -> Parts:
    """cosh(x) cos(y) + i sinh(x) sin(y)."""
    x, y = z
    grown = _grown(b, x)
    re = _infinite_like(b, x, grown.times(b, grown.cosh, b.cos(y)))
    im = grown.times(b, grown.sinh, b.sin(y))
    one, zero = b.full_like(x, 1), b.full_like(x, 0)
    nothing = b.mul(b.copysign(one, x), b.copysign(zero, y))
    either = b.or_(b.eq(x, zero), b.eq(y, zero))
    return Parts(re, b.select(b.and_(either, b.ne(im, im)), nothing, im))


def tanh(b: Builder, z: Parts) -> Parts:
    """(sinh(x) cosh(x) + i sin(y) cos(y)) / (sinh(x)**2 + cos(y)**2), without cancellation."""
    x, y = z
    limit = b.full_like(x, _FLAT_FROM[x.type.dtype.bits])
    grown = _grown(b, b.clamp(b.neg(limit), x, limit))
    sin, cos = b.sin(y), b.cos(y)
    total = b.add(b.mul(grown.sinh, grown.sinh), b.mul(cos, cos))
    re = b.div(b.mul(grown.sinh, grown.cosh), total)
    im = b.div(b.mul(sin, cos), total)
    zero, is_infinite = b.full_like(x, 0), b.eq(b.abs(x), b.full_like(x, np.inf))
    re = b.select(is_infinite, b.copysign(b.full_like(x, 1), x), re)
    flat = b.select(b.eq(im, im), b.copysign(zero, im), zero)
    im = b.select(is_infinite, flat, im)
    return Parts(_kept_zero(b, x, re), _kept_zero(b, y, im))


def sin(b: Builder, z: Parts) -> Parts:
    """-i sinh(iz)."""
    return turned_back(b, sinh(b, turned(b, z)))


def cos(b: Builder, z: Parts) -> Parts:
    """cosh(iz)."""
    return cosh(b, turned(b, z))


def tan(b: Builder, z: Parts) -> Parts:
    """-i tanh(iz)."""
    return turned_back(b, tanh(b, turned(b, z)))


def turned(b: Builder, z: Parts) -> Parts:
    return Parts(b.neg(z.imag), z.real)


def turned_back(b: Builder, z: Parts) -> Parts:
    return Parts(z.imag, b.neg(z.real))


class _Grown(NamedTuple):
    """sinh and cosh of a number, each less a factor that large numbers have."""

    sinh: Any
    cosh: Any
    factor: Any

    def times(self, b: Builder, side: Value, turn: Value) -> Value:
        return b.mul(b.mul(side, turn), self.factor)


def _grown(b: Builder, x: Value) -> _Grown:
    """Both from one expm1 of |x|, or of its half."""
    a, half, one = b.abs(x), b.full_like(x, 0.5), b.full_like(x, 1)
    is_large = b.gt(a, b.full_like(x, _HALVED_FROM[x.type.dtype.bits]))
    grows = b.expm1(b.select(is_large, b.mul(a, half), a))
    above = b.add(grows, one)
    falls = b.div(grows, above)
    sinh = b.mul(b.add(grows, falls), half)
    cosh = b.add(b.mul(b.sub(grows, falls), half), one)
    sinh, cosh = (b.select(is_large, b.mul(above, half), side) for side in (sinh, cosh))
    return _Grown(b.copysign(sinh, x), cosh, b.select(is_large, above, one))


def _kept_zero(b: Builder, x: Value, result: Value) -> Value:
    """A zero with its sign where the function is odd in this part."""
    return b.select(b.eq(x, b.full_like(x, 0)), x, result)


def _infinite_like(b: Builder, x: Value, result: Value) -> Value:
    """Infinity in place of NaN where x is infinite and the angle is not known."""
    infinity = b.full_like(x, np.inf)
    is_lost = b.and_(b.eq(b.abs(x), infinity), b.ne(result, result))
    return b.select(is_lost, infinity, result)
