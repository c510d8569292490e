"""Python and NumPy values as traced arrays: scalars become constants, arrays hidden inputs.

A Python scalar is weak: it takes on the dtype of the arrays that it meets. Owns which values have
an array form at all. Knows no operator.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from jitflow.errors import DtypeError, ShapeError, TraceError
from jitflow.ir import dtypes
from jitflow.ir.dtypes import DType, as_dtype
from jitflow.trace.arrays import Cell, TracedArray
from jitflow.trace.context import current
from jitflow.trace.dispatch import FUNCTIONS
from jitflow.trace.emit import CAPTURED, constant
from jitflow.trace.source import fail

WEAK: dict[type, DType] = {
    bool: dtypes.bool_,
    int: dtypes.i64,
    float: dtypes.f64,
    complex: dtypes.c128,
}
"""Weak means exactly these types; each has the dtype that it takes when it meets no array."""

_REFUSED = {"matrix": "pass np.asarray(x)", "MaskedArray": "pass x.filled(value)"}
"""Cures, by the names of NumPy's classes: naming `np.ma` here would import it."""


def lift(x: Any, name: str = "") -> TracedArray:
    """The traced array for a value: itself, a scalar constant, or a captured array.

    `name` is what an error calls the value. Lists become arrays where NumPy would take them.
    Raises DtypeError, ShapeError or TraceError for what has no array form.
    """
    if type(x) is TracedArray:
        return x
    if type(x) in WEAK:
        return constant(x, WEAK[type(x)], weak=True)
    if isinstance(x, np.generic):
        return constant(x, checked_dtype(x, name))
    if isinstance(x, np.ndarray):
        checked_dtype(x, name)
        context = current()
        return TracedArray(Cell(context.array(x), context, CAPTURED))
    if isinstance(x, (list, tuple)):
        return _lift_sequence(x, name)
    if isinstance(x, tuple(WEAK)):  # of a class made of these, as an IntEnum: strong, as in NumPy
        return lift(np.asarray(x)[()], name)
    if hasattr(x, "__jitflow_array__"):
        return lift(x.__jitflow_array__(), name)
    cure = "convert it with np.asarray, or pass it as an argument named in static_argnames"
    if hasattr(type(x), "_record"):
        cure = "nodes are no part of a jitted function: pass values, or give a node to jf.function"
    fail(TraceError, f"expected an array or a number, got {type(x).__name__}", op=name, cure=cure)


def _lift_sequence(x: Sequence[Any], name: str) -> TracedArray:
    if holds_traced(x):
        return FUNCTIONS[np.stack]([lift(part, name) for part in x])
    try:
        array = np.asarray(x)
    except ValueError as error:
        fail(ShapeError, str(error), op=name)
    return lift(array, name)


def holds_traced(x: Any) -> bool:
    """Whether x is a list or tuple with a traced array in it, at any depth."""
    return isinstance(x, (list, tuple)) and any(
        type(part) is TracedArray or holds_traced(part) for part in x
    )


def checked_dtype(x: Any, name: str = "") -> DType:
    """The dtype of a NumPy array or scalar; DtypeError, with the name, where jitflow has none."""
    problem, cure = refusal(x)
    if problem:
        fail(DtypeError, problem, op=name, cure=cure)
    return as_dtype(x.dtype)


def refusal(x: Any) -> tuple[str, str]:
    """Why a NumPy array or scalar is not taken, and a cure; two empty texts where it is."""
    for base in () if type(x) is np.ndarray else type(x).__mro__:
        if base.__name__ in _REFUSED and base.__module__.startswith("numpy"):
            return f"{type(x).__name__} is not supported", _REFUSED[base.__name__]
    try:
        as_dtype(x.dtype)
    except DtypeError as error:
        return str(error), ""
    return "", ""
