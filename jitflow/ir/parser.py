"""Text to IR. What parses verifies: every op passes through its row's type rule.

Faults raise ParseError with line, column, a caret, and what was expected.
"""

from __future__ import annotations

import base64
import binascii
import difflib
import math
from typing import Any

import numpy as np

from jitflow.errors import JitflowError, ParseError
from jitflow.ir.builder import Builder
from jitflow.ir.core import Function, Op, Region, Value
from jitflow.ir.dense import Dense
from jitflow.ir.dims import parse_dim
from jitflow.ir.dtypes import DTYPES, DType
from jitflow.ir.lexer import Token, Tokens
from jitflow.ir.literals import WANTED, dense, fits, number
from jitflow.ir.location import Location
from jitflow.ir.row import ROWS, OpRow
from jitflow.ir.types import SPACES, TOKEN, BufferType, TensorType, Type, VectorType

MAX_ELEMENTS = 1 << 28
MAX_DEPTH = 100
RULE_FAULTS = (JitflowError, TypeError, ValueError, IndexError, AttributeError, OverflowError)
"""What a type rule may raise on operands and attributes that it was not written for."""


def parse_function(text: str, file: str = "<text>") -> Function:
    """The one function in `text`; ParseError otherwise."""
    functions = parse_module(text, file)
    if len(functions) != 1:
        raise ParseError(f"expected one function, got {len(functions)}")
    return functions[0]


def parse_module(text: str, file: str = "<text>") -> list[Function]:
    """All functions in `text`, at least one."""
    parser = _Parser(Tokens(text, file))
    functions = [parser.function()]
    while parser.tokens.peek.kind != "end":
        functions.append(parser.function())
    return functions


def parse_type(text: str, file: str = "<text>") -> Type:
    """One type: `f32[2, n]`, `f32<8>`, `&f32[4] temp`, `token`."""
    parser = _Parser(Tokens(text, file))
    type = parser.type()
    if parser.tokens.peek.kind != "end":
        parser.tokens.fail(f"expected the end after {type}")
    return type


