"""From a loop-IR function to an `Executable`.

Owns the facts that the runtime keeps of a function: arena size, checks, whether a call is long.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from jitflow.codegen import baseline_text, called_rows, emit_llvm
from jitflow.errors import NoCodeError, VerifyError
from jitflow.ir.buffers import base_of
from jitflow.ir.core import Function, Op, Region
from jitflow.ir.nests import RUN, walk_all
from jitflow.ir.types import BufferType
from jitflow.passes.assign import arena_bytes
from jitflow.passes.lowering.work import usual_trips, work
from jitflow.passes.timing import measure
from jitflow.runtime.engine import BASELINE, FULL, engine
from jitflow.runtime.executable import Body, Executable, Failure
from jitflow.runtime.host import HostCall
from jitflow.runtime.loading import arranged
from jitflow.runtime.machine import host_target
from jitflow.runtime.target import Target
from jitflow.runtime.tiers import tier_of

LONG_CALL_WORK = 1_200_000
"""Additions of a register above which a call releases the GIL: 150 to 350 us on one thread."""

CHECK_OP, LOOP_OP, HOST_OP, STORE_OP = "check", "loop", "host_call", "store"


def compile_function(
    function: Function, target: Target | None = None, in_hurry: bool = False
) -> Executable:
    """Machine code of a function at level 3 whose buffers have their places in the arena.

    Its parameters are buffers: inputs, then as many outputs as the attribute `outputs` says.
    in_hurry: baseline code will do, where that pays.
    """
    body = compile_body(function, host_target() if target is None else target, in_hurry)
    return Executable(body)


def compile_body(function: Function, target: Target, in_hurry: bool = False) -> Body:
    """The object of a function and what a caller must know of it; nothing is loaded."""
    text = measure("LLVM text", llvm_text, function, target)
    ops = list(walk_all(function))
    calls = called_rows(ops)
    inputs, outputs = _split(function)
    cost = work(function.body, target.vector_bytes)
    tier, calls_first = tier_of(ops, cost) if in_hurry else (FULL, 0)
    made_of = text
    if tier is BASELINE and target.is_x86:
        made_of, more_calls = measure("baseline text", baseline_text, text, target.vector_bytes)
        calls |= more_calls
    make = engine().object_image
    return Body(
        symbol=symbol_of(function.name),
        inputs=inputs,
        outputs=outputs,
        failures=failures(ops),
        arena_bytes=arena_bytes(function),
        is_long=cost > LONG_CALL_WORK,
        code=arranged(measure("machine code", make, made_of, target, calls, tier)),
        calls=calls,
        forks=any(op.row.name == LOOP_OP and op.attrs["chunks"] > 1 for op in ops),
        streamed=_streamed(function, ops),
        host_calls=tuple(_host_call(op) for op in ops if op.row.name == HOST_OP),
        target=target,
        baseline_calls=calls_first,
        text=text if calls_first else "",
    )


def llvm_text(function: Function, target: Target | None = None) -> str:
    """The LLVM text that the object of a function is made of."""
    lacks = (host_target() if target is None else target).lacks
    return emit_llvm(function, symbol_of(function.name), lacks)


def assembly(function: Function, target: Target | None = None) -> str:
    """What machine code is made of the function."""
    target = host_target() if target is None else target
    return engine().assembly(llvm_text(function, target), target)


def symbol_of(name: str) -> str:
    """A linker symbol for a function's name, which may be any text (`<lambda>`)."""
    return "jitflow_" + re.sub(r"[^A-Za-z0-9_]", "_", name)


def _split(function: Function) -> tuple[tuple[BufferType, ...], tuple[BufferType, ...]]:
    """Types of inputs and outputs; both are dense in C order."""
    count = function.attrs.get("outputs")
    if not isinstance(count, int) or not 0 <= count <= len(function.params):
        raise VerifyError(f"@{function.name} must say how many of its buffers are outputs")
    types = tuple(p.type for p in function.params)
    for t in types:
        if not t.is_contiguous:
            raise VerifyError(f"@{function.name}: parameter {t} is not in C order")
    return types[: len(types) - count], types[len(types) - count :]


def failures(ops: Sequence[Op]) -> dict[int, Failure]:
    """What the checks among the ops say, by status."""
    found: dict[int, Failure] = {}
    for op in ops:
        if op.row.name == CHECK_OP:
            at = op.locations[0] if op.locations else None
            found.setdefault(op.attrs["id"], Failure(op.attrs["message"], at))
    return found


def _streamed(function: Function, ops: Sequence[Op]) -> frozenset[int]:
    """The outputs, by number, that a store sends past the caches; other arrays lie anywhere."""
    stores = [op for op in ops if op.row.name == STORE_OP and op.attrs["streams"]]
    outputs = function.params[len(_split(function)[0]) :]
    for op in stores:
        if base_of(op.operands[1]) not in outputs:
            raise NoCodeError(f"@{function.name}: only outputs are stored past the caches")
    return frozenset(outputs.index(base_of(op.operands[1])) for op in stores)


def _host_call(op: Op) -> HostCall:
    types = tuple(v.type for v in op.operands[1:])
    return HostCall(op.attrs["callee"], types, op.locations[0] if op.locations else None)


def executed_ops(region: Region) -> int:
    """How many ops a run executes, as far as trip counts are known."""
    total = 0
    for op in region.ops:
        inner = sum(executed_ops(r) for r in op.regions)
        if op.row is RUN:
            inner = executed_ops(op.attrs["nest"].body)
        total += 1 + (inner * usual_trips(op) if op.row.name == LOOP_OP else inner)
    return total
