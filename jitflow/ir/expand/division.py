"""Expansions of division with a whole quotient: fmod, remainder, floor_divide, gcd.

Floats are reduced exactly. Integers are divided as floats, which is exact and fast; very large
ones, and any by a constant, by the primitive `quotient`. Knows no rows.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from jitflow.ir.dtypes import DTYPES, f32, f64, u64
from jitflow.ir.expand.formats import F64, Builder, format_of, to_bits

if TYPE_CHECKING:
    from jitflow.ir.core import Value

STEP_BITS = {32: 7, 64: 17}  # a third of the quotient's bits that one step of `fmod` takes away
STEPS = {32: 14, 64: 42}  # steps from the greatest number to the least, subnormal one
GRID_LIMIT = 2**51  # integers below it, and their negatives, are offsets on the grid of f64
EUCLID = 1.45  # steps of Euclid's algorithm per bit, at most: log(2) / log(golden ratio)


def fmod(b: Builder, x: Value, y: Value) -> Value:
    """x - y trunc(x / y), exactly; the sign is that of x."""
    if x.type.dtype.is_integer:
        return _integer_rest(b, x, y, _towards_zero(b, x, y))
    return b.copysign(_reduced(b, b.abs(x), b.abs(y)), x)


def remainder(b: Builder, x: Value, y: Value) -> Value:
    """x - y floor(x / y); the sign is that of y, as for Python's %."""
    if x.type.dtype.is_integer:
        return _integer_rest(b, x, y, _downwards(b, x, y))
    rest, zero = b.fmod(x, y), b.full_like(x, 0)
    moved = b.select(_has_wrong_sign(b, rest, y), b.add(rest, y), rest)
    signed_zero = b.select(b.eq(y, zero), rest, b.copysign(zero, y))
    return b.select(b.eq(rest, zero), signed_zero, moved)


def floor_divide(b: Builder, x: Value, y: Value) -> Value:
    """floor(x / y)."""
    if x.type.dtype.is_integer:
        return _downwards(b, x, y)
    return _float_floor(b, x, y)


def _has_wrong_sign(b: Builder, rest: Value, y: Value) -> Value:
    """Whether a rest that is not 0 has another sign than y."""
    zero = b.full_like(y, 0)
    differs = b.xor(b.lt(y, zero), b.lt(rest, zero))
    return b.and_(differs, b.ne(rest, zero))


def _integer_rest(b: Builder, x: Value, y: Value, quotient: Value) -> Value:
    zero = b.full_like(x, 0)
    return b.select(b.eq(y, zero), zero, b.sub(x, b.mul(quotient, y)))


def _towards_zero(b: Builder, x: Value, y: Value) -> Value:
    """The integer x / y without its fraction; 0 where y is 0."""
    return _whole_quotient(
        b, x, y,
        lambda b, q: b.copysign(b.floor(b.abs(q)), q), lambda b: b.quotient(x, y),
    )  # fmt: skip


def _downwards(b: Builder, x: Value, y: Value) -> Value:
    """The greatest integer not above x / y; 0 where y is 0."""

    def by_integers(b: Builder) -> Value:
        quotient = b.quotient(x, y)
        if x.type.dtype.kind == "u":
            return quotient
        wrong = _has_wrong_sign(b, _integer_rest(b, x, y, quotient), y)
        return b.select(wrong, b.sub(quotient, b.full_like(x, 1)), quotient)

    return _whole_quotient(b, x, y, lambda b, q: b.floor(q), by_integers)


def _whole_quotient(
    b: Builder,
    x: Value,
    y: Value,
    whole: Callable[[Builder, Value], Value],
    by_integers: Callable[[Builder], Value],
) -> Value:
    """whole(x / y), 0 where y is 0: by floats with twice the bits, or with more than x and y have.

    CPUs divide vectors of floats only; by a constant, LLVM multiplies integers. Whole quotients are
    exact: one that is not whole is further from the next integer than rounding moves it.
    """
    if y.op is not None and y.op.row.name == "constant":
        return by_integers(b)

    def by_floats(b: Builder) -> Value:
        quotient = whole(b, b.div(_to_float(b, x), _to_float(b, y)))
        return b.select(b.eq(y, b.full_like(y, 0)), b.full_like(x, 0), _to_integer(b, quotient, x))

    if x.type.dtype.bits < 64:
        return by_floats(b)
    large = b.or_(_is_large(b, x), _is_large(b, y))
    return b.branch(b.any_lane(large), by_integers, by_floats)


def _is_large(b: Builder, x: Value) -> Value:
    """Whether a 64-bit integer is beyond those that `_to_float` takes."""
    limit = b.full_like(x, GRID_LIMIT)
    if x.type.dtype.kind == "u":
        return b.ge(x, limit)
    return b.or_(b.ge(x, limit), b.le(x, b.neg(limit)))


def _to_float(b: Builder, x: Value) -> Value:
    """An integer as a float; 64 bits by way of the bits of a sum with the grid."""
    if x.type.dtype.bits < 64:
        return b.convert(x, dtype=f64 if x.type.dtype.bits == 32 else f32)
    grid = b.full_like(x, F64.integer_grid, dtype=f64)
    bits = b.add(b.bitcast(x, dtype=u64), to_bits(b, grid))
    return b.sub(b.bitcast(bits, dtype=f64), grid)


def _to_integer(b: Builder, whole: Value, like: Value) -> Value:
    """A whole float in the dtype of `like`, modulo its width: it ends the bits of such a sum."""
    grid = b.full_like(whole, format_of(whole).integer_grid)
    bits = to_bits(b, b.add(whole, grid))
    if like.type.dtype.bits == 64:
        bits = b.sub(bits, to_bits(b, grid))
    return b.convert(bits, dtype=like.type.dtype)


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

    def by_floats(b: Builder) -> Value:
        def rest(b: Builder, x: Value, y: Value) -> Value:
            return b.fma(b.neg(b.floor(b.div(x, y))), y, x)

        return _to_integer(b, _euclid(b, _to_float(b, x), _to_float(b, y), dtype.bits, rest), x)

    def by_integers(b: Builder) -> Value:
        def rest(b: Builder, x: Value, y: Value) -> Value:
            return b.sub(x, b.mul(b.quotient(x, y), y))

        return _euclid(b, x, y, dtype.bits, rest)

    if dtype.bits < 64:
        return b.bitcast(by_floats(b), dtype=dtype)
    large = b.or_(_is_large(b, x), _is_large(b, y))
    return b.bitcast(b.branch(b.any_lane(large), by_integers, by_floats), dtype=dtype)


def _euclid(
    b: Builder, x: Value, y: Value, bits: int, rest: Callable[[Builder, Value, Value], Value]
) -> Value:
    """The divisor, by (x, y) -> (y, rest) until y is 0 in every lane."""
    zero = b.full_like(y, 0)

    def step(b: Builder, _: Value, x: Value, y: Value) -> tuple[Value, ...]:
        going = b.ne(y, zero)

        def divide(b: Builder) -> tuple[Value, ...]:
            return b.select(going, y, x), b.select(going, rest(b, x, y), zero)

        return b.branch(b.any_lane(going), divide, lambda b: (x, y))

    divisor, _ = b.loop(b.index(0), b.index(int(bits * EUCLID) + 2), step, (x, y))
    return divisor
