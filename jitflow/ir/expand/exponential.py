"""Expansions of exp, exp2 and expm1, and the reduction by ln(2) that tanh, erf and pow share."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from jitflow.ir.expand.coefficients import EXP, EXP2, EXPM1, LN2
from jitflow.ir.expand.formats import (
    Builder,
    clamp,
    fast_two_sum,
    format_of,
    polynomial,
    power_of_two,
    round_to_integer,
)

if TYPE_CHECKING:
    from jitflow.ir.core import Value

LOG2_E = 1 / math.log(2)
EXP_RANGE = {32: (-104.5, 89.0), 64: (-746.0, 710.0)}  # beyond: rounds to 0, overflows
EXP2_RANGE = {32: (-150.5, 128.5), 64: (-1075.5, 1024.5)}
EXPM1_RANGE = {32: (-18.0, 89.0), 64: (-38.0, 710.0)}  # beyond: rounds to -1, overflows


def reduce_exp(b: Builder, x: Value, tail: Value | None = None) -> tuple[Value, Value]:
    """(bits, r) with x + tail = n ln(2) + r, |r| <= ln(2)/2, and n + 2 bias ending `bits`."""
    form = format_of(x)
    bits, n = round_to_integer(b, x, LOG2_E, 2 * form.bias)
    high, low = LN2[form.bits]
    exact = b.fma(n, b.full_like(x, -high), x)
    if tail is None:
        return bits, b.fma(n, b.full_like(x, -low), exact)
    return bits, b.add(exact, b.fma(n, b.full_like(x, -low), tail))


def exp_in_two(b: Builder, x: Value, tail: Value) -> tuple[Value, Value, Value]:
    """(bits, y, y_low) with e^(x + tail) = 2^n (y + y_low), and `bits` as in reduce_exp."""
    form = format_of(x)
    bits, n = round_to_integer(b, x, LOG2_E, 2 * form.bias)
    high, low = LN2[form.bits]
    exact = b.fma(n, b.full_like(x, -high), x)
    r, r_low = fast_two_sum(b, exact, b.fma(n, b.full_like(x, -low), tail))
    q, q_low = fast_two_sum(b, r, b.mul(b.mul(r, r), polynomial(b, r, EXP[form.bits])))
    y, y_low = fast_two_sum(b, b.full_like(x, 1.0), q)
    return bits, y, b.add(y_low, b.fma(r_low, y, q_low))


def reduced_expm1(b: Builder, r: Value, coefficients: tuple[float, ...]) -> Value:
    """e^r - 1 for a reduced r."""
    return b.fma(b.mul(r, r), polynomial(b, r, coefficients), r)


def scale(b: Builder, y: Value, bits: Value) -> Value:
    """y * 2^n in two factors of half the exponent: results below the normal range round once."""
    half = b.shift_right(bits, b.full_like(bits, 1))
    first = power_of_two(b, half, y)
    second = power_of_two(b, b.sub(bits, half), y)
    return b.mul(b.mul(y, first), second)


def exponent_factor(b: Builder, bits: Value, like: Value, step: int = 0) -> Value:
    """2^(n + step), where that is a normal number."""
    offset = b.full_like(bits, format_of(like).bias - step)
    return power_of_two(b, b.sub(bits, offset), like)


def exp(b: Builder, x: Value) -> Value:
    """e^x = 2^n e^r."""
    form = format_of(x)
    bits, r = reduce_exp(b, clamp(b, x, *EXP_RANGE[form.bits]))
    y = b.add(reduced_expm1(b, r, EXP[form.bits]), b.full_like(x, 1.0))
    return scale(b, y, bits)


def exp2(b: Builder, x: Value) -> Value:
    """2^x = 2^n 2^r."""
    form = format_of(x)
    x = clamp(b, x, *EXP2_RANGE[form.bits])
    bits, n = round_to_integer(b, x, 1.0, 2 * form.bias)
    r = b.sub(x, n)
    y = b.fma(r, polynomial(b, r, EXP2[form.bits]), b.full_like(x, 1.0))
    return scale(b, y, bits)


def expm1(b: Builder, x: Value) -> Value:
    """e^x - 1 = 2 (h - 1/2 + h r + h r^2 P(r)), h = 2^(n-1).

    The terms are added by size, with the first sum's rounding error; halved, so that h is normal.
    """
    form = format_of(x)
    bits, r = reduce_exp(b, clamp(b, x, *EXPM1_RANGE[form.bits]))
    h = exponent_factor(b, bits, x, -1)
    power = b.sub(h, b.full_like(x, 0.5))
    lead = b.fma(r, h, power)
    lost = b.fma(r, h, b.sub(power, lead))
    curved = b.mul(b.mul(r, r), polynomial(b, r, EXPM1[form.bits]))
    half = b.add(lead, b.fma(curved, h, lost))
    tiny = b.lt(b.abs(x), b.full_like(x, 2.0 ** -(form.mantissa + 2)))
    return b.select(tiny, x, b.add(half, half))
