"""Reads dimension expressions: `2*n + 1`, `max(n - 1, m)`, `n//2`; the inverse of `str(dim)`.

    sum     := ["-"] product {("+" | "-") product}
    product := {"-"} primary {("*" | "//" | "%") {"-"} primary}
    primary := INT | NAME | KIND "(" sum {"," sum} ")" | "(" sum ")"

Knows nothing of types: a caller that reads a longer text goes on at the position it gets back.
"""

import re
from typing import NoReturn

from jitflow.errors import ParseError, ShapeError
from jitflow.ir.dims.expression import KINDS, OPERATIONS, Dimension, symbol

MAX_NESTING = 50
MAX_DIGITS = 19
EXPECTED = "a size, a name, '(' or one of " + ", ".join(KINDS)

_TOKEN = re.compile(r"[ \t]*(?:(?P<int>\d+)|(?P<name>[A-Za-z_]\w*)|(?P<sign>//|[-+*%(),]))", re.A)
_SIGN_OF_PRODUCT = {"*": "mul", "//": "floordiv", "%": "mod"}


def parse_dim(text: str, file: str = "<dimension>") -> Dimension:
    """The dimension that is the whole of `text`; ParseError with line and column otherwise."""
    dim, end = parse_dim_at(text, 0, file)
    if text[end:].strip():
        start = len(text) - len(text[end:].lstrip())
        fail("expected an operator or the end of the dimension", text, start, file)
    return dim


def parse_dim_at(text: str, start: int, file: str = "<dimension>") -> tuple[Dimension, int]:
    """(dimension, end) of the longest expression from offset `start` of `text`.

    Line and column of a ParseError are those in `text`; `end` is the offset behind the last token.
    """
    reader = _Reader(text, start, file)
    return reader.sum(), reader.end


def fail(problem: str, text: str, offset: int, file: str, cure: str = "") -> NoReturn:
    """Raises the ParseError for a fault at `offset` of `text`."""
    line = text.count("\n", 0, offset) + 1
    column = offset - (text.rfind("\n", 0, offset) + 1) + 1
    raise ParseError(problem, text, line, column, file, cure)


class _Reader:
    """One token of lookahead: `sign`, `name` and `number` tell what stands at `start`."""

    def __init__(self, text: str, start: int, file: str) -> None:
        self.text, self.file = text, file
        self.nesting = 0
        self.end = self.next_end = start
        self.advance()

    def advance(self) -> None:
        """Takes the token; `end` is then behind it, and the lookahead is the one that follows."""
        self.end = self.next_end
        match = _TOKEN.match(self.text, self.end)
        self.sign = (match and match["sign"]) or ""
        self.name = (match and match["name"]) or ""
        self.number = (match and match["int"]) or ""
        self.start = match.start(match.lastgroup or 0) if match else self.skip_blanks()
        self.next_end = match.end() if match else self.end

    def skip_blanks(self) -> int:
        rest = self.text[self.end :]
        return self.end + len(rest) - len(rest.lstrip(" \t"))

    def take(self, sign: str) -> None:
        if self.sign != sign:
            fail(f"expected '{sign}' in a dimension", self.text, self.start, self.file)
        self.advance()

    def sum(self) -> Dimension:
        value = self.product()
        while self.sign in ("+", "-"):
            at, sign = self.start, self.sign
            self.advance()
            right = self.product()
            value = self.apply(at, "add" if sign == "+" else "sub", value, right)
        return value

    def product(self) -> Dimension:
        value = self.factor()
        while operation := _SIGN_OF_PRODUCT.get(self.sign):
            at = self.start
            self.advance()
            value = self.apply(at, operation, value, self.factor())
        return value

    def factor(self) -> Dimension:
        negative = False
        while self.sign == "-":
            negative = not negative
            self.advance()
        return -self.primary() if negative else self.primary()

    def primary(self) -> Dimension:
        at = self.start
        if self.number:
            if len(self.number) > MAX_DIGITS:
                fail(f"a size has at most {MAX_DIGITS} digits", self.text, at, self.file)
            value: Dimension = int(self.number)
            self.advance()
        elif self.name in KINDS:
            name = self.name
            self.advance()
            value = self.apply(at, name, *self.arguments(name))
        elif self.name:
            value = symbol(self.name)
            self.advance()
        elif self.sign == "(":
            (value,) = self.arguments("")
        else:
            fail(f"expected {EXPECTED}", self.text, at, self.file)
        return value

    def arguments(self, name: str) -> list[Dimension]:
        """What stands in brackets: one sum without a name, two for floordiv and mod."""
        at = self.start
        self.nesting += 1
        if self.nesting > MAX_NESTING:
            fail(f"a dimension nests at most {MAX_NESTING} deep", self.text, at, self.file)
        self.take("(")
        values = [self.sum()]
        while name and self.sign == ",":
            self.advance()
            values.append(self.sum())
        self.take(")")
        self.nesting -= 1
        if name in ("floordiv", "mod") and len(values) != 2:
            fail(f"{name} takes 2 arguments, not {len(values)}", self.text, at, self.file)
        return values

    def apply(self, at: int, operation: str, *args: Dimension) -> Dimension:
        """The result; what arithmetic refuses becomes an error at the operator."""
        try:
            return OPERATIONS[operation](*args)
        except (ShapeError, ZeroDivisionError) as error:
            fail(str(error), self.text, at, self.file)
