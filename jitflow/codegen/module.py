"""A loop-IR function as an LLVM module: `emit_llvm`, and `emit_alone` for use without jitflow.

The body is `int32 f(void **buffers, const int64 *sizes, void *arena, ctx *context)`: buffers are
inputs, then outputs; it returns 0, or the id of the first check that failed. An op is one
instruction or a few, in order: what is fast was decided by the passes before. No fast-math flags,
no address of this process.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from functools import cache, partial

from jitflow.codegen import control, convert, elementwise, memory, nests, vectors
from jitflow.codegen.alone import Given, head_alone, take_buffers
from jitflow.codegen.emitter import Emit, Emitter, hint
from jitflow.codegen.functions import call_row, called_rows, emit_row, row_symbol
from jitflow.codegen.memory import require_static
from jitflow.codegen.nests import is_list, traits, write_list
from jitflow.codegen.soft import soft_functions
from jitflow.codegen.types import initializer
from jitflow.errors import NoCodeError, VerifyError, explain
from jitflow.ir.core import Function, Op, Value, used
from jitflow.ir.dense import Dense
from jitflow.ir.kinds import Kind
from jitflow.ir.nests import nests_of, walk_all
from jitflow.ir.row import Family
from jitflow.ir.types import BufferType
from jitflow.passes.halves import has_halves, is_half

TABLE: dict[str, Emit] = {
    **elementwise.EMITTERS,
    **convert.EMITTERS,
    **vectors.EMITTERS,
    **memory.EMITTERS,
    **control.EMITTERS,
    **nests.EMITTERS,
}
"""What writes each row of level 3; a math row that `expand` left is a call."""

MANY_BUFFERS = 1024
"""From here on their pointers are loaded where they are used."""

_SYMBOL = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def emit_llvm(function: Function, name: str, lacks: Collection[str] = ()) -> str:
    """LLVM text that defines `name`; equal functions with equal names give equal text.

    lacks: rows that the machine has no instructions for. Raises NoCodeError for ops, dtypes
    (complex) and sizes (symbols) that have no code yet, and VerifyError where the function is not
    at level 3 or its buffers have no place yet.
    """
    if not _SYMBOL.fullmatch(name):
        raise VerifyError(f"'{name}' is not a symbol: letters, digits and _")
    e = Emitter(TABLE, _otherwise, name, lacks)
    _write(e, function, _write_list if is_list(function) else _write_body)
    before = [*e.globals(), *e.declarations.values(), *e.definitions]
    head = _head(name, len(function.params), traits(function))
    return _with_soft("\n".join([*before, *head, *e.entry, *e.lines, "}", ""]), lacks)


def emit_alone(
    function: Function, name: str, given: Sequence[Given], data: Mapping[str, Dense], target: str,
    lacks: Collection[str],
) -> str:
    """LLVM text of a C function that needs nothing of jitflow: what it calls is in the module.

    It takes what `given` says of each buffer, then the address of its temporaries, and gives the
    same status as a body. data: constants that C code sees, by symbol. target: lines that say which
    machine the module is for; lacks: rows that it has no instructions for. Raises as `emit_llvm`;
    VerifyError for loops that threads share, and for calls of the host.
    """
    if len(given) != len(function.params):
        raise VerifyError(f"@{name} has {len(function.params)} buffers, {len(given)} are given")
    ops = list(walk_all(function))
    if any(op.row.name == "host_call" or op.attrs.get("chunks", 1) > 1 for op in ops):
        raise VerifyError(f"@{name} calls the host, or shares loops with threads")
    e = Emitter(TABLE, _otherwise, name, lacks)
    _write(e, function, partial(_write_given, given=given))
    rows = [_row_function(kind, True, frozenset(lacks)) for kind in called_rows(ops).values()]
    seen = [f"@{symbol} = constant {initializer(x)}, align 64" for symbol, x in data.items()]
    before = [target, *seen, *rows, *e.globals(), *e.definitions]
    head = head_alone(name, given, traits(function))
    return _with_soft("\n".join([*before, *head, *e.entry, *e.lines, "}", ""]), lacks)


def _with_soft(text: str, lacks: Collection[str]) -> str:
    """The text, and the functions that stand in it for what the machine lacks."""
    return "\n".join([text, *soft_functions(text), ""]) if lacks else text


def _write(e: Emitter, function: Function, body: Callable[[Emitter, Function], None]) -> None:
    """The lines of the function; `body` names its buffers and writes its ops."""
    try:
        _require_wide(function)
        body(e, function)
    except NoCodeError as error:
        raise NoCodeError(_explain(e, str(error))) from None
    memory.fence(e)
    e.write("ret i32 0")
    for id, label in e.failures.items():
        e.open(label)
        e.write(f"ret i32 {id}")


def emit_row_functions(kinds: Iterable[Kind], lacks: frozenset[str] = frozenset()) -> str:
    """LLVM text of functions that bodies call."""
    return _with_soft("\n".join([_row_function(kind, False, lacks) for kind in kinds]), lacks)


@cache
def _row_function(kind: Kind, is_internal: bool, lacks: frozenset[str]) -> str:
    """is_internal: called from its own module only; which has what stands for `lacks`."""
    e = Emitter(TABLE, _otherwise, row_symbol(kind), lacks)
    return emit_row(kind, e, "internal " if is_internal else "")


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
    if not any(map(has_halves, (function, *nests_of(function)))):
        return
    for op in walk_all(function):
        if (op.row.widens_halves or op.row.name == "lane_reduce") and any(
            [is_half(v) for v in op.operands]
        ):
            problem = f"computes on {op.operands[-1].type}; run the pass halves"
            at = op.locations[0] if op.locations else None
            raise VerifyError(explain(problem, op=op.row.name, at=at))


def _head(name: str, buffers: int, traits: str) -> list[str]:
    table = f"ptr noalias nonnull readonly dereferenceable({8 * buffers}) %buffers"
    params = f"{table if buffers else 'ptr %buffers'}, ptr %sizes, ptr noalias %arena, ptr %context"
    return [f"define i32 @{name}({params}) {traits} {{", "entry:"]


def _write_body(e: Emitter, function: Function) -> None:
    """All ops, behind the pointers of all buffers, where every block sees them.

    Of many buffers each has its pointer in front of the first op that uses it.
    """
    waiting = {param: position for position, param in enumerate(function.params)}
    if len(waiting) < MANY_BUFFERS:
        for param, position in waiting.items():
            _load_pointer(e, position, param)
        e.straight(function.ops)
        return

    def load(op: Op) -> None:
        for value in used(op):
            if value in waiting:
                _load_pointer(e, waiting.pop(value), value)

    e.straight(function.ops, load)


def _write_list(e: Emitter, function: Function) -> None:
    positions = {param: position for position, param in enumerate(function.params)}
    write_list(e, function, lambda param: _load_pointer(e, positions[param], param))


def _write_given(e: Emitter, function: Function, given: Sequence[Given]) -> None:
    take_buffers(e, function, given)
    e.straight(function.ops)


def _load_pointer(e: Emitter, position: int, param: Value) -> None:
    if not isinstance(param.type, BufferType):
        raise VerifyError(f"parameter {position} is {param.type}; level 3 takes buffers")
    require_static(param.type)
    slot = "%buffers"
    if position:
        slot = e.temp("slot", f"getelementptr inbounds ptr, ptr %buffers, i64 {position}")
    e.names[param] = e.temp(hint(param, "buffer"), f"load ptr, ptr {slot}, align 8")
