"""Attributes from tokens: `{axes=[0, 1], kind="parallel", value=[1.5, -inf]}`.

Owns their syntax. Which attributes an op has, and of which kind, is in its row.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from jitflow.ir.attributes import KINDS, is_fact
from jitflow.ir.core import Function
from jitflow.ir.dense import Dense
from jitflow.ir.dtypes import DTYPES, DType
from jitflow.ir.lexer import Token, Tokens
from jitflow.ir.literals import read_data, read_elements, read_number, read_string
from jitflow.ir.row import OpRow
from jitflow.ir.type_reader import MAX_RANK, read_dim, static_tensor
from jitflow.ir.types import Type


def read_facts(tokens: Tokens) -> dict[str, Any]:
    """The attributes of a function, of any name."""
    attrs: dict[str, Any] = {}
    tokens.expect("{")
    for at in tokens.items("}"):
        name = _name(tokens, attrs)
        attrs[name] = _literal(tokens)
        if not is_fact(attrs[name]):
            tokens.fail("expected an int, a string, a dtype or a list of them", at)
    return attrs


def read_attrs(
    tokens: Tokens, row: OpRow, types: list[Type], nests: Mapping[str, Function]
) -> dict[str, Any]:
    """The attributes of an op whose results have these types; `{...}` may be missing.

    nests: those that were defined before, by name.
    """
    attrs: dict[str, Any] = {}
    if tokens.accept("{"):
        for at in tokens.items("}"):
            name = _name(tokens, attrs)
            if name not in row.attributes:
                known = ", ".join(_written(row)) or "none"
                tokens.fail(f"{row.name} has no attribute '{name}'; it has {known}", at)
            kind = row.attributes[name].kind
            is_nest = kind == "nest"
            attrs[name] = _nest(tokens, nests) if is_nest else _attribute(tokens, kind, types)
    for name, attribute in row.attributes.items():
        if attribute.kind == "type" and types:
            attrs[name] = types[0]
    return attrs


def _written(row: OpRow) -> list[str]:
    """The attributes that stand in braces; the type stands in front."""
    return [name for name, attribute in row.attributes.items() if attribute.kind != "type"]


def _name(tokens: Tokens, before: Mapping[str, Any]) -> str:
    token = tokens.take("word", "an attribute name")
    if token.text in before:
        tokens.fail(f"attribute {token} is given twice", token)
    tokens.expect("=")
    return token.text


def _nest(tokens: Tokens, nests: Mapping[str, Function]) -> Function:
    at = tokens.peek
    tokens.expect("@")
    name = function_name(tokens)
    if name not in nests:
        cure = "nests stand in front of the function that runs them"
        tokens.fail(f"no nest is called @{name}", at, cure)
    return nests[name]


def function_name(tokens: Tokens) -> str:
    """A word, or a string, behind an @."""
    if tokens.peek.kind == "string":
        return string(tokens, tokens.next())
    return tokens.take("word", "a function name").text


def _attribute(tokens: Tokens, kind: str, types: list[Type]) -> Any:
    at = tokens.peek
    if kind == "type":
        tokens.fail("the type of the result stands in front of the op, not here")
    value = _literal(tokens, is_dims=kind == "dims")
    if kind == "dense":
        return _dense(tokens, value, types, at)
    if not KINDS[kind].accepts(value):
        tokens.fail(f"expected {KINDS[kind].wanted}", at)
    return value


def _dense(tokens: Tokens, value: Any, types: list[Type], at: Token) -> Dense:
    """Numbers take the dtype of the op's result."""
    if isinstance(value, Dense):
        return value
    dtype = getattr(types[0], "dtype", None) if types else None
    if not isinstance(dtype, DType):
        tokens.fail("numbers need a result with a dtype in front of the op", at)
    try:
        return read_elements(value, dtype)
    except (ValueError, OverflowError) as error:
        tokens.fail(str(error), at)


def _literal(tokens: Tokens, is_dims: bool = False, depth: int = 0) -> Any:
    token = tokens.peek
    if tokens.accept("["):
        if depth == MAX_RANK:
            tokens.fail(f"lists are nested deeper than {MAX_RANK}", token)
        return tuple([_literal(tokens, is_dims, depth + 1) for _ in tokens.items("]")])
    if is_dims:
        return read_dim(tokens, signed=True)
    tokens.next()
    if token.kind == "number":
        return _number(tokens, token)
    if token.kind == "string":
        return string(tokens, token)
    if token.text in ("true", "false"):
        return token.text == "true"
    if token.text == "data":
        return _data(tokens, tokens.take("string", "constant data in quotes"))
    if token.text == "complex":
        return _complex(tokens)
    if token.text in DTYPES:
        return DTYPES[token.text]
    tokens.fail(f"expected an attribute value, got {token}", token)


def _number(tokens: Tokens, token: Token) -> int | float:
    try:
        return read_number(token.text)
    except ValueError as error:
        tokens.fail(str(error), token)


def _complex(tokens: Tokens) -> complex:
    """`complex(real, imaginary)` after its first word."""
    tokens.expect("(")
    real = _number(tokens, tokens.take("number", "the real part"))
    tokens.expect(",")
    imaginary = _number(tokens, tokens.take("number", "the imaginary part"))
    tokens.expect(")")
    return complex(real, imaginary)


def string(tokens: Tokens, token: Token) -> str:
    """The text of a string token."""
    try:
        return read_string(token.text)
    except ValueError as error:
        tokens.fail(f"cannot read this string: {error}", token, "escapes are those of JSON")


def _data(tokens: Tokens, token: Token) -> Dense:
    """`"f32[100] base64"`: long constant data."""
    head, _, encoded = token.text[1:-1].rpartition(" ")
    type = static_tensor(head)
    if type is None:
        cure = 'such as data "f32[2] AACAPwAAgD8="'
        tokens.fail("constant data needs a type of static shape, then base64", token, cure)
    try:
        return read_data(type.dtype, type.shape, encoded)
    except ValueError as error:
        tokens.fail(str(error), token)
