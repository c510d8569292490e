"""The native entry: calls of jitted functions that run no Python, by one stub and rows of data."""

from jitflow.runtime.entry.callable import (
    BUSY,
    MAX_ROWS,
    TRACES,
    Entry,
    forget_lost,
    native_callable,
)
from jitflow.runtime.entry.layout import why_not_native
from jitflow.runtime.entry.method import native_method
from jitflow.runtime.entry.programs import Kept, Program, Results, TooLarge
from jitflow.runtime.entry.rows import Row
from jitflow.runtime.entry.templates import why_no_templates

__all__ = [
    "BUSY", "MAX_ROWS", "TRACES", "Entry", "Kept", "Program", "Results", "Row", "TooLarge",
    "forget_lost", "native_callable", "native_method", "why_no_templates", "why_not_native",
]  # fmt: skip
