"""Kinds of run-time checks: how their messages begin, and which error of Python a failed one is."""

from __future__ import annotations

from jitflow.errors import CheckError, IndexCheckError, JitflowError, RangeError, ValueCheckError

OUT_OF_BOUNDS = "Python integer out of bounds"
"""Of a weak integer that does not fit the dtype that it meets."""

INDEX_OUT_OF_BOUNDS = "an index is out of bounds"
WRONG_VALUE = "wrong value: "

_KINDS: dict[str, type[JitflowError]] = {
    OUT_OF_BOUNDS: RangeError,
    INDEX_OUT_OF_BOUNDS: IndexCheckError,
    WRONG_VALUE: ValueCheckError,
}


def as_error(error: CheckError) -> JitflowError:
    """The failed check as the error that Python's code would have raised."""
    text = str(error)
    for start, kind in _KINDS.items():
        if start in text:
            return kind(text)
    return error
