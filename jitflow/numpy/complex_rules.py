"""Rules of ufuncs on complex operands: extremes, tests, signs.

Complex numbers are ordered by their real parts, then by their imaginary ones; those with a NaN
are in no order.
"""

from __future__ import annotations

import math
from collections.abc import Callable

from jitflow.numpy.basics import Array, emit, full_like

Rule = Callable[..., Array]


def parts(x: Array) -> tuple[Array, Array]:
    """The real and the imaginary part."""
    return emit("real", x), emit("imag", x)


def by_parts(rule: Rule) -> Rule:
    """The complex number whose parts a rule makes of the operand's."""
    return lambda x: emit("complex", *map(rule, parts(x)))


def either(rule: Rule) -> Rule:
    """Whether a test holds of one of the parts."""
    return lambda x: emit("or", *map(rule, parts(x)))


def both(rule: Rule) -> Rule:
    """Whether a test holds of both parts."""
    return lambda x: emit("and", *map(rule, parts(x)))


def _against_infinity(comparison: str) -> Rule:
    return lambda part: emit(comparison, emit("abs", part), full_like(part, math.inf))


is_nan = either(lambda part: emit("ne", part, part))
is_infinite = either(_against_infinity("eq"))
is_finite = both(_against_infinity("lt"))


def extreme(name: str, ignores_nan: bool) -> Rule:
    """maximum by "ge", minimum by "le"; one with a NaN wins, or with `ignores_nan` loses."""

    def rule(x: Array, y: Array) -> Array:
        exempt = is_nan(y) if ignores_nan else is_nan(x)
        return emit("select", emit("or", emit(name, x, y), exempt), x, y)

    return rule


def sign(x: Array) -> Array:
    """x / |x|; 0 of 0."""
    size = emit("abs", x)
    zero = full_like(size, 0)
    is_zero = emit("eq", size, zero)
    divisor = emit("select", is_zero, full_like(size, 1), size)
    quotients = [emit("div", part, divisor) for part in parts(x)]
    return emit("complex", *(emit("select", is_zero, zero, part) for part in quotients))


def reduce_extreme(row: str, x: Array, axes: tuple[int, ...]) -> Array:
    """reduce_max or reduce_min in the order of complex numbers; NaN where one has a NaN."""
    re, im = parts(x)
    first = emit(row, re, axes=axes)
    hit = emit("eq", re, _spread(first, re, axes))
    least = full_like(im, -math.inf if row == "reduce_max" else math.inf)
    second = emit(row, emit("select", hit, im, least), axes=axes)
    lost = emit("reduce_any", is_nan(x), axes=axes)
    nan = full_like(first, math.nan)
    return emit("complex", *(emit("select", lost, nan, part) for part in (first, second)))


def index_of_extreme(name: str, x: Array, axis: int) -> Array:
    """argmax or argmin: of the first number with a NaN if there is one."""
    best = reduce_extreme(name.replace("arg", "reduce_"), x, (axis,))
    hit = emit("or", emit("eq", x, _spread(best, x, (axis,))), is_nan(x))
    return emit("argmax", hit, axis=axis)


def _spread(result: Array, like: Array, axes: tuple[int, ...]) -> Array:
    """A reduction's result put back along the axes that it lost."""
    kept = tuple(a for a in range(like.type.rank) if a not in axes)
    return emit("broadcast", result, shape=like.type.shape, axes=kept)
