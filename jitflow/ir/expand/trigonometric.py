"""Expansions of sin, cos and tan over the whole range.

An angle is n quarter turns and a rest r. Ordinary angles are reduced by pi/2 in three floats; where
a lane holds a huge one, its turns are taken from a table of 2^k / (2 pi) without whole turns
(M. Payne, R. Hanek, 1983), in f64 pieces.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from jitflow.ir.dtypes import f32, f64, u32
from jitflow.ir.expand.coefficients import COS, HALF_PI, SIN, TURNS, TWO_PI
from jitflow.ir.expand.formats import (
    Builder,
    fast_two_sum,
    format_of,
    polynomial,
    round_to_integer,
    to_bits,
    two_product,
    two_sum,
)

if TYPE_CHECKING:
    from jitflow.ir.core import Value

HUGE = {32: 32768.0, 64: 2.0**28}  # from here on, three floats of pi/2 are not enough
GROUP_BITS = {32: 3, 64: 5}  # log2 of the binades that share an entry of TURNS


def sin(b: Builder, x: Value) -> Value:
    """The sine of |x|, with x's sign on top."""
    a = b.abs(x)
    sign = b.xor(to_bits(b, x), to_bits(b, a))
    quarter, r, tail = _reduce(b, a)
    return _quadrant(b, quarter, r, tail, sign)


def cos(b: Builder, x: Value) -> Value:
    """The sine of |x| and a quarter turn."""
    quarter, r, tail = _reduce(b, b.abs(x))
    return _quadrant(b, b.add(quarter, b.full_like(quarter, 1)), r, tail)


def tan(b: Builder, x: Value) -> Value:
    """sin / cos of the rest, or -cos / sin of it behind an odd number of quarter turns; odd.

    Both are sums of two floats, and what rounding their quotient lost is divided too.
    """
    a = b.abs(x)
    sign = b.xor(to_bits(b, x), to_bits(b, a))
    quarter, r, tail = _reduce(b, a)
    sine, sine_low = fast_two_sum(b, *_sin_terms(b, r, tail))
    lead, rest = _cos_terms(b, r)
    cosine, cosine_low = fast_two_sum(b, lead, b.fma(b.neg(r), tail, rest))
    odd = _is_odd(b, quarter)
    above, below = b.select(odd, b.neg(cosine), sine), b.select(odd, sine, cosine)
    above_low = b.select(odd, b.neg(cosine_low), sine_low)
    below_low = b.select(odd, sine_low, cosine_low)
    y = b.div(above, below)
    rest = b.fma(b.neg(y), below_low, b.add(b.fma(b.neg(y), below, above), above_low))
    correction = b.div(rest, below)
    y = b.select(b.eq(a, b.full_like(a, 0.0)), a, b.add(y, correction))
    return b.bitcast(b.xor(to_bits(b, y), sign), dtype=x.type.dtype)


def half_turns(b: Builder, a: Value) -> tuple[Value, Value]:
    """(s, c) with |s| = |sin(pi a)| and c / s = 1 / tan(pi a), for f64; exact zeros."""
    quarter, half = b.full_like(a, 0.25), b.full_like(a, 0.5)
    turn = b.sub(a, b.rint(a))
    size = b.abs(turn)
    steep = b.gt(size, quarter)
    angle, tail = _turns_to_radians(
        b, b.mul(b.select(steep, b.sub(half, size), size), half), b.full_like(a, 0.0)
    )
    sine, cosine = _sin_reduced(b, angle, tail), _cos_reduced(b, angle)
    y = b.copysign(b.select(steep, cosine, sine), turn)
    return y, b.select(steep, sine, cosine)


def _is_odd(b: Builder, quarter: Value) -> Value:
    return b.ne(b.and_(quarter, b.full_like(quarter, 1)), b.full_like(quarter, 0))


def _reduce(b: Builder, a: Value) -> tuple[Value, Value, Value]:
    """(n, r, tail) with a = n pi/2 + r + tail modulo whole turns, |r| <= pi/4.

    Of the integer n only the low two bits count.
    """
    ordinary = _reduce_ordinary(b, a)
    huge = b.ge(a, b.full_like(a, HUGE[format_of(a).bits]))

    def some_huge(b: Builder) -> tuple[Value, ...]:
        reduced = (_reduce_huge_f32 if a.type.dtype is f32 else _reduce_huge_f64)(b, a)
        pairs = zip(reduced, ordinary, strict=True)
        quarter, r, tail = (b.select(huge, far, near) for far, near in pairs)
        return quarter, b.add(r, b.sub(a, a)), tail  # NaN for inf

    return b.branch(b.any_lane(huge), some_huge, lambda b: ordinary)


def _reduce_ordinary(b: Builder, a: Value) -> tuple[Value, Value, Value]:
    """a less n times pi/2 in three parts.

    The first product cancels exactly. What is left is a multiple of the rounded second product's
    last bit or larger than it, so that the error of their difference is exact too.
    """
    first, second, third = HALF_PI[format_of(a).bits]
    quarter, n = round_to_integer(b, a, 2 / math.pi)
    exact = b.fma(n, b.full_like(a, -first), a)
    product = b.mul(n, b.full_like(a, second))
    r = b.sub(exact, product)
    lost = b.sub(b.sub(exact, r), product)
    lost = b.add(lost, b.fma(n, b.full_like(a, -second), product))
    return quarter, r, b.fma(n, b.full_like(a, -third), lost)


