"""Nests: each is one function of the object, which every op that runs it calls."""

from __future__ import annotations

from collections.abc import Callable

from jitflow.codegen.emitter import Emit, Emitter, hint
from jitflow.errors import VerifyError
from jitflow.ir.core import Function, Op, Value, walk
from jitflow.ir.nests import runs_of
from jitflow.ir.types import BufferType, VectorType
from jitflow.passes.assign import arena_bytes


def _run(e: Emitter, op: Op) -> None:
    nest = op.attrs["nest"]
    found = e.nests.get(id(nest))
    if found is None:
        found = e.nests[id(nest)] = _define(e, nest)
    symbol, others = found
    passed = [e.names[v] for v in op.operands]
    passed += [_arena(e, op) if name == "%arena" else name for name in others]
    given = ", ".join([f"ptr {name}" for name in passed])
    e.write(f"call void {symbol}({given})")


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
    inner.straight(nest.ops)
    symbol = f"@{e.symbol}.nest{len(e.nests)}"
    params = ", ".join([f"ptr {name}" for name in (*map(inner.names.get, nest.params), *others)])
    e.define_function(f"define internal void {symbol}({params})", inner)
    return symbol, others


def is_list(function: Function) -> bool:
    """Whether the body is a list of calls, beside a few scalars.

    Not beside vectors: LLVM's code for `optnone` fails on shuffles that widen.
    """
    if not runs_of(function) or function.body.owners:
        return False
    return not any(isinstance(type, VectorType) for type in function.contents.types)


def traits(function: Function) -> str:
    """Of a function in LLVM text: code of a list of calls is made fast, not well."""
    return "nounwind noinline optnone" if is_list(function) else "nounwind"


def write_list(e: Emitter, function: Function, load: Callable[[Value], None]) -> None:
    """Writes a list of calls; `load` names a parameter.

    Addresses are computed next to each use: those that are alive across calls would be kept in
    memory, and LLVM takes long to find out where.
    """

    def place(buffer: Value) -> None:
        if buffer.op is None:
            load(buffer)
        elif buffer.op.row.name in ("alloc", "view"):
            for base in buffer.op.operands:
                place(base)
            e.emit(buffer.op)

    def before(op: Op) -> None:
        for value in op.operands:
            if isinstance(value.type, BufferType):
                place(value)

    e.straight([op for op in function.ops if op.row.name not in ("alloc", "view")], before)


EMITTERS: dict[str, Emit] = {"run": _run}
"""What runs nests."""
