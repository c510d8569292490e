"""What the expansions know of a float format, and the small steps that they share.

Owns the binary layout of f32 and f64, polynomials, error-free sums and products, and powers of
two by bit patterns. Knows no function by name.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from jitflow.ir.dtypes import DType, f32, f64, u32, u64

if TYPE_CHECKING:
    from jitflow.ir.core import Value

LONG = 7  # coefficients from which a polynomial is bound by latency
Builder = Any  # jitflow.ir.builder.Builder: its methods follow from the rows that import us


class Format(NamedTuple):
    """The layout of an IEEE binary format: `mantissa` counts the stored fraction bits."""

    dtype: DType
    unsigned: DType
    mantissa: int
    bias: int

    @property
    def bits(self) -> int:
        return self.dtype.bits

    @property
    def one(self) -> int:
        """The bit pattern of 1.0."""
        return self.bias << self.mantissa

    @property
    def smallest_normal(self) -> float:
        return 2.0 ** (1 - self.bias)

    @property
    def integer_grid(self) -> float:
        """1.5 * 2^mantissa: the sum with it rounds to an integer, which ends the bit pattern."""
        return 1.5 * 2.0**self.mantissa


F32 = Format(f32, u32, 23, 127)
F64 = Format(f64, u64, 52, 1023)


def format_of(x: Value) -> Format:
    """The format of x's dtype, which must be f32 or f64."""
    return F32 if x.type.dtype is f32 else F64


def to_bits(b: Builder, x: Value) -> Value:
    """The bit pattern of a float, as an unsigned integer."""
    return b.bitcast(x, dtype=format_of(x).unsigned)


def horner(b: Builder, x: Value, coefficients: Sequence[float]) -> Value:
    """The polynomial with these coefficients, lowest power first, by fused multiply-adds."""
    *rest, last = coefficients
    total = b.full_like(x, last)
    for coefficient in reversed(rest):
        total = b.fma(total, x, b.full_like(x, coefficient))
    return total


def polynomial(b: Builder, x: Value, coefficients: Sequence[float]) -> Value:
    """As horner; a long one in chains of even and odd powers, which run side by side."""
    if len(coefficients) < LONG:
        return horner(b, x, coefficients)
    square = b.mul(x, x)
    even = polynomial(b, square, coefficients[::2])
    return b.fma(polynomial(b, square, coefficients[1::2]), x, even)


def clamp(b: Builder, x: Value, low: float, high: float) -> Value:
    """x within [low, high]; NaN stays NaN."""
    high_value, low_value = b.full_like(x, high), b.full_like(x, low)
    x = b.select(b.lt(high_value, x), high_value, x)
    return b.select(b.gt(low_value, x), low_value, x)


def two_sum(b: Builder, x: Value, y: Value) -> tuple[Value, Value]:
    """(s, e) with s = x + y rounded and s + e = x + y. D. Knuth, TAOCP 2, 4.2.2."""
    total = b.add(x, y)
    part = b.sub(total, x)
    return total, b.add(b.sub(x, b.sub(total, part)), b.sub(y, part))


def fast_two_sum(b: Builder, x: Value, y: Value) -> tuple[Value, Value]:
    """As two_sum, for |x| >= |y| or x = 0. T. J. Dekker, 1971."""
    total = b.add(x, y)
    return total, b.sub(y, b.sub(total, x))


def two_product(b: Builder, x: Value, y: Value) -> tuple[Value, Value]:
    """(p, e) with p = x * y rounded and p + e = x * y."""
    product = b.mul(x, y)
    return product, b.fma(x, y, b.neg(product))


def round_to_integer(b: Builder, x: Value, factor: float, offset: int = 0) -> tuple[Value, Value]:
    """(bits, n) with n = x * factor rounded to an integer, small against 2^mantissa.

    The low bits of `bits` hold n + offset in two's complement.
    """
    grid = b.full_like(x, format_of(x).integer_grid + offset)
    shifted = b.fma(x, b.full_like(x, factor), grid)
    return to_bits(b, shifted), b.sub(shifted, grid)


def power_of_two(b: Builder, field: Value, like: Value) -> Value:
    """The float of `like`'s format whose exponent field is in the low bits of `field`."""
    form = format_of(like)
    shift = b.full_like(field, form.mantissa)
    return b.bitcast(b.shift_left(field, shift), dtype=form.dtype)
