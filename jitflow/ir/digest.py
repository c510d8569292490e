"""What code is made of, as one text: equal for functions that the same code serves, no others.

Those are equal functions of one name whose ops that can fail stand on the same lines, as errors
name these. Faster to write than the text of the printer, and not read by anybody.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from jitflow.errors import VerifyError
from jitflow.ir.builder import OWN_ROWS
from jitflow.ir.core import Function, Op, Region, Value, walk
from jitflow.ir.dense import Dense
from jitflow.ir.dims import Dim
from jitflow.ir.dtypes import DType
from jitflow.ir.location import Location
from jitflow.ir.row import Effect, Family, OpRow
from jitflow.ir.types import Type


def digest_text(function: Function) -> str:
    """The text; VerifyError where an attribute has none."""
    writer = _Writer()
    writer.add(repr(function.name), _attrs(function.attrs))
    writer.region(function.body)
    return " ".join(writer.parts)


def failing_lines(function: Function) -> set[Location]:
    """The first line of each op that can fail: these are in the text."""
    return {op.locations[0] for op in walk(function.body) if _can_fail(op) and op.locations}


def has_own_rows_only(function: Function) -> bool:
    """Whether jitflow's sources say what each op means; a row from outside may mean anything."""
    return all(OWN_ROWS.get(op.row.name) is op.row for op in walk(function.body))


def _can_fail(op: Op) -> bool:
    """Whether an error may name the op's line when the code runs: checks, and library work."""
    return op.row.effect is Effect.ORDERED or op.row.family is Family.LIBRARY


class _Writer:
    """Words in a fixed order; each value is a number, each type is written where it is made."""

    def __init__(self) -> None:
        self.parts: list[str] = []
        self.numbers: dict[Value, str] = {}
        self.types: dict[int, str] = {}
        """By the id of the object, which the function holds."""
        self.can_fail: dict[OpRow, bool] = {}

    def add(self, *parts: str) -> None:
        self.parts += parts

    def region(self, region: Region) -> None:
        self.add("(")
        self._define(region.params)
        self.add(")")
        for op in region.ops:
            self._op(op)
        self.add("return", *[self.numbers[v] for v in region.results], ".")

    def _op(self, op: Op) -> None:
        row, parts = op.row, self.parts
        parts.append(row.name)
        parts += [self.numbers[v] for v in op.operands]
        if op.attrs:
            parts.append(_attrs(op.attrs))
        can_fail = self.can_fail.get(row)
        if can_fail is None:
            can_fail = self.can_fail[row] = _can_fail(op)
        if can_fail:
            parts.append(repr([tuple(place) for place in op.locations]))
        for inner in op.regions:
            self.region(inner)
        self._define(op.results)

    def _define(self, values: Sequence[Value]) -> None:
        parts, numbers, types = self.parts, self.numbers, self.types
        parts.append(":")
        for value in values:
            text = types.get(id(value.type))
            if text is None:
                text = types[id(value.type)] = str(value.type)
            parts.append(text)
            numbers[value] = str(len(numbers))


def _attrs(attrs: Mapping[str, Any]) -> str:
    return "{" + ", ".join([f"{name}={_attr(value)}" for name, value in attrs.items()]) + "}"


def _attr(value: Any) -> str:
    """The value, in other words than any value that is not equal."""
    if type(value) is Dense:
        return f"{value.dtype.name}{value.array.shape} {value.bits.hex()}"
    if isinstance(value, (bool, int, str)):
        return repr(value)
    if isinstance(value, tuple):
        return "[" + ", ".join(map(_attr, value)) + "]"
    if isinstance(value, (DType, Dim, Type)):
        return str(value)
    raise VerifyError(f"an attribute is a {type(value).__name__}, which has no text")
