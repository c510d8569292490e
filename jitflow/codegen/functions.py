"""Rows that are called: functions outside of the object. Math rows that `expand` left in place are.

Owns their names, and writes each as LLVM text that depends on nothing but its kind, so that one
copy of the code serves every object of a process.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from typing import Any

from jitflow.codegen.emitter import Emitter
from jitflow.codegen.types import register_type
from jitflow.ir.builder import Builder
from jitflow.ir.core import Op, Region
from jitflow.ir.kinds import Kind, kind_of
from jitflow.ir.types import VectorType
from jitflow.passes.expand import expansion


def call_row(e: Emitter, op: Op) -> None:
    """Writes a call of the row's function."""
    name, declaration, result, text = callee(kind_of(op), op.results[0].type)
    e.declarations[name] = declaration
    operands = ", ".join([f"{text} {e.names[v]}" for v in op.operands])
    e.define(op, f"call {result} @{name}({operands})")


@cache
def callee(kind: Kind, type: Any) -> tuple[str, str, str, str]:
    """Symbol and declaration of the row's function, the type of its result and of its operands."""
    name, result, text = row_symbol(kind), register_type(type), register_type(kind.types[0])
    operands = ", ".join([text] * len(kind.types))
    return name, f"declare {result} @{name}({operands}) nounwind", result, text


def called_rows(ops: Iterable[Op]) -> dict[str, Kind]:
    """What the ops of a function at level 3 call, by symbol; `emit_row_function` writes it."""
    kinds = dict.fromkeys(kind_of(op) for op in ops if op.row.expand is not None)
    return {row_symbol(kind): kind for kind in kinds}


@cache
def row_symbol(kind: Kind) -> str:
    """`jitflow_sin_f32x8`: the row, the type of its operands, which is one, and its attributes."""
    type = kind.types[0]
    assert all(t == type for t in kind.types)
    lanes = f"x{type.lanes}" if isinstance(type, VectorType) else ""
    attrs = "".join(f"_{name}{int(value)}" for name, value in kind.attrs)
    return f"jitflow_{kind.row.name}_{type.dtype.name}{lanes}{attrs}"


def emit_row(kind: Kind, e: Emitter, linkage: str = "") -> str:
    """LLVM text that defines the row's function through a fresh emitter of that name."""
    region = _alone(kind) if kind.row.expand is None else expansion(kind)
    for position, param in enumerate(region.params):
        e.names[param] = f"%x.{position}"
    e.region(region)
    (result,) = region.results
    text = register_type(result.type)
    params = ", ".join(f"{register_type(p.type)} {e.names[p]}" for p in region.params)
    head = f"define {linkage}{text} @{e.symbol}({params}) nounwind {{"
    return "\n".join([
        *e.globals(), head, "entry:", *e.lines, f"  ret {text} {e.names[result]}", "}", "",
    ])


def _alone(kind: Kind) -> Region:
    """An op of that kind over parameters."""
    b = Builder()
    op = b.emit(kind.row, tuple([b.param(type) for type in kind.types]), dict(kind.attrs))
    return b.region(op.results)
