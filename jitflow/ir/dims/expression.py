"""`Dim`: the canonical form of a dimension expression, its arithmetic and its bounds.

Operators are Python's, with floor semantics; a constant result is an int. Simplifies only what
holds for all sizes of the symbols, each at least 2. Knows nothing of types, ops or text input.

The canonical form is a sum of integer coefficient x monomial. A monomial is a sorted product of
atoms; an atom is a symbol or a `floordiv`, `mod`, `min` or `max` of canonical dimensions. Equal
expressions in this form have equal text, so the text is the identity of a `Dim`.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Iterable, Mapping
from math import gcd, inf
from typing import Union

from jitflow.errors import ShapeError
from jitflow.ir.dims.canonical import (
    Canonical,
    degree_order,
    print_order,
    sum_interval,
    sum_text,
)
from jitflow.ir.dims.intervals import INTERVALS, Bound, Interval, floor_quotient

SMALLEST_SYMBOL = 2
MAX_FACTORS = 64  # as many as an array may have axes
MAX_ARGUMENTS = 64
KINDS = ("floordiv", "mod", "min", "max")

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_REFINEMENTS = 3

Dimension = Union[int, "Dim"]


class Atom(Canonical):
    """A symbol (kind "symbol", no args), or a node of one of the KINDS over dimensions."""

    __slots__ = ("args", "kind")

    def __init__(self, kind: str, args: tuple[Dimension, ...], name: str = "") -> None:
        self.kind = kind
        self.args = args
        text = name or f"{kind}({', '.join(map(str, args))})"
        depth = max((1 + arg.depth for arg in args if isinstance(arg, Dim)), default=0)
        self._freeze(text, *_atom_interval(kind, args), depth)


Monomial = tuple[Atom, ...]


class Dim(Canonical):
    """A sum of `terms`, pairs (monomial, coefficient); made by operators on `symbol(name)`.

    >>> n = symbol("n")
    >>> 2 * (n - 1) + 3, n * 4 // 4, dim_max(n, 1)
    (2*n + 1, n, n)
    """

    __slots__ = ("terms",)

    def __init__(self, terms: Mapping[Monomial, int]) -> None:
        if max(map(len, terms)) > MAX_FACTORS:
            raise ShapeError(f"dimension expression too large: more than {MAX_FACTORS} factors")
        self.terms = tuple(sorted(terms.items(), key=print_order))
        depth = max(atom.depth for monomial in terms for atom in monomial)
        self._freeze(sum_text(self.terms), *sum_interval(self.terms), depth)

    def __bool__(self) -> bool:
        raise ShapeError(f"the truth of dimension {self} is unknown; ask known_positive")

    def __add__(self, other: Dimension) -> Dimension:
        return _combine(self, other, 1) if _is_dimension(other) else NotImplemented

    def __sub__(self, other: Dimension) -> Dimension:
        return _combine(self, other, -1) if _is_dimension(other) else NotImplemented

    def __rsub__(self, other: int) -> Dimension:
        return _combine(other, self, -1) if _is_dimension(other) else NotImplemented

    def __mul__(self, other: Dimension) -> Dimension:
        return _multiply(self, other) if _is_dimension(other) else NotImplemented

    def __neg__(self) -> Dimension:
        return _combine(0, self, -1)

    def __floordiv__(self, other: Dimension) -> Dimension:
        return _floordiv(self, other) if _is_dimension(other) else NotImplemented

    def __rfloordiv__(self, other: int) -> Dimension:
        return _floordiv(other, self) if _is_dimension(other) else NotImplemented

    def __mod__(self, other: Dimension) -> Dimension:
        return _mod(self, other) if _is_dimension(other) else NotImplemented

    def __rmod__(self, other: int) -> Dimension:
        return _mod(other, self) if _is_dimension(other) else NotImplemented

    __radd__ = __add__
    __rmul__ = __mul__


def symbol(name: str) -> Dim:
    """The dimension called `name`; ShapeError where that is no identifier, or is an operator."""
    if not _NAME.fullmatch(name) or name in KINDS:
        raise ShapeError(f"'{name}' is not a name for a dimension")
    return Dim({(Atom("symbol", (), name),): 1})


def dim_min(*args: Dimension) -> Dimension:
    """The smallest of one or more dimensions."""
    if all(isinstance(arg, int) for arg in args):
        return min(args)  # type: ignore[type-var]
    return _extremum("min", args)


def dim_max(*args: Dimension) -> Dimension:
    """The largest of one or more dimensions."""
    if all(isinstance(arg, int) for arg in args):
        return max(args)  # type: ignore[type-var]
    return _extremum("max", args)


def bounds(dim: Dimension) -> Interval:
    """(low, high) with low <= dim <= high for all sizes of its symbols; infinite where unknown."""
    return _low(dim), -_low(-dim)


def known_positive(dim: Dimension) -> bool:
    """True where dim >= 1 for all sizes; False says nothing."""
    return _low(dim) >= 1


def _is_dimension(value: object) -> bool:
    return isinstance(value, (int, Dim))


def _terms(value: Dimension) -> dict[Monomial, int]:
    return dict(value.terms) if isinstance(value, Dim) else {(): value}


def _from_terms(terms: Mapping[Monomial, int]) -> Dimension:
    kept = {monomial: k for monomial, k in terms.items() if k != 0}
    return Dim(kept) if any(kept) else kept.get((), 0)


def _from_atom(kind: str, *args: Dimension) -> Dim:
    return Dim({(Atom(kind, args),): 1})


def _combine(a: Dimension, b: Dimension, factor: int) -> Dimension:
    """a + factor * b."""
    terms = _terms(a)
    for monomial, k in _terms(b).items():
        terms[monomial] = terms.get(monomial, 0) + factor * k
    return _from_terms(terms)


def _multiply(a: Dimension, b: Dimension) -> Dimension:
    terms: dict[Monomial, int] = {}
    for left, j in _terms(a).items():
        for right, k in _terms(b).items():
            monomial = tuple(sorted(left + right, key=str))
            terms[monomial] = terms.get(monomial, 0) + j * k
    return _from_terms(terms)


def _floordiv(a: Dimension, b: Dimension) -> Dimension:
    if isinstance(b, int) and b <= 0:
        _refuse_zero(a, b)
        return _floordiv(-a, -b)
    whole, rest = _split(a, b)
    return whole + _floordiv_rest(rest, b)


def _floordiv_rest(rest: Dimension, b: Dimension) -> Dimension:
    """rest // b, where no part of rest is a multiple of b."""
    if isinstance(rest, int) and isinstance(b, int):
        return rest // b
    if (quotient := _constant_quotient(rest, b)) is not None:
        return quotient
    if isinstance(rest, int) or isinstance(b, Dim):
        return _from_atom("floordiv", rest, b)
    variable, constant = _variable_part(rest)
    common = gcd(b, *variable.values())
    if common > 1:  # (g*x + k) // (g*b) == (x + k//g) // b
        reduced = {monomial: k // common for monomial, k in variable.items()}
        return _floordiv(_from_terms({**reduced, (): constant // common}), b // common)
    if variable[min(variable, key=degree_order)] < 0:  # -x // b == -((x + b - 1) // b)
        return -_floordiv(b - 1 - rest, b)
    inner = _only_atom(variable)
    if inner is not None and inner.kind == "floordiv" and isinstance(inner.args[1], int):
        divided, by = inner.args  # (x//c + k) // b == (x + k*c) // (c*b) for c, b > 0
        return _floordiv(divided + constant * by, by * b)
    return _from_atom("floordiv", rest, b)


def _mod(a: Dimension, b: Dimension) -> Dimension:
    if isinstance(b, int) and b <= 0:
        _refuse_zero(a, b)
        return -_mod(-a, -b)
    rest = _split(_drop_inner_mod(a, b) if isinstance(b, int) else a, b)[1]
    if isinstance(rest, int) and isinstance(b, int):
        return rest % b
    if (quotient := _constant_quotient(rest, b)) is not None:
        return rest - quotient * b
    if isinstance(rest, int) or isinstance(b, Dim):
        return _from_atom("mod", rest, b)
    variable, constant = _variable_part(rest)
    common = gcd(b, *variable.values())
    if common > 1:  # (g*x + k) % (g*b) == g * ((x + k//g) % b) + k%g
        reduced = {monomial: k // common for monomial, k in variable.items()}
        inner = _mod(_from_terms({**reduced, (): constant // common}), b // common)
        return common * inner + constant % common
    return _from_atom("mod", rest, b)


def _refuse_zero(a: Dimension, b: int) -> None:
    if b == 0:
        raise ZeroDivisionError(f"dimension {a} divided by zero")


def _split(a: Dimension, b: Dimension) -> tuple[Dimension, Dimension]:
    """(whole, rest) with a == whole * b + rest, moving the terms that b divides into `whole`."""
    if isinstance(b, Dim) and (not known_positive(b) or len(b.terms) > 1):
        return (1, 0) if a == b and known_positive(b) else (0, a)
    (divisor, by), *_ = _terms(b).items()
    whole: dict[Monomial, int] = {}
    rest: dict[Monomial, int] = {}
    for monomial, k in _terms(a).items():
        quotient = _divide_monomial(monomial, divisor)
        if quotient is None or (k % by and quotient):
            rest[monomial] = k
        else:
            whole[quotient], rest[monomial] = divmod(k, by)
    return _from_terms(whole), _from_terms(rest)


def _divide_monomial(monomial: Monomial, divisor: Monomial) -> Monomial | None:
    left = list(monomial)
    for atom in divisor:
        if atom not in left:
            return None
        left.remove(atom)
    return tuple(left)


def _constant_quotient(a: Dimension, b: Dimension) -> int | None:
    """The quotient a // b where bounds show that it is one int; b > 0 if it is an int."""
    if isinstance(b, int):
        low, high = (floor_quotient(bound, b) for bound in bounds(a))
        return int(low) if low == high else None
    return 0 if _low(a) >= 0 and known_positive(b - a) else None


def _variable_part(dim: Dim) -> tuple[dict[Monomial, int], int]:
    terms = _terms(dim)
    constant = terms.pop((), 0)
    return terms, constant


def _only_atom(variable: Mapping[Monomial, int]) -> Atom | None:
    """The atom of a sum that is 1 x one atom."""
    ((monomial, k), *others) = variable.items()
    return monomial[0] if k == 1 and len(monomial) == 1 and not others else None


def _drop_inner_mod(a: Dimension, b: int) -> Dimension:
    """`a` with k * mod(x, c) replaced by k * x where b divides k * c: equal modulo b."""
    if isinstance(a, int):
        return a
    for monomial, k in a.terms:
        if len(monomial) == 1 and monomial[0].kind == "mod":
            inner, by = monomial[0].args
            if isinstance(by, int) and k * by % b == 0:
                a = a + k * (inner - Dim({monomial: 1}))
    return a


def _extremum(kind: str, args: Iterable[Dimension]) -> Dimension:
    """`min` or `max` without the arguments that another one makes superfluous."""
    flat = sorted({part for arg in args for part in _flatten(kind, arg)}, key=str)
    if len(flat) > MAX_ARGUMENTS:
        raise ShapeError(f"dimension expression too large: {kind} of {len(flat)} arguments")
    kept: list[Dimension] = []
    for new in flat:
        if not any(_decides(kind, old, new) for old in kept):
            kept = [old for old in kept if not _decides(kind, new, old)] + [new]
    return kept[0] if len(kept) == 1 else _from_atom(kind, *kept)


def _flatten(kind: str, arg: Dimension) -> tuple[Dimension, ...]:
    atom = _only_atom(_terms(arg)) if isinstance(arg, Dim) else None
    return atom.args if atom is not None and atom.kind == kind else (arg,)


def _decides(kind: str, a: Dimension, b: Dimension) -> bool:
    """True where a is known to be the min (or max) of a and b."""
    return _low(b - a if kind == "min" else a - b) >= 0


def _low(dim: Dimension, refinements: int = _REFINEMENTS) -> Bound:
    """A lower bound: by intervals, then with one atom at a time replaced by what bounds it."""
    if isinstance(dim, int):
        return dim
    best = dim.low
    if refinements:
        for monomial, k in dim.terms:
            if len(monomial) == 1 and monomial[0].kind != "symbol":
                rest = dim - k * Dim({monomial: 1})
                best = max(best, _low_without(rest, k, monomial[0], refinements - 1))
    return best


def _low_without(rest: Dimension, k: int, atom: Atom, refinements: int) -> Bound:
    """A lower bound of rest + k * atom."""
    if atom.kind in ("min", "max"):  # k * min(a, b) is the larger of k*a and k*b for k < 0
        choose = max if (atom.kind == "min") == (k < 0) else min
        return choose(_low(rest + k * arg, refinements) for arg in atom.args)
    best: Bound = -inf
    for numerator, denominator in _limits(atom, upper=k < 0):
        scaled = _low(denominator * rest + k * numerator, refinements)
        best = max(best, -floor_quotient(-scaled, denominator))
    return best


def _limits(atom: Atom, upper: bool) -> list[tuple[Dimension, int]]:
    """Fractions (numerator, denominator) that are at least (or, not upper, at most) the atom."""
    a, b = atom.args
    if atom.kind == "floordiv" and isinstance(b, int):
        return [(a, b) if upper else (a - b + 1, b)]
    if not upper or not isinstance(b, int) and b.low < 1:
        return []
    at_most_a = [(a, 1)] if _interval(a)[0] >= 0 else []
    return at_most_a if atom.kind == "floordiv" else [*at_most_a, (b - 1, 1)]


def _interval(value: Dimension) -> Interval:
    return (value.low, value.high) if isinstance(value, Dim) else (value, value)


def _atom_interval(kind: str, args: tuple[Dimension, ...]) -> Interval:
    if kind == "symbol":
        return SMALLEST_SYMBOL, inf
    return INTERVALS[kind](*map(_interval, args))


OPERATIONS: Mapping[str, Callable[..., Dimension]] = {
    "add": operator.add,
    "sub": operator.sub,
    "mul": operator.mul,
    "floordiv": operator.floordiv,
    "mod": operator.mod,
    "min": dim_min,
    "max": dim_max,
}
