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
_CYTHON = ".pyx", ".pxd"
_STANDARD = join(dirname(os.__file__), "")


class _Lines:
    """The lines of one code object; `places` is filled as instructions are asked for."""

    __slots__ = ("code", "places", "spans", "starts")

    def __init__(self, code: CodeType) -> None:
        self.code = code  # held, so that its id is not given to another
        self.spans = list(code.co_lines())
        self.starts = [start for start, _, _ in self.spans]
        self.places: dict[int, Locations] = {}

    def find(self, instruction: int) -> Locations:
        code, line = self.code, None
        index = bisect_right(self.starts, instruction)
        while index and line is None:  # instructions that have no line belong to the one before
            index -= 1
            line = self.spans[index][2]
        found = code.co_filename, line or code.co_firstlineno, code.co_name
        place = self.places[instruction] = (_location(Location, found),)
        return place


_location = tuple.__new__
"""Without the steps of a named tuple's class: one is made for each line of a program."""


_CODES: dict[int, _Lines | str | None] = {}
"""By the id of a code object: its lines, or None where it is not the user's.

Or the name of a variable there whose `place` stands for what is done, as `speaks_for` says.
"""

_INTERNAL: list[CodeType] = []
"""Code objects held so that their ids are not given to others."""


def here(above: int = 1) -> Locations:
    """The line of the user's code that is running now, as an op's locations.

    above: how many frames are not looked at, the caller's own among them, as they are jitflow's.
    """
    frame: FrameType | None = sys._getframe(above + 1)
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
    if file.startswith(_OWN) or file.endswith(_CYTHON):
        return False
    return not file.startswith(_STANDARD) or any(part in file for part in _PACKAGES)


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
