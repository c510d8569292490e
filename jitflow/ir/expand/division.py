"""Expansions of division with a whole quotient: fmod, remainder, floor_divide, gcd.

Floats are reduced exactly, integers through the one primitive `quotient`. Knows no rows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from jitflow.ir.dtypes import DTYPES
from jitflow.ir.expand.formats import Builder, format_of

if TYPE_CHECKING:
    from jitflow.ir.core import Value

STEP_BITS = {32: 7, 64: 17}  # a third of the quotient's bits that one step of `fmod` takes away
STEPS = {32: 14, 64: 42}  # steps from the greatest number to the least, subnormal one
EUCLID = 1.45  # steps of Euclid's algorithm per bit, at most: log(2) / log(golden ratio)


def fmod(b: Builder, x: Value, y: Value) -> Value:
    """x - y trunc(x / y), exactly; the sign is that of x."""
    if x.type.dtype.is_integer:
        return _integer_rest(b, x, y, b.quotient(x, y))
    return b.copysign(_reduced(b, b.abs(x), b.abs(y)), x)


def remainder(b: Builder, x: Value, y: Value) -> Value:
    """x - y floor(x / y); the sign is that of y, as for Python's %."""
    rest, zero = b.fmod(x, y), b.full_like(x, 0)
    if x.type.dtype.kind == "u":
        return rest
    moved = b.select(_has_wrong_sign(b, rest, y), b.add(rest, y), rest)
    if x.type.dtype.is_integer:
        return moved
    signed_zero = b.select(b.eq(y, zero), rest, b.copysign(zero, y))
    return b.select(b.eq(rest, zero), signed_zero, moved)


def floor_divide(b: Builder, x: Value, y: Value) -> Value:
    """floor(x / y)."""
    if x.type.dtype.is_integer:
        return _integer_floor(b, x, y)
    return _float_floor(b, x, y)


def _has_wrong_sign(b: Builder, rest: Value, y: Value) -> Value:
    """Whether a rest that is not 0 has another sign than y."""
    zero = b.full_like(y, 0)
    differs = b.xor(b.lt(y, zero), b.lt(rest, zero))
    return b.and_(differs, b.ne(rest, zero))


def _integer_rest(b: Builder, x: Value, y: Value, quotient: Value) -> Value:
    zero = b.full_like(x, 0)
    return b.select(b.eq(y, zero), zero, b.sub(x, b.mul(quotient, y)))


def _integer_floor(b: Builder, x: Value, y: Value) -> Value:
    quotient = b.quotient(x, y)
    if x.type.dtype.kind == "u":
        return quotient
    wrong = _has_wrong_sign(b, _integer_rest(b, x, y, quotient), y)
    return b.select(wrong, b.sub(quotient, b.full_like(x, 1)), quotient)


def _float_floor(b: Builder, x: Value, y: Value) -> Value:
    """NumPy's steps one by one: (x - rest) / y is near an integer and goes to the nearest."""
    zero, one = b.full_like(x, 0), b.full_like(x, 1)
    rest = b.fmod(x, y)
    near = b.div(b.sub(x, rest), y)
    near = b.select(_has_wrong_sign(b, rest, y), b.sub(near, one), near)
    whole = b.floor(near)
    up = b.gt(b.sub(near, whole), b.full_like(x, 0.5))
    whole = b.select(up, b.add(whole, one), whole)
    plain = b.div(x, y)
    whole = b.select(b.eq(near, zero), b.copysign(zero, plain), whole)
    return b.select(b.eq(y, zero), plain, whole)


def _reduced(b: Builder, x: Value, y: Value) -> Value:
    """x modulo y for x, y >= 0: in one step, or in many where a quotient has too many bits."""
    form = format_of(x)
    quotient = b.div(x, y)
    huge = b.ge(quotient, b.full_like(x, 2.0**form.mantissa))
    rest = _step(b, x, y, quotient)

    def by_steps(b: Builder) -> Value:
        return b.select(huge, _long_division(b, x, y), rest)

    return b.branch(b.any_lane(huge), by_steps, lambda b: rest)


def _step(b: Builder, x: Value, y: Value, quotient: Value) -> Value:
    """x less floor(quotient) times y, exact for quotients below 2^mantissa; x where x < y.

    The quotient is rounded and may be one too large. The difference is a multiple of y's last bit
    and not greater than y, so that fma does not round it.
    """
    rest = b.fma(b.neg(b.floor(quotient)), y, x)
    rest = b.select(b.lt(rest, b.full_like(x, 0)), b.add(rest, y), rest)
    return b.select(b.lt(x, y), x, rest)


def _long_division(b: Builder, x: Value, y: Value) -> Value:
    """x modulo y scale^3, with the scale going down to 1."""
    bits = STEP_BITS[format_of(x).bits]
    steps = STEPS[format_of(x).bits]

    def step(b: Builder, _: Value, rest: Value, scale: Value) -> tuple[Value, ...]:
        divisor = b.mul(b.mul(b.mul(y, scale), scale), scale)
        smaller = _step(b, rest, divisor, b.div(rest, divisor))
        return smaller, b.mul(scale, b.full_like(scale, 2.0**-bits))

    first = b.full_like(x, 2.0 ** (bits * (steps - 1)))
    rest, _ = b.loop(b.index(0), b.index(steps), step, (x, first))
    return rest


def gcd(b: Builder, x: Value, y: Value) -> Value:
    """The greatest common divisor of |x| and |y| by Euclid's algorithm; 0 of two zeros."""
    dtype = x.type.dtype
    unsigned = DTYPES[f"u{dtype.bits}"]
    x, y = (b.bitcast(b.abs(v), dtype=unsigned) for v in (x, y))
    zero = b.full_like(y, 0)

    def step(b: Builder, _: Value, x: Value, y: Value) -> tuple[Value, ...]:
        going = b.ne(y, zero)

        def divide(b: Builder) -> tuple[Value, ...]:
            return b.select(going, y, x), b.fmod(x, y)

        return b.branch(b.any_lane(going), divide, lambda b: (x, y))

    steps = b.index(int(dtype.bits * EUCLID) + 2)
    divisor, _ = b.loop(b.index(0), steps, step, (x, y))
    return b.bitcast(divisor, dtype=dtype)
