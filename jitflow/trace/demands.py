"""What asks a traced array for numbers: read off the user's instruction, so that the cure fits.

NumPy and Python ask by `__array__`, `__float__` and the like, and do not say what for. Knows frames
and instructions only.
"""

from __future__ import annotations

import opcode
import sys
from os.path import dirname, join
from types import CodeType, FrameType

import numpy as np

from jitflow.errors import NumpyArrayError, TraceError
from jitflow.trace.source import is_users

Demand = tuple[type[TraceError], str, str]
"""The error, what was asked for in its words, and what to write instead."""

_NUMPY = join(dirname(np.__file__), "")
_SUBSCRIPT_OPERATION = 26
"""Which BINARY_OP reads x[i], in Pythons that have no BINARY_SUBSCR."""

_WRITE = (
    "a write into a NumPy array",
    "write into a copy, np.array(a), or make it in the function by np.zeros or jnp.zeros",
)
_INDEX = "indexing a NumPy array", "index a traced array: jnp.asarray(array)[index]"
_TRUTH = (
    "a Python function that compares (max, min, sorted, any, all, bool)",
    "use NumPy's (np.max, np.maximum, np.sort, np.any), or choose with jnp.where(condition, x, y)",
)
_ARRAY = (
    "conversion to a NumPy array (np.array, np.asarray, np.float64)",
    "write jnp.array, jnp.asarray or np.array(..., like=x); a dtype is x.astype(np.float64)",
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
    asked = {"STORE_SUBSCR": _WRITE, "BINARY_SUBSCR": _INDEX}.get(_instruction(user), _ARRAY)
    return NumpyArrayError, *asked


def number_demand(use: str, cure: str) -> Demand:
    """Of `__float__` and the like: a write of one element, or what the caller says."""
    return _write_or(_instruction(_callers()[0]), use, cure)


def size_demand(use: str, cure: str) -> Demand:
    """Of `__index__`: what the caller says."""
    return TraceError, use, cure


def truth_demand(use: str, cure: str) -> Demand:
    """Of `__bool__`: a write of one element, a function, or what the caller says."""
    user, function = _callers()
    instruction = _instruction(user)
    if function:
        return NumpyArrayError, *_given(function)
    if instruction.startswith("CALL"):
        return TraceError, *_TRUTH
    return _write_or(instruction, use, cure)


def _given(function: str) -> tuple[str, str]:
    """What a function of NumPy's that does not know of traced arrays was asked, and instead."""
    otherwise = (
        f"NumPy's {function}, given it as a size, in a list or beside a NumPy array,",
        "give it traced arrays (jnp.array(list), jnp.asarray(array)), and sizes by static_argnames",
    )
    return _OBJECTS.get(function.partition(".")[0], otherwise)


def _write_or(instruction: str, use: str, cure: str) -> Demand:
    if instruction == "STORE_SUBSCR":
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


def _instruction(frame: FrameType | None) -> str:
    """The name of what the frame is executing."""
    if frame is None:
        return ""
    code: CodeType = frame.f_code
    operation, operand = code.co_code[frame.f_lasti : frame.f_lasti + 2]
    name = opcode.opname[operation]
    is_subscript = name == "BINARY_OP" and operand == _SUBSCRIPT_OPERATION
    return "BINARY_SUBSCR" if is_subscript else name
