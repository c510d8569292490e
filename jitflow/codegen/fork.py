"""Loops that threads share: a function of the iterations from first to last, and a call of it.

The call goes through the body's context, `void fork(f, arguments, trips, chunks, scratch, bytes)`,
which calls `f(arguments, first, last, scratch)` for runs of trips, on any threads. What the loop
uses from around it is passed in memory. What it allocates is each thread's own: `scratch` is the
caller's, a part of the body's arena.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from jitflow.codegen.emitter import Emitter
from jitflow.codegen.memory import fence
from jitflow.codegen.outline import outer_values
from jitflow.codegen.types import register_type
from jitflow.errors import VerifyError
from jitflow.ir.core import Op, Value
from jitflow.passes.lowering.footprint import span_bytes
from jitflow.passes.lowering.rebuild import constant_int
from jitflow.passes.lowering.work import trip_count

WriteLoop = Callable[[Emitter, Op, str, str], None]
"""write(e, op, first, end): the loop as machine code, between two values of its index."""

FORK_SLOT = 1
"""Which entry of the context the call is."""


def fork(e: Emitter, op: Op, write: WriteLoop) -> None:
    """Writes the loop as a function, and the call that runs it in chunks.

    VerifyError where it is not known how often it runs, where a chunk is too short, or the body
    can fail.
    """
    trips = _trips(op)
    start, size = _scratch(op)
    body = op.regions[0]
    outer = [v for v in outer_values(body) if v not in body.params]
    symbol = _chunk_function(e, op, outer, start, write)
    arguments = _packed(e, _passed(e, outer))
    slot = e.temp("slot", f"getelementptr inbounds ptr, ptr %context, i64 {FORK_SLOT}")
    call = e.temp("fork", f"load ptr, ptr {slot}, align 8")
    scratch = "null"
    if size:
        offset = start - e.arena_start
        scratch = e.temp("scratch", f"getelementptr inbounds i8, ptr %arena, i64 {offset}")
    chunks = op.attrs["chunks"]
    e.write(
        f"call void {call}(ptr {symbol}, ptr {arguments}, i64 {trips}, i64 {chunks}, "
        f"ptr {scratch}, i64 {size})"
    )


def _trips(op: Op) -> int:
    trips, least = trip_count(op), 2 if op.attrs["kind"] == "overlapping" else 1
    if trips is None or trips < least * op.attrs["chunks"]:
        raise VerifyError(f"{op.attrs['chunks']} chunks of a loop of {trips} iterations")
    if any(row.name in ("check", "host_call") for row in op.regions[0].contents.rows):
        raise VerifyError("a loop in chunks neither fails nor calls the host")
    return trips


def _scratch(op: Op) -> tuple[int, int]:
    """Where in the arena the caller's scratch begins, and how many bytes it has."""
    allocs = [o for o in op.regions[0].ops if o.row.name == "alloc"]
    if not allocs:
        return 0, 0
    start = min(o.attrs["offset"] for o in allocs)
    return start, max(o.attrs["offset"] + span_bytes(o.result.type) for o in allocs) - start


def _chunk_function(
    e: Emitter, op: Op, outer: Sequence[Value], start: int, write: WriteLoop
) -> str:
    """Defines the function, and gives its symbol."""
    inner = e.nested()
    inner.arena_start = start
    inner.names.update((v, e.names[v]) for v in outer)
    passed = _passed(e, outer)
    record = _record(passed)
    for place, value in enumerate(passed):
        at = inner.temp("at", f"getelementptr {record}, ptr %arguments, i64 0, i32 {place}")
        load = f"load {register_type(value.type)}, ptr {at}, align 1"
        inner.names[value] = inner.temp("given", load)
    ends = [_index(inner, op, name) for name in ("%first", "%last")]
    write(inner, op, *ends)
    fence(inner)
    symbol = f"@{e.symbol}.chunk{len(e.definitions)}"
    head = f"define internal void {symbol}(ptr %arguments, i64 %first, i64 %last, ptr %arena)"
    e.define_function(head, inner)
    return symbol


def _index(e: Emitter, op: Op, trip: str) -> str:
    """The loop's index at an iteration, counted from 0; its lower end is a number in the text."""
    if op.attrs["step"] > 1:
        trip = e.temp("trip", f"mul nsw i64 {trip}, {op.attrs['step']}")
    lower = constant_int(op.operands[0])
    return e.temp("trip", f"add nsw i64 {trip}, {lower}") if lower else trip


def _passed(e: Emitter, values: Sequence[Value]) -> list[Value]:
    """Those that are not plain in the text, as numbers and constant data are."""
    return [v for v in values if e.names[v].startswith("%")]


def _record(values: Sequence[Value]) -> str:
    """The LLVM type of what is passed; where it lies is aligned to 8 bytes only."""
    return f"{{ {', '.join(register_type(v.type) for v in values)} }}"


def _packed(e: Emitter, values: Sequence[Value]) -> str:
    """The address of a record of the values."""
    if not values:
        return "null"
    record = _record(values)
    memory = e.reserve_memory(record)
    for place, value in enumerate(values):
        at = e.temp("at", f"getelementptr {record}, ptr {memory}, i64 0, i32 {place}")
        e.write(f"store {register_type(value.type)} {e.names[value]}, ptr {at}, align 1")
    return memory
