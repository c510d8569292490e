"""Text to tokens with their positions; faults raise ParseError with line, column and caret.

Serves IR text and pipeline text. Knows no grammar: a cursor over tokens, and questions about the
next one. A character that starts no token is a token of its own kind, so that faults are
reported in the order of the text.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from typing import NamedTuple, NoReturn

from jitflow.errors import ParseError

MAX_DIGITS = 400
_TOKEN = re.compile(
    r"""[ \t\r\n]*(?:;[^\n]*[ \t\r\n]*)*+
    (?:(?P<value>%[A-Za-z0-9_]+)
      |(?P<mark>->|//|[@(){}\[\],:=&<>*+%]|-(?![\d.]|inf\b|nan\b))
      |(?P<word>(?!(?:inf|nan)\b)[A-Za-z_][A-Za-z0-9_]*)
      |(?P<long>-?[\d.]{401})
      |(?P<number>-?(?:\d+\.?\d*(?:[eE][+-]?\d+)?|\.\d+(?:[eE][+-]?\d+)?|inf\b|nan\b))
      |(?P<string>"[^"\\\n]*(?:\\.[^"\\\n]*)*")
      |(?P<open>"[^\n]*)
      |(?P<end>\Z)
      |(?P<stray>.))""",
    re.VERBOSE | re.ASCII | re.DOTALL,
)
_FAULTS = {
    "long": f"a number of more than {MAX_DIGITS} digits",
    "open": "a string without its closing quote",
    "stray": "unexpected character",
}


class Token(NamedTuple):
    """kind: value (`%x`), mark, word, number, string, end, or one of the faults."""

    kind: str
    text: str
    start: int

    def __str__(self) -> str:
        if self.kind == "end":
            return "the end of the text"
        return f"'{self.text if len(self.text) <= 40 else self.text[:37] + '...'}'"


class Tokens:
    """A cursor over the tokens of a text; `peek` is the next one."""

    def __init__(self, text: str, file: str = "<text>") -> None:
        self.text = text
        self.file = file
        self.lines = [0, *(match.end() for match in re.finditer("\n", text))]
        self.tokens = list(_scan(text))
        self.position = 0
        self.peek = self.tokens[0]

    def fail(self, problem: str, at: Token | None = None, cure: str = "") -> NoReturn:
        """Raises ParseError at a token (the next one unless given)."""
        token = self.peek if at is None else at
        line = self.line_of(token)
        column = token.start - self.lines[line - 1] + 1
        problem = _FAULTS.get(token.kind, problem)
        raise ParseError(problem, self.text, line, column, self.file, cure)

    def line_of(self, token: Token) -> int:
        return bisect_right(self.lines, token.start)

    def ahead(self, count: int) -> Token:
        """The token `count` behind the next one; the last one where the text ends before."""
        return self.tokens[min(self.position + count, len(self.tokens) - 1)]

    def next(self) -> Token:
        """Steps over the next token, but never over the end."""
        token = self.peek
        if token.kind != "end":
            self.skip(1)
        return token

    def skip(self, count: int) -> None:
        self.position += count
        self.peek = self.tokens[self.position]

    def skip_to(self, offset: int) -> None:
        """Goes on at the first token that starts at or behind an offset of the text."""
        at = bisect_left(self.tokens, offset, key=lambda token: token.start)
        self.skip(at - self.position)

    def take(self, kind: str, what: str) -> Token:
        """The next token, which must be of this kind; `what` says so in words."""
        if self.peek.kind != kind:
            self.fail(f"expected {what}, got {self.peek}")
        return self.next()

    def at(self, text: str) -> bool:
        """Whether this mark or word is next."""
        return self.peek.text == text

    def accept(self, text: str) -> bool:
        """Steps over this mark or word if it is next."""
        if self.peek.text != text or self.peek.kind == "end":
            return False
        self.skip(1)
        return True

    def expect(self, text: str, why: str = "") -> Token:
        """Steps over this mark or word, which must be next."""
        if self.peek.text != text:
            reason = f" ({why})" if why else ""
            self.fail(f"expected '{text}'{reason}, got {self.peek}")
        return self.next()

    def items(self, closing: str) -> Iterator[Token]:
        """Yields before each item of a list up to and over `closing`; a last comma is allowed."""
        while not self.accept(closing):
            yield self.peek
            if not self.at(closing):
                self.expect(",", f"or '{closing}'")


def _scan(text: str) -> Iterator[Token]:
    for match in _TOKEN.finditer(text):
        kind = match.lastgroup
        assert kind is not None
        yield Token(kind, match[kind], match.start(kind))
        if kind == "end":
            return
