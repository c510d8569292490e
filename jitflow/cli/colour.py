"""Colour on a terminal; in a pipe, or where NO_COLOR or a dumb terminal says so, there is none.

Owns which words of IR, LLVM and assembly text stand out, and how.
"""

from __future__ import annotations

import os
import re
import sys
from typing import TextIO

BOLD, DIM, RED, GREEN, YELLOW, BLUE, CYAN = "1", "2", "31", "32", "33", "34", "36"

_WORDS = re.compile(
    r"""(?P<comment>;.*|^[ \t]*\#.*)
      | (?P<string>"(?:[^"\\\n]|\\.)*")
      | (?P<value>%[\w.]+)
      | (?P<function>@[\w.]+|^[\w.$]+:)
      | (?P<type>&?\b(?:bool|token|b?f16|[fiuc](?:8|16|32|64|128)|float|double)\b)
      | (?P<keyword>\b(?:func|return|yield|define|ret|temp|const|strides)\b)
      | (?P<op>(?<==[ ])[a-z]\w*|^[ \t]+[a-z]\w*(?=[ ]))
      | (?P<number>-?\b\d[\w.]*(?:[+-]\d+)?\b)""",
    re.MULTILINE | re.VERBOSE,
)
_STYLES = {
    "comment": DIM,
    "string": GREEN,
    "value": CYAN,
    "function": BOLD,
    "type": YELLOW,
    "keyword": BOLD,
    "op": BLUE,
    "number": GREEN,
}


def is_coloured(stream: TextIO | None = None) -> bool:
    """Whether text for this stream, stdout unless given, has colours; FORCE_COLOR wins."""
    if os.environ.get("NO_COLOR"):
        return False
    if os.environ.get("FORCE_COLOR"):
        return True
    stream = sys.stdout if stream is None else stream
    return stream.isatty() and os.environ.get("TERM") != "dumb"


def paint(text: str, style: str, stream: TextIO | None = None) -> str:
    """The text in a style, for a stream that has colours."""
    return f"\033[{style}m{text}\033[0m" if is_coloured(stream) else text


def highlight(text: str) -> str:
    """IR, LLVM or assembly text with its words coloured, where stdout has colours."""
    return _WORDS.sub(_styled, text) if is_coloured() else text


def _styled(match: re.Match[str]) -> str:
    return f"\033[{_STYLES[match.lastgroup or '']}m{match[0]}\033[0m"
