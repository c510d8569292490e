"""What dimensions and their atoms have in common: they are known by their text, and are not large.

Owns the order of terms and how sums are written. Knows no arithmetic.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from jitflow.errors import ShapeError
from jitflow.ir.dims.intervals import Bound, Interval, interval_product

MAX_DEPTH = 50
MAX_TEXT = 4000


class Canonical:
    """Immutable, and known by its canonical text alone."""

    __slots__ = ("depth", "high", "low", "text")
    text: str
    low: Bound
    high: Bound
    depth: int

    def _freeze(self, text: str, low: Bound, high: Bound, depth: int) -> None:
        if depth > MAX_DEPTH or len(text) > MAX_TEXT:
            raise ShapeError(
                f"dimension expression too large: nested {depth} deep, {len(text)} characters; "
                f"the limits are {MAX_DEPTH} and {MAX_TEXT}"
            )
        self.text, self.low, self.high, self.depth = text, low, high, depth

    def __eq__(self, other: object) -> bool:
        return self is other or (type(self) is type(other) and self.text == other.text)

    def __hash__(self) -> int:
        return hash(self.text)

    def __repr__(self) -> str:
        return self.text


Term = tuple[Sequence[Canonical], int]
"""A monomial, sorted atoms, and its coefficient."""


def degree_order(monomial: Sequence[Canonical]) -> tuple[int, list[str]]:
    """The key by which monomials of higher degree come first."""
    return -len(monomial), [atom.text for atom in monomial]


def print_order(term: Term) -> tuple[bool, int, list[str]]:
    """The key by which terms are written: what is subtracted comes last."""
    return (term[1] < 0, *degree_order(term[0]))


def sum_text(terms: Iterable[Term]) -> str:
    """`2*n*m + n - 1`."""
    text = ""
    for monomial, k in terms:
        factors = [atom.text for atom in monomial]
        if abs(k) != 1 or not factors:
            factors.insert(0, str(abs(k)))
        sign = "-" if k < 0 else "+"
        text += f" {sign} " if text else sign.replace("+", "")
        text += "*".join(factors)
    return text


def sum_interval(terms: Iterable[Term]) -> Interval:
    """Bounds of the sum, from those of its atoms."""
    low: Bound = 0
    high: Bound = 0
    for monomial, k in terms:
        ends = [(atom.low, atom.high) for atom in monomial]
        term = interval_product((k, k), *ends)
        low, high = low + term[0], high + term[1]
    return low, high
