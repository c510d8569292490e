"""LLVM text for baseline code: the same ops, as LLVM's fast selection of instructions takes them.

That goes through a block from its end, and leaves all above the first instruction that it does not
know to the selection of full code, which takes several times as long. It knows arithmetic, memory
and calls, but no vector literals; and an intrinsic of vectors costs it more than ten calls. So in
blocks of what it knows literals are read from memory, and such intrinsics are functions.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache

_PIECE = re.compile(r"^(?=[^ ])", re.MULTILINE)
_TYPE = re.compile(r"<\d+ x \w+>")
_OPCODE = re.compile(r"^  (?:%\S+ = )?(\w+) [^<\n]*<", re.MULTILINE)
_INTRINSIC = re.compile(
    r"@llvm\.(fabs|copysign|maximum|minimum|smax|smin|umax|umin)\.(v\d+)([fi]\d+)\("
)

_FAST = frozenset((
    "fadd", "fsub", "fmul", "fdiv", "fneg", "add", "sub", "mul", "and", "or", "xor", "bitcast",
    "phi", "load", "store", "call", "ret", "define",
))  # fmt: skip
"""Instructions on vectors that it knows."""

_BYTES: Mapping[str, int] = {"float": 4, "double": 8, "i8": 1, "i16": 2, "i32": 4, "i64": 8}
_ELEMENTS = {"f32": "float", "f64": "double"}
REGISTERS = (16, 32)
"""Bytes of vectors that it knows."""


def baseline_text(text: str) -> str:
    """The module of that text, of equal bits, for which LLVM takes less time at level 0."""
    return _Rewriting().text(text)


class _Rewriting:
    """One module under rewriting: what is to be added to it."""

    def __init__(self) -> None:
        self.count = 0
        self.numbers: dict[tuple[str, str], str] = {}
        """Symbols of literals, by type and text."""
        self.functions: dict[str, str] = {}

    def text(self, text: str) -> str:
        pieces = [self.piece(piece) if _is_fast(piece) else piece for piece in _PIECE.split(text)]
        constant = "private unnamed_addr constant"
        numbers = [
            f"{symbol} = {constant} {type} splat ({literal}), align {_size(type)}\n"
            for (type, literal), symbol in self.numbers.items()
        ]
        return "".join([*pieces, *numbers, *self.functions.values()])

    def piece(self, piece: str) -> str:
        for row, lanes, element in sorted(set(_INTRINSIC.findall(piece))):
            symbol = self.function(row, lanes, element)
            piece = piece.replace(f"@llvm.{row}.{lanes}{element}(", f"{symbol}(")
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
            before, found, rest = line.partition("splat (")
            if not found:
                return loads + line
            literal, _, after = rest.partition(")")
            start = before.rindex("<")
            type = before[start : before.index(">", start) + 1]
            self.count += 1
            name, symbol = f"%literal.of.{self.count}", self.symbol(type, literal)
            loads += f"  {name} = load {type}, ptr {symbol}, align {_size(type)}\n"
            line = before + name + after

    def symbol(self, type: str, literal: str) -> str:
        """Where a number stands in each lane of a vector in memory."""
        return self.numbers.setdefault((type, literal), f"@jitflow.number{len(self.numbers)}")

    def function(self, row: str, lanes: str, element: str) -> str:
        """The symbol of a function that is the intrinsic."""
        symbol, name = f"@jitflow.{row}.{lanes}{element}", f"@llvm.{row}.{lanes}{element}"
        type = f"<{lanes[1:]} x {_ELEMENTS.get(element, element)}>"
        operands = ", ".join([f"{type} %{k}" for k in range(1 if row == "fabs" else 2)])
        self.functions[symbol] = (
            f"define internal {type} {symbol}({operands}) nounwind {{\n"
            f"  %result = call {type} {name}({operands})\n"
            f"  ret {type} %result\n}}\n"
        )
        return symbol


def _is_fast(piece: str) -> bool:
    """Whether a block holds literals or intrinsics, and nothing but what is known."""
    if "splat (" not in piece and "@llvm." not in piece:
        return False
    if any(_size(type) not in REGISTERS for type in set(_TYPE.findall(piece))):
        return False
    return _FAST.issuperset(_OPCODE.findall(piece))


@cache
def _size(type: str) -> int:
    """Bytes of a vector; 0 for one of truth values or addresses."""
    lanes, element = type[1:-1].split(" x ")
    return int(lanes) * _BYTES.get(element, 0)
