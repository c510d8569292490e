"""Simplification rules: a pattern in op syntax, what it becomes, and whether that is exact.

A pattern is a call of rows by their builder names: `sub(x, 0)`, `select(not_(c), x, y)`.
    x, c    any value; the same letter twice is the same value
    C, D    a constant
    0, -1   a constant whose every element has exactly these bits (0 is not -0.0)
    unit    the constant that is the row's identity
A result is a pattern of the same letters, where a number is a constant of the result's type; or a
function of the builder, the matched op and its letters' values in order, which may decline with
None. Knows how to match; which rules there are is in rules.py.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from jitflow.forks import computed
from jitflow.ir.builder import method_name
from jitflow.ir.core import Op, Value
from jitflow.ir.dense import Dense
from jitflow.ir.dtypes import DType
from jitflow.ir.row import ROWS, OpRow
from jitflow.passes.constants import CONSTANT, is_constant, splat

Bindings = dict[str, Value]
Matcher = Callable[[Value, Bindings], bool]
Maker = Callable[[Any, Op, Bindings], Any]
Result = str | Callable[..., Value | None]


@dataclass(frozen=True, eq=False)
class Rule:
    """One simplification.

    kinds: dtype kinds of the last operand for which it holds.
    exact: every bit of the result stays, those of NaN aside; else the rule is `fast`.
    """

    name: str
    pattern: str
    result: Result
    kinds: str = "biufc"
    exact: bool = True

    @computed
    def row(self) -> OpRow:
        """The row of the outermost op."""
        return _row(self._tree)

    @computed
    def trigger(self) -> tuple[int, OpRow] | None:
        """An operand and the row that must have produced it; None if any producer may match."""
        for index, operand in enumerate(self._tree.args):
            row = _producer(operand)
            if row is not None:
                return index, row
        return None

    @computed
    def _tree(self) -> ast.Call:
        return _parse(self.pattern)

    @computed
    def _operands(self) -> tuple[Matcher, ...]:
        return tuple(_matcher(operand, self.row) for operand in self._tree.args)

    @computed
    def make(self) -> Maker:
        """make(builder, op, bindings): the op's new value, or None where the rule declines."""
        if isinstance(self.result, str):
            return _maker(ast.parse(self.result, mode="eval").body)
        result = self.result
        return lambda b, op, found: result(b, op, *found.values())

    def match(self, op: Op) -> Bindings | None:
        """The values of the pattern's letters, in order; None where the pattern differs."""
        operands = op.operands
        if operands and operands[-1].type.dtype.kind not in self.kinds:
            return None
        found: Bindings = {}
        for matches, value in zip(self._operands, operands, strict=False):
            if not matches(value, found):
                return None
        return found


ROW_BY_METHOD: Mapping[str, OpRow] = {method_name(row): row for row in ROWS.values()}


def _parse(text: str) -> ast.Call:
    tree = ast.parse(text, mode="eval").body
    assert isinstance(tree, ast.Call)
    return tree


def _row(call: ast.Call) -> OpRow:
    assert isinstance(call.func, ast.Name)
    return ROW_BY_METHOD[call.func.id]


def _producer(node: ast.expr) -> OpRow | None:
    if isinstance(node, ast.Call):
        return _row(node)
    is_variable = isinstance(node, ast.Name) and node.id.islower() and node.id != "unit"
    return None if is_variable else CONSTANT


def _matcher(node: ast.expr, parent: OpRow) -> Matcher:
    if isinstance(node, ast.Call):
        return _match_call(_row(node), tuple(_matcher(a, _row(node)) for a in node.args))
    if not isinstance(node, ast.Name):
        return _match_literal(ast.unparse(node))
    if node.id == "unit":
        return _match_unit(parent)
    return _match_variable(node.id)


def _match_call(row: OpRow, operands: tuple[Matcher, ...]) -> Matcher:
    def matches(value: Value, found: Bindings) -> bool:
        op = value.op
        return (
            op is not None
            and op.row is row
            and all(m(v, found) for m, v in zip(operands, op.operands, strict=False))
        )

    return matches


def _match_variable(name: str) -> Matcher:
    needs_constant = name.isupper()

    def matches(value: Value, found: Bindings) -> bool:
        if needs_constant and not is_constant(value):
            return False
        return found.setdefault(name, value) is value

    return matches


def _match_literal(text: str) -> Matcher:
    def matches(value: Value, found: Bindings) -> bool:
        data = splat(value)
        return data is not None and data.bits == _literal_bits(text, data.dtype)

    return matches


@lru_cache(maxsize=512)
def _literal_bits(text: str, dtype: DType) -> bytes | None:
    try:
        return Dense(ast.literal_eval(text), dtype).bits
    except OverflowError:
        return None


def _match_unit(row: OpRow) -> Matcher:
    def matches(value: Value, found: Bindings) -> bool:
        data = splat(value)
        return data is not None and data.bits == _unit_bits(row, data.dtype)

    return matches


@lru_cache(maxsize=512)
def _unit_bits(row: OpRow, dtype: DType) -> bytes:
    assert row.identity is not None
    return Dense(row.identity(dtype), dtype).bits


def _maker(node: ast.expr) -> Maker:
    if isinstance(node, ast.Name):
        name = node.id
        return lambda b, op, found: found[name]
    if not isinstance(node, ast.Call):
        number = ast.literal_eval(node)
        return lambda b, op, found: b.full_like(op.results[0], number)
    assert isinstance(node.func, ast.Name)
    method, operands = node.func.id, tuple(_maker(operand) for operand in node.args)
    return lambda b, op, found: getattr(b, method)(*[make(b, op, found) for make in operands])
