"""Expansions of log, log2, log10 and log1p, and the split x = 2^e (1 + f) that others share."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from jitflow.ir.dtypes import f32, f64
from jitflow.ir.expand.coefficients import (
    LN2,
    LOG1P,
    LOG2_E,
    LOG10_2,
    LOG10_E,
    LOG_SERIES,
    LOG_SERIES_SHORT,
)
from jitflow.ir.expand.formats import (
    Builder,
    Format,
    fast_two_sum,
    format_of,
    polynomial,
    power_of_two,
    to_bits,
    two_product,
)

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
    return log_specials(b, x, _combine(b, f, e))


def log1p(b: Builder, x: Value) -> Value:
    """ln(u) with u = 1 + x rounded, and what the rounding lost."""
    form = format_of(x)
    one = b.full_like(x, 1.0)
    u = b.add(x, one)
    y = log_specials(b, u, log_of_pair(b, u, _rounding_error(b, x, one, u)))
    tiny = b.lt(b.abs(x), b.full_like(x, 2.0 ** -(form.mantissa + 2)))
    return b.select(tiny, x, y)


def log_of_pair(b: Builder, x: Value, low: Value, raised: Value | None = None) -> Value:
    """ln((x + low) 2^raised) for normal x > 0: low is added to f, scaled as f is."""
    form = format_of(x)
    f, e, field = split_exponent(b, x)
    half_low = b.mul(low, b.full_like(x, 0.5))
    inverse = power_of_two(b, b.sub(b.full_like(field, 2 * form.bias + 1), field), x)
    f, f_low = fast_two_sum(b, f, b.mul(half_low, inverse))
    return _combine(b, f, e if raised is None else b.add(e, raised), f_low)


def log2(b: Builder, x: Value) -> Value:
    """log2(x) = e + log2(1 + f)."""
    one = b.full_like(x, 1.0)
    if format_of(x).bits == 32:
        return log_specials(b, x, _log_in_base_f32(b, x, LOG2_E[64][0], 1.0))
    return log_specials(b, x, _log_in_base(b, x, LOG2_E[64], (one, b.full_like(x, 0.0))))


def log10(b: Builder, x: Value) -> Value:
    """log10(x) = e log10(2) + log10(1 + f)."""
    if format_of(x).bits == 32:
        return log_specials(b, x, _log_in_base_f32(b, x, LOG10_E[64][0], math.log10(2)))
    high, low = (b.full_like(x, part) for part in LOG10_2[64])
    return log_specials(b, x, _log_in_base(b, x, LOG10_E[64], (high, low)))


def _log_in_base(
    b: Builder, x: Value, factor: tuple[float, ...], of_two: tuple[Value, Value]
) -> Value:
    """e of_two + ln(1 + f) factor, all in two floats; the first product is exact."""
    f, e, _ = split_exponent(b, *raise_subnormal(b, x))
    ln, ln_low = _log1p_in_two(b, f)
    high, low = (b.full_like(x, part) for part in factor)
    product, error = two_product(b, ln, high)
    error = b.fma(ln_low, high, b.fma(ln, low, error))
    total, lost = fast_two_sum(b, b.mul(e, of_two[0]), product)
    return b.add(total, b.add(lost, b.fma(e, of_two[1], error)))


def _log1p_in_two(b: Builder, f: Value) -> tuple[Value, Value]:
    """ln(1 + f) as two floats, by the terms of `_combine_f64`."""
    s, series = _series_f64(b, f)
    square, lost = two_product(b, f, f)
    half = b.full_like(f, 0.5)
    half_square = b.mul(square, half)
    total, error = fast_two_sum(b, f, b.neg(half_square))
    rest = b.fma(b.neg(lost), half, error)
    return total, b.fma(s, b.add(half_square, series), rest)


def _log_in_base_f32(b: Builder, x: Value, factor: float, of_two: float) -> Value:
    """As _log_in_base for an f32, in f64."""
    ln, e = _log_short(b, b.convert(x, dtype=f64))
    scaled = b.mul(e, b.full_like(e, of_two))
    return b.convert(b.fma(ln, b.full_like(ln, factor), scaled), dtype=f32)


def log_of_f32(b: Builder, x: Value) -> Value:
    """ln(x) of a positive normal f64, good enough to be rounded to f32."""
    ln, e = _log_short(b, x)
    return b.fma(e, b.full_like(e, math.log(2)), ln)


def _log_short(b: Builder, x: Value) -> tuple[Value, Value]:
    """(ln(1 + f), e) of an f64, to about 2^-34."""
    f, e, _ = split_exponent(b, x)
    s = b.div(f, b.add(f, b.full_like(f, 2.0)))
    z = b.mul(s, s)
    series = polynomial(b, z, LOG_SERIES_SHORT[64])
    return b.fma(b.mul(s, z), series, b.add(s, s)), e


def _rounding_error(b: Builder, x: Value, one: Value, u: Value) -> Value:
    """x + 1 - u, exactly."""
    part = b.sub(u, x)
    return b.add(b.sub(x, b.sub(u, part)), b.sub(one, part))


def _combine(b: Builder, f: Value, e: Value, f_low: Value | None = None) -> Value:
    """e ln(2) + ln(1 + f + f_low)."""
    if format_of(f).bits == 32:
        return _combine_f32(b, f, e, f_low)
    return _combine_f64(b, f, e, f_low)


def _combine_f32(b: Builder, f: Value, e: Value, f_low: Value | None) -> Value:
    """ln(1 + f) = f - f^2/2 + f^3 P(f), the small terms first."""
    high, low = LN2[32]
    square = b.mul(f, f)
    rest = b.mul(b.mul(square, f), polynomial(b, f, LOG1P[32]))
    rest = b.fma(e, b.full_like(f, low), rest if f_low is None else b.add(rest, f_low))
    rest = b.fma(b.full_like(f, -0.5), square, rest)
    return b.fma(e, b.full_like(f, high), b.add(f, rest))


def _combine_f64(b: Builder, f: Value, e: Value, f_low: Value | None) -> Value:
    """ln(1 + f) = f - (h - s (h + R)), s = f / (2 + f), h = f^2/2, R = s^2 P(s^2).

    The form of FreeBSD's e_log.c (K. C. Ng), with coefficients of our own.
    """
    high, low = LN2[64]
    s, series = _series_f64(b, f)
    half_square = b.mul(b.mul(f, f), b.full_like(f, 0.5))
    small = b.mul(e, b.full_like(f, low))
    small = small if f_low is None else b.add(small, f_low)
    rest = b.fma(s, b.add(half_square, series), small)
    return b.fma(e, b.full_like(f, high), b.sub(f, b.sub(half_square, rest)))


def _series_f64(b: Builder, f: Value) -> tuple[Value, Value]:
    """(s, R)."""
    s = b.div(f, b.add(f, b.full_like(f, 2.0)))
    z = b.mul(s, s)
    return s, b.mul(z, polynomial(b, z, LOG_SERIES[64]))


def log_specials(b: Builder, x: Value, y: Value) -> Value:
    """y for positive finite x; inf at inf, NaN at NaN and below 0, -inf at 0."""
    zero = b.full_like(x, 0.0)
    y = b.select(b.lt(x, b.full_like(x, math.inf)), y, x)
    at_zero = b.full_like(x, -math.inf)
    outside = b.select(b.eq(x, zero), at_zero, b.full_like(x, math.nan))
    return b.select(b.gt(x, zero), y, outside)


def _bits_of(value: float, form: Format) -> int:
    return int(np.array(value, form.dtype.numpy).view(form.unsigned.numpy))
