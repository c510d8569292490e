"""Expansion of ldexp."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from jitflow.ir.expand.exponential import scale
from jitflow.ir.expand.formats import Builder, clamp, format_of, round_to_integer
from jitflow.ir.expand.logarithm import raise_subnormal, split_exponent

if TYPE_CHECKING:
    from jitflow.ir.core import Value


def ldexp(b: Builder, x: Value, n: Value) -> Value:
    """m 2^(e + n) with |x| = m 2^e, so that a result below the normal range is rounded once."""
    form = format_of(x)
    a, zero = b.abs(x), b.full_like(x, 0.0)
    f, e, _ = split_exponent(b, *raise_subnormal(b, a))
    end = 4.0 * form.bias
    exponent = b.add(e, clamp(b, b.rint(n), -end, end))
    exponent = clamp(b, exponent, -float(form.bias + form.mantissa + 4), form.bias + 3.0)
    bits, _ = round_to_integer(b, exponent, 1.0, 2 * form.bias)
    y = scale(b, b.add(f, b.full_like(x, 1.0)), bits)
    plain = b.and_(b.gt(a, zero), b.lt(a, b.full_like(x, math.inf)))
    y = b.select(plain, b.copysign(y, x), x)
    return b.select(b.eq(n, n), y, n)
