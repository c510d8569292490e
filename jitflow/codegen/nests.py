"""Loop nests of which a body has several: one function, called with each nest's buffers.

LLVM takes milliseconds for a loop, and unrolled programs have the same nest many times over: the
steps of a simulation, the layers of a network.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

from jitflow.codegen.emitter import Emitter
from jitflow.ir.core import Function, Op, Value, walk
from jitflow.ir.types import BufferType
from jitflow.passes.lowering.structure import structure

WriteLoop = Callable[[Emitter, Op, str, str], None]
"""write(e, op, first, end): the loop as machine code, between two values of its index."""


def repeated_nests(function: Function) -> frozenset[Op]:
    """The nests at the top level that are like another one, op by op, and can be functions.

    Those that carry values, fail, or call the host stay where they are, and so do those that
    allocate and do not run in chunks.
    """
    shapes = {
        op: tuple([inner.row.name for region in op.regions for inner in walk(region)])
        for op in function.ops if op.row.name == "loop" and _is_plain(op)
    }  # fmt: skip
    number = Counter(shapes.values())
    return frozenset(op for op, shape in shapes.items() if number[shape] > 1)


def _is_plain(loop: Op) -> bool:
    if loop.results:
        return False
    kept = ("check", "host_call") if loop.attrs["chunks"] > 1 else ("alloc", "check", "host_call")
    return not any(
        op.row.name in kept or op.attrs.get("chunks", 1) > 1
        for region in loop.regions for op in walk(region)
    )  # fmt: skip


def call_nest(e: Emitter, op: Op, write: WriteLoop) -> bool:
    """Calls the nest's function, which is written where no equal nest was; False if it has none.

    What it uses from around it are buffers, and values that are plain in the text, as numbers are.
    """
    key, outer = structure(op, e.names.__getitem__)
    passed = {e.names[v]: None for v in outer if e.names[v].startswith("%")}
    if not all(isinstance(v.type, BufferType) for v in outer if e.names[v] in passed):
        return False
    symbol = e.functions.get(key)
    if symbol is None:
        symbol = e.functions[key] = _define(e, op, outer, list(passed), write)
    e.write(f"call void {symbol}({', '.join(f'ptr {name}' for name in passed)})")
    return True


def shared_chunks(e: Emitter, op: Op, start: int, define: Callable[[], str]) -> str:
    """The symbol of the function of a loop in chunks: that of an equal one, or what is defined.

    start: where in the arena its scratch begins.
    """
    if op not in e.nests:
        return define()
    key = "chunks", structure(op, e.names.__getitem__, start)[0]
    if key not in e.functions:
        e.functions[key] = define()
    return e.functions[key]


def _define(
    e: Emitter, op: Op, outer: list[Value], passed: list[str], write: WriteLoop
) -> str:
    inner = e.nested()
    given = {name: f"%given.{place}" for place, name in enumerate(passed)}
    inner.names.update((v, given.get(e.names[v], e.names[v])) for v in outer)
    write(inner, op, *[inner.names[v] for v in op.operands])
    symbol = f"@{e.symbol}.nest{len(e.definitions)}"
    params = ", ".join(f"ptr {name}" for name in given.values())
    head = f"define internal void {symbol}({params}) nounwind {{"
    lines = [head, "entry:", *inner.entry, *inner.lines, "  ret void", "}"]
    e.definitions.append("\n".join(lines))
    return symbol
