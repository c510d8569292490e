"""Long loop bodies as functions of their own.

LLVM hoists every constant of a loop out of it, finds that there are too few registers, and takes
most of its time to bring them back. In a function that holds no loop a constant stays where it is
used; against a long body a call costs nothing.
"""

from __future__ import annotations

from jitflow.codegen.emitter import Emitter
from jitflow.codegen.types import register_type
from jitflow.ir.core import Region, Value, walk

LONG_BODY = 192
"""Ops from which on a body is long."""


def can_outline(body: Region) -> bool:
    """Whether a body is long, computes nothing for the next iteration, and cannot fail."""
    if len(body.params) > 1 or len(body.ops) < LONG_BODY:
        return False
    return all(row.name not in ("alloc", "check", "host_call") for row in body.contents.rows)


def call_body(e: Emitter, body: Region) -> None:
    """Writes the body as a function of what it uses from around it, and a call of it.

    A buffer and a view of it may have one name.
    """
    inner = e.nested()
    outer = outer_values(body)
    inner.names.update((value, e.names[value]) for value in outer)
    inner.region(body)
    symbol = f"@{e.symbol}.body{len(e.definitions)}"
    passed = {e.names[v]: register_type(v.type) for v in outer if e.names[v].startswith("%")}
    params = ", ".join(f"{type} {name}" for name, type in passed.items())
    e.define_function(f"define internal void {symbol}({params})", inner)
    e.write(f"call void {symbol}({params})")


def outer_values(body: Region) -> list[Value]:
    """What the ops use and do not define, each once, in order."""
    inside: set[Value] = set()
    used: list[Value] = []
    for op in walk(body):
        used += op.operands
        inside.update(op.results)
        if op.regions:
            for region in op.regions:
                inside.update(region.params)
                used += region.results
    return [value for value in dict.fromkeys(used) if value not in inside]
