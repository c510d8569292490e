"""Dimensions: sizes that are known only when a kernel is called.

A dimension is a plain int or a `Dim`, a canonical expression over named symbols; a symbol stands
for a size of at least 2 and never broadcasts. Re-exports only.
"""

from jitflow.ir.dims.expression import (
    KINDS,
    OPERATIONS,
    SMALLEST_SYMBOL,
    Atom,
    Dim,
    Dimension,
    Monomial,
    bounds,
    dim_max,
    dim_min,
    known_positive,
    symbol,
)
from jitflow.ir.dims.text import parse_dim, parse_dim_at
from jitflow.ir.dims.values import evaluate, known_different, known_equal, substitute, symbols

__all__ = [
    "KINDS",
    "OPERATIONS",
    "SMALLEST_SYMBOL",
    "Atom",
    "Dim",
    "Dimension",
    "Monomial",
    "bounds",
    "dim_max",
    "dim_min",
    "evaluate",
    "known_different",
    "known_equal",
    "known_positive",
    "parse_dim",
    "parse_dim_at",
    "substitute",
    "symbol",
    "symbols",
]
