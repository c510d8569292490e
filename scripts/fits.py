"""The table of fits: what each polynomial of the math expansions approximates, and where.

Each fit is one entry of FITS: the function, its range, the degree for each format that it serves,
and what its error is relative to. fit_math.py makes the coefficients. Needs mpmath.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import mpmath
from mpmath import mpf
from remez import evaluate

DIGITS = 80
NEAR_ZERO = mpf("1e-24")

mpmath.mp.dps = DIGITS
LN2 = mpmath.ln(2)
PI = mpmath.pi()
SQRT2 = mpmath.sqrt(2)


@dataclass(frozen=True)
class Fit:
    """One polynomial: `function` on [lower, upper], of `degree`, error scaled by `weight`."""

    doc: str
    function: Callable[[mpf], mpf]
    lower: mpf
    upper: mpf
    degrees: dict[int, int]
    weight: Callable[[mpf], mpf]


def guarded(formula: Callable[[mpf], mpf], *series: mpf) -> Callable[[mpf], mpf]:
    """`formula`, with its Taylor series (lowest power first) where it would divide 0 by 0."""
    return lambda x: formula(x) if abs(x) > NEAR_ZERO else evaluate(series, x)


def of_root(formula: Callable[[mpf], mpf]) -> Callable[[mpf], mpf]:
    """A function of z = x^2 from a formula in x."""
    return lambda z: formula(mpmath.sqrt(z))


def plus_zero(weight: Callable[[mpf], mpf]) -> Callable[[mpf], mpf]:
    """A weight kept away from 0, so that the exchange can divide by it."""
    return lambda x: abs(weight(x)) + mpf("1e-30")


def odd(function: Callable[[mpf], mpf], cubic: mpf) -> Callable[[mpf], mpf]:
    """P(z) with function(x) = x + x z P(z), z = x^2, for a function that begins x + cubic x^3."""
    return guarded(of_root(lambda x: (function(x) / x - 1) / x**2), cubic)


def relative_log1p(x: mpf) -> mpf:
    return x**3 / mpmath.log1p(x) if x else mpf(0)


def log_series(s: mpf) -> mpf:
    return (mpmath.log((1 + s) / (1 - s)) / s - 2) / s**2


def log_series_tail(s: mpf) -> mpf:
    return (log_series(s) / 2 - mpf(1) / 3 - s**2 / 5) / s**4


def of_far(formula: Callable[[mpf], mpf], *series: mpf) -> Callable[[mpf], mpf]:
    """A function of w = 1/z^2 from a formula in z, with its series where z is too far."""
    return lambda w: formula(1 / mpmath.sqrt(w)) if w > mpf("1e-10") else evaluate(series, w)


def stirling_rest(z: mpf) -> mpf:
    lead = (z - mpf(1) / 2) * mpmath.log(z) - z + mpmath.log(2 * PI) / 2
    return (mpmath.loggamma(z) - lead) * z


def digamma_rest(z: mpf) -> mpf:
    return (mpmath.log(z) - 1 / (2 * z) - mpmath.digamma(z)) * z**2


def far_bessel(order: int, inverse: mpf) -> mpf:
    """e^-x sqrt(x) I(x) - 13/32 at x = 1 / inverse; by the asymptotic series where it is exact."""
    if inverse > mpf("2e-3"):
        x = 1 / inverse
        return mpmath.sqrt(x) * mpmath.exp(-x) * mpmath.besseli(order, x) - mpf(13) / 32
    total = term = mpf(1)
    for k in range(1, 25):
        term *= -(mpf(2 * order) ** 2 - (2 * k - 1) ** 2) * inverse / (8 * k)
        total += term
    return total / mpmath.sqrt(2 * PI) - mpf(13) / 32


def to_ratio(a: mpf) -> mpf:
    return (a - ERFCX_MIDDLE) / (a + ERFCX_MIDDLE)


def from_ratio(q: mpf) -> mpf:
    return ERFCX_MIDDLE * (1 + q) / (1 - q)


def scaled_erfc(a: mpf) -> mpf:
    return (1 + 2 * a) * mpmath.exp(a * a) * mpmath.erfc(a) - mpf(9) / 8


def inverse_erfc(c: mpf) -> mpf:
    """The root of erfc(y) = c, by Newton's steps on its logarithm."""
    y = mpmath.sqrt(-mpmath.log(c))
    while True:
        step = mpmath.log(mpmath.erfc(y) / c) * mpmath.erfc(y) * mpmath.exp(y * y) * ERFINV_SLOPE
        y += step
        if abs(step) < mpf("1e-45"):
            return y


