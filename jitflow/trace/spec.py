"""Specs: stand-ins for arrays, written as text: `f32[128, 64]`, `i64[n]`, `(f32[], {w: f32[3]})`.

    spec  := DTYPE "[" [dim {"," dim}] "]" | "bool" | "int" | "float" | "complex" | "None"
           | "(" [spec {"," spec} [","]] ")" | "[" [spec {"," spec}] "]"
           | "{" [key ":" spec {"," key ":" spec}] "}"
    key   := NAME | INT | a quoted string

A bare Python type is a weak scalar, as a Python number in a call is. Owns the text form; knows
nothing of tracing.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any, NoReturn

from jitflow.errors import ParseError, TraceError
from jitflow.ir.dims import Dimension, bounds, parse_dim_at
from jitflow.ir.dtypes import DTYPES, NAMES, DType, bool_, c128, f64, i64
from jitflow.trace.pytree import register_leaf

MAX_NESTING = 50
MAX_RANK = 64  # NumPy's own limit
WEAK = {"bool": bool_, "int": i64, "float": f64, "complex": c128}
EXAMPLE = "write specs as f32[128, 64], f32[] or float"

_TOKEN = r"""\s*(?:(?P<name>[A-Za-z_]\w*) | (?P<int>-?\d{1,18}(?!\d))
  | (?P<string>"[^"\\\n]*"|'[^'\\\n]*') | (?P<mark>[\[\](){},:]))"""


@dataclass(frozen=True, slots=True)
class Spec:
    """An array of `dtype` and `shape` that is not there: `f.trace(spec)` takes it as an argument.

    weak: the dtype gives way to that of an array, as the one of a Python scalar does.
    """

    dtype: DType
    shape: tuple[Dimension, ...] = ()
    weak: bool = False

    def __str__(self) -> str:
        if self.weak:
            return next(name for name, dtype in WEAK.items() if dtype is self.dtype)
        return f"{self.dtype.name}[{', '.join(map(str, self.shape))}]"

    def __repr__(self) -> str:
        return f'spec("{self}")'


def spec(text: str, file: str = "<spec>") -> Any:
    """The one spec, or tree of specs, in `text`; ParseError with line, column and caret otherwise.

    >>> spec("(f32[2], {bias: float32[n + 1]})")
    (spec("f32[2]"), {'bias': spec("f32[n + 1]")})
    """
    reader = _Reader(text, file)
    tree = reader.tree()
    if not reader.at_end:
        reader.fail("expected the end of the spec", "parse_specs reads several")
    return tree


def parse_specs(text: str, file: str = "<spec>") -> tuple[Any, ...]:
    """The specs in `text`, separated by commas; none in blank text."""
    reader = _Reader(text, file)
    trees = [] if reader.at_end else [reader.tree()]
    while not reader.at_end:
        reader.take(",", "between specs")
        trees.append(reader.tree())
    return tuple(trees)


@cache
def _token() -> re.Pattern[str]:
    return re.compile(_TOKEN, re.ASCII | re.VERBOSE)


class _Reader:
    """One token of lookahead: `kind` and `token` stand at offset `start`."""

    def __init__(self, text: str, file: str) -> None:
        if not isinstance(text, str):
            raise TraceError(f"a spec is text, got {type(text).__name__}; {EXAMPLE}")
        self.text, self.file = text, file
        self.nesting = 0
        self.look_at(0)

    def look_at(self, offset: int) -> None:
        match = _token().match(self.text, offset)
        self.kind = (match and match.lastgroup) or ""
        self.token = match[self.kind] if match and self.kind else ""
        rest = self.text[offset:]
        self.start = offset + len(rest) - len(rest.lstrip())
        self.end = match.end() if match else self.start

    @property
    def at_end(self) -> bool:
        return self.start == len(self.text)

    def fail(self, problem: str, cure: str = "", offset: int | None = None) -> NoReturn:
        at = self.start if offset is None else offset
        line = self.text.count("\n", 0, at) + 1
        column = at - self.text.rfind("\n", 0, at)
        raise ParseError(problem, self.text, line, column, self.file, cure)

    def advance(self) -> str:
        token = self.token
        self.look_at(self.end)
        return token

    def take(self, mark: str, where: str) -> None:
        if self.token != mark:
            self.fail(f"expected '{mark}' {where}")
        self.advance()

    def tree(self) -> Any:
        if self.token in _BRACKETS:
            closing, build = _BRACKETS[self.token]
            return self.bracketed(closing, build)
        if self.kind == "name":
            return self.leaf()
        self.fail("expected a spec", EXAMPLE)

    def leaf(self) -> Spec | None:
        start, name = self.start, self.advance()
        if self.token != "[":
            if name == "None":
                return None
            if name in WEAK:
                return Spec(WEAK[name], weak=True)
        if name not in NAMES:
            self.fail(f"unknown dtype '{name}'", f"one of {', '.join(DTYPES)}", start)
        if self.token != "[":
            self.fail(f"expected '[' after {name}", f"{name}[] is a scalar, {name}[3] an array")
        return Spec(NAMES[name], self.shape())

    def shape(self) -> tuple[Dimension, ...]:
        self.advance()
        sizes: list[Dimension] = []
        while self.token != "]":
            if sizes:
                self.take(",", "or ']' in a shape")
            sizes.append(self.size())
        if len(sizes) > MAX_RANK:
            self.fail(f"an array has at most {MAX_RANK} dimensions")
        self.advance()
        return tuple(sizes)

    def size(self) -> Dimension:
        start = self.start
        size, end = parse_dim_at(self.text, start, self.file)
        if bounds(size)[0] < 0:
            self.fail(f"a size is at least 0, and {size} may be less", "", start)
        self.look_at(end)
        return size

    def bracketed(self, closing: str, build: Callable[[list[Any]], Any]) -> Any:
        self.nesting += 1
        if self.nesting > MAX_NESTING:
            self.fail(f"specs nest at most {MAX_NESTING} deep")
        keyed = self.advance() == "{"
        items: list[Any] = []
        comma = False
        while self.token != closing:
            if items and not comma:
                self.fail(f"expected ',' or '{closing}'")
            items.append(self.entry(items) if keyed else self.tree())
            if comma := self.token == ",":
                self.advance()
        self.advance()
        self.nesting -= 1
        return items[0] if closing == ")" and len(items) == 1 and not comma else build(items)

    def entry(self, before: list[tuple[Any, Any]]) -> tuple[Any, Any]:
        start = self.start
        if self.kind not in _KEYS:
            self.fail("expected a key: a name, an int or a quoted string")
        key = _KEYS[self.kind](self.advance())
        if any(key == other for other, _ in before):
            self.fail(f"key {key!r} given twice", "", start)
        self.take(":", "after a key")
        return key, self.tree()


_BRACKETS: dict[str, tuple[str, Callable[[list[Any]], Any]]] = {
    "(": (")", tuple),
    "[": ("]", list),
    "{": ("}", dict),
}
_KEYS: dict[str, Callable[[str], Any]] = {
    "name": str,
    "int": int,
    "string": lambda text: text[1:-1],
}

register_leaf(Spec)
