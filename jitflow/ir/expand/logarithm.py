"""Expansions of log and log1p, and the split x = 2^e (1 + f) that pow shares."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from jitflow.ir.expand.coefficients import LN2, LOG1P, LOG_SERIES
from jitflow.ir.expand.formats import Builder, Format, format_of, polynomial, power_of_two, to_bits

if TYPE_CHECKING:
    from jitflow.ir.core import Value


def split_exponent(b: Builder, x: Value, raised: Value | None = None) -> tuple[Value, Value, Value]:
    """(f, e, field) with x = 2^e (1 + f), 1/sqrt(2) <= 1 + f < sqrt(2), for normal x > 0.

    f is exact, e a float, `field` the integer e + bias. `raised` is subtracted from e.
    """
    form = format_of(x)
    low = _bits_of(math.sqrt(0.5), form)
    shifted = b.add(to_bits(b, x), b.full_like(to_bits(b, x), form.one - low))
    field = b.shift_right(shifted, b.full_like(shifted, form.mantissa))
    fraction = b.and_(shifted, b.full_like(shifted, (1 << form.mantissa) - 1))
    m = b.bitcast(b.add(fraction, b.full_like(fraction, low)), dtype=form.dtype)
    grid = 2.0**form.mantissa
    above = b.bitcast(b.or_(field, b.full_like(field, _bits_of(grid, form))), dtype=form.dtype)
    offset = b.full_like(x, grid + form.bias)
    e = b.sub(above, offset if raised is None else b.add(raised, offset))
    return b.sub(m, b.full_like(x, 1.0)), e, field


def raise_subnormal(b: Builder, x: Value) -> tuple[Value, Value]:
    """(x 2^k, k): k brings a number below the normal range into it, and is 0 for others."""
    form = format_of(x)
    k = form.mantissa + 2
    small = b.lt(x, b.full_like(x, form.smallest_normal))
    raised = b.select(small, b.full_like(x, float(k)), b.full_like(x, 0.0))
    return b.select(small, b.mul(x, b.full_like(x, 2.0**k)), x), raised


def log(b: Builder, x: Value) -> Value:
    """ln(x) = e ln(2) + ln(1 + f)."""
    f, e, _ = split_exponent(b, *raise_subnormal(b, x))
    return _log_specials(b, x, _combine(b, f, e))


def log1p(b: Builder, x: Value) -> Value:
    """ln(u) with u = 1 + x rounded; what the rounding lost is added to f, scaled as f is."""
    form = format_of(x)
    one = b.full_like(x, 1.0)
    u = b.add(x, one)
    f, e, field = split_exponent(b, u)
    half_lost = b.mul(_rounding_error(b, x, one, u), b.full_like(x, 0.5))
    inverse = power_of_two(b, b.sub(b.full_like(field, 2 * form.bias + 1), field), x)
    y = _log_specials(b, u, _combine(b, b.fma(half_lost, inverse, f), e))
    tiny = b.lt(b.abs(x), b.full_like(x, 2.0 ** -(form.mantissa + 2)))
    return b.select(tiny, x, y)


def _rounding_error(b: Builder, x: Value, one: Value, u: Value) -> Value:
    """x + 1 - u, exactly."""
    part = b.sub(u, x)
    return b.add(b.sub(x, b.sub(u, part)), b.sub(one, part))


def _combine(b: Builder, f: Value, e: Value) -> Value:
    """e ln(2) + ln(1 + f)."""
    return _combine_f32(b, f, e) if format_of(f).bits == 32 else _combine_f64(b, f, e)


def _combine_f32(b: Builder, f: Value, e: Value) -> Value:
    """ln(1 + f) = f - f^2/2 + f^3 P(f), the small terms first."""
    high, low = LN2[32]
    square = b.mul(f, f)
    rest = b.mul(b.mul(square, f), polynomial(b, f, LOG1P[32]))
    rest = b.fma(e, b.full_like(f, low), rest)
    rest = b.fma(b.full_like(f, -0.5), square, rest)
    return b.fma(e, b.full_like(f, high), b.add(f, rest))


def _combine_f64(b: Builder, f: Value, e: Value) -> Value:
    """ln(1 + f) = f - (h - s (h + R)), s = f / (2 + f), h = f^2/2, R = s^2 P(s^2).

    The form of FreeBSD's e_log.c (K. C. Ng), with coefficients of our own.
    """
    high, low = LN2[64]
    s = b.div(f, b.add(f, b.full_like(f, 2.0)))
    z = b.mul(s, s)
    series = b.mul(z, polynomial(b, z, LOG_SERIES[64]))
    half_square = b.mul(b.mul(f, f), b.full_like(f, 0.5))
    rest = b.fma(s, b.add(half_square, series), b.mul(e, b.full_like(f, low)))
    return b.fma(e, b.full_like(f, high), b.sub(f, b.sub(half_square, rest)))


def _log_specials(b: Builder, x: Value, y: Value) -> Value:
    """y for positive finite x; inf at inf, NaN at NaN and below 0, -inf at 0."""
    zero = b.full_like(x, 0.0)
    y = b.select(b.lt(x, b.full_like(x, math.inf)), y, x)
    at_zero = b.full_like(x, -math.inf)
    outside = b.select(b.eq(x, zero), at_zero, b.full_like(x, math.nan))
    return b.select(b.gt(x, zero), y, outside)


def _bits_of(value: float, form: Format) -> int:
    return int(np.array(value, form.dtype.numpy).view(form.unsigned.numpy))
