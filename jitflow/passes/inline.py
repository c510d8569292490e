"""inline: puts the ops of called regions in the place of their calls."""

from __future__ import annotations

from jitflow.ir.core import Function, Op
from jitflow.ir.row import ROWS
from jitflow.passes.rewrite import Sweep, map_values

_CALL = ROWS["call"]


def inline(function: Function) -> Function:
    """Replaces each `call` by the ops of its region, on the operands of the call.

        %0: f32[2] = call %x {name="g"} (%a: f32[2]) {
          %1: f32[2] = neg %a
          yield %1                                       ->      %0: f32[2] = neg %x
        }
        return %0                                                return %0

    Calls within regions and within calls too. Every value of a called region is used by that
    one call only, as the verifier demands.
    """
    return _Inline().function(function)


class _Inline(Sweep):
    def visit(self, op: Op) -> None:
        if op.row is not _CALL:
            self.out.append(self.remap(op))
            return
        (body,) = op.regions
        operands = map_values(op.operands, self.values)
        self.values.update(zip(body.params, operands, strict=True))
        for inner in body.ops:
            self.visit(inner)
        self.replace(op, map_values(body.results, self.values))
