"""cse: common subexpressions, by value numbering. Asks rows for effect and commutativity."""

from __future__ import annotations

from typing import Any

from jitflow.ir.core import Function, Op, Region, Value
from jitflow.ir.location import Locations, unite
from jitflow.passes.rewrite import Sweep, map_values

Key = tuple[Any, ...]


def cse(function: Function) -> Function:
    """Computes equal ops once: same row, operands and attributes; the first one stays.

        %0: f32[2] = add %x, %y
        %1: f32[2] = add %y, %x      ->      %0: f32[2] = add %x, %y
        %2: f32[2] = mul %0, %1              %1: f32[2] = mul %0, %0

    Only ops without effects and regions are merged; operands of commutative ones match in any
    order. A nested op may give way to an outer one where its region captures. The op that stays
    has the source lines of all.
    """
    numbering = _Numbering()
    numbering.region(function.body, {})
    if not numbering.leaders:
        return function
    return _Merge(numbering.leaders, numbering.locations).function(function)


class _Numbering:
    """Finds the value that leads each class of equal ones."""

    def __init__(self) -> None:
        self.leaders: dict[Value, Value] = {}
        self.locations: dict[Op, Locations] = {}

    def region(self, region: Region, known: dict[Key, Op]) -> None:
        """Numbers the ops of a region; `known` are the ops that they may give way to."""
        added: list[Key] = []
        for op in region.ops:
            if op.regions:
                for inner in op.regions:
                    self.region(inner, known if op.row.captures else {})
            elif op.row.is_pure:
                key = self.key(op)
                leader = known.setdefault(key, op)
                if leader is op:
                    added.append(key)
                else:
                    self.merge(op, leader)
        for key in added:
            del known[key]

    def key(self, op: Op) -> Key:
        """Equal for ops that compute the same."""
        operands = map_values(op.operands, self.leaders) if self.leaders else op.operands
        if op.row.commutative and id(operands[1]) < id(operands[0]):
            operands = (operands[1], operands[0])
        return (op.row, operands, *op.attrs.items()) if op.attrs else (op.row, operands)

    def merge(self, op: Op, leader: Op) -> None:
        self.leaders.update(zip(op.results, leader.results, strict=True))
        places = self.locations.get(leader, leader.locations)
        united = unite(places, op.locations)
        if united is not places:
            self.locations[leader] = united


class _Merge(Sweep):
    """Drops the ops that gave way, and hands their source lines to the ones that stay."""

    def __init__(self, leaders: dict[Value, Value], locations: dict[Op, Locations]) -> None:
        super().__init__()
        self.leaders = leaders
        self.locations = locations

    def visit(self, op: Op) -> None:
        if op.results and op.results[0] in self.leaders:
            leading = [self.leaders[value] for value in op.results]
            self.replace(op, [self.values.get(value, value) for value in leading])
            return
        self.out.append(self.remap(op, self.locations.get(op)))
