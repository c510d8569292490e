"""Powers: NumPy's short cuts for fixed exponents, exact integer powers, the `pow` op for the rest.

A fixed exponent is a Python or NumPy number. Exponents -1, 0, 0.5, 1 and 2 cost what they cost by
hand: 0.5 is a square root, as for NumPy's arrays, so -inf gives NaN and -0.0 stays. 3 and 4 are
products, within the tolerance of `pow`.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from jitflow.errors import ArgumentError
from jitflow.numpy.basics import (
    Array,
    Operand,
    broadcast,
    broadcast_shapes,
    convert,
    emit,
    emit_check,
    fail,
    full_like,
    operand,
    shape_of,
    spread,
)
from jitflow.numpy.elementwise import RULES
from jitflow.numpy.ufuncs import CALLS, loop_of
from jitflow.trace.checks import WRONG_VALUE

NEGATIVE = "Integers to negative integer powers are not allowed."
_MULTIPLIED = (3, 4)
"""Exponents of floats that are products of two roundings at most."""

_MOST_PRODUCTS = 16
"""Exponents of integers up to here are written out as products."""


def power(x: Any, y: Any, dtype: Any = None) -> Array:
    """np.power."""
    x, y = operand(x), operand(y)
    base, exponent, result = loop_of(np.power, [x, y], dtype)
    if base.is_integer and exponent.is_integer:
        return _integer_power(x, y, base)
    if isinstance(x, Array) and not isinstance(y, Array):
        found = _fixed_power(convert(x, result), y)
        if found is not None:
            return found
    shape = broadcast_shapes("power", [shape_of(x), shape_of(y)])
    return emit("pow", spread(x, shape, base), spread(y, shape, exponent))


def operator_power(x: Any, y: Any) -> Array:
    """x ** y; NumPy's operator squares where the exponent is the Python int 2, bool too."""
    if isinstance(x, Array) and type(y) is int and y == 2:
        return CALLS[np.square](x)
    return power(x, y)


def float_power(x: Any, y: Any, dtype: Any = None) -> Array:
    """np.float_power: in float64 at least."""
    x, y = operand(x), operand(y)
    *_, result = loop_of(np.float_power, [x, y], dtype)
    return power(
        *(convert(v, result) if isinstance(v, Array) else result.numpy.type(v) for v in (x, y))
    )


def _fixed_power(x: Array, exponent: Any) -> Array | None:
    """A float to a number that has a short cut; None where it has none."""
    if exponent == 0:
        return full_like(x, 1)
    if exponent == 1:
        return x
    if exponent == 2:
        return RULES[np.square](x)
    if exponent == 0.5 and x.type.dtype.is_float:
        return emit("sqrt", x)
    if exponent == -1:
        return RULES[np.reciprocal](x)
    return _products(x, int(exponent)) if exponent in _MULTIPLIED else None


def _integer_power(x: Operand, y: Operand, dtype: Any) -> Array:
    """Modulo the width of the dtype. A negative exponent raises."""
    shape = broadcast_shapes("power", [shape_of(x), shape_of(y)])
    if isinstance(y, Array):
        exponent = convert(y, dtype)
        if exponent.type.dtype.is_signed:
            _check_not_negative(exponent)
        return emit("pow", spread(x, shape, dtype), broadcast(exponent, shape))
    if y < 0:
        fail(ArgumentError, NEGATIVE, op="power", cure="use a float array, or x**-1.0")
    base = spread(x, shape, dtype)
    if y <= _MOST_PRODUCTS:
        return _products(base, int(y))
    return emit("pow", base, spread(y, shape, dtype))


def _check_not_negative(exponent: Array) -> None:
    holds = emit("ge", exponent, full_like(exponent, 0))
    every = tuple(range(exponent.type.rank))
    emit_check(emit("reduce_all", holds, axes=every) if every else holds, WRONG_VALUE + NEGATIVE)


def _products(x: Array, exponent: int) -> Array:
    """By repeated squaring."""
    if exponent == 0:
        return full_like(x, 1)
    result = None
    while exponent:
        if exponent & 1:
            result = x if result is None else emit("mul", result, x)
        exponent >>= 1
        if exponent:
            x = emit("mul", x, x)
    assert result is not None
    return result


CALLS[np.power] = power
CALLS[np.float_power] = float_power
