"""Pipelines as text: `inline,cse,vectorize{width=64},dce`.

Owns the grammar and its errors. Which passes there are is in registry.py.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from jitflow.errors import nearest
from jitflow.ir.lexer import Token, Tokens
from jitflow.passes.step import Option, Pass, Step

_ONLY_FLAGS = {"true": True, "false": False}


def parse_steps(text: str, passes: Mapping[str, Pass]) -> tuple[Step, ...]:
    """The steps that `text` names; the empty text names none.

    Raises ParseError for an unknown pass, an unknown, missing or mistyped option, and bad syntax.
    """
    tokens = Tokens(text, "<pipeline>")
    steps: list[Step] = []
    while tokens.peek.kind != "end" or steps:
        steps.append(_step(tokens, passes))
        if tokens.peek.kind == "end":
            break
        tokens.expect(",")
    return tuple(steps)


def unknown_pass(name: str, passes: Iterable[str]) -> tuple[str, str]:
    """Problem and cure for a pass name that there is not."""
    near = nearest(name, sorted(passes))
    guess = f"did you mean '{near}'? " if near else ""
    return f"unknown pass '{name}'", f"{guess}`jitflow passes` lists all"


def _step(tokens: Tokens, passes: Mapping[str, Pass]) -> Step:
    token = tokens.take("word", "a pass")
    rule = passes.get(token.text)
    if rule is None:
        problem, cure = unknown_pass(token.text, passes)
        tokens.fail(problem, token, cure)
    options = _options(tokens, rule) if tokens.accept("{") else {}
    missing = [name for name in rule.needed if name not in options]
    if missing:
        wanted = rule.options[missing[0]].wanted
        tokens.fail(f"{rule.name} needs the option '{missing[0]}': {wanted}", token)
    return Step(rule, options)


def _options(tokens: Tokens, rule: Pass) -> dict[str, Any]:
    chosen: dict[str, Any] = {}
    while not tokens.accept("}"):
        name = tokens.take("word", "an option name")
        option = rule.options.get(name.text)
        if option is None:
            known = ", ".join(rule.options) or "none"
            tokens.fail(f"{rule.name} has no option '{name.text}'", name, f"options: {known}")
        if name.text in chosen:
            tokens.fail(f"option {name} is given twice", name)
        tokens.expect("=")
        chosen[name.text] = _value(tokens, rule, option)
        if not tokens.at("}"):
            tokens.expect(",")
    return chosen


def _value(tokens: Tokens, rule: Pass, option: Option) -> Any:
    at = tokens.peek
    value = _list(tokens) if tokens.accept("[") else _literal(tokens)
    if not option.accepts(value):
        tokens.fail(f"option '{option.name}' of {rule.name} takes {option.wanted}", at)
    return value


def _list(tokens: Tokens) -> tuple[Any, ...]:
    items = []
    while not tokens.accept("]"):
        items.append(_literal(tokens))
        if not tokens.at("]"):
            tokens.expect(",")
    return tuple(items)


def _literal(tokens: Tokens) -> int | float | bool | str:
    token = tokens.next()
    if token.kind == "number":
        return _number(token)
    if token.kind == "string":
        return token.text[1:-1]
    if token.kind == "word":
        return _ONLY_FLAGS.get(token.text, token.text)
    tokens.fail(f"expected a value, got {token}", token)


def _number(token: Token) -> int | float:
    return int(token.text) if token.text.lstrip("-").isdigit() else float(token.text)
