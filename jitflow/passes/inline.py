"""inline: puts the ops of called regions in the place of their calls."""

from __future__ import annotations

from jitflow.ir.core import Function, Op
from jitflow.ir.row import ROWS, OpRow
from jitflow.passes.rewrite import Sweep, map_values

_CALL = ROWS["call"]
_WITH_RULES = frozenset((ROWS["custom_jvp"], ROWS["custom_vjp"]))


def inline(function: Function, *, keep_rules: bool = False) -> Function:
    """Replaces each `call` by the ops of its region, on the operands of the call.

        %0: f32[2] = call %x {name="g"} (%a: f32[2]) {
          %1: f32[2] = neg %a
          yield %1                                       ->      %0: f32[2] = neg %x
        }
        return %0                                                return %0

    Calls within regions and within calls too. Every value of a called region is used by that
    one call only, as the verifier demands.

    keep_rules: functions with derivatives of their own stay, for what differentiates; otherwise
    they are calls like others, and their rules are dropped.
    """
    called = frozenset((_CALL,)) if keep_rules else _WITH_RULES | {_CALL}
    nothing_to_do = called.isdisjoint(function.contents.rows)
    return function if nothing_to_do else _Inline(called).function(function)


class _Inline(Sweep):
    def __init__(self, rows: frozenset[OpRow]) -> None:
        super().__init__()
        self.rows = rows

    def visit(self, op: Op) -> None:
        if op.row not in self.rows:
            self.out.append(self.remap(op))
            return
        body = op.regions[0]
        operands = map_values(op.operands, self.values)
        self.values.update(zip(body.params, operands, strict=True))
        for inner in body.ops:
            self.visit(inner)
        self.replace(op, map_values(body.results, self.values))
