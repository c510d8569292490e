"""Source lines: the innermost frame of the user's code, cheap enough to ask at every op.

The user's code is what is neither jitflow nor NumPy nor the standard library. Knows frames and
code objects only.
"""

from __future__ import annotations

import os
import sys
from bisect import bisect_right
from collections.abc import Callable
from os.path import dirname, join
from types import CodeType, FrameType, ModuleType
from typing import Any, NoReturn

import numpy as np

from jitflow.errors import JitflowError, explain
from jitflow.ir.location import Location, Locations

UNKNOWN: Locations = (Location("<unknown>", 0),)

_PACKAGES = join("", "site-packages", ""), join("", "dist-packages", "")
_OWN = (
    join(dirname(dirname(__file__)), ""),
    join(dirname(np.__file__), ""),
    "<frozen ",
    "<__array_function__",
)
_STANDARD = join(dirname(os.__file__), "")


class _Lines:
    """The lines of one code object; `places` is filled as instructions are asked for."""

    __slots__ = ("code", "lines", "places", "starts")

    def __init__(self, code: CodeType) -> None:
        spans = [(start, line) for start, _, line in code.co_lines() if line is not None]
        self.code = code  # held, so that its id is not given to another
        self.starts = [start for start, _ in spans]
        self.lines = [line for _, line in spans]
        self.places: dict[int, Locations] = {}

    def find(self, instruction: int) -> Locations:
        index = bisect_right(self.starts, instruction) - 1
        line = self.lines[index] if index >= 0 else self.code.co_firstlineno
        place = (Location(self.code.co_filename, line, self.code.co_name),)
        self.places[instruction] = place
        return place


_CODES: dict[int, _Lines | str | None] = {}
"""By the id of a code object: its lines, or None where it is not the user's.

Or the name of a variable there whose `place` stands for what is done, as `speaks_for` says.
"""

_INTERNAL: list[CodeType] = []
"""Code objects held so that their ids are not given to others."""


def here() -> Locations:
    """The line of the user's code that is running now, as an op's locations.

    Called from within jitflow: the caller's own frame is not looked at.
    """
    frame: FrameType | None = sys._getframe(2)
    while frame is not None:
        code = frame.f_code
        lines: Any = _CODES.get(id(code), code)
        if lines is code:
            lines = _classify(code)
        if lines is not None:
            if type(lines) is str:
                place: Locations = frame.f_locals[lines].place
                return place
            found = lines.places.get(frame.f_lasti)
            return found if found is not None else lines.find(frame.f_lasti)
        frame = frame.f_back
    return UNKNOWN


def speaks_for(variable: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Decorator: while the function runs, `here()` is `place` of what its local variable holds."""

    def enter(function: Callable[..., Any]) -> Callable[..., Any]:
        _INTERNAL.append(function.__code__)
        _CODES[id(function.__code__)] = variable
        return function

    return enter


def fail(kind: type[JitflowError], problem: str, **parts: Any) -> NoReturn:
    """Raises an error of this kind about the user's line; `parts` as in `errors.explain`."""
    raise kind(explain(problem, at=here()[0], **parts)) from None


def definition(function: object) -> Location:
    """The line where a Python function starts, or an unknown place."""
    code = getattr(function, "__code__", None)
    if code is None:
        return UNKNOWN[0]
    return Location(code.co_filename, code.co_firstlineno, code.co_name)


def is_users(file: str) -> bool:
    """Whether code of this file is the user's."""
    installed = any(part in file for part in _PACKAGES)
    return not file.startswith(_OWN) and (installed or not file.startswith(_STANDARD))


def is_users_module(module: ModuleType) -> bool:
    """Whether a module is the user's and not installed: one of Python files, or a session's."""
    file = getattr(module, "__file__", None)
    if file is None:
        return getattr(module, "__name__", "") == "__main__"
    return file.endswith(".py") and is_users(file) and not any(part in file for part in _PACKAGES)


def _classify(code: CodeType) -> _Lines | None:
    if not is_users(code.co_filename):
        _INTERNAL.append(code)
        found = None
    else:
        found = _Lines(code)
    _CODES[id(code)] = found
    return found
