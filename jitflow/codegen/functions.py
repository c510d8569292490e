"""Math rows that `expand` left in place: one function each, called from wherever the row stands.

Owns the signature of such functions. They are internal to the object, and touch no memory but
tables.
"""

from __future__ import annotations

from jitflow.codegen.emitter import Emitter
from jitflow.codegen.types import register_type, suffix
from jitflow.ir.core import Op
from jitflow.passes.expand import expansion, kind


def call_row(e: Emitter, op: Op) -> None:
    """Writes a call of the row's function, and the function where it is the first."""
    key = kind(op)
    name = e.functions.get(key)
    if name is None:
        types = ".".join(dict.fromkeys(suffix(v.type) for v in op.operands))
        name = e.functions[key] = f"@{e.symbol}.{op.row.name}.{types}"
        _define(e, name, op)
    operands = ", ".join(f"{register_type(v.type)} {e.names[v]}" for v in op.operands)
    e.define(op, f"call {register_type(op.results[0].type)} {name}({operands})")


def _define(e: Emitter, name: str, op: Op) -> None:
    region = expansion(kind(op))
    inner = e.nested()
    for position, param in enumerate(region.params):
        inner.names[param] = f"%x.{position}"
    inner.region(region)
    (result,) = region.results
    text = register_type(result.type)
    params = ", ".join(f"{register_type(p.type)} {inner.names[p]}" for p in region.params)
    e.definitions += [
        f"define internal {text} {name}({params}) nounwind {{", "entry:", *inner.lines,
        f"  ret {text} {inner.names[result]}", "}",
    ]
