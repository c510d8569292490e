"""Checks that a function is well formed, by running each row's own type rule again.

A fault raises VerifyError with the ops around it. Passes must keep every function valid.
"""

from __future__ import annotations

from typing import NoReturn

from jitflow.errors import JitflowError, VerifyError
from jitflow.ir.core import Function, Op, Region, Value
from jitflow.ir.printer import format_op

MAX_DEPTH = 200


def verify(function: Function, need_locations: bool = False) -> Function:
    """Returns the function if it is valid; raises VerifyError with the neighbourhood otherwise.

    need_locations: also demand that every op carries a source line (the rule before code).
    """
    _Verifier(function.name, need_locations).region(function.body, set(), False, 0)
    return function


class _Verifier:
    def __init__(self, name: str, need_locations: bool) -> None:
        self.name = name
        self.need_locations = need_locations
        self.defined: set[Value] = set()

    def region(self, region: Region, outer: set[Value], captures: bool, depth: int) -> None:
        """Walks a region; `outer` are the values that a capturing region may also use."""
        if depth > MAX_DEPTH:
            raise VerifyError(f"@{self.name}: regions are nested deeper than {MAX_DEPTH}")
        visible = set(outer) if captures else set()
        for param in region.params:
            self._define(param, visible, region, -1)
        for position, op in enumerate(region.ops):
            self._op(op, visible, region, position, depth)
            for value in op.results:
                self._define(value, visible, region, position)
        for value in region.results:
            if value not in visible:
                self._fail(f"result {value} is not defined here", region, len(region.ops) - 1)

    def _define(self, value: Value, visible: set[Value], region: Region, position: int) -> None:
        if value in self.defined:
            self._fail(f"{value} is defined twice", region, position)
        self.defined.add(value)
        visible.add(value)

    def _op(
        self, op: Op, visible: set[Value], region: Region, position: int, depth: int
    ) -> None:
        for value in op.operands:
            if value not in visible:
                why = "used outside its region" if value in self.defined else "used before"
                self._fail(f"{value} is {why} its definition", region, position)
        row = op.row
        if row.arity is not None and len(op.operands) != row.arity:
            self._fail(f"{row.name} takes {row.arity} operands", region, position)
        if set(op.attrs) != set(row.attributes) or len(op.regions) != row.regions:
            self._fail(f"{row.name} has other attributes or regions", region, position)
        if self.need_locations and not op.locations:
            self._fail(f"{row.name} has no source line", region, position)
        for inner in op.regions:
            self.region(inner, visible, row.captures, depth + 1)
        self._types(op, region, position)

    def _types(self, op: Op, region: Region, position: int) -> None:
        try:
            types = op.row.infer(tuple(v.type for v in op.operands), op.attrs, op.regions)
        except (JitflowError, TypeError, ValueError, IndexError, KeyError, AttributeError) as error:
            self._fail(f"{op.row.name}: {error}", region, position)
        if tuple(v.type for v in op.results) != types:
            shown = ", ".join(map(str, types))
            self._fail(f"{op.row.name} gives ({shown}) by its type rule", region, position)

    def _fail(self, problem: str, region: Region, position: int) -> NoReturn:
        near = range(max(0, position - 1), min(len(region.ops), position + 2))
        marks = {position: ">"}
        lines = [f"  {marks.get(k, ' ')} {format_op(region.ops[k])}" for k in near]
        raise VerifyError("\n".join([f"@{self.name}: {problem}", *lines]))
