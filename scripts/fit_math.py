"""Makes jitflow/ir/expand/coefficients.py: every coefficient and constant of the math expansions.

Run `python scripts/fit_math.py` (needs mpmath) to write the file anew. The output is the
same on every machine: all arithmetic is mpmath's. Each fit below is one line: what is
approximated, where, in which degree, and what its error is relative to.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import mpmath
import numpy as np
from mpmath import mpf
from remez import evaluate, fit

OUTPUT = Path(__file__).resolve().parent.parent / "jitflow" / "ir" / "expand" / "coefficients.py"
DIGITS = 80
LINE = 100
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


def relative_log1p(x: mpf) -> mpf:
    return x**3 / mpmath.log1p(x) if x else mpf(0)


def log_series(s: mpf) -> mpf:
    return (mpmath.log((1 + s) / (1 - s)) / s - 2) / s**2


def log_series_tail(s: mpf) -> mpf:
    return (log_series(s) / 2 - mpf(1) / 3 - s**2 / 5) / s**4


EXP_HALF = LN2 / 2 * mpf("1.001")
LOG_LOW, LOG_HIGH = 1 / SQRT2 - 1, SQRT2 - 1
LOG_S2 = (LOG_HIGH / (2 + LOG_HIGH)) ** 2 * mpf("1.001")
QUARTER_TURN2 = (PI / 4 * mpf("1.001")) ** 2
TANH_JOIN = mpf("0.65")
ERF_JOIN = mpf("1.0")
TURN_GROUPS = {32: (23, 8, 16, 2), 64: (52, 32, 32, 4)}  # mantissa, binades, entries, pieces
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
    "ERF": Fit(
        "erf(x) = x + x P(x^2), |x| <= 1",
        guarded(of_root(lambda x: mpmath.erf(x) / x - 1), 2 / mpmath.sqrt(PI) - 1),
        mpf(0), ERF_JOIN**2, {32: 6, 64: 11}, lambda z: mpf(1),
    ),
}  # fmt: skip


def erfc_exponent(bits: int, degree: int) -> list[mpf]:
    """erf(1 + t) = 1 - exp(P(t)), from the join with the polynomial to where erf rounds to 1."""
    upper = ERF_ONE[bits] - 1
    coefficients, _ = fit(
        lambda t: mpmath.log(mpmath.erfc(1 + t)), mpf(0), upper, degree,
        lambda t: mpmath.erfc(1 + t) / mpmath.erf(1 + t),
    )  # fmt: skip
    return coefficients


def rounded(value: mpf, bits: int) -> mpf:
    """The float of `bits` bits nearest to `value`."""
    return mpf(float(np.float32(float(value)))) if bits == 32 else mpf(float(value))


def parts(value: mpf, count: int, bits: int) -> list[mpf]:
    """`count` floats that sum to `value`: each is the rest of those before it, rounded."""
    found = []
    for _ in range(count):
        found.append(rounded(value, bits))
        value -= found[-1]
    return found


def short_parts(value: mpf, significant: int, bits: int) -> list[mpf]:
    """Two floats that sum to `value`, the first of `significant` bits (exact in products)."""
    scale = mpf(2) ** (significant - mpmath.ceil(mpmath.log(value, 2)))
    head = mpmath.nint(value * scale) / scale
    return [head, rounded(value - head, bits)]


def turn_fraction(power: int) -> mpf:
    """The fraction of a turn in 2^power radians, from as many bits of pi as it takes."""
    with mpmath.workdps(DIGITS + max(0, power) // 3):
        turns = mpf(2) ** power / (2 * mpmath.pi)
        return turns - mpmath.floor(turns)


def turn_table(bits: int) -> list[list[mpf]]:
    """Per piece a column: the turns in 2^(g i + 1 - m), m mantissa bits, for each group i."""
    mantissa, group, entries, pieces = TURN_GROUPS[bits]
    powers = [group * i + 1 - mantissa for i in range(entries)]
    rows = [parts(turn_fraction(power), pieces, 64) for power in powers]
    return [list(column) for column in zip(*rows, strict=True)]


def tuple_text(values: list[mpf]) -> str:
    """A tuple of float literals that read back exactly, wrapped."""
    lines, line = [], "    "
    for literal in (f"{float(v)!r}, " for v in values):
        if len(line) + len(literal) > LINE + 1:
            lines.append(line.rstrip())
            line = "    "
        line += literal
    return "(\n" + "\n".join([*lines, line.rstrip()]) + "\n)"


def entry_text(name: str, doc: str, by_bits: dict[int, str]) -> str:
    body = "".join(f"{name}[{bits}] = {text}\n" for bits, text in by_bits.items())
    return f"# {doc}\n{name}: dict[int, tuple[float, ...]] = {{}}\n{body}"


def fitted_entries() -> list[str]:
    """One entry of text for each fit, rounded to the format that it serves."""
    entries = []
    for name, f in FITS.items():
        tuples = {}
        for bits, degree in f.degrees.items():
            coefficients, _ = fit(f.function, f.lower, f.upper, degree, f.weight)
            tuples[bits] = tuple_text([rounded(c, bits) for c in coefficients])
        entries.append(entry_text(name, f.doc, tuples))
    tails = {
        bits: tuple_text([rounded(c, bits) for c in erfc_exponent(bits, degree)])
        for bits, degree in {32: 7, 64: 18}.items()
    }
    entries.append(entry_text("ERFC_EXPONENT", "erf(1 + t) = 1 - exp(P(t))", tails))
    return entries


def constant_entries() -> list[str]:
    """Constants in several floats, most significant first."""
    short_bits = {32: 15, 64: 42}
    constants = [
        (
            "LN2", "ln(2) in two floats; a product of the first with an exponent is exact",
            {bits: short_parts(LN2, short_bits[bits], bits) for bits in (32, 64)},
        ),
        ("THIRD", "1/3 in two floats", {64: parts(mpf(1) / 3, 2, 64)}),
        ("FIFTH", "1/5 in two floats", {64: parts(mpf(1) / 5, 2, 64)}),
        (
            "HALF_PI", "pi/2 in three floats",
            {bits: parts(PI / 2, 3, bits) for bits in (32, 64)},
        ),
        ("TWO_PI", "2 pi in two floats", {64: parts(2 * PI, 2, 64)}),
    ]  # fmt: skip
    return [
        entry_text(name, doc, {bits: tuple_text(v) for bits, v in values.items()})
        for name, doc, values in constants
    ]


def table_entries() -> list[str]:
    """Tables for the argument reduction of huge angles."""
    lines = [
        "# The turns in 2^(g i + 1 - m) radians, whole turns dropped, in columns of f64 pieces:",
        "# m mantissa bits, g binades to an entry (f32: 8, f64: 32).",
    ]
    lines.append("TURNS: dict[int, tuple[tuple[float, ...], ...]] = {}")
    for bits in TURN_GROUPS:
        columns = ", ".join(tuple_text(column) for column in turn_table(bits))
        lines.append(f"TURNS[{bits}] = ({columns})")
    return ["\n".join(lines) + "\n"]


def module_text() -> str:
    """The whole of coefficients.py."""
    header = (
        '"""Coefficients and constants of the math expansions, by name and bits of the format.\n\n'
        "Generated by scripts/fit_math.py, which says what each one approximates and how: change\n"
        'that and run it; do not edit this file.\n"""\n'
    )
    return "\n".join([header, *fitted_entries(), *constant_entries(), *table_entries()])


if __name__ == "__main__":
    OUTPUT.write_text(module_text())
