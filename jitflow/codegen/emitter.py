"""The state of one emission: names of values, lines of text, the block being written.

An emitter of a row is a function `emit(e, op)` that writes the op through `e`. Owns names, blocks
and constants in memory; knows no row.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable, Mapping, Sequence
from typing import Any

from jitflow.codegen.types import initializer, memory_type
from jitflow.ir.core import Op, Region, Value
from jitflow.ir.dense import Dense

Emit = Callable[["Emitter", Op], None]

LONG_BLOCK = 256
"""Ops of a block: LLVM compares the loads and stores of one with each other, pair by pair."""

SHUFFLES = 2
"""One on the other in a block: for each of them LLVM looks through all that it is made of there. A
square of 16 vectors that is turned takes half as long as with four."""


class Emitter:
    """Writes LLVM text; `names` holds each value as an operand: `%add.7`, or a literal.

    `computed` has addresses, and parts of numbers, that are there in the current block.
    """

    def __init__(
        self, table: Mapping[str, Emit], otherwise: Emit, symbol: str,
        lacks: Collection[str] = (),
    ) -> None:
        self.table = table
        self.otherwise = otherwise
        self.symbol = symbol
        self.lacks = lacks
        """Rows that functions of `soft.py` stand for."""
        self.names: dict[Value, str] = {}
        self.entry: list[str] = []
        """Lines in front of all others: what is reserved for the whole body."""
        self.lines: list[str] = []
        self.block = "entry"
        self.op: Op | None = None
        self.count = 0
        self.failures: dict[int, str] = {}
        self.host_calls = 0
        self.streams = False
        """Whether a store goes past the caches."""
        self.arena_start = 0
        """Where in the body's arena the memory at %arena begins."""
        self.computed: dict[Hashable, str] = {}
        self.shuffled: dict[Value, int] = {}
        """How many shuffles, one on the other, made a value in the current block."""
        self.memory: dict[Dense, str] = {}
        self.declarations: dict[str, str] = {}
        self.definitions: list[str] = []
        self.nests: dict[int, tuple[str, list[str]]] = {}
        """Symbols of nests, by identity, and what each is given beside its buffers."""

    def nested(self) -> Emitter:
        """For the body of another function of the module: other names, the same constants."""
        inner = Emitter(self.table, self.otherwise, self.symbol, self.lacks)
        inner.count, inner.memory = self.count, self.memory
        inner.declarations, inner.definitions = self.declarations, self.definitions
        return inner

    def define_function(self, head: str, inner: Emitter) -> None:
        """Adds a function without a result to the module, whose body `inner` has written."""
        self.count, self.streams = inner.count, self.streams or inner.streams
        lines = [f"{head} nounwind {{", "entry:", *inner.entry, *inner.lines, "  ret void", "}"]
        self.definitions.append("\n".join(lines))

    def region(self, region: Region) -> None:
        """Writes the ops of a region into the current block."""
        table, otherwise = self.table, self.otherwise
        for op in region.ops:
            self.op = op
            table.get(op.row.name, otherwise)(self, op)

    def straight(self, ops: Sequence[Op], before: Callable[[Op], None] | None = None) -> None:
        """Writes ops of a function's body, which no loop repeats, in blocks of LONG_BLOCK.

        before: what is written in front of each op.
        """
        for number, op in enumerate(ops):
            if number and number % LONG_BLOCK == 0:
                self.cut()
            if before is not None:
                before(op)
            self.emit(op)

    def cut(self) -> None:
        """Goes on in a new block."""
        label = self.new_block("further")
        self.write(f"br label %{label}")
        self.open(label)

    def emit(self, op: Op) -> None:
        """Writes the op into the current block."""
        self.op = op
        self.table.get(op.row.name, self.otherwise)(self, op)

    def temp(self, hint: str, text: str) -> str:
        """Writes an instruction and gives the name of its result."""
        self.count += 1
        name = f"%{hint}.{self.count}"
        self.lines.append(f"  {name} = {text}")
        return name

    def reserve_memory(self, type: str) -> str:
        """The address of memory on the stack, which holds one value of an LLVM type."""
        self.count += 1
        name = f"%memory.{self.count}"
        self.entry.append(f"  {name} = alloca {type}, align 8")
        return name

    def define(self, op: Op, text: str) -> None:
        """Writes the instruction that computes an op's only result."""
        result, self.count = op.results[0], self.count + 1
        readable = hint(result, op.row.name) if result.name else op.row.name
        name = self.names[result] = f"%{readable}.{self.count}"
        self.lines.append(f"  {name} = {text}")

    def write(self, text: str) -> None:
        """Writes an instruction without a result."""
        self.lines.append(f"  {text}")

    def reserve(self) -> int:
        """Keeps the place of a line that is written later, through `lines[place]`."""
        self.lines.append("")
        return len(self.lines) - 1

    def new_block(self, hint: str) -> str:
        """A fresh label, without its %."""
        self.count += 1
        return f"{hint}.{self.count}"

    def open(self, label: str) -> None:
        """Starts a block; the one before it must be closed by a jump."""
        self.lines.append(f"{label}:")
        self.block = label
        self.computed.clear()
        self.shuffled.clear()

    def constant_memory(self, data: Dense) -> str:
        """The symbol of constant data in the object; equal data is stored once."""
        name = self.memory.get(data)
        if name is None:
            name = self.memory[data] = f"@{self.symbol}.data{len(self.memory)}"
        return name

    def globals(self) -> list[str]:
        return [
            f"{name} = internal unnamed_addr constant {initializer(data)}, align 64"
            for data, name in self.memory.items()
        ]


def hint(value: Value, otherwise: str) -> str:
    """The readable part of a value's name; LLVM takes letters, digits and `_` unquoted."""
    name = value.name
    return name if name.isascii() and name.isidentifier() else otherwise


def element_pointer(e: Emitter, base: str, dtype: Any, index: str) -> str:
    """The address of an element in dense memory."""
    return e.temp("at", f"getelementptr inbounds {memory_type(dtype)}, ptr {base}, i64 {index}")
