"""From a Python call to a graph: pytrees, specs, tracers, source lines. Re-exports only."""

from jitflow.trace.arrays import TracedArray, detach, emit, emit_view, wrap
from jitflow.trace.context import STATE, Context, current, tracing
from jitflow.trace.dispatch import (
    FUNCTIONS,
    METHODS,
    OPERATORS,
    PROPERTIES,
    implements,
    missing,
)
from jitflow.trace.promotion import (
    broadcast_shapes,
    broadcast_to,
    common_dtype,
    constant,
    convert,
    elementwise,
    lift,
    promote,
    together,
)
from jitflow.trace.source import fail, here

__all__ = [
    "FUNCTIONS",
    "METHODS",
    "OPERATORS",
    "PROPERTIES",
    "STATE",
    "Context",
    "TracedArray",
    "broadcast_shapes",
    "broadcast_to",
    "common_dtype",
    "constant",
    "convert",
    "current",
    "detach",
    "elementwise",
    "emit",
    "emit_view",
    "fail",
    "here",
    "implements",
    "lift",
    "missing",
    "promote",
    "together",
    "tracing",
    "wrap",
]
