"""Loops, branches, checks and calls of the host: the rows that write blocks.

A loop tests at its end, as machine loops do, behind a test that skips it when it has no trips.
Owns no state.
"""

from __future__ import annotations

from jitflow.codegen.emitter import Emit, Emitter, hint
from jitflow.codegen.fork import fork
from jitflow.codegen.outline import call_body, can_outline
from jitflow.codegen.types import register_type
from jitflow.errors import VerifyError
from jitflow.ir.core import Op
from jitflow.ir.host import HOST_FAILED


def _loop(e: Emitter, op: Op) -> None:
    """A loop in chunks is a function of its own, which threads call."""
    lower, upper = op.operands[:2]
    if op.attrs["chunks"] > 1:
        fork(e, op, _write_loop)
    else:
        _write_loop(e, op, e.names[lower], e.names[upper])


def _write_loop(e: Emitter, op: Op, first: str, end: str) -> None:
    """Its index must not pass the largest i64: upper bound and step together fit in one."""
    carried = op.operands[2:]
    (body,) = op.regions
    index, *inside = body.params
    start, exit = e.new_block("loop"), e.new_block("done")
    before, always = e.block, _has_trips(first, end)
    if always:
        e.write(f"br label %{start}")
    else:
        enters = e.temp("enters", f"icmp slt i64 {first}, {end}")
        e.write(f"br i1 {enters}, label %{start}, label %{exit}")
    e.open(start)
    places = [e.reserve() for _ in body.params]
    for param in body.params:
        e.count += 1
        e.names[param] = f"%{hint(param, 'i' if param is index else 'carried')}.{e.count}"
    if can_outline(body):
        call_body(e, body)
    else:
        e.region(body)
    after = e.temp("next", f"add nsw i64 {e.names[index]}, {op.attrs['step']}")
    more = e.temp("more", f"icmp slt i64 {after}, {end}")
    e.write(f"br i1 {more}, label %{start}, label %{exit}")
    initial = [first, *(e.names[v] for v in carried)]
    following = [after, *(e.names[v] for v in body.results)]
    for place, param, old, new in zip(places, body.params, initial, following, strict=True):
        text = f"phi {register_type(param.type)} [ {old}, %{before} ], [ {new}, %{e.block} ]"
        e.lines[place] = f"  {e.names[param]} = {text}"
    latch = e.block
    e.open(exit)
    for result, old, new in zip(op.results, initial[1:], following[1:], strict=True):
        if always:
            e.names[result] = new
        else:
            text = f"phi {register_type(result.type)} [ {old}, %{before} ], [ {new}, %{latch} ]"
            e.names[result] = e.temp(hint(result, "carried"), text)


def _has_trips(lower: str, upper: str) -> bool:
    """True where both bounds are numbers in the text and the first is below the second."""
    if lower.startswith("%") or upper.startswith("%"):
        return False
    return int(lower) < int(upper)


def _branch(e: Emitter, op: Op) -> None:
    (condition,) = op.operands
    labels, end = [e.new_block("then"), e.new_block("else")], e.new_block("end")
    targets = ", ".join(f"label %{label}" for label in labels)
    e.write(f"br i1 {e.names[condition]}, {targets}")
    sides: list[tuple[str, list[str]]] = []
    for label, region in zip(labels, op.regions, strict=True):
        e.open(label)
        e.region(region)
        sides.append((e.block, [e.names[v] for v in region.results]))
        e.write(f"br label %{end}")
    e.open(end)
    for k, result in enumerate(op.results):
        arms = ", ".join(f"[ {values[k]}, %{block} ]" for block, values in sides)
        text = f"phi {register_type(result.type)} {arms}"
        e.names[result] = e.temp(hint(result, "chosen"), text)


def _check(e: Emitter, op: Op) -> None:
    """Leaves the body with the check's id as status."""
    (condition,) = op.operands
    id = op.attrs["id"]
    if not 0 < id < 1 << 31:
        raise VerifyError(f"a check's id is its status, from 1 to {(1 << 31) - 1}; got {id}")
    _leave_unless(e, e.names[condition], id)


def _token(e: Emitter, op: Op) -> None:
    """Block order is all the order that code needs."""


def _host_call(e: Emitter, op: Op) -> None:
    """Calls the context's first entry with the call's number and the addresses of its buffers."""
    buffers = op.operands[1:]
    table = e.reserve_memory(f"[{len(buffers)} x ptr]")
    for position, buffer in enumerate(buffers):
        slot = e.temp("slot", f"getelementptr inbounds ptr, ptr {table}, i64 {position}")
        e.write(f"store ptr {e.names[buffer]}, ptr {slot}, align 8")
    host = e.temp("host", "load ptr, ptr %context, align 8")
    call = f"call i32 {host}(ptr %context, i32 {e.host_calls}, ptr {table})"
    e.host_calls += 1
    _leave_unless(e, e.temp("done", f"icmp eq i32 {e.temp('status', call)}, 0"), HOST_FAILED)


def _leave_unless(e: Emitter, condition: str, status: int) -> None:
    """Leaves the body with the status unless the condition holds."""
    failure = e.failures.setdefault(status, f"failed.{status}")
    passed = e.new_block("passed")
    e.write(f"br i1 {condition}, label %{passed}, label %{failure}")
    e.open(passed)


EMITTERS: dict[str, Emit] = {
    "loop": _loop,
    "branch": _branch,
    "check": _check,
    "token": _token,
    "host_call": _host_call,
}
