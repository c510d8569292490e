"""LLVM text for baseline code: the same ops, as LLVM's fast selection of instructions takes them.

That goes through a block from its end, and leaves all above the first instruction that it does not
know to the selection of full code, which takes several times as long. It knows arithmetic, memory
and calls, but no vector literals; and an intrinsic of vectors costs it more than ten calls. So in
blocks of what it knows literals are read from memory, from one table for each type, and such
intrinsics are calls of functions beside the object, as those of math rows are: a function more
takes LLVM as long as 30 lines.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from itertools import product

from jitflow.codegen.functions import callee
from jitflow.ir.dtypes import DTYPES
from jitflow.ir.kinds import Kind
from jitflow.ir.row import ROWS
from jitflow.ir.types import VectorType

_PIECES = re.compile(r"\n(?=[^ ])")
_INTRINSIC = re.compile(r"@llvm\.(\w+)\.v(\d+)[fi](\d+)\(")

_ROWS: Mapping[str, tuple[str, str]] = {
    "fabs": ("abs", "f"), "copysign": ("copysign", "f"), "sqrt": ("sqrt", "f"),
    "floor": ("floor", "f"), "rint": ("rint", "f"), "fma": ("fma", "f"),
    "maximum": ("maximum", "f"), "minimum": ("minimum", "f"),
    "smax": ("maximum", "i"), "smin": ("minimum", "i"),
    "umax": ("maximum", "u"), "umin": ("minimum", "u"),
}  # fmt: skip
"""Rows by the intrinsics that they are on vectors, and kinds of dtypes."""


def kinds_beside(type: VectorType) -> list[Kind]:
    """What baseline code may call on vectors of that type beside math rows."""
    rows = {row for row, kind in _ROWS.values() if kind == type.dtype.kind}
    return [_kind(row, type) for row in sorted(rows)]


def _kind(row: str, type: VectorType) -> Kind:
    return Kind(ROWS[row], (type,) * (ROWS[row].arity or 0), ())


_FAST = (
    "fadd|fsub|fmul|fdiv|fneg|add|sub|mul|and|or|xor|bitcast|phi|load|store|call|ret|define"
)
"""Instructions on vectors that it knows."""

_BYTES: Mapping[str, int] = {"float": 4, "double": 8, "i8": 1, "i16": 2, "i32": 4, "i64": 8}
_OTHER_INSTRUCTION = re.compile(rf"\n  (?:%\S+ = )?(?!(?:{_FAST}) )\w+ [^<\n]*<")


def baseline_text(text: str, vector_bytes: int) -> tuple[str, dict[str, Kind]]:
    """The module of that text, of equal bits, for which LLVM takes less time at level 0.

    And what it calls more than that, by symbol: `emit_row_functions` writes them. vector_bytes: of
    the target's largest registers, each of whose sizes LLVM's fast selection knows.
    """
    module = _Rewriting(_other_type(vector_bytes))
    return module.text(text), module.calls


class _Rewriting:
    """One module under rewriting: what is to be added to it, and what it calls."""

    def __init__(self, other_type: re.Pattern[str]) -> None:
        self.other_type = other_type
        self.count = 0
        self.tables: dict[str, dict[str, int]] = {}
        """By type, where in its table each literal is."""
        self.declarations: dict[str, str] = {}
        self.calls: dict[str, Kind] = {}

    def text(self, text: str) -> str:
        pieces = [
            self.piece(piece) if self.is_fast(piece) else piece for piece in _PIECES.split(text)
        ]
        tables = [_table(type, literals) for type, literals in self.tables.items()]
        added = [f"{line}\n" for line in (*tables, *self.declarations.values())]
        return "".join(["\n".join(pieces), *added])

    def is_fast(self, piece: str) -> bool:
        """Whether a block holds literals or intrinsics, and nothing but what is known."""
        if "splat (" not in piece and "@llvm." not in piece:
            return False
        return self.other_type.search(piece) is None and _OTHER_INSTRUCTION.search(piece) is None

    def piece(self, piece: str) -> str:
        for intrinsic, lanes, bits in sorted(set(_INTRINSIC.findall(piece))):
            known = _ROWS.get(intrinsic)
            if known is not None:
                row, kind = known
                element = "f" if kind == "f" else "i"
                symbol = self.function(row, VectorType(DTYPES[kind + bits], int(lanes)))
                before = f"@llvm.{intrinsic}.v{lanes}{element}{bits}("
                piece = piece.replace(before, f"@{symbol}(")
        if "splat (" not in piece:
            return piece
        return "\n".join([
            self.line(line) if "splat (" in line and " = phi " not in line else line
            for line in piece.split("\n")
        ])

    def line(self, line: str) -> str:
        """The instruction behind loads of its literals; the last type before each is its own."""
        loads = ""
        while True:
            before, is_there, rest = line.partition("splat (")
            if not is_there:
                return loads + line
            literal, _, after = rest.partition(")")
            type = before[before.rindex("<") : before.rindex(">") + 1]
            self.count += 1
            loads += f"  %literal.{self.count} = load {type}, ptr {self.address(type, literal)}\n"
            line = f"{before}%literal.{self.count}{after}"

    def address(self, type: str, literal: str) -> str:
        """Where a number stands in each lane of a vector in memory."""
        table = self.tables.setdefault(type, {})
        at = table.setdefault(literal, len(table)) * _size(type)
        return f"getelementptr (i8, ptr {_symbol(type)}, i64 {at})"

    def function(self, row: str, type: VectorType) -> str:
        """The symbol of a function that is the row."""
        kind = _kind(row, type)
        symbol, declaration, *_ = callee(kind, type)
        self.calls[symbol] = kind
        self.declarations[symbol] = declaration
        return symbol


@cache
def _other_type(vector_bytes: int) -> re.Pattern[str]:
    """A vector that fills no register."""
    registers = [register for register in (16, 32, 64) if register <= vector_bytes]
    elements = product(registers, _BYTES.items())
    types = "|".join([f"{register // size} x {name}" for register, (name, size) in elements])
    return re.compile(rf"<(?!(?:{types})>)\d+ x ")


@cache
def _symbol(type: str) -> str:
    return f"@jitflow.{type[1:-1].replace(' ', '')}"


def _table(type: str, literals: Mapping[str, int]) -> str:
    values = ", ".join([f"{type} splat ({literal})" for literal in literals])
    count, align = f"[{len(literals)} x {type}]", _size(type)
    return f"{_symbol(type)} = private unnamed_addr constant {count} [{values}], align {align}"


@cache
def _size(type: str) -> int:
    """Bytes of a vector that it knows."""
    lanes, element = type[1:-1].split(" x ")
    return int(lanes) * _BYTES[element]
