"""The order of complex numbers on real parts: by the real ones, and among equals by the others.

In comparisons and extremes a number with a NaN is in no order; where numbers are sorted it comes
after all others. Both are NumPy's.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from jitflow.ir.parts import Parts

if TYPE_CHECKING:
    from jitflow.ir.core import Value

Builder = Any


def compare(name: str) -> Callable[[Builder, Parts, Parts], Value]:
    """The split rule of lt, le, gt or ge."""
    strict = name[0] + "t"

    def rule(b: Builder, x: Parts, y: Parts) -> Value:
        ordered = b.and_(b.eq(x.imag, x.imag), b.eq(y.imag, y.imag))
        first = b.and_(getattr(b, strict)(x.real, y.real), ordered)
        second = b.and_(b.eq(x.real, y.real), getattr(b, name)(x.imag, y.imag))
        return b.or_(first, second)

    return rule


def extreme(name: str) -> Callable[[Builder, Parts, Parts], Parts]:
    """The greater of two numbers by "ge", the lesser by "le": the first of equals, and of NaNs."""
    wins = compare(name)

    def rule(b: Builder, x: Parts, y: Parts) -> Parts:
        keeps = b.or_(wins(b, x, y), _either_is_nan(b, x))
        return Parts(b.select(keeps, x.real, y.real), b.select(keeps, x.imag, y.imag))

    return rule


def _either_is_nan(b: Builder, x: Parts) -> Value:
    return b.or_(b.ne(x.real, x.real), b.ne(x.imag, x.imag))


def sorts_before(b: Builder, x: Parts, y: Parts) -> Value:
    """Whether x comes before y in order: R + Rj, R + NaNj, NaN + Rj, NaN + NaNj."""
    x_nan, y_nan = (b.ne(z.imag, z.imag) for z in (x, y))
    x_lost, y_lost = (b.ne(z.real, z.real) for z in (x, y))
    later = b.and_(y_nan, b.not_(x_nan))
    not_sooner = b.or_(y_nan, b.not_(x_nan))
    by_real = b.or_(
        b.and_(b.lt(x.real, y.real), not_sooner), b.and_(b.gt(x.real, y.real), later)
    )
    equal = b.or_(b.eq(x.real, y.real), b.and_(x_lost, y_lost))
    by_imag = b.and_(equal, b.or_(b.lt(x.imag, y.imag), later))
    return b.or_(b.or_(by_real, by_imag), b.and_(y_lost, b.not_(x_lost)))
