"""NumPy references that need more than one NumPy call. They never warn."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from typing import Any

import numpy as np

from jitflow.ir.halves import to_half, to_odd

Array = Any


def quiet(function: Callable[..., Any]) -> Callable[..., Any]:
    """`function` without NumPy's floating-point warnings."""

    @functools.wraps(function)
    def call(*operands: Any, **attrs: Any) -> Any:
        with np.errstate(all="ignore"):
            return function(*operands, **attrs)

    return call


def _is_float(array: Array) -> bool:
    """True of bfloat16 too, which NumPy does not count among its floats."""
    return array.dtype.kind not in "biuc"


def maximum(x: Array, y: Array) -> Array:
    """NumPy's maximum with +0.0 above -0.0."""
    result = np.maximum(x, y)
    if _is_float(result):
        result = np.where((x == y) & (x == 0), np.add(x, y), result)
    return result


def minimum(x: Array, y: Array) -> Array:
    """NumPy's minimum with -0.0 below +0.0."""
    result = np.minimum(x, y)
    if _is_float(result):
        result = np.where((x == y) & (x == 0), -np.add(-x, -y), result)
    return result


def product(x: Array, y: Array) -> Array:
    """NumPy's product; of complex numbers with each of the four products rounded."""
    if np.result_type(x, y).kind != "c":
        return np.multiply(x, y)
    re = x.real * y.real - x.imag * y.imag
    im = x.real * y.imag + x.imag * y.real
    result = np.empty(np.shape(re), np.result_type(x, y))
    result.real, result.imag = re, im
    return result


def greatest(x: Array, axis: Any) -> Array:
    """NumPy's max over axes with +0.0 above -0.0."""
    result = np.max(x, axis=axis)
    if not _is_float(result):
        return result
    zero = np.zeros_like(result)
    has_positive = np.any((x == 0) & ~np.signbit(x), axis=axis)
    return np.where(result == 0, np.where(has_positive, zero, -zero), result)


def least(x: Array, axis: Any) -> Array:
    """NumPy's min over axes with -0.0 below +0.0."""
    return -greatest(-x, axis) if _is_float(x) else np.min(x, axis=axis)


def _fma_scalar(x: float, y: float, z: float) -> float:
    plain = x * y + z
    if not (math.isfinite(x) and math.isfinite(y)):
        return plain
    if not math.isfinite(z):
        return z
    from fractions import Fraction  # noqa: PLC0415  (only the reference needs it)

    total = Fraction(x) * Fraction(y) + Fraction(z)
    if total == 0:
        return plain
    return _round_f64(total)


def _round_f64(value: Any) -> float:
    try:
        return value.numerator / value.denominator
    except OverflowError:
        return math.inf if value > 0 else -math.inf


@quiet
def fma(x: Array, y: Array, z: Array) -> Array:
    """x * y + z rounded once: by exact fractions in f64, in f32 by rounding to odd in f64 first."""
    x, y, z = np.broadcast_arrays(x, y, z)
    if x.dtype != np.float64:
        wide = _fma_odd(x.astype(np.float64), y.astype(np.float64), z.astype(np.float64))
        return wide.astype(x.dtype)
    flat = [_fma_scalar(*map(float, t)) for t in zip(x.flat, y.flat, z.flat, strict=True)]
    return np.array(flat, np.float64).reshape(x.shape)


def _fma_odd(x: Array, y: Array, z: Array) -> Array:
    """The product is exact in f64; the sum is rounded to odd, so that the caller rounds once."""
    product = x * y
    total = product + z
    back = total - product
    error = (product - (total - back)) + (z - back)
    return to_odd(total, error)


@quiet
def convert(x: Array, dtype: Any) -> Array:
    """Cast; float to integer saturates and sends NaN to 0, the same on every CPU."""
    target = dtype.numpy
    source = np.asarray(x)
    if dtype.is_integer and _is_float(source):
        info = np.iinfo(target)
        wide = np.trunc(source.astype(np.float64))
        inside = (wide >= float(info.min)) & (wide < float(info.max) + (info.bits < 53))
        clipped = np.where(wide < 0, np.array(info.min, target), np.array(info.max, target))
        exact = np.where(inside, wide, 0).astype(target)
        return np.where(np.isnan(wide), np.array(0, target), np.where(inside, exact, clipped))
    if dtype.kind == "b":
        return source != 0
    if dtype.is_float and dtype.bits == 16:
        return to_half(source, target)
    return source.astype(target)


def bitcast(x: Array, dtype: Any) -> Array:
    return np.ascontiguousarray(x).view(dtype.numpy).reshape(np.shape(x))


def shift_left(x: Array, y: Array) -> Array:
    return np.left_shift(x, y)


def shift_right(x: Array, y: Array) -> Array:
    return np.right_shift(x, y)


def by_element(function: Callable[[float], float]) -> Callable[[Array], Array]:
    """A function of Python floats, for arrays of any float dtype."""

    def call(x: Array) -> Array:
        source = np.asarray(x)
        flat = [function(float(v)) for v in source.flat]
        return np.array(flat, np.float64).reshape(source.shape).astype(source.dtype)

    return call


