"""Expansion of pow: |x|^y = e^(y ln|x|), then sign and special values as C99's Annex F.

In f32 the logarithm is taken in f64; in f64 it is a sum of two floats, good to about 2^-64.
Integers are raised by repeated squaring, modulo their width.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from jitflow.ir.dtypes import f32, f64
from jitflow.ir.expand.coefficients import (
    EXP,
    EXP_SHORT,
    FIFTH,
    LN2,
    LOG_SERIES_TAIL,
    THIRD,
)
from jitflow.ir.expand.exponential import (
    EXP_RANGE,
    exponent_factor,
    reduce_exp,
    reduced_expm1,
    scale,
)
from jitflow.ir.expand.formats import Builder, clamp, fast_two_sum, polynomial, two_product
from jitflow.ir.expand.logarithm import log_of_f32, raise_subnormal, split_exponent

if TYPE_CHECKING:
    from jitflow.ir.core import Value


def pow(b: Builder, x: Value, y: Value) -> Value:
    """x^y."""
    if x.type.dtype.is_integer:
        return _integer_power(b, x, y)
    magnitude = (_magnitude_f32 if x.type.dtype is f32 else _magnitude_f64)(b, b.abs(x), y)
    return _specials(b, x, y, magnitude)


def _specials(b: Builder, x: Value, y: Value, magnitude: Value) -> Value:
    """The sign of an odd power, NaN for a root of a negative number, 1 where it always is."""
    zero, one, inf = (b.full_like(x, v) for v in (0.0, 1.0, math.inf))
    odd = _is_odd(b, y)
    result = b.select(odd, b.copysign(magnitude, x), magnitude)
    fraction = b.ne(b.rint(y), y)
    finite = b.lt(b.abs(x), inf)
    root = b.and_(b.and_(b.lt(x, zero), finite), fraction)
    result = b.select(root, b.full_like(x, math.nan), result)
    reciprocal = b.and_(b.eq(x, b.full_like(x, -1.0)), b.eq(b.abs(y), inf))
    always_one = b.or_(b.or_(b.eq(x, one), b.eq(y, zero)), reciprocal)
    return b.select(always_one, one, result)


def _is_odd(b: Builder, y: Value) -> Value:
    half = b.mul(y, b.full_like(y, 0.5))
    return b.and_(b.eq(b.rint(y), y), b.ne(b.rint(half), half))


def _magnitude_f32(b: Builder, a: Value, y: Value) -> Value:
    """e^(y ln(a)) in f64, rounded to f32 once."""
    a, y = b.convert(a, dtype=f64), b.convert(y, dtype=f64)
    exponent = b.mul(y, _log_ends(b, a, log_of_f32(b, a)))
    bits, r = reduce_exp(b, clamp(b, exponent, *EXP_RANGE[32]))
    power = b.add(reduced_expm1(b, r, EXP_SHORT[64]), b.full_like(r, 1.0))
    return b.convert(b.mul(power, exponent_factor(b, bits, r)), dtype=f32)


def _magnitude_f64(b: Builder, a: Value, y: Value) -> Value:
    """e^(y ln(a)), the exponent a sum of two floats."""
    high, low = log_in_two(b, a)
    exponent = b.mul(y, _log_ends(b, a, high))
    tail = b.fma(y, low, b.fma(y, high, b.neg(exponent)))
    ordinary = b.lt(b.abs(exponent), b.full_like(exponent, -EXP_RANGE[64][0]))
    tail = b.select(ordinary, tail, b.full_like(tail, 0.0))
    bits, r = reduce_exp(b, clamp(b, exponent, *EXP_RANGE[64]), tail)
    power = b.add(reduced_expm1(b, r, EXP[64]), b.full_like(r, 1.0))
    return scale(b, power, bits)


def _log_ends(b: Builder, a: Value, ln: Value) -> Value:
    """ln for positive finite a; -inf at 0, inf at inf, NaN at NaN."""
    ln = b.select(b.gt(a, b.full_like(a, 0.0)), ln, b.full_like(a, -math.inf))
    return b.select(b.lt(a, b.full_like(a, math.inf)), ln, a)


def log_in_two(b: Builder, a: Value) -> tuple[Value, Value]:
    """ln(a) = e ln(2) + 2 s (1 + t), s = f / (2 + f), t = s^2/3 + .., as two floats."""
    f, e, _ = split_exponent(b, *raise_subnormal(b, a))
    s, s_low = _quotient(b, f)
    t, t_low = _series(b, s, s_low)
    twice, twice_low = b.add(s, s), b.add(s_low, s_low)
    product, product_low = two_product(b, twice, t)
    product_low = b.fma(twice, t_low, b.fma(twice_low, t, product_low))
    ln2_high, ln2_low = (b.full_like(e, part) for part in LN2[64])
    total, error1 = fast_two_sum(b, b.mul(e, ln2_high), twice)
    total, error2 = fast_two_sum(b, total, product)
    rest = b.add(b.fma(e, ln2_low, b.add(twice_low, product_low)), b.add(error1, error2))
    return fast_two_sum(b, total, rest)


def _quotient(b: Builder, f: Value) -> tuple[Value, Value]:
    """f / (2 + f) as two floats, from one division."""
    two = b.full_like(f, 2.0)
    divisor, divisor_low = fast_two_sum(b, two, f)
    inverse = b.div(b.full_like(f, 1.0), divisor)
    s = b.mul(f, inverse)
    remainder = b.fma(b.neg(s), divisor_low, b.fma(b.neg(s), divisor, f))
    return s, b.mul(remainder, inverse)


def _series(b: Builder, s: Value, s_low: Value) -> tuple[Value, Value]:
    """t = z (1/3 + z/5 + z^2 P(z)), z = s^2, as two floats; the last term is in the second."""
    third, third_low = (b.full_like(s, part) for part in THIRD[64])
    fifth, fifth_low = (b.full_like(s, part) for part in FIFTH[64])
    z, z_low = two_product(b, s, s)
    z_low = b.fma(b.add(s, s), s_low, z_low)
    linear, error1 = two_product(b, z, fifth)
    lead, error2 = fast_two_sum(b, third, linear)
    rest = b.fma(z, fifth_low, b.fma(z_low, fifth, third_low))
    rest = b.add(rest, b.add(error1, error2))
    rest = b.fma(b.mul(z, z), polynomial(b, z, LOG_SERIES_TAIL[64]), rest)
    t, error3 = two_product(b, z, lead)
    return t, b.fma(z, rest, b.fma(z_low, lead, error3))


def _integer_power(b: Builder, x: Value, y: Value) -> Value:
    """x^y modulo the width of the dtype, by repeated squaring; a negative y counts as 0."""
    zero, one = b.full_like(x, 0), b.full_like(x, 1)

    def step(b: Builder, _: Value, result: Value, base: Value, rest: Value) -> tuple[Value, ...]:
        def square(b: Builder) -> tuple[Value, ...]:
            odd = b.ne(b.and_(rest, one), zero)
            product = b.select(odd, b.mul(result, base), result)
            return product, b.mul(base, base), b.shift_right(rest, one)

        left = b.any_lane(b.ne(rest, zero))
        return b.branch(left, square, lambda b: (result, base, rest))

    exponent = b.select(b.lt(y, zero), zero, y)
    steps = b.index(x.type.dtype.bits)
    result, _, _ = b.loop(b.index(0), steps, step, (one, x, exponent))
    return result
