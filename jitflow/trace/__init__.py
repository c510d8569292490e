"""From a Python call to a graph: pytrees, specs, tracers, source lines. Re-exports only."""

from jitflow.trace import outputs as _outputs  # noqa: F401  (fills the entry for out=)
from jitflow.trace.arrays import TracedArray, detach, row_major
from jitflow.trace.context import STATE, Context, current, in_trace
from jitflow.trace.dispatch import (
    CURES,
    FOREIGN_UFUNCS,
    FUNCTIONS,
    METHODS,
    OPERATORS,
    PROPERTIES,
    STAND_INS,
    implements,
    missing,
)
from jitflow.trace.emit import (
    as_twin,
    constant,
    emit,
    emit_alike,
    emit_constant,
    emit_view,
    in_c_order,
    literal,
    wrap,
)
from jitflow.trace.lift import WEAK, holds_traced, lift
from jitflow.trace.source import fail, here
from jitflow.trace.writes import converted, fitted, require_writable, write

__all__ = [
    "CURES",
    "FOREIGN_UFUNCS",
    "FUNCTIONS",
    "METHODS",
    "OPERATORS",
    "PROPERTIES",
    "STAND_INS",
    "STATE",
    "WEAK",
    "Context",
    "TracedArray",
    "as_twin",
    "constant",
    "converted",
    "current",
    "detach",
    "emit",
    "emit_alike",
    "emit_constant",
    "emit_view",
    "fail",
    "fitted",
    "here",
    "holds_traced",
    "implements",
    "in_c_order",
    "lift",
    "literal",
    "missing",
    "require_writable",
    "row_major",
    "in_trace",
    "wrap",
    "write",
]
