"""Functions and methods that write into an array: operands keep their values, all are refused."""

from __future__ import annotations

from typing import Any

import numpy as np

from jitflow.errors import TraceError
from jitflow.trace.source import fail

METHODS = {
    "sort": "np.sort(x)", "partition": "np.partition(x, k)", "fill": "np.full_like(x, value)",
    "put": "np.where", "resize": "np.resize(x, shape)", "itemset": "np.where",
    "flat": "np.ravel(x)", "setfield": "np.where", "setflags": "x as it is",
    "byteswap": "x as it is",
}  # fmt: skip
"""Methods that write, and what to use in their place."""

FUNCTIONS = {
    np.put, np.copyto, np.place, np.putmask, np.put_along_axis, np.fill_diagonal,
}  # fmt: skip


def refuse_writes(function: Any, name: str, kwargs: dict[str, Any]) -> None:
    """TraceError for what would write into one of its arguments."""
    if function in FUNCTIONS:
        fail(TraceError, f"np.{name} writes into an array, and tensors keep their values",
             cure="make a new tensor with np.where, or assign to a variable")
    out = kwargs.get("out")
    if any(x is not None for x in (out if isinstance(out, tuple) else (out,))):
        fail(TraceError, "out= would write into an array, unseen by what records operations",
             op=name, cure="for a NumPy array `a`, write `a = a + x`, not `a += x`")


def refuse_method(name: str, owner: str) -> None:
    """TraceError for a method that would write into the operand."""
    if name in METHODS:
        fail(TraceError, f".{name} writes in place, and a {owner} keeps its value",
             cure=f"use {METHODS[name]}")
