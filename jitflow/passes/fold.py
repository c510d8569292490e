"""fold: constant folding. What an op gives on constants is in constants.py."""

from __future__ import annotations

from jitflow.ir.core import Function, Op
from jitflow.passes.constants import CONSTANT, LIMIT, evaluate
from jitflow.passes.rewrite import Sweep


def fold(function: Function, *, limit: int = LIMIT) -> Function:
    """Replaces ops whose operands are all constant by constants.

        %0: f32[] = constant {value=2.0}
        %1: f32[] = mul %0, %0              ->      %1: f32[] = constant {value=4.0}

    limit: the most elements of an operand or result that is written out; one number that stands
    for every element (a splat) has no limit in elementwise ops. Rows that are approximate are
    folded on integers and bool only, where they are exact. The operands stay for dce.
    """
    return _Fold(limit).function(function)


class _Fold(Sweep):
    def __init__(self, limit: int) -> None:
        super().__init__()
        self.limit = limit

    def visit(self, op: Op) -> None:
        fresh = self.remap(op)
        data = evaluate(fresh, self.limit)
        if data is not None:
            old = op.results[0]
            attrs = {"value": data, "type": old.type}
            fresh = Op(CONSTANT, (), attrs, (old.type,), (), op.locations, (old.name,))
            self.replace(op, fresh.results)
        self.out.append(fresh)
