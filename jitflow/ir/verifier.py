"""Checks that a function is well formed, by running each row's own type rule again.

Each value is defined once, before its uses, where its uses can see it; each op has the operands,
attributes and regions that its row declares, and the result types that its rule gives. A fault
raises VerifyError with the ops around it. Passes must keep every function valid.
"""

from __future__ import annotations

from typing import NoReturn

from jitflow.errors import VerifyError
from jitflow.ir.attributes import KINDS, is_fact
from jitflow.ir.buffers import base_of
from jitflow.ir.core import MAX_DEPTH, Function, Op, Region, Value, walk
from jitflow.ir.nests import NOT_IN_NESTS, NOT_NESTED, RUN, nests_of
from jitflow.ir.printer import format_ops
from jitflow.ir.row import RULE_FAULTS, fault_text
from jitflow.ir.types import Type


def verify(function: Function, need_locations: bool = False) -> Function:
    """Returns the function if it is valid; raises VerifyError with the neighbourhood otherwise.

    need_locations: also demand that every op carries a source line (the rule before code).
    """
    for name, fact in function.attrs.items():
        if not is_fact(fact):
            raise VerifyError(f"@{function.name}: attribute {name} cannot be {fact!r}")
    _Verifier(function.name, need_locations).region(function.body, set(), 0)
    for nest in nests_of(function):
        if any(op.row in NOT_IN_NESTS for op in walk(nest.body)):
            names = ", ".join(row.name for row in NOT_IN_NESTS)
            raise VerifyError(f"@{function.name}: @{nest.name} is a nest, which has no {names}")
        verify(nest, need_locations)
    return function


class _Verifier:
    def __init__(self, name: str, need_locations: bool) -> None:
        self.name = name
        self.need_locations = need_locations
        self.defined: set[Value] = set()

    def region(self, region: Region, visible: set[Value], depth: int) -> None:
        """Walks a region that sees `visible`, which is as before when the region ends."""
        if depth > MAX_DEPTH:
            raise VerifyError(f"@{self.name}: regions are nested deeper than {MAX_DEPTH}")
        mine: list[Value] = []
        for index, param in enumerate(region.params):
            if param.op is not None:
                self._fail(f"parameter {index} is the result of an op", region, 0)
            self._define(param, visible, mine, region, 0)
        for position, op in enumerate(region.ops):
            self._op(op, visible, region, position, depth)
            for value in op.results:
                self._define(value, visible, mine, region, position)
        for value in region.results:
            self._use(value, visible, region, len(region.ops) - 1)
        visible.difference_update(mine)

    def _define(
        self, value: Value, visible: set[Value], mine: list[Value], region: Region, position: int
    ) -> None:
        if value in self.defined:
            self._fail(f"{value} is defined twice", region, position)
        if not isinstance(value.type, Type):
            self._fail(f"{value} has {value.type!r} for a type", region, position)
        self.defined.add(value)
        visible.add(value)
        mine.append(value)

    def _use(self, value: Value, visible: set[Value], region: Region, position: int) -> None:
        if value not in visible:
            is_outside = value in self.defined
            why = "is not visible in this region" if is_outside else "is not defined before its use"
            self._fail(f"{value} {why}", region, position)

    def _op(
        self, op: Op, visible: set[Value], region: Region, position: int, depth: int
    ) -> None:
        for value in op.operands:
            self._use(value, visible, region, position)
        problem = _shape_problem(op)
        if op.row is RUN and not problem:
            problem = NOT_NESTED if depth else _overlap(op)
        if not problem and self.need_locations and not op.locations:
            problem = f"{op.name} has no source line"
        if problem:
            self._fail(problem, region, position)
        for inner in op.regions:
            self.region(inner, visible if op.row.captures else set(), depth + 1)
        self._types(op, region, position)

    def _types(self, op: Op, region: Region, position: int) -> None:
        try:
            types = op.row.infer(tuple([v.type for v in op.operands]), op.attrs, op.regions)
        except RULE_FAULTS as error:
            self._fail(fault_text(op.row, op.operands, error), region, position)
        if tuple([v.type for v in op.results]) != types:
            shown = ", ".join(map(str, types))
            self._fail(f"{op.name} gives ({shown}) by its type rule", region, position)

    def _fail(self, problem: str, region: Region, position: int) -> NoReturn:
        first = max(0, position - 1)
        near = format_ops(region.ops[first : position + 2])
        lines = [f"  {'>' if k == position else ' '} {op}" for k, op in enumerate(near, first)]
        raise VerifyError("\n".join([f"@{self.name}: {problem}", *lines]))


def _overlap(op: Op) -> str:
    """What of a run's buffers is one memory, but for constants, or ""."""
    bases = [base_of(v) for v in op.operands if v.type.space != "const"]
    return "" if len(set(bases)) == len(bases) else "two buffers of run are one memory"


def _shape_problem(op: Op) -> str:
    """What of operands, attributes, regions and results is not as the row declares, or ""."""
    row = op.row
    if row.arity is not None and len(op.operands) != row.arity:
        return f"{row.name} takes {row.arity} operands, got {len(op.operands)}"
    if len(op.regions) != row.regions:
        return f"{row.name} has {row.regions} regions, got {len(op.regions)}"
    if op.attrs.keys() != row.attributes.keys():
        known, given = ", ".join(row.attributes) or "none", ", ".join(op.attrs) or "none"
        return f"{row.name} has the attributes {known}, got {given}"
    for name, attribute in row.attributes.items():
        wanted, accepts = KINDS[attribute.kind]
        if not accepts(op.attrs[name]):
            return f"{name} of {row.name} is {wanted}, got {op.attrs[name]!r}"
    for index, value in enumerate(op.results):
        if value.op is not op or value.index != index:
            return f"result {index} of {row.name} belongs to another op"
    return ""
