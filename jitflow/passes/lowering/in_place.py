"""Whether an output may lie where an input lies: asked of final loops, whose order is that of code.

Owns no state and changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from jitflow.ir.buffers import base_of
from jitflow.ir.core import Function, Op, Region, Value
from jitflow.ir.nests import RUN
from jitflow.ir.row import Effect
from jitflow.ir.types import BufferType
from jitflow.passes.lowering.footprint import address, lanes_of, view_offset

_Path = tuple[Op, ...]
"""An op and the ops around it, from the body inwards."""


def may_overwrite(function: Function, output: Value, source: Value) -> bool:
    """Whether the function gives the same results if `output` is the memory of `source`.

    So it is where all reads come before the first write, or where each step of one parallel loop
    reads what it writes itself. Nothing that can fail comes after a write.
    """
    if output.type != source.type:
        return False
    paths = list(_paths(function.body, ()))
    reads = [p for p in paths if _touches(p[-1], source)]
    writes = [p for p in paths if _touches(p[-1], output)]
    if not writes:
        return False
    order = {op: k for k, op in enumerate(function.ops)}
    first = order[writes[0][0]]
    if any(p[-1].row.effect is Effect.ORDERED and order[p[0]] >= first for p in paths):
        return False
    last = max((order[p[0]] for p in reads), default=-1)
    together = [p for p in (*reads, *writes) if order[p[0]] == last]
    if last != first:
        return last < first
    op = together[0][0]
    if op.row is RUN:
        return _nest_may(op, output, source)
    return _is_step_by_step(together, source)


def _nest_may(run: Op, output: Value, source: Value) -> bool:
    """Whether the nest may overwrite what it is given of the source, which lies alike in both."""
    pairs = list(zip(run.operands, run.attrs["nest"].params, strict=True))
    (given, inside), (taken, into) = [
        next(pair for pair in pairs if base_of(pair[0]) is base) for base in (source, output)
    ]
    is_alike = view_offset(given) == view_offset(taken)
    return is_alike and may_overwrite(run.attrs["nest"], into, inside)


def _paths(region: Region, around: _Path) -> Iterator[_Path]:
    for op in region.ops:
        yield (*around, op)
        for inner in op.regions:
            yield from _paths(inner, (*around, op))


def _touches(op: Op, buffer: Value) -> bool:
    return op.row.name != "view" and any(
        isinstance(v.type, BufferType) and base_of(v) is buffer for v in op.operands
    )


def _is_step_by_step(paths: Sequence[_Path], source: Value) -> bool:
    """Whether each step of parallel loops reads the elements that it writes, before that."""
    around = paths[0][:-1]
    if not around or any(path[:-1] != around for path in paths):
        return False
    if any(op.row.name != "loop" or op.attrs["kind"] != "parallel" for op in around):
        return False
    ops = [path[-1] for path in paths]
    if any(op.row.name not in ("load", "store") for op in ops) or len(set(map(_place, ops))) > 1:
        return False
    order = {op: k for k, op in enumerate(around[-1].regions[0].ops)}
    reads = [order[op] for op in ops if base_of(address(op)[0]) is source]
    writes = [order[op] for op in ops if base_of(address(op)[0]) is not source]
    return max(reads) < min(writes)


def _place(op: Op) -> Any:
    """Equal for accesses of the same elements, each of its own buffer."""
    buffer, indices = address(op)
    return view_offset(buffer), buffer.type.strides, buffer.type.shape, indices, lanes_of(op)
