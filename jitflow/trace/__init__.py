"""From a Python call to a graph: pytrees, specs, tracers, source lines. Re-exports only."""

from jitflow.trace import outputs as _outputs  # noqa: F401  (fills the entry for out=)
from jitflow.trace import writes as _writes  # noqa: F401  (fills the in-place operators)
from jitflow.trace.arrays import TracedArray, detach, row_major
from jitflow.trace.context import STATE, Context, current, tracing
from jitflow.trace.dispatch import (
    FOREIGN_UFUNCS,
    FUNCTIONS,
    METHODS,
    OPERATORS,
    PROPERTIES,
    implements,
    missing,
)
from jitflow.trace.emit import constant, emit, emit_view, literal, wrap
from jitflow.trace.lift import WEAK, lift
from jitflow.trace.source import fail, here

__all__ = [
    "FOREIGN_UFUNCS",
    "FUNCTIONS",
    "METHODS",
    "OPERATORS",
    "PROPERTIES",
    "STATE",
    "WEAK",
    "Context",
    "TracedArray",
    "constant",
    "current",
    "detach",
    "emit",
    "emit_view",
    "fail",
    "here",
    "implements",
    "lift",
    "literal",
    "missing",
    "row_major",
    "tracing",
    "wrap",
]