erf = by_element(math.erf)
erfc = by_element(math.erfc)


def _erfcx(x: float) -> float:
    """By its continued fraction from 5 on. M. Abramowitz, I. Stegun, 7.1.14."""
    if x < -26.7:
        return math.inf
    if not x >= 5:
        return math.exp(x * x) * math.erfc(x)
    total = x
    for k in range(60, 0, -1):
        total = x + k / 2 / total
    return 1 / (math.sqrt(math.pi) * total)


def _erfcinv(c: float) -> float:
    """Newton's steps on the logarithm of erfc."""
    if not 0 < c < 2:
        return {0.0: math.inf, 2.0: -math.inf}.get(c, math.nan)
    if c > 1:
        return -_erfcinv(2 - c)
    y = 0.0 if c == 1 else math.sqrt(-math.log(c))
    for _ in range(60):
        ratio = _erfcx(y)
        y += (math.log(ratio) - y * y - math.log(c)) * ratio * math.sqrt(math.pi) / 2
    return y


def _erfinv(x: float) -> float:
    if abs(x) < 1e-8:
        return x * math.sqrt(math.pi) / 2
    return math.copysign(_erfcinv(1 - abs(x)), x)


erfcx = by_element(_erfcx)
erfcinv = by_element(_erfcinv)
erfinv = by_element(_erfinv)


def _gammaln(x: float) -> float:
    if math.isinf(x) or (x <= 0 and x == math.floor(x)):
        return math.inf
    try:
        return math.lgamma(x)
    except OverflowError:
        return math.inf


def _digamma(x: float) -> float:
    """Ten steps of recurrence, then the asymptotic series. M. Abramowitz, I. Stegun, 6.3."""
    if x == 0 or math.isinf(x):
        return -math.copysign(math.inf, x) if x == 0 else x if x > 0 else math.nan
    if x < 0:
        turn = x - round(x)
        return _digamma(1 - x) - math.pi / math.tan(math.pi * turn) if turn else math.nan
    total = 0.0
    while x < 10:
        total, x = total - 1 / x, x + 1
    w = 1 / (x * x)
    series = 1 / 240 - w * (1 / 132 - w * 691 / 32760)
    series = 1 / 12 - w * (1 / 120 - w * (1 / 252 - w * series))
    return total + math.log(x) - 0.5 / x - w * series


def _i1(x: float) -> float:
    """The power series, or the asymptotic one from 30 on. M. Abramowitz, I. Stegun, 9.6, 9.7."""
    if not abs(x) < 720:
        return math.copysign(math.inf, x) if x == x else x
    a, total = abs(x), 1.0
    if a < 30:
        term = 1.0
        for k in range(1, 80):
            term *= a * a / (4 * k * (k + 1))
            total += term
        return x / 2 * total
    term = 1.0
    for k in range(1, 20):
        term *= ((2 * k - 1) ** 2 - 4) / (8 * k * a)
        total += term
    half = math.exp(a / 2)
    return math.copysign(half * (total / math.sqrt(2 * math.pi * a)) * half, x)




@quiet
def i0(x: Array) -> Array:
    source = np.asarray(x)
    return np.where(np.isinf(source), np.abs(source), np.i0(source)).astype(source.dtype)


i1 = by_element(_i1)
gammaln = by_element(_gammaln)
digamma = by_element(_digamma)


@quiet
def power(x: Array, y: Array) -> Array:
    """NumPy's power; integers wrap, and a negative integer exponent is caught by a `check`."""
    source = np.asarray(x)
    if _is_float(source) or source.dtype.kind == "c":
        return np.power(source, y)
    safe = np.maximum(y, np.zeros_like(y))
    return np.power(source, safe)


@quiet
def quotient(x: Array, y: Array) -> Array:
    """Integers divided towards zero: NumPy's division, moved up where it rounded down."""
    floor = np.floor_divide(x, y)
    is_inexact = np.remainder(x, y) != 0
    return floor + (is_inexact & ((np.less(x, 0)) != np.less(y, 0))).astype(floor.dtype)


@quiet
def ldexp(x: Array, n: Array) -> Array:
    """NumPy's ldexp with the exponent as a float, which is rounded; NaN of one that is NaN."""
    whole = np.clip(np.rint(np.nan_to_num(n)), -6000, 6000).astype(np.int32)
    return np.where(np.isnan(n), n, np.ldexp(x, whole))


def bit_count(x: Array) -> Array:
    """NumPy's count of the bits of x as an unsigned number, in x's dtype."""
    source = np.asarray(x)
    unsigned = source.view(f"u{source.dtype.itemsize}")
    return np.bitwise_count(unsigned).astype(source.dtype)


def lookup(index: Array, table: Any) -> Array:
    """table[index], and the last entry for an index that there is not."""
    last = table.array.size - 1
    return table.array[np.minimum(np.asarray(index).astype(np.uint64), np.uint64(last))]
