"""stream: large results that nothing reads again are stored past the caches."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import prod
from typing import Any

from jitflow.ir.buffers import base_of
from jitflow.ir.builder import Builder
from jitflow.ir.core import Function, Op, Region, Value, walk
from jitflow.ir.types import VectorType
from jitflow.passes.lowering.footprint import address, view_offset
from jitflow.passes.lowering.opening import opened
from jitflow.passes.lowering.rebuild import constant_int, rebuild
from jitflow.passes.stream_size import CACHE_BYTES

LINE = 64
"""Bytes of a cache line, and the alignment of results that are stored past the caches."""

MOST = 4
"""Results that one loop stores so: a CPU collects few lines at a time."""


def stream(function: Function, *, bytes: int = CACHE_BYTES // 2) -> Function:
    """Sets `streams` of stores of lanes that fill the lines of a large result, one by one.

    The result is an output of at least so many bytes that the function does not read, and that is
    not `donated`: what takes the memory of an input is in the caches when it is written. Whoever
    calls the function aligns such outputs to 64 bytes.
    Nests that write such results are opened: others that they run for are small.
    Before: `store %v, %out, %i`   After: `store %v, %out, %i {streams=true}`
    """
    large = _large_outputs(function, bytes)
    if large:
        function = opened(function, lambda op: not large.isdisjoint(map(base_of, op.operands)))
    outputs = _unread(function, large)
    if not outputs:
        return function
    chosen = set(_chosen(function.body, outputs))

    def visit(builder: Builder, op: Op, new: dict[Value, Value]) -> bool:
        if op not in chosen or op.attrs["streams"]:
            return False
        operands = tuple(new.get(v, v) for v in op.operands)
        builder.emit(op.row, operands, {**op.attrs, "streams": True})
        return True

    return rebuild(function, visit)


def _large_outputs(function: Function, least: int) -> set[Value]:
    count: Any = function.attrs.get("outputs", 0)
    donated: Any = function.attrs.get("donated", ())
    outputs = function.params[len(function.params) - count :]
    return {p for k, p in enumerate(outputs) if k not in donated and _bytes(p) >= least}


def _unread(function: Function, large: set[Value]) -> set[Value]:
    unread = set(large)
    for op in walk(function.body) if large else ():
        if op.row.name not in ("view", "store"):
            unread.difference_update(map(base_of, op.operands))
    return unread


def _bytes(buffer: Value) -> int:
    shape = buffer.type.shape
    if not all(isinstance(n, int) for n in shape):
        return 0
    return prod(shape) * int(buffer.type.dtype.itemsize)


def _chosen(region: Region, outputs: set[Value]) -> Iterator[Op]:
    """The stores that stream, loop by loop."""
    for op in region.ops:
        for inner in op.regions:
            yield from _chosen(inner, outputs)
        if op.row.name == "loop":
            found = [o for o in op.regions[0].ops if o.row.name == "store" and _fills(o, op)]
            if len({base_of(o.operands[1]) for o in found}) <= MOST:
                yield from (o for o in found if base_of(o.operands[1]) in outputs)


def _fills(store: Op, loop: Op) -> bool:
    """Whether the loop's steps follow each other in memory, each a part of a line or whole lines.

    So it is where its index is that of the lanes, and all else moves by whole lines.
    """
    type, (buffer, indices) = store.operands[0].type, address(store)
    if not isinstance(type, VectorType) or store.attrs["valid"] or not indices:
        return False
    size = type.dtype.itemsize
    step, last = type.lanes * size, indices[-1]
    if step < 16 or (LINE % step and step % LINE) or view_offset(buffer) % LINE:
        return False
    if last is not loop.regions[0].params[0] or loop.attrs["step"] != type.lanes:
        return False
    first, strides = constant_int(loop.operands[0]), _static(buffer.type.strides)
    if first is None or first * size % LINE or strides is None or strides[-1] != 1:
        return False
    return all(stride * size % LINE == 0 for stride in strides[:-1])


def _static(strides: Sequence[Any]) -> list[int] | None:
    return list(strides) if all(isinstance(s, int) for s in strides) else None
