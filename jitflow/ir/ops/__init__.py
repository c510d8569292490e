"""The op table's rows, one file a family. Importing this package fills `ROWS`."""

from jitflow.ir.ops import (
    arithmetic,
    bits,
    checks,
    compare,
    contraction,
    convert,
    creation,
    loops,
    math,
    memory,
    reduce,
    structured,
    vector,
    view,
)

__all__ = [
    "arithmetic",
    "bits",
    "checks",
    "compare",
    "contraction",
    "convert",
    "creation",
    "loops",
    "math",
    "memory",
    "reduce",
    "structured",
    "vector",
    "view",
]
