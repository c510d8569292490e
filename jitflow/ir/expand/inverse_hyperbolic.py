"""Expansions of arcsinh, arccosh and arctanh: logarithms of a sum of two floats.

Near 0, where the logarithm would cancel, arcsinh and arctanh are polynomials; f32 is computed in
f64.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING

from jitflow.ir.dtypes import f32, f64
from jitflow.ir.expand.coefficients import ARCSINH, ARCTANH
from jitflow.ir.expand.formats import Builder, fast_two_sum, polynomial, two_product, two_sum
from jitflow.ir.expand.logarithm import log_of_f32, log_of_pair, log_specials

if TYPE_CHECKING:
    from jitflow.ir.core import Value

JOIN = 0.5
SHORT_JOIN = 2.0**-12  # for f32: x + c x^3 is enough below
HUGE = 2.0**28  # from here on, the root of x^2 + 1 or x^2 - 1 is x


def arcsinh(b: Builder, x: Value) -> Value:
    """ln(a + sqrt(a^2 + 1)), a = |x|; odd."""
    if x.type.dtype is f32:
        return _in_f64(b, x, -1 / 6, lambda a: b.add(a, b.sqrt(_square_and(b, a, 1.0))))
    a = b.abs(x)
    y = b.select(b.lt(a, b.full_like(a, JOIN)), _odd(b, a, ARCSINH[64]), _log_of_sum(b, a, 1.0))
    return b.copysign(y, x)


def arccosh(b: Builder, x: Value) -> Value:
    """ln(x + sqrt(x^2 - 1)); NaN below 1."""
    below = b.lt(x, b.full_like(x, 1.0))
    if x.type.dtype is f32:
        wide = b.convert(x, dtype=f64)
        beyond = b.add(wide, b.sqrt(_square_and(b, wide, -1.0)))
        y = b.convert(log_of_f32(b, beyond), dtype=f32)
    else:
        y = _log_of_sum(b, x, -1.0)
    return b.select(below, b.full_like(x, math.nan), log_specials(b, x, y))


def arctanh(b: Builder, x: Value) -> Value:
    """ln((1 + a) / (1 - a)) / 2, a = |x|; odd."""
    if x.type.dtype is f32:
        one = b.full_like(x, 1.0, dtype=f64)
        return _in_f64(b, x, 1 / 3, lambda a: b.div(b.add(one, a), b.sub(one, a)), 0.5)
    a = b.abs(x)
    q, q_low = _ratio(b, a)
    far = b.mul(log_specials(b, q, log_of_pair(b, q, q_low)), b.full_like(x, 0.5))
    y = b.select(b.lt(a, b.full_like(a, JOIN)), _odd(b, a, ARCTANH[64]), far)
    return b.copysign(y, x)


def _in_f64(
    b: Builder, x: Value, cubic: float, argument: Callable[[Value], Value], factor: float = 1.0
) -> Value:
    """factor * ln(argument(a)), or a + cubic a^3 near 0, rounded to f32 once."""
    a = b.abs(b.convert(x, dtype=f64))
    inner = argument(a)
    far = b.mul(log_specials(b, inner, log_of_f32(b, inner)), b.full_like(a, factor))
    near = b.fma(b.mul(b.mul(a, a), a), b.full_like(a, cubic), a)
    y = b.select(b.lt(a, b.full_like(a, SHORT_JOIN)), near, far)
    return b.copysign(b.convert(y, dtype=f32), x)


def _odd(b: Builder, a: Value, coefficients: tuple[float, ...]) -> Value:
    """a + a^3 P(a^2)."""
    z = b.mul(a, a)
    return b.fma(b.mul(a, z), polynomial(b, z, coefficients), a)


def _square_and(b: Builder, a: Value, term: float) -> Value:
    return b.fma(a, a, b.full_like(a, term))


def _log_of_sum(b: Builder, a: Value, term: float) -> Value:
    """ln(a + sqrt(a^2 + term)); ln(2 a) for huge a."""
    zero, one = b.full_like(a, 0.0), b.full_like(a, 1.0)
    huge = b.gt(a, b.full_like(a, HUGE))
    near = b.select(huge, one, a)
    square, lost = two_product(b, near, near)
    v, error = two_sum(b, square, b.full_like(a, term))
    root = b.sqrt(v)
    rest = b.add(b.fma(b.neg(root), root, v), b.add(error, lost))
    root_low = b.select(b.eq(root, zero), zero, b.div(rest, b.add(root, root)))
    total, carry = two_sum(b, near, root)
    low = b.select(huge, zero, b.add(carry, root_low))
    doubled = b.select(huge, one, zero)
    return log_specials(b, a, log_of_pair(b, b.select(huge, a, total), low, doubled))


def _ratio(b: Builder, a: Value) -> tuple[Value, Value]:
    """(1 + a) / (1 - a) in two floats, for a from 1/2 on."""
    one = b.full_like(a, 1.0)
    above, lost = fast_two_sum(b, one, a)
    below = b.sub(one, a)
    q = b.div(above, below)
    return q, b.div(b.add(b.fma(b.neg(q), below, above), lost), below)
