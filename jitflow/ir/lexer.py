"""IR text to tokens with their positions; faults raise ParseError with line, column and caret."""

from __future__ import annotations

import re
from bisect import bisect_right
from typing import NamedTuple, NoReturn

from jitflow.errors import ParseError

_TOKEN = re.compile(
    r"""(?P<space>[ \t\r\n]+|;[^\n]*)
      | (?P<value>%[A-Za-z0-9_]+)
      | (?P<number>-?(?:\d+\.?\d*(?:[eE][+-]?\d+)?|\.\d+(?:[eE][+-]?\d+)?|inf\b|nan\b))
      | (?P<word>[A-Za-z_][A-Za-z0-9_]*)
      | (?P<string>"(?:[^"\\\n]|\\.)*")
      | (?P<mark>->|//|[@(){}\[\],:=&<>;*+\-])""",
    re.VERBOSE,
)
MAX_DIGITS = 400


class Token(NamedTuple):
    """One token; `start` is its offset in the text."""

    kind: str
    text: str
    start: int

    def __str__(self) -> str:
        if self.kind == "end":
            return "the end of the text"
        return f"'{self.text if len(self.text) <= 40 else self.text[:37] + '...'}'"


class Tokens:
    """A cursor over the tokens of a text."""

    def __init__(self, text: str, file: str = "<text>") -> None:
        self.text = text
        self.file = file
        self.starts = [0, *(match.end() for match in re.finditer("\n", text))]
        self.tokens = list(self._scan())
        self.position = 0

    def _scan(self) -> list[Token]:
        tokens, at = [], 0
        while at < len(self.text):
            match = _TOKEN.match(self.text, at)
            if match is None:
                self.fail("unexpected character", Token("mark", self.text[at], at))
            kind = match.lastgroup or ""
            if kind == "number" and len(match.group()) > MAX_DIGITS:
                self.fail("a number with too many digits", Token(kind, match.group(), at))
            if kind != "space":
                tokens.append(Token(kind, match.group(), at))
            at = match.end()
        tokens.append(Token("end", "", len(self.text)))
        return tokens

    def fail(self, problem: str, at: Token | None = None, cure: str = "") -> NoReturn:
        """Raises ParseError at a token (the current one unless given)."""
        token = self.peek if at is None else at
        line = self.line_of(token)
        column = token.start - self.starts[line - 1] + 1
        raise ParseError(problem, self.text, line, column, self.file, cure)

    def line_of(self, token: Token) -> int:
        return bisect_right(self.starts, token.start)

    @property
    def peek(self) -> Token:
        return self.tokens[self.position]

    def next(self) -> Token:
        token = self.tokens[self.position]
        if token.kind != "end":
            self.position += 1
        return token

    def take(self, kind: str, what: str) -> Token:
        """The current token, which must be of this kind."""
        if self.peek.kind != kind:
            self.fail(f"expected {what}, got {self.peek}")
        return self.next()

    def at(self, text: str) -> bool:
        return self.peek.text == text and self.peek.kind in ("mark", "word")

    def accept(self, text: str) -> bool:
        """Steps over `text` if it is next."""
        if self.at(text):
            self.position += 1
            return True
        return False

    def expect(self, text: str) -> Token:
        if not self.at(text):
            self.fail(f"expected '{text}', got {self.peek}")
        return self.next()