BESSEL_JOIN = mpf(14)
ERFINV_SLOPE = mpmath.sqrt(PI) / 2
ERFCX_MIDDLE = mpf(3)
EXP_HALF = LN2 / 2 * mpf("1.001")
LOG_LOW, LOG_HIGH = 1 / SQRT2 - 1, SQRT2 - 1
LOG_S2 = (LOG_HIGH / (2 + LOG_HIGH)) ** 2 * mpf("1.001")
QUARTER_TURN2 = (PI / 4 * mpf("1.001")) ** 2
TANH_JOIN = mpf("0.65")
ERF_JOIN = mpf("1.0")
ERF_ONE = {32: mpf("4.0"), 64: mpf("5.95")}  # above, erf rounds to 1

FITS = {
    "EXP": Fit(
        "e^r = 1 + r + r^2 P(r), |r| <= ln(2)/2",
        guarded(lambda r: (mpmath.expm1(r) - r) / r**2, mpf(1) / 2, mpf(1) / 6),
        -EXP_HALF, EXP_HALF, {32: 4, 64: 9}, plus_zero(lambda r: r**2),
    ),
    "EXP_SHORT": Fit(
        "EXP in f64 arithmetic for an f32 result",
        guarded(lambda r: (mpmath.expm1(r) - r) / r**2, mpf(1) / 2, mpf(1) / 6),
        -EXP_HALF, EXP_HALF, {64: 5}, plus_zero(lambda r: r**2),
    ),
    "EXPM1": Fit(
        "e^r - 1 = r + r^2 P(r), |r| <= ln(2)/2",
        guarded(lambda r: (mpmath.expm1(r) - r) / r**2, mpf(1) / 2, mpf(1) / 6),
        -EXP_HALF, EXP_HALF, {32: 5, 64: 10}, plus_zero(lambda r: r),
    ),
    "LOG1P": Fit(
        "ln(1 + f) = f - f^2/2 + f^3 P(f), 1/sqrt(2) <= 1 + f <= sqrt(2)",
        guarded(lambda f: (mpmath.log1p(f) - f + f**2 / 2) / f**3, mpf(1) / 3, -mpf(1) / 4),
        LOG_LOW, LOG_HIGH, {32: 8}, plus_zero(relative_log1p),
    ),
    "LOG_SERIES": Fit(
        "ln((1 + s)/(1 - s)) = 2 s + s^3 P(s^2), |s| <= (sqrt(2) - 1)/(sqrt(2) + 1)",
        guarded(of_root(log_series), mpf(2) / 3),
        mpf(0), LOG_S2, {64: 6}, plus_zero(lambda z: z),
    ),
    "LOG_SERIES_SHORT": Fit(
        "LOG_SERIES in f64 arithmetic for an f32 result",
        guarded(of_root(log_series), mpf(2) / 3),
        mpf(0), LOG_S2, {64: 3}, plus_zero(lambda z: z),
    ),
    "LOG_SERIES_TAIL": Fit(
        "ln((1 + s)/(1 - s)) = 2 s (1 + s^2/3 + s^4/5 + s^6 P(s^2))",
        guarded(of_root(log_series_tail), mpf(1) / 7),
        mpf(0), LOG_S2, {64: 5}, plus_zero(lambda z: z**3),
    ),
    "EXP2": Fit(
        "2^r = 1 + r P(r), |r| <= 1/2",
        guarded(lambda r: (mpf(2) ** r - 1) / r, LN2, LN2**2 / 2),
        mpf("-0.5005"), mpf("0.5005"), {32: 5, 64: 10}, plus_zero(lambda r: r),
    ),
    "TANH": Fit(
        "tanh(x) = x + x^3 P(x^2), |x| <= 0.65",
        guarded(of_root(lambda x: (mpmath.tanh(x) / x - 1) / x**2), -mpf(1) / 3),
        mpf(0), TANH_JOIN**2, {32: 4, 64: 11}, plus_zero(lambda z: z),
    ),
    "SIN": Fit(
        "sin(r) = r + r^3 P(r^2), |r| <= pi/4",
        guarded(of_root(lambda r: (mpmath.sin(r) / r - 1) / r**2), -mpf(1) / 6),
        mpf(0), QUARTER_TURN2, {32: 2, 64: 6}, plus_zero(lambda z: z),
    ),
    "COS": Fit(
        "cos(r) = 1 - r^2/2 + r^4 P(r^2), |r| <= pi/4",
        guarded(of_root(lambda r: (mpmath.cos(r) - 1 + r**2 / 2) / r**4), mpf(1) / 24),
        mpf(0), QUARTER_TURN2, {32: 2, 64: 6}, plus_zero(lambda z: z**2),
    ),
    "ARCTAN": Fit(
        "arctan(x) = x + x^3 P(x^2), |x| <= tan(pi/8)",
        odd(mpmath.atan, -mpf(1) / 3),
        mpf(0), mpf("0.1717"), {32: 4, 64: 11}, plus_zero(lambda z: z),
    ),
    "ARCSIN": Fit(
        "arcsin(x) = x + x^3 P(x^2), |x| <= 1/2",
        odd(mpmath.asin, mpf(1) / 6),
        mpf(0), mpf(1) / 4, {32: 5, 64: 12}, plus_zero(lambda z: z),
    ),
    "SINH": Fit(
        "sinh(x) = x + x^3 P(x^2), |x| <= 1",
        odd(mpmath.sinh, mpf(1) / 6),
        mpf(0), mpf(1), {32: 3, 64: 6}, plus_zero(lambda z: z),
    ),
    "ARCSINH": Fit(
        "arcsinh(x) = x + x^3 P(x^2), |x| <= 1/2",
        odd(mpmath.asinh, -mpf(1) / 6),
        mpf(0), mpf(1) / 4, {64: 11}, plus_zero(lambda z: z),
    ),
    "ARCTANH": Fit(
        "arctanh(x) = x + x^3 P(x^2), |x| <= 1/2",
        odd(mpmath.atanh, mpf(1) / 3),
        mpf(0), mpf(1) / 4, {64: 13}, plus_zero(lambda z: z),
    ),
    "INVERSE_CBRT": Fit(
        "(1 + f)^(-1/3) roughly, to be improved, 1/sqrt(2) <= 1 + f <= sqrt(2)",
        lambda f: (1 + f) ** (-mpf(1) / 3),
        LOG_LOW, LOG_HIGH, {32: 5, 64: 5}, lambda f: (1 + f) ** (mpf(1) / 3),
    ),
    "ERF": Fit(
        "erf(x) = x + x P(x^2), |x| <= 1",
        guarded(of_root(lambda x: mpmath.erf(x) / x - 1), 2 / mpmath.sqrt(PI) - 1),
        mpf(0), ERF_JOIN**2, {32: 6, 64: 11}, lambda z: mpf(1),
    ),
    "LOG_ERFC": Fit(
        "ln erfc(a) = -(a + a P(a)), 0 <= a <= 4",
        guarded(lambda a: -mpmath.log(mpmath.erfc(a)) / a - 1, 2 / mpmath.sqrt(PI) - 1),
        mpf(0), ERF_ONE[32], {32: 8},
        guarded(lambda a: a * mpmath.erfc(a) / mpmath.erf(a), mpmath.sqrt(PI) / 2),
    ),
    "STIRLING": Fit(
        "ln gamma(z) = (z - 1/2) ln z - z + ln(2 pi)/2 + P(1/z^2)/z, z >= 8",
        of_far(stirling_rest, mpf(1) / 12, -mpf(1) / 360, mpf(1) / 1260),
        mpf(0), mpf(1) / 64, {64: 6}, plus_zero(mpmath.sqrt),
    ),
    "DIGAMMA": Fit(
        "digamma(z) = ln z - 1/(2 z) - P(1/z^2)/z^2, z >= 8",
        of_far(digamma_rest, mpf(1) / 12, -mpf(1) / 120, mpf(1) / 252),
        mpf(0), mpf(1) / 64, {64: 6}, plus_zero(lambda w: w),
    ),
    "I0": Fit(
        "I0(x) = P(x^2), |x| <= 14",
        of_root(lambda x: mpmath.besseli(0, x)),
        mpf(0), BESSEL_JOIN**2, {64: 20}, of_root(lambda x: 1 / mpmath.besseli(0, x)),
    ),
    "I1": Fit(
        "I1(x) = x P(x^2), |x| <= 14",
        guarded(of_root(lambda x: mpmath.besseli(1, x) / x), mpf(1) / 2, mpf(1) / 16),
        mpf(0), BESSEL_JOIN**2, {64: 20}, of_root(lambda x: 1 / mpmath.besseli(0, x)),
    ),
    "I0_FAR": Fit(
        "e^-x sqrt(x) I0(x) - 13/32 as a polynomial in 28 / x - 1, x >= 14",
        lambda s: far_bessel(0, (1 + s) / (2 * BESSEL_JOIN)),
        mpf(-1), mpf(1), {64: 15}, lambda s: mpf(1),
    ),
    "I1_FAR": Fit(
        "e^-x sqrt(x) I1(x) - 13/32 as a polynomial in 28 / x - 1, x >= 14",
        lambda s: far_bessel(1, (1 + s) / (2 * BESSEL_JOIN)),
        mpf(-1), mpf(1), {64: 15}, lambda s: mpf(1),
    ),
    "ERFINV": Fit(
        "erfinv(x) = sqrt(pi)/2 x + x^3 P(x^2), |x| <= 1/2",
        guarded(
            of_root(lambda x: (mpmath.erfinv(x) / x - ERFINV_SLOPE) / x**2), ERFINV_SLOPE * PI / 12
        ),
        mpf(0), mpf(1) / 4, {64: 13}, plus_zero(lambda z: z),
    ),
    "ERFCX": Fit(
        "(1 + 2 a) e^(a^2) erfc(a) - 9/8 as a polynomial in (a - 3) / (a + 3), a >= 3/4",
        lambda q: scaled_erfc(from_ratio(q)),
        to_ratio(mpf("0.74")), mpf("0.99999"), {64: 24}, lambda q: mpf(1),
    ),
    "ERFCX_SHORT": Fit(
        "ERFCX in f64 arithmetic for an f32 result, a <= 10.2",
        lambda q: scaled_erfc(from_ratio(q)),
        to_ratio(mpf("0.74")), to_ratio(mpf("10.2")), {64: 10}, lambda q: mpf(1),
    ),
    "ERFCINV": Fit(
        "the root y of erfc(y) = e^(-s^2) roughly, to be improved, 2^-54 <= e^(-s^2) <= 1/2",
        lambda s: inverse_erfc(mpmath.exp(-s * s)),
        mpf("0.83"), mpf("6.13"), {64: 10}, lambda s: 1 / s,
    ),
    "ERFCINV_FAR": Fit(
        "the same below 2^-52",
        lambda s: inverse_erfc(mpmath.exp(-s * s)),
        mpf("6.0"), mpf("27.3"), {64: 8}, lambda s: 1 / s,
    ),
}  # fmt: skip
