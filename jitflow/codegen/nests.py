"""Nests: each is one function of the object, which every op that runs it calls."""

from __future__ import annotations

from jitflow.codegen.emitter import Emit, Emitter, hint
from jitflow.codegen.memory import fence
from jitflow.errors import VerifyError
from jitflow.ir.core import Function, Op
from jitflow.passes.assign import arena_bytes


def _run(e: Emitter, op: Op) -> None:
    nest = op.attrs["nest"]
    symbol = e.functions.get(id(nest))
    if symbol is None:
        symbol = e.functions[id(nest)] = _define(e, nest)
    passed = [f"ptr {e.names[v]}" for v in op.operands]
    e.write(f"call void {symbol}({', '.join([*passed, f'ptr {_arena(e, op)}', 'ptr %context'])})")


def _arena(e: Emitter, op: Op) -> str:
    """Where the nest's own part of the arena begins."""
    offset = op.attrs["offset"]
    if not arena_bytes(op.attrs["nest"]):
        return "%arena"
    if offset < 0:
        raise VerifyError("run has no offset in the arena; run the pass assign")
    return e.temp("arena", f"getelementptr inbounds i8, ptr %arena, i64 {offset}")


def _define(e: Emitter, nest: Function) -> str:
    inner = e.nested()
    for param in nest.params:
        inner.count += 1
        inner.names[param] = f"%{hint(param, 'buffer')}.{inner.count}"
    inner.region(nest.body)
    fence(inner, nest.body)
    e.count = inner.count
    symbol = f"@{e.symbol}.nest{len(e.functions)}"
    params = [f"ptr {inner.names[v]}" for v in nest.params]
    known = ", ".join([*params, "ptr %arena", "ptr %context"])
    head = f"define internal void {symbol}({known}) nounwind {{"
    lines = [head, "entry:", *inner.entry, *inner.lines, "  ret void", "}"]
    e.definitions.append("\n".join(lines))
    return symbol


EMITTERS: dict[str, Emit] = {"run": _run}
"""What runs nests."""
