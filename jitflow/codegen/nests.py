"""Nests: each is one function of the object, which every op that runs it calls."""

from __future__ import annotations

from jitflow.codegen.emitter import Emit, Emitter, hint
from jitflow.errors import VerifyError
from jitflow.ir.core import Function, Op, walk
from jitflow.passes.assign import arena_bytes


def _run(e: Emitter, op: Op) -> None:
    nest = op.attrs["nest"]
    found = e.nests.get(id(nest))
    if found is None:
        found = e.nests[id(nest)] = _define(e, nest)
    symbol, others = found
    passed = [f"ptr {e.names[v]}" for v in op.operands]
    for name in others:
        passed.append(f"ptr {_arena(e, op) if name == '%arena' else name}")
    e.write(f"call void {symbol}({', '.join(passed)})")


def _arena(e: Emitter, op: Op) -> str:
    """Where the nest's own part of the arena begins."""
    offset = op.attrs["offset"]
    if offset < 0:
        raise VerifyError("run has no offset in the arena; run the pass assign")
    return e.temp("arena", f"getelementptr inbounds i8, ptr %arena, i64 {offset}")


def _define(e: Emitter, nest: Function) -> tuple[str, list[str]]:
    """The symbol of the nest's function, and what it is given beside its buffers."""
    others = ["%arena"] if arena_bytes(nest) else []
    if any(op.attrs.get("chunks", 1) > 1 for op in walk(nest.body)):
        others.append("%context")
    inner = e.nested()
    for param in nest.params:
        inner.count += 1
        inner.names[param] = f"%{hint(param, 'buffer')}.{inner.count}"
    inner.region(nest.body)
    e.count = inner.count
    symbol = f"@{e.symbol}.nest{len(e.nests)}"
    params = ", ".join([f"ptr {name}" for name in (*map(inner.names.get, nest.params), *others)])
    head = f"define internal void {symbol}({params}) nounwind {{"
    lines = [head, "entry:", *inner.entry, *inner.lines, "  ret void", "}"]
    e.definitions.append("\n".join(lines))
    return symbol, others


EMITTERS: dict[str, Emit] = {"run": _run}
"""What runs nests."""
