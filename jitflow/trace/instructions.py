"""What a frame is executing: the name of the instruction, and of what it calls.

Functions written in C have no frames: what they call finds the frame of their caller instead, whose
instruction is the call of the C function. Knows frames and code objects only.
"""

from __future__ import annotations

import opcode
from functools import lru_cache
from types import CodeType, FrameType
from typing import Any, NamedTuple

_SUBSCRIPT_OPERATION = 26
"""Which BINARY_OP reads x[i], in Pythons that have no BINARY_SUBSCR."""
_CACHE = 0
"""The place of what the interpreter remembers of an instruction, behind it."""


def instruction(frame: FrameType | None) -> str:
    """The name of what the frame is executing."""
    if frame is None:
        return ""
    code: bytes = frame.f_code.co_code
    at = frame.f_lasti
    while at > 0 and code[at] == _CACHE:
        at -= 2
    name = opcode.opname[code[at]]
    is_subscript = name == "BINARY_OP" and code[at + 1] == _SUBSCRIPT_OPERATION
    return "BINARY_SUBSCR" if is_subscript else name


def called_name(frame: FrameType | None) -> str:
    """The last name of what the frame is calling: `zeros` in `np.zeros(3)`; "" if not known."""
    found = _callee(frame)
    return found.name if found else ""


def calls(frame: FrameType, function: Any, name: str) -> bool:
    """Whether the frame itself calls the function, an attribute of this name or a variable."""
    found = _callee(frame)
    if found is None:
        return False
    if found.is_attribute:
        return found.name == name
    places: Any = (frame.f_locals, frame.f_globals)
    return any([place.get(found.name) is function for place in places])


Place = tuple[int, int]
"""A line and a column."""


class _Loaded(NamedTuple):
    """What an instruction leaves: a variable or an attribute by name, or anything, "".

    end: where its text ends.
    """

    end: Place
    name: str
    is_attribute: bool


def _callee(frame: FrameType | None) -> _Loaded | None:
    if frame is None or "CALL" not in instruction(frame):
        return None
    places, names = _read(frame.f_code)
    start, end = places[frame.f_lasti // 2]
    inside = [found for found in names.get(start, ()) if found.end < end]
    callee = max(inside, default=None)
    return callee if callee is not None and callee.name else None


@lru_cache(128)
def _read(code: CodeType) -> tuple[list[tuple[Place, Place]], dict[Place, list[_Loaded]]]:
    """Where the text of each instruction starts and ends; by start, what is left there."""
    from dis import get_instructions  # noqa: PLC0415 (few traces ask)

    places = [
        ((line or 0, column or 0), (end_line or 0, end_column or 0))
        for line, end_line, column, end_column in code.co_positions()
    ]
    names: dict[Place, list[_Loaded]] = {}
    for found in get_instructions(code):
        if found.opname == "PUSH_NULL":
            continue
        start, end = places[found.offset // 2]
        is_name = found.opname.startswith("LOAD_") and found.opname != "LOAD_CONST"
        name = found.argval if is_name and isinstance(found.argval, str) else ""
        is_attribute = found.opname in ("LOAD_ATTR", "LOAD_METHOD")
        names.setdefault(start, []).append(_Loaded(end, name, is_attribute))
    return places, names