class _Parser:
    def __init__(self, tokens: Tokens) -> None:
        self.tokens = tokens
        self.scopes: list[dict[str, Value]] = []
        self.defined: set[str] = set()

    # Functions and regions.

    def function(self) -> Function:
        tokens = self.tokens
        self.scopes, self.defined = [{}], set()
        tokens.expect("func")
        tokens.expect("@")
        name = self._name()
        builder = Builder()
        tokens.expect("(")
        self._params(builder)
        attrs = self._attrs({}) if tokens.at("{") and self._is_attrs() else {}
        tokens.expect("{")
        results = self._block(builder, "return")
        return builder.build(name, results, attrs)

    def _name(self) -> str:
        if self.tokens.peek.kind == "string":
            return self._string(self.tokens.next())
        return self.tokens.take("word", "a function name").text

    def _is_attrs(self) -> bool:
        following = self.tokens.tokens[self.tokens.position + 1 : self.tokens.position + 3]
        return len(following) == 2 and following[0].kind == "word" and following[1].text == "="

    def _params(self, builder: Builder) -> None:
        """`%x: T, ...)` after the opening parenthesis."""
        tokens = self.tokens
        while not tokens.accept(")"):
            token = tokens.take("value", "a parameter such as %x")
            tokens.expect(":")
            value = builder.param(self.type(), _hint(token))
            self._define(token, value)
            if not tokens.at(")"):
                tokens.expect(",")

    def _block(self, builder: Builder, closing: str) -> list[Value]:
        """Ops up to `return` or `yield` and the closing brace."""
        tokens = self.tokens
        while not tokens.at(closing):
            if tokens.peek.kind not in ("value", "word"):
                tokens.fail(f"expected an op or '{closing}', got {tokens.peek}")
            self._op(builder)
        tokens.expect(closing)
        results = []
        while tokens.peek.kind == "value":
            results.append(self._use(tokens.next()))
            if not tokens.accept(","):
                break
        tokens.expect("}")
        return results

    def _region(self, builder: Builder, captures: bool) -> Region:
        if len(self.scopes) > MAX_DEPTH:
            self.tokens.fail(f"regions are nested deeper than {MAX_DEPTH}")
        outer = self.scopes
        self.scopes = [*outer, {}] if captures else [{}]
        inner = Builder(locations=builder.locations)
        self.tokens.expect("(")
        self._params(inner)
        self.tokens.expect("{")
        results = self._block(inner, "yield")
        self.scopes = outer
        return inner.region(results)

    # Ops.

    def _op(self, builder: Builder) -> None:
        tokens = self.tokens
        names, types = self._results()
        where = tokens.peek
        row = self._row(tokens.take("word", "an op"))
        operands = self._operands()
        kinds = {k: a.kind for k, a in row.attributes.items()}
        attrs = self._attrs(kinds, row) if tokens.at("{") else {}
        for name, attribute in row.attributes.items():
            if attribute.kind == "type" and types:
                attrs[name] = types[0]
        self._type_dense(row, attrs, types, where)
        builder.locations = (Location(tokens.file, tokens.line_of(where)),)
        regions = tuple(self._region(builder, row.captures) for _ in range(row.regions))
        self._check_arity(row, operands, where)
        op = self._emit(builder, row, operands, attrs, regions, where)
        self._bind(op, names, types, where)

    def _results(self) -> tuple[list[Token], list[Type]]:
        """`%a: T, %b: U =` in front of an op, or nothing."""
        tokens = self.tokens
        names: list[Token] = []
        types: list[Type] = []
        while tokens.peek.kind == "value":
            names.append(tokens.next())
            tokens.expect(":")
            types.append(self.type())
            if not tokens.accept(","):
                tokens.expect("=")
                break
        return names, types

    def _row(self, token: Token) -> OpRow:
        row = ROWS.get(token.text)
        if row is None:
            self.tokens.fail(f"unknown op {token}", token, _nearest(token.text))
        return row

    def _operands(self) -> tuple[Value, ...]:
        operands = []
        while self.tokens.peek.kind == "value" and not self._defines():
            operands.append(self._use(self.tokens.next()))
            if not self.tokens.accept(","):
                break
        return tuple(operands)

    def _defines(self) -> bool:
        """Whether the next token starts the results of another op."""
        return self.tokens.tokens[self.tokens.position + 1].text == ":"

    def _check_arity(self, row: OpRow, operands: tuple[Value, ...], where: Token) -> None:
        if row.arity is not None and len(operands) != row.arity:
            count = f"{row.arity} operand{'s' if row.arity != 1 else ''}"
            self.tokens.fail(f"{row.name} takes {count}, got {len(operands)}", where)

    def _emit(
        self, builder: Builder, row: OpRow, operands: tuple[Value, ...], attrs: dict[str, Any],
        regions: tuple[Region, ...], where: Token,
    ) -> Op:
        try:
            return builder.emit(row, operands, attrs, regions)
        except ParseError:
            raise
        except RULE_FAULTS as error:
            self.tokens.fail(f"{row.name}: {error}", where)

    def _bind(self, op: Op, names: list[Token], types: list[Type], where: Token) -> None:
        if len(names) != len(op.results):
            expected = f"{op.row.name} has {len(op.results)} results"
            self.tokens.fail(f"{expected}, got {len(names)}", where)
        for token, type, value in zip(names, types, op.results, strict=True):
            if value.type != type:
                self.tokens.fail(f"{op.row.name} gives {value.type}, not {type}", token)
            value.name = _hint(token)
            self._define(token, value)

    def _define(self, token: Token, value: Value) -> None:
        if any(token.text in scope for scope in self.scopes):
            self.tokens.fail(f"{token.text} is defined twice", token)
        self.defined.add(token.text)
        self.scopes[-1][token.text] = value

    def _use(self, token: Token) -> Value:
        for scope in reversed(self.scopes):
            if token.text in scope:
                return scope[token.text]
        hidden = token.text in self.defined
        why = "is not visible in this region" if hidden else "is not defined"
        self.tokens.fail(f"{token.text} {why}", token)

    # Types.

    def type(self) -> Type:
        tokens = self.tokens
        if tokens.accept("&"):
            return self._buffer()
        word = tokens.take("word", "a type such as f32[2, 3]")
        if word.text == "token":
            return TOKEN
        dtype = self._dtype(word)
        if tokens.accept("<"):
            lanes = self._int("the number of lanes")
            if not 1 <= lanes <= 1024:
                tokens.fail(f"lanes must be within 1..1024, got {lanes}")
            tokens.expect(">")
            return VectorType(dtype, lanes)
        tokens.expect("[")
        shape = self._dims("]")
        tokens.expect("]")
        return TensorType(dtype, shape)

    def _buffer(self) -> BufferType:
        tokens = self.tokens
        dtype = self._dtype(tokens.take("word", "a dtype"))
        tokens.expect("[")
        shape, strides = self._dims("]"), None
        if self.tokens.peek.kind == "word" and self.tokens.peek.text == "strides":
            tokens.next()
            strides = self._dims("]", signed=True)
            if len(strides) != len(shape):
                tokens.fail(f"{len(shape)} axes need as many strides, got {len(strides)}")
        tokens.expect("]")
        space = tokens.next().text if tokens.peek.text in SPACES[1:] else SPACES[0]
        return BufferType(dtype, shape, strides, space)

    def _dtype(self, token: Token) -> DType:
        if token.text not in DTYPES:
            self.tokens.fail(f"unknown dtype {token}", token, f"one of {', '.join(DTYPES)}")
        return DTYPES[token.text]

    def _dims(self, closing: str, signed: bool = False) -> tuple[Any, ...]:
        """Dimensions up to, not over, the closing mark or the word `strides`."""
        tokens, dims = self.tokens, []
        while not tokens.at(closing) and not tokens.at("strides"):
            dims.append(self._dim(signed))
            if not tokens.accept(","):
                break
        return tuple(dims)

    def _dim(self, signed: bool) -> Any:
        tokens, first, depth = self.tokens, self.tokens.peek, 0
        while tokens.peek.kind != "end":
            text = tokens.peek.text
            if depth == 0 and text in (",", "]", "}", "strides"):
                break
            depth += (text in "([") - (text in ")]") if text else 0
            tokens.next()
        source = tokens.text[first.start : tokens.peek.start].strip()
        try:
            dim = parse_dim(source)
        except ParseError:
            tokens.fail(f"expected a dimension such as 4 or n - 1, got '{source[:40]}'", first)
        if isinstance(dim, int) and (dim < 0 and not signed or abs(dim) >= 1 << 62):
            tokens.fail(f"dimension {source[:40]} is out of range", first)
        return dim

    # Attributes.

    def _attrs(self, kinds: dict[str, str], row: OpRow | None = None) -> dict[str, Any]:
        tokens, attrs = self.tokens, {}
        tokens.expect("{")
        while not tokens.accept("}"):
            name = tokens.take("word", "an attribute name")
            if row is not None and name.text not in kinds:
                known = ", ".join(kinds) or "none"
                tokens.fail(f"{row.name} has no attribute {name}; it has {known}", name)
            if name.text in attrs:
                tokens.fail(f"attribute {name} is given twice", name)
            tokens.expect("=")
            attrs[name.text] = self._attr(kinds.get(name.text, ""), tokens.peek)
            if not tokens.at("}"):
                tokens.expect(",")
        return attrs

    def _attr(self, kind: str, at: Token) -> Any:
        value = self._literal(kind)
        if not fits(kind, value):
            self.tokens.fail(f"expected {WANTED[kind]}", at)
        return value

    def _literal(self, kind: str, depth: int = 0) -> Any:
        tokens, token = self.tokens, self.tokens.peek
        if depth > 40:
            tokens.fail("lists are nested too deep")
        if tokens.accept("["):
            items = []
            while not tokens.accept("]"):
                items.append(self._literal(kind, depth + 1))
                if not tokens.at("]"):
                    tokens.expect(",")
            return tuple(items)
        if kind == "dims" and token.kind != "string":
            return self._dim(signed=True)
        tokens.next()
        if token.kind == "number":
            value = number(token.text)
            if abs(value) == math.inf and "inf" not in token.text:
                tokens.fail(f"{token} is out of range", token)
            return value
        if token.kind == "string":
            return self._string(token)
        if token.text in ("true", "false"):
            return token.text == "true"
        if token.text == "data" and tokens.peek.kind == "string":
            return self._data(tokens.next())
        if token.text in DTYPES:
            return DTYPES[token.text]
        tokens.fail(f"expected an attribute value, got {token}", token)

    def _string(self, token: Token) -> str:
        body = token.text[1:-1]
        return body.replace("\\n", "\n").replace('\\"', '"').replace("\\\\", "\\")

    def _data(self, token: Token) -> Dense:
        """`"f32[100] base64"`: large constant data."""
        head, _, encoded = token.text[1:-1].rpartition(" ")
        type = parse_type(head)
        if not isinstance(type, TensorType) or not type.is_static:
            self.tokens.fail("constant data needs a static tensor type", token)
        try:
            raw = base64.b64decode(encoded, validate=True)
            shape: Any = type.shape
            array = np.frombuffer(raw, type.dtype.numpy).reshape(shape)
        except (binascii.Error, ValueError) as error:
            self.tokens.fail(f"damaged constant data: {error}", token)
        return Dense(array, type.dtype)

    def _type_dense(
        self, row: OpRow, attrs: dict[str, Any], types: list[Type], where: Token
    ) -> None:
        """Literal numbers of a dense attribute take the dtype of the op's result."""
        for name, attribute in row.attributes.items():
            if attribute.kind != "dense" or name not in attrs or isinstance(attrs[name], Dense):
                continue
            if not types or not hasattr(types[0], "dtype"):
                self.tokens.fail(f"{row.name} needs a result type to read its data", where)
            try:
                attrs[name] = dense(attrs[name], types[0].dtype)
            except (ValueError, TypeError, OverflowError) as error:
                self.tokens.fail(f"not {types[0].dtype} data: {error}", where)

    def _int(self, what: str) -> int:
        token = self.tokens.take("number", what)
        value = number(token.text)
        if not isinstance(value, int):
            self.tokens.fail(f"expected {what}, got {token}", token)
        return value


def _hint(token: Token) -> str:
    name = token.text[1:]
    return "" if name.isdigit() else name


def _nearest(name: str) -> str:
    found = difflib.get_close_matches(name, ROWS, 1)
    return f"did you mean '{found[0]}'?" if found else ""
