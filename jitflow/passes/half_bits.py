"""half_bits: conversions of 16-bit floats as arithmetic on bits, where no instruction does them.

Owns the layout of f16 and bf16, and how numbers round to them: to nearest, ties to even, once.
"""

from __future__ import annotations

from jitflow.ir.builder import Builder
from jitflow.ir.core import Function, Op, Value
from jitflow.ir.dtypes import DType, f16, f32, i32, u16, u32
from jitflow.passes.halves import has_halves, is_half
from jitflow.passes.lowering.rebuild import rebuild

_SIGN, _INFINITY = 0x80000000, 0x7F800000
_F16_LIMIT = 0x47800000
"""2.0**16 in f32: from here on numbers are infinite in f16."""
_F16_NORMAL = 0x38800000
"""2.0**-14 in f32, the least normal number of f16."""
_F16_GRID = 0.5
"""A sum with it ends where f16's subnormals end."""
_EXPONENT_STEP = (127 - 15) << 23
"""What f32 adds to f16's exponent, in place."""


def half_bits(function: Function, *, f16c: bool = False) -> Function:
    """Writes conversions to and from f16 and bf16 as ops on integers of 32 bits.

    Before: `%1: f32[] = convert %0 {dtype=f32}` for `%0: bf16[]`
    After:  `%1: u16[] = bitcast %0 {dtype=u16}`, `%2: u32[] = convert %1 {dtype=u32}`,
            `%3: u32[] = shift_left %2, %16`, `%4: f32[] = bitcast %3 {dtype=f32}`
    f16c: the target converts between f16 and f32 itself, so that these stay. Wider numbers are
    rounded to f32 first, to odd, which leaves the second rounding right (S. Boldo, G. Melquiond,
    2008). Precondition: level 3; nothing computes on 16-bit floats.
    """

    def visit(builder: Builder, op: Op, new: dict[Value, Value]) -> bool:
        if op.row.name != "convert" or not (is_half(op.operands[0]) or is_half(op.result)):
            return False
        source, target = op.operands[0].type.dtype, op.attrs["dtype"]
        if source is target or f16c and {source, target} == {f16, f32}:
            return False
        x = new.get(op.operands[0], op.operands[0])
        wide = _to_f32(builder, x, f16c) if is_half(x) else x
        new[op.result] = _from(builder, wide, target, f16c)
        new[op.result].name = op.result.name
        return True

    return rebuild(function, visit) if has_halves(function) else function


def _from(b: Builder, x: Value, target: DType, f16c: bool) -> Value:
    """A number of 32 bits or more, or an integer, in another dtype."""
    if target.bits != 16 or not target.is_float:
        return x if x.type.dtype is target else b.convert(x, dtype=target)
    x = _odd(b, x)
    if target is not f16:
        return _to_bf16(b, x, target)
    return b.convert(x, dtype=target) if f16c else _to_f16(b, x)


# To f32, which is exact.


def _to_f32(b: Builder, x: Value, f16c: bool) -> Value:
    if x.type.dtype is not f16:
        bits = b.convert(b.bitcast(x, dtype=u16), dtype=u32)
        return b.bitcast(b.shift_left(bits, b.full_like(bits, 16)), dtype=f32)
    if f16c:
        return b.convert(x, dtype=f32)
    bits = b.convert(b.bitcast(x, dtype=u16), dtype=u32)
    magnitude = b.and_(bits, b.full_like(bits, 0x7FFF))
    sign = b.shift_left(b.xor(bits, magnitude), b.full_like(bits, 16))
    return b.bitcast(b.or_(_widened_magnitude(b, magnitude), sign), dtype=f32)


def _widened_magnitude(b: Builder, bits: Value) -> Value:
    """Bits of |x| in f32; a subnormal is its bits as an integer, times 2**-24."""
    placed = b.shift_left(bits, b.full_like(bits, 13))
    step = b.full_like(bits, _EXPONENT_STEP)
    normal = b.add(placed, step)
    special = b.ge(bits, b.full_like(bits, 0x7C00))
    normal = b.add(normal, b.select(special, step, b.full_like(bits, 0)))
    count = b.convert(b.bitcast(bits, dtype=i32), dtype=f32)
    small = b.bitcast(b.mul(count, b.full_like(count, 2.0**-24)), dtype=u32)
    return b.select(b.lt(bits, b.full_like(bits, 0x0400)), small, normal)


# From f32, with one rounding.


def _to_f16(b: Builder, x: Value) -> Value:
    bits = b.bitcast(x, dtype=u32)
    sign = b.and_(bits, b.full_like(bits, _SIGN))
    size = b.xor(bits, sign)
    rounded = _nearest(b, b.sub(size, b.full_like(bits, _EXPONENT_STEP)), 13)
    grid = b.full_like(x, _F16_GRID)
    sum = b.bitcast(b.add(b.bitcast(size, dtype=f32), grid), dtype=u32)
    small = b.sub(sum, b.bitcast(grid, dtype=u32))
    finite = b.select(b.lt(size, b.full_like(bits, _F16_NORMAL)), small, rounded)
    is_nan = b.gt(size, b.full_like(bits, _INFINITY))
    beyond = b.select(is_nan, b.full_like(bits, 0x7E00), b.full_like(bits, 0x7C00))
    result = b.select(b.lt(size, b.full_like(bits, _F16_LIMIT)), finite, beyond)
    result = b.or_(result, b.shift_right(sign, b.full_like(bits, 16)))
    return b.bitcast(b.convert(result, dtype=u16), dtype=f16)


def _to_bf16(b: Builder, x: Value, target: DType) -> Value:
    """The upper half of the bits; a NaN stays one."""
    bits = b.bitcast(x, dtype=u32)
    result = b.select(b.ne(x, x), b.full_like(bits, 0x7FC0), _nearest(b, bits, 16))
    return b.bitcast(b.convert(result, dtype=u16), dtype=target)


def _nearest(b: Builder, bits: Value, shift: int) -> Value:
    """Bits without the last `shift` of them, rounded to nearest, ties to even."""
    amount = b.full_like(bits, shift)
    odd = b.and_(b.shift_right(bits, amount), b.full_like(bits, 1))
    bias = b.add(odd, b.full_like(bits, (1 << (shift - 1)) - 1))
    return b.shift_right(b.add(bits, bias), amount)


def _odd(b: Builder, x: Value) -> Value:
    """x in f32; where that is not exact, the neighbour whose last bit is odd."""
    dtype = x.type.dtype
    near = x if dtype is f32 else b.convert(x, dtype=f32)
    if dtype is f32 or dtype.bits < 32:
        return near
    bits, back = b.bitcast(near, dtype=u32), b.convert(near, dtype=dtype)
    zero, one = b.full_like(x, 0), b.full_like(bits, 1)
    below, above = b.lt(back, x), b.gt(back, x)
    even = b.eq(b.and_(bits, one), b.full_like(bits, 0))
    inexact = b.and_(b.or_(below, above), even)
    outward = b.eq(below, b.gt(x, zero))
    moved = b.select(outward, b.add(bits, one), b.sub(bits, one))
    return b.bitcast(b.select(inexact, moved, bits), dtype=f32)
