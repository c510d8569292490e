"""NumPy's elementwise functions, one rule each: what stands for a ufunc on operands of one type.

Owns the table `RULES`. A rule's operands have the dtypes of NumPy's own loop and one shape. Knows
nothing of how operands come to have them.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from jitflow.ir.dtypes import DTYPES, DType, bool_, f32
from jitflow.numpy import complex_rules, float_parts
from jitflow.numpy.basics import Array, convert, emit, full_like

Rule = Callable[..., Any]


class OneOp:
    """The rule that is one op."""

    __slots__ = ("name",)

    def __init__(self, name: str) -> None:
        self.name = name

    def __call__(self, *operands: Array) -> Array:
        result: Array = emit(self.name, *operands)
        return result


def row(name: str) -> OneOp:
    return OneOp(name)


def identity(x: Array) -> Array:
    return x


class ByKind:
    """Chooses by the kind of the first operand's dtype: b, i, u, f or c; `other` for the rest."""

    __slots__ = ("rules",)

    def __init__(self, **rules: Rule) -> None:
        self.rules = rules

    def on(self, dtype: DType) -> Rule:
        return self.rules.get(dtype.kind, self.rules["other"])

    def __call__(self, *operands: Array) -> Any:
        return self.on(operands[0].type.dtype)(*operands)


def _ceil(x: Array) -> Array:
    return emit("neg", emit("floor", emit("neg", x)))


def _sign_integer(x: Array) -> Array:
    return emit("clamp", full_like(x, -1), x, full_like(x, 1))


def _sign_float(x: Array) -> Array:
    """NaN stays; both zeros give +0.0."""
    zero = full_like(x, 0)
    result = emit("select", emit("eq", x, zero), zero, x)
    result = emit("select", emit("lt", x, zero), full_like(x, -1), result)
    return emit("select", emit("gt", x, zero), full_like(x, 1), result)


def _square(x: Array) -> Array:
    return emit("mul", x, x)


def _reciprocal_integer(x: Array) -> Array:
    """1 and -1 are their own, 1/0 is 0 here, and so is what is between 0 and 1."""
    size = x if x.type.dtype.kind == "u" else emit("abs", x)
    return emit("select", emit("eq", size, full_like(x, 1)), x, full_like(x, 0))


def _reciprocal(x: Array) -> Array:
    return emit("div", full_like(x, 1), x)


def _scaled(numerator: float, denominator: float) -> Rule:
    """x times a quotient that is rounded in x's own dtype, 32 bits at least, as NumPy does it."""

    def rule(x: Array) -> Array:
        dtype = x.type.dtype
        wide = f32 if dtype.bits == 16 else dtype
        factor = wide.numpy.type(numerator) / wide.numpy.type(denominator)
        return convert(emit("mul", convert(x, wide), full_like(x, factor, wide)), dtype)

    return rule


def _is_nan(x: Array) -> Array:
    return emit("ne", x, x)


def _against_infinity(comparison: str) -> Rule:
    return lambda x: emit(comparison, emit("abs", x), full_like(x, math.inf))


def _always(answer: bool) -> Rule:
    return lambda x: full_like(x, answer, bool_)


def _ignoring_nan(name: str) -> Rule:
    """fmax and fmin: the other operand where one is NaN."""

    def rule(x: Array, y: Array) -> Array:
        result = emit("select", _is_nan(y), x, emit(name, x, y))
        return emit("select", _is_nan(x), y, result)

    return rule


def _heaviside(x: Array, at_zero: Array) -> Array:
    zero = full_like(x, 0)
    result = emit("select", emit("gt", x, zero), full_like(x, 1), x)
    result = emit("select", emit("lt", x, zero), zero, result)
    return emit("select", emit("eq", x, zero), at_zero, result)


def _divmod(x: Array, y: Array) -> tuple[Array, Array]:
    return emit("floor_divide", x, y), emit("remainder", x, y)


def _lcm(x: Array, y: Array) -> Array:
    """|x| / gcd * |y| without a sign, which wraps; 0 where both are 0."""
    dtype = x.type.dtype
    x, y = (emit("bitcast", emit("abs", v), dtype=DTYPES[f"u{dtype.bits}"]) for v in (x, y))
    factor = emit("quotient", x, emit("gcd", x, y))
    return emit("bitcast", emit("mul", factor, y), dtype=dtype)


class Comparison(OneOp):
    """One op on operands of one dtype; int64 against uint64 compares values, as NumPy does."""

    __slots__ = ()

    def __call__(self, *operands: Array) -> Array:
        x, y = operands
        if x.type.dtype is y.type.dtype:
            return super().__call__(x, y)
        if x.type.dtype.is_signed:
            return _compare_signed(self.name, x, y)
        return _compare_signed(_MIRRORED.get(self.name, self.name), y, x)