def _quadrant(
    b: Builder, quarter: Value, r: Value, tail: Value, sign: Value | None = None
) -> Value:
    """sin(r), cos(r), -sin(r) or -cos(r) by `quarter` modulo 4."""
    form = format_of(r)
    y = b.select(_is_odd(b, quarter), _cos_reduced(b, r), _sin_reduced(b, r, tail))
    half_turn = b.and_(quarter, b.full_like(quarter, 2))
    flip = b.shift_left(half_turn, b.full_like(quarter, form.bits - 2))
    if sign is not None:
        flip = b.xor(flip, sign)
    return b.bitcast(b.xor(to_bits(b, y), flip), dtype=form.dtype)


def _sin_reduced(b: Builder, r: Value, tail: Value) -> Value:
    """r + (r^3 P(r^2) + tail)."""
    return b.add(*_sin_terms(b, r, tail))


def _sin_terms(b: Builder, r: Value, tail: Value) -> tuple[Value, Value]:
    z = b.mul(r, r)
    return r, b.fma(b.mul(r, z), polynomial(b, z, SIN[format_of(r).bits]), tail)


def _cos_reduced(b: Builder, r: Value) -> Value:
    """1 - r^2/2 rounded, plus r^4 P(r^2) and what the rounding lost; a tail of r is too small."""
    return b.add(*_cos_terms(b, r))


def _cos_terms(b: Builder, r: Value) -> tuple[Value, Value]:
    z, one = b.mul(r, r), b.full_like(r, 1.0)
    minus_half = b.full_like(r, -0.5)
    lead = b.fma(z, minus_half, one)
    lost = b.fma(z, minus_half, b.sub(one, lead))
    return lead, b.fma(b.mul(z, z), polynomial(b, z, COS[format_of(r).bits]), lost)


def _group(b: Builder, a: Value) -> tuple[Value, list[Value]]:
    """(k, pieces) in f64: k an integer with k * sum(pieces) = a / (2 pi) modulo 1.

    k is a's mantissa, shifted by the exponent within the group of binades.
    """
    form = format_of(a)
    group_bits = form.mantissa + GROUP_BITS[form.bits]
    bits = to_bits(b, a)
    within = b.and_(bits, b.full_like(bits, (1 << group_bits) - 1))
    unit = form.one + (form.mantissa << form.mantissa)
    k = b.bitcast(b.add(within, b.full_like(bits, unit)), dtype=form.dtype)
    tables = TURNS[form.bits]
    index = b.shift_right(bits, b.full_like(bits, group_bits))
    index = b.and_(index, b.full_like(bits, len(tables[0]) - 1))
    pieces = [b.lookup(index, np.array(table)) for table in tables]
    return b.convert(k, dtype=f64) if form.bits == 32 else k, pieces


def _reduce_huge_f32(b: Builder, a: Value) -> tuple[Value, Value, Value]:
    """k < 2^31. The turns to 2^-75; no f32 is closer to a quarter turn than about 2^-30."""
    k, (high, low) = _group(b, a)
    product, error = two_product(b, k, high)
    turn = _fraction(b, product)
    quarter, n = round_to_integer(b, turn, 4.0)
    rest = b.fma(n, b.full_like(n, -0.25), turn)
    rest = b.add(rest, b.fma(k, low, error))
    angle = b.mul(rest, b.full_like(rest, 2 * math.pi))
    r = b.convert(angle, dtype=f32)
    tail = b.convert(b.sub(angle, b.convert(r, dtype=f64)), dtype=f32)
    return b.convert(quarter, dtype=u32), r, tail


def _reduce_huge_f64(b: Builder, a: Value) -> tuple[Value, Value, Value]:
    """k < 2^85. The turns to 2^-126; no f64 is closer to a quarter turn than about 2^-62."""
    k, pieces = _group(b, a)
    (p1, e1), (p2, e2), (p3, e3) = (two_product(b, k, piece) for piece in pieces[:3])
    turn, error1 = two_sum(b, _fraction(b, p1), _fraction(b, e1))
    turn, error2 = two_sum(b, turn, _fraction(b, p2))
    quarter, n = round_to_integer(b, turn, 4.0)
    rest = b.fma(n, b.full_like(n, -0.25), turn)
    small, error3 = two_sum(b, e2, p3)
    rest, error4 = two_sum(b, rest, small)
    rest, error5 = two_sum(b, rest, b.add(error1, error2))
    tail = b.add(b.fma(k, pieces[3], e3), error3)
    rest, tail = fast_two_sum(b, rest, b.add(tail, b.add(error4, error5)))
    return quarter, *_turns_to_radians(b, rest, tail)


def _fraction(b: Builder, x: Value) -> Value:
    """x less the nearest integer, exactly."""
    return b.sub(x, b.rint(x))


def _turns_to_radians(b: Builder, turn: Value, tail: Value) -> tuple[Value, Value]:
    high, low = (b.full_like(turn, part) for part in TWO_PI[64])
    product, error = two_product(b, turn, high)
    return fast_two_sum(b, product, b.fma(turn, low, b.fma(tail, high, error)))
