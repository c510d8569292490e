"""A loop-IR function as an LLVM module: `emit_llvm`.

The body is `int32 f(void **buffers, const int64 *sizes, void *arena, ctx *context)`: buffers are
inputs, then outputs; it returns 0, or the id of the first check that failed. An op is one
instruction or a few, in order: what is fast was decided by the passes before. No fast-math flags,
no address of this process.
"""

from __future__ import annotations

import re
from functools import cache

from jitflow.codegen import control, convert, elementwise, memory, nests, vectors
from jitflow.codegen.emitter import Emit, Emitter, hint
from jitflow.codegen.functions import call_row, emit_row, row_symbol
from jitflow.codegen.memory import require_static
from jitflow.errors import NoCodeError, VerifyError, explain
from jitflow.ir.core import Function, Op
from jitflow.ir.kinds import Kind
from jitflow.ir.nests import walk_all
from jitflow.ir.row import Family
from jitflow.ir.types import BufferType
from jitflow.passes.halves import is_half

TABLE: dict[str, Emit] = {
    **elementwise.EMITTERS,
    **convert.EMITTERS,
    **vectors.EMITTERS,
    **memory.EMITTERS,
    **control.EMITTERS,
    **nests.EMITTERS,
}
"""What writes each row of level 3; a math row that `expand` left is a call."""

_SYMBOL = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def emit_llvm(function: Function, name: str) -> str:
    """LLVM text that defines `name`; equal functions with equal names give equal text.

    Raises NoCodeError for ops, dtypes (complex) and sizes (symbols) that have no code
    yet, and VerifyError where the function is not at level 3 or its buffers have no place yet.
    """
    if not _SYMBOL.fullmatch(name):
        raise VerifyError(f"'{name}' is not a symbol: letters, digits and _")
    e = Emitter(TABLE, _otherwise, name)
    try:
        _require_wide(function)
        _load_pointers(e, function)
        e.region(function.body)
    except NoCodeError as error:
        raise NoCodeError(_explain(e, str(error))) from None
    memory.fence(e, function.body)
    e.write("ret i32 0")
    for id, label in e.failures.items():
        e.open(label)
        e.write(f"ret i32 {id}")
    before = [*e.globals(), *e.declarations.values(), *e.definitions]
    head = _head(name, len(function.params))
    return "\n".join([*before, *head, *e.entry, *e.lines, "}", ""])


@cache
def emit_row_function(kind: Kind) -> str:
    """LLVM text of a function that `emit_llvm` calls."""
    return emit_row(kind, Emitter(TABLE, _otherwise, row_symbol(kind)))


def _otherwise(e: Emitter, op: Op) -> None:
    """Math rows are called; loop ops without an emitter have no code yet; others are too high."""
    if op.row.expand is not None:
        call_row(e, op)
    elif op.row.family in (Family.LOOP, Family.CHECK):
        raise NoCodeError("no code for this op yet")
    else:
        raise VerifyError(f"{op.row.name} is above level 3; run lower and expand")


def _explain(e: Emitter, problem: str) -> str:
    op = e.op
    if op is None:
        return explain(problem)
    return explain(problem, op=op.row.name, at=op.locations[0] if op.locations else None)


def _require_wide(function: Function) -> None:
    """VerifyError where 16-bit floats are computed with: registers hold their bits only."""
    for op in walk_all(function):
        if (op.row.widens_halves or op.row.name == "lane_reduce") and any(
            [is_half(v) for v in op.operands]
        ):
            problem = f"computes on {op.operands[-1].type}; run the pass halves"
            at = op.locations[0] if op.locations else None
            raise VerifyError(explain(problem, op=op.row.name, at=at))


def _head(name: str, buffers: int) -> list[str]:
    table = f"ptr noalias nonnull readonly dereferenceable({8 * buffers}) %buffers"
    params = f"{table if buffers else 'ptr %buffers'}, ptr %sizes, ptr noalias %arena, ptr %context"
    return [f"define i32 @{name}({params}) nounwind {{", "entry:"]


def _load_pointers(e: Emitter, function: Function) -> None:
    """The pointers of all buffers, once, where every block sees them."""
    for position, param in enumerate(function.params):
        if not isinstance(param.type, BufferType):
            raise VerifyError(f"parameter {position} is {param.type}; level 3 takes buffers")
        require_static(param.type)
        slot = "%buffers"
        if position:
            slot = e.temp("slot", f"getelementptr inbounds ptr, ptr %buffers, i64 {position}")
        e.names[param] = e.temp(hint(param, "buffer"), f"load ptr, ptr {slot}, align 8")
