"""The native entry: calls of jitted functions that run no Python, by one stub and rows of data."""

from jitflow.runtime.entry.callable import TRACES, Entry, native_callable
from jitflow.runtime.entry.layout import why_not_native
from jitflow.runtime.entry.rows import Program, Results, Row, TooLarge

__all__ = [
    "TRACES", "Entry", "Program", "Results", "Row", "TooLarge", "native_callable", "why_not_native",
]  # fmt: skip
