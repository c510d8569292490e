"""What a dimension comes to: its symbols, its value for given sizes, and comparison of two.

Built on the arithmetic of `expression`; knows nothing of the canonical form's construction.
"""

from collections.abc import Callable, Mapping
from math import prod

from jitflow.errors import ShapeError
from jitflow.ir.dims.expression import (
    OPERATIONS,
    SMALLEST_SYMBOL,
    Atom,
    Dim,
    Dimension,
    bounds,
    known_positive,
)


def symbols(dim: Dimension) -> frozenset[str]:
    """The names of the symbols in `dim`."""
    if isinstance(dim, int):
        return frozenset()
    atoms = {atom for monomial, _ in dim.terms for atom in monomial}
    nested = (symbols(arg) for atom in atoms for arg in atom.args)
    return frozenset(a.text for a in atoms if a.kind == "symbol").union(*nested)


def evaluate(dim: Dimension, sizes: Mapping[str, int]) -> int:
    """The value of `dim`; ShapeError for a missing symbol or a size below 2."""
    value = substitute(dim, sizes)
    if isinstance(value, int):
        return value
    missing = ", ".join(sorted(symbols(value)))
    raise ShapeError(f"no size for {missing} in dimension {dim}")


def substitute(dim: Dimension, values: Mapping[str, Dimension]) -> Dimension:
    """`dim` with symbols replaced, all at once; ShapeError where a value may be below 2."""

    def replace(atom: Atom) -> Dimension:
        if atom.kind != "symbol":
            return OPERATIONS[atom.kind](*(_rebuild(arg, replace) for arg in atom.args))
        value = values.get(atom.text)
        if value is None:
            return Dim({(atom,): 1})
        if bounds(value)[0] < SMALLEST_SYMBOL:
            raise ShapeError(
                f"{atom} = {value}: a symbolic size is at least {SMALLEST_SYMBOL}; "
                "sizes 0 and 1 are specialised"
            )
        return value

    return _rebuild(dim, replace)


def known_equal(a: Dimension, b: Dimension) -> bool:
    """True where a == b for all sizes; False says nothing."""
    if a == b:
        return True
    if isinstance(a, int) and isinstance(b, int):
        return False
    difference = _without_mod(a - b)
    return bounds(difference) == (0, 0)


def known_different(a: Dimension, b: Dimension) -> bool:
    """True where a != b for all sizes; False says nothing."""
    return known_positive(a - b) or known_positive(b - a)


def _rebuild(dim: Dimension, replace: Callable[[Atom], Dimension]) -> Dimension:
    if isinstance(dim, int):
        return dim
    total: Dimension = 0
    for monomial, k in dim.terms:
        total = total + k * prod(map(replace, monomial))
    return total


def _without_mod(dim: Dimension) -> Dimension:
    """`dim` with a - b * (a // b) in place of every mod(a, b)."""

    def replace(atom: Atom) -> Dimension:
        if atom.kind == "symbol":
            return Dim({(atom,): 1})
        args = [_rebuild(arg, replace) for arg in atom.args]
        if atom.kind == "mod":
            return args[0] - args[1] * (args[0] // args[1])
        return OPERATIONS[atom.kind](*args)

    return _rebuild(dim, replace)
