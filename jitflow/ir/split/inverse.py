"""Complex inverse trigonometric and hyperbolic functions on real parts.

W. Kahan, Branch Cuts for Complex Elementary Functions, 1987. Numbers whose squares would overflow
have logarithms in place of his roots.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from jitflow.ir.parts import Parts
from jitflow.ir.split.arithmetic import SQUARES, scale_of, sqrt
from jitflow.ir.split.exponential import log_of_modulus
from jitflow.ir.split.trigonometric import turned, turned_back

if TYPE_CHECKING:
    from jitflow.ir.core import Value

Builder = Any


def arcsinh(b: Builder, z: Parts) -> Parts:
    """By the roots of 1 - iz and 1 + iz."""
    x, y = z
    one = b.full_like(x, 1)
    first = sqrt(b, Parts(b.add(one, y), b.neg(x)))
    second = sqrt(b, Parts(b.sub(one, y), x))
    re = b.arcsinh(b.sub(b.mul(first.real, second.imag), b.mul(second.real, first.imag)))
    across = b.sub(b.mul(first.real, second.real), b.mul(first.imag, second.imag))
    far = Parts(b.copysign(_log_of_double(b, z), x), b.arctan2(y, b.abs(x)))
    re, im = _far(b, z, far, Parts(re, b.arctan2(y, across)))
    return Parts(re, b.select(b.eq(y, b.full_like(y, 0)), y, im))


def arccosh(b: Builder, z: Parts) -> Parts:
    """By the roots of z - 1 and z + 1; the angle of an imaginary number is a right one."""
    x, y = z
    one = b.full_like(x, 1)
    first, second = (sqrt(b, Parts(side, y)) for side in (b.sub(x, one), b.add(x, one)))
    along = b.add(b.mul(first.real, second.real), b.mul(first.imag, second.imag))
    turn = b.arctan2(first.imag, second.real)
    far = Parts(_log_of_double(b, z), b.arctan2(y, x))
    re, im = _far(b, z, far, Parts(b.arcsinh(along), b.add(turn, turn)))
    return Parts(re, b.select(_is_imaginary(b, z), b.copysign(_right_angle(b, x), y), im))


def arccos(b: Builder, z: Parts) -> Parts:
    """By the roots of 1 - z and 1 + z; that of an imaginary number has a right angle."""
    x, y = z
    one = b.full_like(x, 1)
    first = sqrt(b, Parts(b.sub(one, x), b.neg(y)))
    second = sqrt(b, Parts(b.add(one, x), y))
    turn = b.arctan2(first.real, second.real)
    across = b.sub(b.mul(second.real, first.imag), b.mul(second.imag, first.real))
    far = Parts(b.arctan2(b.abs(y), x), b.copysign(_log_of_double(b, z), b.neg(y)))
    re, im = _far(b, z, far, Parts(b.add(turn, turn), b.arcsinh(across)))
    return Parts(b.select(_is_imaginary(b, z), _right_angle(b, x), re), im)


def _is_imaginary(b: Builder, z: Parts) -> Value:
    return b.eq(z.real, b.full_like(z.real, 0))


def _right_angle(b: Builder, x: Value) -> Value:
    return b.full_like(x, math.pi / 2)


def arcsin(b: Builder, z: Parts) -> Parts:
    """-i arcsinh(iz)."""
    return turned_back(b, arcsinh(b, turned(b, z)))


def arctanh(b: Builder, z: Parts) -> Parts:
    """log1p(4x / ((1 - x)**2 + y**2)) / 4, and half the angle of 1 - z**2 + 2iy."""
    x, y = b.abs(z.real), z.imag
    one, two = b.full_like(x, 1), b.full_like(x, 2)
    half, quarter = b.full_like(x, 0.5), b.full_like(x, 0.25)
    rest = b.sub(one, x)
    squares = b.add(b.mul(rest, rest), b.mul(y, y))
    near = b.mul(b.log1p(b.div(b.mul(b.full_like(x, 4), x), squares)), quarter)
    at_pole = b.mul(b.sub(b.full_like(x, math.log(2)), b.log(b.abs(y))), half)
    is_pole = b.and_(b.eq(x, one), b.lt(b.abs(y), b.full_like(x, 2.0**-20)))
    size = b.hypot(x, y)
    turn = b.select(b.eq(y, y), b.copysign(b.full_like(x, math.pi / 2), y), y)
    far = Parts(b.div(b.div(x, size), size), turn)
    below = b.sub(b.mul(rest, b.add(one, x)), b.mul(y, y))
    angle = b.mul(b.arctan2(b.mul(two, y), below), half)
    found = _far(b, z, far, Parts(b.select(is_pole, at_pole, near), angle))
    infinite = b.eq(size, b.full_like(size, math.inf))
    zero = b.full_like(x, 0)
    re = b.select(b.or_(infinite, b.eq(x, zero)), zero, found.real)
    return Parts(b.copysign(re, z.real), found.imag)


def arctan(b: Builder, z: Parts) -> Parts:
    """-i arctanh(iz)."""
    return turned_back(b, arctanh(b, turned(b, z)))


def _far(b: Builder, z: Parts, far: Parts, near: Parts) -> Parts:
    """`far` where |z| is so large that its square is not represented."""
    infinity = b.full_like(z.real, math.inf)
    is_large = scale_of(b, z, SQUARES).is_large
    for part in z:
        is_large = b.or_(is_large, b.eq(b.abs(part), infinity))
    return Parts(*(b.select(is_large, f, n) for f, n in zip(far, near, strict=True)))


def _log_of_double(b: Builder, z: Parts) -> Value:
    """log(2 |z|)."""
    size = log_of_modulus(b, z)
    return b.add(size, b.full_like(size, math.log(2)))
