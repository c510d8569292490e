"""Numbers as unsigned integers in the same order: what sorting compares, and counts digits of.

Zeros of both signs are equal, and NaN comes last.
"""

from __future__ import annotations

from collections.abc import Callable

from jitflow.ir.builder import Builder
from jitflow.ir.core import Value
from jitflow.ir.dtypes import DTYPES, DType, finfo, u8

Place = tuple[Value, ...]

Read = Callable[[Builder, Value], Value]
"""read(builder, i): the element i of a line."""

Write = Callable[[Builder, Value, Value], None]
"""write(builder, value, i): makes it the element i of a result."""


class Keys:
    """Numbers of a dtype as unsigned integers of as many bits."""

    def __init__(self, dtype: DType) -> None:
        self.number = dtype
        self.dtype = u8 if dtype.kind == "b" else DTYPES[f"u{8 * dtype.itemsize}"]

    def of(self, b: Builder, x: Value) -> Value:
        """The key of a number, or of each in a vector."""
        if self.number.kind == "b":
            return b.convert(x, dtype=u8)
        bits = x if self.number is self.dtype else b.bitcast(x, dtype=self.dtype)
        if self.number.kind == "u":
            return bits
        first = b.full_like(bits, 1 << (self.dtype.bits - 1))
        if self.number.kind == "i":
            return b.xor(bits, first)
        return self._of_float(b, bits, first)

    def _of_float(self, b: Builder, bits: Value, sign: Value) -> Value:
        """Of a negative float all bits are turned over, of others the first one."""
        infinity = finfo(self.number).dtype.type("inf").view(self.dtype.numpy)
        size, zero = b.and_(bits, b.not_(sign)), b.full_like(bits, 0)
        key = b.select(b.ge(bits, sign), b.not_(bits), b.or_(bits, sign))
        key = b.select(b.eq(size, zero), sign, key)
        is_number = b.le(size, b.full_like(bits, int(infinity)))
        return b.select(is_number, key, b.not_(zero))
