"""What can be said of a row in a few words: for tables of ops, in the docs and on the terminal."""

from __future__ import annotations

import math
from collections.abc import Iterator

from jitflow.ir.builder import method_name
from jitflow.ir.row import REQUIRED, Effect, Family, OpRow

ALGEBRA = ("commutative", "associative", "idempotent", "involution")


def takes(row: OpRow) -> str:
    """Operands, attributes (in brackets where they have a default) and regions."""
    parts = ["any" if row.arity is None else str(row.arity)]
    for name, attribute in row.attributes.items():
        if attribute.kind != "type":
            needed = attribute.default is REQUIRED
            parts.append(f"`{name}`" if needed else f"[`{name}`]")
    if row.regions:
        parts.append(f"{row.regions} region{'s' if row.regions > 1 else ''}")
    return ", ".join(parts)


def error(row: OpRow) -> str:
    """The stated bound of a row that is not exact: `1.5 ULP`, `approximate`, `NumPy's`; `exact`."""
    if row.exact:
        return "exact"
    if row.family is Family.LIBRARY:
        return "NumPy's"
    return f"{row.ulp} ULP" if row.ulp else "approximate"


def derivative(row: OpRow) -> str:
    """`linear`, `derivative`, or "" where there is none."""
    if row.no_derivative:
        return ""
    return "linear" if row.linear is not None else "derivative"


def facts(row: OpRow) -> Iterator[str]:
    """What passes ask of a row, as the tables of the docs state it."""
    if row.effect is not Effect.NONE:
        yield row.effect.value
    if not row.exact:
        yield error(row)
    if 0 < row.normwise < math.inf:
        yield f"complex {row.normwise} ULP"
    for fact in ALGEBRA:
        if getattr(row, fact):
            yield fact
    if not row.no_derivative:
        yield derivative(row)
    if method_name(row) != row.name:
        yield f"builder: `{method_name(row)}`"
