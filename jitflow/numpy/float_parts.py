"""Rules of the ufuncs that take floats apart, or put them together: by bit patterns.

Every dtype is computed in its own bits; mantissas of 16 bits go by way of f32, which holds them.
"""

from __future__ import annotations

import math

from jitflow.ir.dtypes import DTYPES, DType, f16, f32, i32
from jitflow.numpy.basics import Array, convert, emit, full_like

FRACTION_BITS = {"f16": 10, "bf16": 7, "f32": 23, "f64": 52}


def _signed(dtype: DType) -> DType:
    return DTYPES[f"i{dtype.bits}"]


def _bits(x: Array) -> Array:
    return emit("bitcast", x, dtype=_signed(x.type.dtype))


def _infinity_like(x: Array) -> Array:
    return full_like(x, math.inf)


def signbit(x: Array) -> Array:
    bits = _bits(x)
    return emit("lt", bits, full_like(bits, 0))


def is_infinite(x: Array) -> Array:
    return emit("eq", emit("abs", x), _infinity_like(x))


def _next(bits: Array, dtype: DType) -> Array:
    """The float whose pattern follows: its neighbour away from zero."""
    return emit("bitcast", emit("add", bits, full_like(bits, 1)), dtype=dtype)


def nextafter(x: Array, y: Array) -> Array:
    """The float beside x in the direction of y; the derivative is 0.

    Of zeros of different sign it is y. NumPy gives x in float16, up to version 2.4.
    """
    dtype, zero = x.type.dtype, full_like(x, 0)
    bits = _bits(x)
    outwards = emit("eq", emit("lt", x, y), emit("gt", x, zero))
    step = emit("select", outwards, full_like(bits, 1), full_like(bits, -1))
    beside = emit("bitcast", emit("add", bits, step), dtype=dtype)
    least = emit("copysign", _next(full_like(bits, 0), dtype), y)
    result = emit("select", emit("eq", x, zero), least, beside)
    result = emit("select", emit("eq", x, y), y, result)
    ordered = emit("and", emit("eq", x, x), emit("eq", y, y))
    return emit("select", ordered, result, full_like(x, math.nan))


def spacing(x: Array) -> Array:
    """The distance to the next float, which is away from zero; the derivative is 0.

    It has the sign of x, but for zeros. NumPy's next float16 is the one above.
    """
    dtype, bits = x.type.dtype, _bits(x)
    here = emit("bitcast", bits, dtype=dtype)
    if dtype is f16:
        gap = emit("sub", nextafter(here, _infinity_like(x)), here)
    else:
        gap = emit("sub", _next(bits, dtype), here)
        gap = emit("select", emit("eq", x, full_like(x, 0)), emit("abs", gap), gap)
    return emit("select", is_infinite(x), full_like(x, math.nan), gap)


def ldexp(x: Array, n: Array) -> Array:
    """x * 2**n, rounded once. Exponents are cut where every x is 0 or infinite."""
    limit = full_like(n, min(6000, 2 ** (n.type.dtype.bits - 1) - 1))
    inside = emit("clamp", emit("neg", limit), n, limit)
    wide = f32 if x.type.dtype.bits == 16 else x.type.dtype
    return convert(emit("ldexp", convert(x, wide), convert(inside, wide)), x.type.dtype)


def frexp(x: Array) -> tuple[Array, Array]:
    """(m, e) with x = m * 2**e, 0.5 <= |m| < 1; 0, inf and NaN stay, with e = 0."""
    dtype = x.type.dtype
    wide = convert(x, f32) if dtype.bits == 16 else x
    fraction = FRACTION_BITS[wide.type.dtype.name]
    exponent_bits = wide.type.dtype.bits - 1 - fraction
    raised = full_like(wide, 2.0 ** (fraction + 2))
    least = full_like(wide, 2.0 ** (2 - 2 ** (exponent_bits - 1)))
    small = emit("lt", emit("abs", wide), least)
    bits = _bits(emit("abs", emit("select", small, emit("mul", wide, raised), wide)))
    field = convert(emit("shift_right", bits, full_like(bits, fraction)), i32)
    bias = 2 ** (exponent_bits - 1) - 2
    offset = emit("select", small, full_like(field, bias + fraction + 2), full_like(field, bias))
    plain = emit("and", emit("ne", wide, full_like(wide, 0)),
                 emit("lt", emit("abs", wide), _infinity_like(wide)))  # fmt: skip
    exponent = emit("select", plain, emit("sub", field, offset), full_like(field, 0))
    back = convert(emit("neg", exponent), wide.type.dtype)
    return convert(emit("ldexp", wide, back), dtype), exponent


def trunc(x: Array) -> Array:
    return emit("copysign", emit("floor", emit("abs", x)), x)


def modf(x: Array) -> tuple[Array, Array]:
    """(fraction, whole), both with x's sign; an infinity has the fraction 0."""
    none = emit("copysign", full_like(x, 0), x)
    fraction = emit("fmod", x, full_like(x, 1))
    return emit("select", is_infinite(x), none, fraction), trunc(x)
