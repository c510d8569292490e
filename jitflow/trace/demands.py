"""What asks a traced array for numbers: read off the user's instruction, so that the cure fits.

NumPy and Python ask by `__array__`, `__float__` and the like, and do not say what for. Knows frames
only.
"""

from __future__ import annotations

import sys
from os.path import dirname, join
from types import FrameType

import numpy as np

from jitflow.errors import NumpyArrayError, TraceError
from jitflow.trace.instructions import called_name, instruction
from jitflow.trace.source import is_users

Demand = tuple[type[TraceError], str, str]
"""The error, what was asked for in its words, and what to write instead."""

_NUMPY = join(dirname(np.__file__), "")

_WRITE = (
    "a write into a NumPy array",
    "write into a copy, np.array(a), or make it in the function by np.zeros or jnp.zeros",
)
_INDEX = (
    "indexing a NumPy array",
    "write np.take(array, index, axis=0), or index a traced array: jnp.asarray(array)[index]",
)
_TRUTH = (
    "a Python function that compares (max, min, sorted, any, all, bool)",
    "use NumPy's (np.max, np.maximum, np.sort, np.any), or choose with jnp.where(condition, x, y)",
)
_ARRAY = (
    "conversion to a NumPy array (np.array, np.asarray)",
    "write jnp.array, jnp.asarray or np.array(..., like=x)",
)
_OBJECTS = {
    "AxisConcatenator": ("np.r_ or np.c_", "write jnp.r_ or jnp.c_"),
    "as_strided": ("as_strided", "write sliding_window_view, reshape or indexing"),
    "vectorize": ("np.vectorize", "use jnp.vectorize"),
    "full": ("np.full of a traced number", "write jnp.full, or np.full(shape, number, like=x)"),
    "ndenumerate": ("np.ndenumerate", "loop over np.ndindex(x.shape), and read x[index]"),
}
"""What of NumPy's converts whatever it is given, by class or function."""


def array_demand() -> Demand:
    """Of `__array__`: a write, an index, a function that does not know of traced arrays."""
    user, function = _callers()
    if function:
        return NumpyArrayError, *_given(function)
    asked = {"STORE_SUBSCR": _WRITE, "BINARY_SUBSCR": _INDEX}.get(instruction(user))
    return NumpyArrayError, *(asked or _conversion(called_name(user)))


def _conversion(name: str) -> tuple[str, str]:
    """What a function in C asked for, which the user calls by this name."""
    numpy_own = getattr(np, name, None)
    if isinstance(numpy_own, type) and issubclass(numpy_own, np.generic):
        return f"np.{name}()", f"write x.astype(np.{name})"
    if not name or numpy_own is not None:
        return _ARRAY
    cure = "call it outside @jit, or write it in NumPy's functions of arrays"
    return f"{name}, which takes arrays of NumPy's own,", cure


def number_demand(use: str, cure: str) -> Demand:
    """Of `__float__` and the like: a write of one element, or what the caller says."""
    user = _callers()[0]
    if called_name(user) == "fill":
        return NumpyArrayError, *_WRITE
    return _write_or(instruction(user), use, cure)


def size_demand(use: str, cure: str) -> Demand:
    """Of `__index__`: what the caller says."""
    return TraceError, use, cure


def truth_demand(use: str, cure: str) -> Demand:
    """Of `__bool__`: a write of one element, a function, or what the caller says."""
    user, function = _callers()
    running = instruction(user)
    if function:
        return NumpyArrayError, *_given(function)
    if running.startswith("CALL"):
        return TraceError, *_TRUTH
    return _write_or(running, use, cure)


def _given(function: str) -> tuple[str, str]:
    """What a function of NumPy's that does not know of traced arrays was asked, and instead."""
    otherwise = (
        f"NumPy's {function}, given it as a size, in a list or beside a NumPy array,",
        "give it traced arrays (jnp.array(list), jnp.asarray(array)), and sizes by static_argnames",
    )
    return _OBJECTS.get(function.partition(".")[0], otherwise)


def _write_or(running: str, use: str, cure: str) -> Demand:
    if running == "STORE_SUBSCR":
        return NumpyArrayError, *_WRITE
    return TraceError, use, cure


def _callers() -> tuple[FrameType | None, str]:
    """The user's frame, and the function of NumPy's written in Python that it called, or ""."""
    frame: FrameType | None = sys._getframe(1)
    function = ""
    while frame is not None and not is_users(frame.f_code.co_filename):
        if frame.f_code.co_filename.startswith(_NUMPY):
            function = frame.f_code.co_qualname.removesuffix(".__init__")
        frame = frame.f_back
    return frame, function
