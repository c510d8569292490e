"""Text to IR. What parses verifies: every op passes through its row's type rule.

    module   := function {function}
    function := {nest} "func" "@" name "(" params ")" [attrs] "{" {op} "return" [values] "}"
    nest     := "nest" "@" name "(" params ")" [attrs] "{" {op} "return" [values] "}"
    op       := [value ":" type {"," value ":" type} "="] row [values] [attrs] {region}
    region   := "(" params ")" "{" {op} "yield" [values] "}"

Faults raise ParseError with line, column, a caret, and what was expected. Types, attributes and
numbers are read by type_reader, attribute_reader and literals.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from jitflow.errors import nearest
from jitflow.ir.attribute_reader import function_name, read_attrs, read_facts
from jitflow.ir.builder import Builder
from jitflow.ir.core import MAX_DEPTH, Function, Op, Region, Value
from jitflow.ir.lexer import Token, Tokens
from jitflow.ir.location import Location
from jitflow.ir.nests import NOT_NESTED, RUN
from jitflow.ir.row import ROWS, RULE_FAULTS, OpRow, fault_text
from jitflow.ir.type_reader import read_type
from jitflow.ir.types import Type


def parse_function(text: str, file: str = "<text>") -> Function:
    """The one function in `text`; ParseError otherwise."""
    tokens = Tokens(text, file)
    function = _Parser(tokens).function()
    if tokens.peek.kind != "end":
        tokens.fail(f"expected the end of the text behind one function, got {tokens.peek}")
    return function


def parse_module(text: str, file: str = "<text>") -> list[Function]:
    """All functions in `text`, at least one, each of another name."""
    tokens = Tokens(text, file)
    functions: dict[str, Function] = {}
    while not functions or tokens.peek.kind != "end":
        parser = _Parser(tokens)
        function = parser.function()
        if function.name in functions:
            tokens.fail(f"@{function.name} is defined twice", parser.named_at)
        functions[function.name] = function
    return list(functions.values())


def parse_type(text: str, file: str = "<text>") -> Type:
    """One type: `f32[2, n]`, `f32<8>`, `&f32[4] temp`, `token`."""
    tokens = Tokens(text, file)
    type = read_type(tokens)
    if tokens.peek.kind != "end":
        tokens.fail(f"expected the end of the text behind {type}, got {tokens.peek}")
    return type


class _Parser:
    """Reads one function. `scopes` map names to values, one for each region that is visible."""

    def __init__(self, tokens: Tokens) -> None:
        self.tokens = tokens
        self.scopes: list[dict[str, Value]] = [{}]
        self.depth = 0
        self.defined: set[str] = set()
        self.nests: dict[str, Function] = {}
        self.named_at = tokens.peek

    # Functions and regions.

    def function(self) -> Function:
        """A function, behind the nests that it runs."""
        while self.tokens.at("nest"):
            parser = _Parser(self.tokens)
            nest = parser._named("nest")
            if nest.name in self.nests:
                self.tokens.fail(f"@{nest.name} is defined twice", parser.named_at)
            self.nests[nest.name] = nest
        return self._named("func")

    def _named(self, word: str) -> Function:
        tokens = self.tokens
        tokens.expect(word)
        tokens.expect("@")
        self.named_at = tokens.peek
        name = function_name(tokens)
        builder = Builder()
        tokens.expect("(")
        self._params(builder)
        facts = read_facts(tokens) if self._at_facts() else {}
        tokens.expect("{")
        results = self._block(builder, "return")
        return builder.build(name, results, facts)

    def _at_facts(self) -> bool:
        """Whether the brace that is next opens attributes, and not the body."""
        tokens = self.tokens
        return tokens.at("{") and tokens.ahead(1).kind == "word" and tokens.ahead(2).text == "="

    def _params(self, builder: Builder) -> None:
        """`%x: T, ...)` after the opening parenthesis."""
        for _ in self.tokens.items(")"):
            token = self.tokens.take("value", "a parameter such as %x")
            self.tokens.expect(":")
            self._define(token, builder.param(read_type(self.tokens), _hint(token)))

    def _block(self, builder: Builder, closing: str) -> list[Value]:
        """Ops up to `return` or `yield` and the closing brace."""
        tokens = self.tokens
        while not tokens.at(closing):
            if tokens.peek.kind not in ("value", "word"):
                tokens.fail(f"expected an op or '{closing}', got {tokens.peek}")
            self._op(builder)
        tokens.next()
        results = self._values()
        tokens.expect("}")
        return list(results)

    def _region(self, builder: Builder, row: OpRow) -> Region:
        outer = self.scopes
        if self.depth == MAX_DEPTH:
            self.tokens.fail(f"regions are nested deeper than {MAX_DEPTH}")
        self.depth += 1
        self.scopes = [*outer, {}] if row.captures else [{}]
        inner = Builder(locations=builder.locations)
        self.tokens.expect("(", f"{row.name} has {_count(row.regions, 'region')}")
        self._params(inner)
        self.tokens.expect("{")
        results = self._block(inner, "yield")
        self.scopes = outer
        self.depth -= 1
        return inner.region(results)

    # Ops.

    def _op(self, builder: Builder) -> None:
        tokens = self.tokens
        names, types = self._results()
        where = tokens.peek
        row = self._row(tokens.take("word", "an op"))
        operands = self._values()
        if row.arity is not None and len(operands) != row.arity:
            wanted = _count(row.arity, "operand")
            tokens.fail(f"{row.name} takes {wanted}, got {len(operands)}", where)
        if row is RUN and self.depth:
            tokens.fail(NOT_NESTED, where)
        attrs = read_attrs(tokens, row, types, self.nests)
        builder.locations = (Location(tokens.file, tokens.line_of(where)),)
        regions = tuple([self._region(builder, row) for _ in range(row.regions)])
        op = self._emit(builder, row, operands, attrs, regions, where)
        self._bind(op, names, types, where)

    def _results(self) -> tuple[list[Token], list[Type]]:
        """`%a: T, %b: U =` in front of an op, or nothing."""
        tokens = self.tokens
        names: list[Token] = []
        types: list[Type] = []
        while tokens.peek.kind == "value":
            names.append(tokens.next())
            tokens.expect(":", "and a type behind a new value")
            types.append(read_type(tokens))
            if not tokens.accept(","):
                tokens.expect("=")
                return names, types
        if names:
            tokens.fail(f"expected another result such as %y: f32[], got {tokens.peek}")
        return names, types

    def _row(self, token: Token) -> OpRow:
        row = ROWS.get(token.text)
        if row is None:
            self.tokens.fail(f"unknown op {token}", token, _guess(token.text, ROWS))
        return row

    def _values(self) -> tuple[Value, ...]:
        """`%a, %b`; none where the next value is one that another op defines."""
        tokens = self.tokens
        if not self._at_use():
            return ()
        values = [self._use(tokens.next())]
        while tokens.accept(","):
            if not self._at_use():
                tokens.fail(f"expected a value behind ',', got {tokens.peek}")
            values.append(self._use(tokens.next()))
        return tuple(values)

    def _at_use(self) -> bool:
        return self.tokens.peek.kind == "value" and self.tokens.ahead(1).text != ":"

    def _emit(
        self,
        builder: Builder,
        row: OpRow,
        operands: tuple[Value, ...],
        attrs: dict[str, Any],
        regions: tuple[Region, ...],
        where: Token,
    ) -> Op:
        try:
            return builder.emit(row, operands, attrs, regions)
        except RULE_FAULTS as error:
            self.tokens.fail(fault_text(row, operands, error), where)

    def _bind(self, op: Op, names: list[Token], types: list[Type], where: Token) -> None:
        if len(names) != len(op.results):
            given = ", ".join(f"%{k}: {value.type}" for k, value in enumerate(op.results))
            cure = f"write {given} = {op.name} ..." if given else f"{op.name} gives nothing"
            count = _count(len(op.results), "result")
            self.tokens.fail(f"{op.name} has {count}, got {len(names)}", where, cure)
        for token, type, value in zip(names, types, op.results, strict=True):
            if value.type != type:
                self.tokens.fail(f"{op.name} gives {value.type}, not {type}", token)
            value.name = _hint(token)
            self._define(token, value)

    # Names.

    def _define(self, token: Token, value: Value) -> None:
        for scope in self.scopes:
            if token.text in scope:
                self.tokens.fail(f"{token} is defined twice", token)
        self.defined.add(token.text)
        self.scopes[-1][token.text] = value

    def _use(self, token: Token) -> Value:
        for scope in reversed(self.scopes):
            if token.text in scope:
                return scope[token.text]
        if token.text in self.defined:
            cure = "this region sees its own parameters only: hand the value in as an operand"
            self.tokens.fail(f"{token} is not visible in this region", token, cure)
        visible = [name for scope in self.scopes for name in scope]
        self.tokens.fail(f"{token} is not defined", token, _guess(token.text, visible))


def _hint(token: Token) -> str:
    name = token.text[1:]
    return "" if name.isdigit() else name


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _guess(name: str, known: Iterable[str]) -> str:
    near = nearest(name, known)
    return f"did you mean {near}?" if near else ""