_MIRRORED = {"lt": "gt", "le": "ge", "gt": "lt", "ge": "le"}


def _compare_signed(name: str, signed: Array, unsigned: Array) -> Array:
    """A negative number is below every unsigned one; the others compare as unsigned."""
    converted = emit("convert", signed, dtype=unsigned.type.dtype)
    negative = emit("lt", signed, full_like(signed, 0))
    below = full_like(signed, name in ("lt", "le", "ne"), bool_)
    return emit("select", negative, below, emit(name, converted, unsigned))


_FUNCTIONS = (
    "exp", "exp2", "expm1", "log", "log2", "log10", "log1p", "logaddexp", "logaddexp2", "cbrt",
    "hypot", "sin", "cos", "tan", "arcsin", "arccos", "arctan", "arctan2", "sinh", "cosh", "tanh",
    "arcsinh", "arccosh", "arctanh",
)  # fmt: skip
"""Mathematical functions that are rows of their own, under NumPy's names."""

_WHOLE = {kind: identity for kind in "biu"}

RULES: dict[np.ufunc, Rule] = {
    np.add: ByKind(b=row("or"), other=row("add")),
    np.subtract: row("sub"),
    np.multiply: ByKind(b=row("and"), other=row("mul")),
    np.true_divide: row("div"),
    np.negative: row("neg"),
    np.positive: identity,
    np.absolute: ByKind(b=identity, u=identity, other=row("abs")),
    np.fabs: row("abs"),
    np.sign: ByKind(
        i=_sign_integer, u=lambda x: emit("minimum", x, full_like(x, 1)),
        c=complex_rules.sign, other=_sign_float,
    ),
    np.conjugate: ByKind(c=row("conj"), other=identity),
    np.copysign: row("copysign"),
    np.square: _square,
    np.reciprocal: ByKind(**dict.fromkeys("iu", _reciprocal_integer), other=_reciprocal),
    np.sqrt: row("sqrt"),
    np.deg2rad: _scaled(math.pi, 180),
    np.radians: _scaled(math.pi, 180),
    np.rad2deg: _scaled(180, math.pi),
    np.degrees: _scaled(180, math.pi),
    np.floor: ByKind(**_WHOLE, other=row("floor")),
    np.ceil: ByKind(**_WHOLE, other=_ceil),
    np.trunc: ByKind(**_WHOLE, other=float_parts.trunc),
    np.rint: ByKind(c=complex_rules.by_parts(row("rint")), other=row("rint")),
    np.maximum: ByKind(c=complex_rules.extreme("ge", False), other=row("maximum")),
    np.minimum: ByKind(c=complex_rules.extreme("le", False), other=row("minimum")),
    np.fmax: ByKind(
        f=_ignoring_nan("maximum"), c=complex_rules.extreme("ge", True), other=row("maximum")
    ),
    np.fmin: ByKind(
        f=_ignoring_nan("minimum"), c=complex_rules.extreme("le", True), other=row("minimum")
    ),
    **{getattr(np, name): row(name) for name in _FUNCTIONS},
    np.heaviside: _heaviside,
    np.isnan: ByKind(f=_is_nan, c=complex_rules.is_nan, other=_always(False)),
    np.isinf: ByKind(
        f=_against_infinity("eq"), c=complex_rules.is_infinite, other=_always(False)
    ),
    np.isfinite: ByKind(
        f=_against_infinity("lt"), c=complex_rules.is_finite, other=_always(True)
    ),
    np.signbit: float_parts.signbit,
    np.nextafter: float_parts.nextafter,
    np.spacing: float_parts.spacing,
    np.ldexp: float_parts.ldexp,
    np.frexp: float_parts.frexp,
    np.modf: float_parts.modf,
    np.floor_divide: row("floor_divide"),
    np.remainder: row("remainder"),
    np.fmod: row("fmod"),
    np.divmod: _divmod,
    np.gcd: row("gcd"),
    np.lcm: _lcm,
    np.bitwise_count: lambda x: emit("bit_count", emit("abs", x)),
    np.bitwise_and: row("and"),
    np.bitwise_or: row("or"),
    np.bitwise_xor: row("xor"),
    np.invert: row("not"),
    np.left_shift: row("shift_left"),
    np.right_shift: row("shift_right"),
}
"""What each ufunc does with operands of its loop's dtypes and of one shape."""

COMPARISONS: dict[np.ufunc, Rule] = {
    np.equal: Comparison("eq"),
    np.not_equal: Comparison("ne"),
    np.less: Comparison("lt"),
    np.less_equal: Comparison("le"),
    np.greater: Comparison("gt"),
    np.greater_equal: Comparison("ge"),
}

LOGICAL: dict[np.ufunc, Rule] = {
    np.logical_and: row("and"),
    np.logical_or: row("or"),
    np.logical_xor: row("xor"),
    np.logical_not: row("not"),
}
"""These take the truth of each operand."""
