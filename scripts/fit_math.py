"""Makes jitflow/ir/expand/coefficients.py: every coefficient and constant of the math expansions.

Run `python scripts/fit_math.py` (needs mpmath) to write the file anew. The output is the
same on every machine: all arithmetic is mpmath's. What is fitted stands in fits.py.
"""

from __future__ import annotations

from pathlib import Path

import mpmath
import numpy as np
from fits import DIGITS, ERF_ONE, ERFINV_SLOPE, FITS, LN2, PI
from mpmath import mpf
from remez import fit

OUTPUT = Path(__file__).resolve().parent.parent / "jitflow" / "ir" / "expand" / "coefficients.py"
LINE = 100

TURN_GROUPS = {32: (23, 8, 16, 2), 64: (52, 32, 32, 4)}  # mantissa, binades, entries, pieces


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
        for bits, degree in {64: 18}.items()
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
        ("ERFINV_SLOPE", "sqrt(pi)/2 in two floats", {64: parts(ERFINV_SLOPE, 2, 64)}),
        (
            "LOG_ROOT_TAU", "ln(2 pi)/2 in two floats",
            {64: parts(mpmath.log(2 * PI) / 2, 2, 64)},
        ),
        ("LOG2_E", "1/ln(2) in two floats", {64: parts(1 / LN2, 2, 64)}),
        ("LOG10_E", "1/ln(10) in two floats", {64: parts(1 / mpmath.ln(10), 2, 64)}),
        (
            "LOG10_2", "log10(2) in two floats; a product of the first with an exponent is exact",
            {64: short_parts(LN2 / mpmath.ln(10), short_bits[64], 64)},
        ),
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
