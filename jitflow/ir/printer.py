"""IR to text. Names are hints: unnamed values are numbered, equal names made unique.

`parse_function(format_function(f)) == f` at every level. Knows no op by name.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from jitflow.ir.core import Function, Op, Region, Value
from jitflow.ir.dense import Dense
from jitflow.ir.literals import format_dense, format_string
from jitflow.ir.nests import nests_of
from jitflow.ir.row import OpRow

_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def format_function(function: Function, locations: bool = False) -> str:
    """The function as text, with the source lines as comments where `locations` is set."""
    nests = [_Printer(locations).function(nest, "nest") for nest in nests_of(function)]
    return "".join([*nests, _Printer(locations).function(function, "func")])


def format_op(op: Op) -> str:
    """One op on one line, regions left out: for messages."""
    return format_ops([op])[0]


def format_ops(ops: Sequence[Op]) -> list[str]:
    """A line per op, regions left out; a value has one name in all of them."""
    printer = _Printer(False)
    for op in ops:
        for value in (*op.operands, *op.results):
            printer.name(value)
    return [printer.head(op) for op in ops]


class _Printer:
    def __init__(self, locations: bool) -> None:
        self.locations = locations
        self.names: dict[Value, str] = {}
        self.taken: dict[str, int] = {}
        self.count = 0
        self.lines: list[str] = []

    def name(self, value: Value) -> str:
        found = self.names.get(value)
        if found is None:
            found = self.names[value] = self._new_name(value.name)
        return found

    def _new_name(self, hint: str) -> str:
        if not _is_word(hint):
            self.count += 1
            return f"%{self.count - 1}"
        seen = self.taken.get(hint)
        while seen is not None:
            seen += 1
            self.taken[hint] = seen
            candidate = f"{hint}_{seen}"
            if candidate not in self.taken:
                self.taken[candidate] = 0
                return f"%{candidate}"
        self.taken[hint] = 0
        return f"%{hint}"

    def function(self, function: Function, word: str) -> str:
        name = _function_name(function)
        attrs = f" {format_attrs(function.attrs)}" if function.attrs else ""
        self.lines.append(f"{word} {name}({self._params(function.params)}){attrs} {{")
        self._block(function.body, "  ", "return")
        self.lines.append("}")
        return "\n".join(self.lines) + "\n"

    def _params(self, params: Sequence[Value]) -> str:
        return ", ".join(f"{self.name(p)}: {p.type}" for p in params)

    def _block(self, region: Region, indent: str, closing: str) -> None:
        for op in region.ops:
            self._op(op, indent)
        results = ", ".join(self.name(v) for v in region.results)
        self.lines.append(f"{indent}{closing} {results}".rstrip())

    def head(self, op: Op) -> str:
        results = ", ".join(f"{self.name(v)}: {v.type}" for v in op.results)
        operands = ", ".join(self.name(v) for v in op.operands)
        shown = {name: value for name, value in op.attrs.items() if is_shown(op.row, name, value)}
        text = f"{results} = {op.row.name}" if results else op.row.name
        if operands:
            text += f" {operands}"
        return f"{text} {format_attrs(shown)}" if shown else text

    def _op(self, op: Op, indent: str) -> None:
        line = indent + self.head(op)
        for region in op.regions:
            line += f" ({self._params(region.params)}) {{"
            self.lines.append(line)
            self._block(region, indent + "  ", "yield")
            line = indent + "}"
        self.lines.append(line + self._place(op))

    def _place(self, op: Op) -> str:
        if not self.locations or not op.locations:
            return ""
        return "  ; " + ", ".join(
            f"{where.file.rsplit('/', 1)[-1]}:{where.line}" for where in op.locations
        )


def _is_word(name: str) -> bool:
    """Whether the lexer reads the name as one word."""
    return _WORD.fullmatch(name) is not None and name not in ("inf", "nan")


def _function_name(function: Function) -> str:
    name = function.name
    return f"@{name if _is_word(name) else format_string(name)}"


def is_shown(row: OpRow, name: str, value: Any) -> bool:
    """Types stand in front, and defaults go without saying."""
    attribute = row.attributes.get(name)
    return attribute is None or (attribute.kind != "type" and attribute.default != value)


def format_attrs(attrs: Mapping[str, Any]) -> str:
    return "{" + ", ".join(f"{k}={format_attr(v)}" for k, v in attrs.items()) + "}"


def format_attr(value: Any) -> str:
    """An attribute value as the parser reads it back."""
    if isinstance(value, Dense):
        return format_dense(value)
    if isinstance(value, (tuple, list)):
        return "[" + ", ".join(map(format_attr, value)) + "]"
    if isinstance(value, Function):
        return _function_name(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    return format_string(value) if isinstance(value, str) else str(value)
