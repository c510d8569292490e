"""forward_stores: a load takes the value that was stored there, and unread temporaries go."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from jitflow.ir.buffers import base_of
from jitflow.ir.builder import Builder
from jitflow.ir.core import Function, Op, Region, Value, walk
from jitflow.ir.dtypes import i64
from jitflow.ir.row import ROWS, Family
from jitflow.ir.types import BufferType, VectorType
from jitflow.passes.lowering.footprint import address, lanes_of, view_offset
from jitflow.passes.lowering.rebuild import constant_int, copy_op, rebuild
from jitflow.passes.lowering.reducers import full
from jitflow.passes.rewrite import map_values, rebuild_region

Known = dict[Value, dict[Any, Value]]
"""Values that stand in memory, by buffer and address."""


_ALLOC = ROWS["alloc"]


def forward_stores(function: Function) -> Function:
    """Replaces loads of what the block, or one around it, stored before; drops dead stores.

    A later store to the same buffer, where it may be the same element, ends what is known of it,
    and so do a loop that writes to it and a call that takes it. Masked lanes are zeroed as the load
    would have done.
    Before: `store %v, %t, %i`, `%x: f32[] = load %t, %i`   After: uses of %x are uses of %v.
    """
    reread = _reread(function.body)
    if reread:
        function = function.with_body(_Forward(reread).region(function.body, {}, {}))
    return _drop_unread(function)


def _reread(body: Region) -> set[Value]:
    """Buffers that a region stores to and then loads from, itself or in a region of its own."""
    found: set[Value] = set()

    def visit(region: Region) -> set[Value]:
        """What the region loads from."""
        loaded: set[Value] = set()
        stored: set[Value] = set()
        for op in region.ops:
            if op.regions:
                inside = set().union(*[visit(inner) for inner in op.regions])
            elif op.row.name == "load":
                inside = {base_of(op.operands[0])}
            else:
                if op.row.name == "store":
                    stored.add(base_of(op.operands[1]))
                continue
            found.update(inside & stored)
            loaded |= inside
        return loaded

    visit(body)
    return found


class _Forward:
    """The sweep; `reread` are the buffers of which it knows what was stored."""

    def __init__(self, reread: set[Value]) -> None:
        self.reread = reread

    def region(self, region: Region, known: Known, new: dict[Value, Value]) -> Region:
        builder = Builder(region.params)
        for op in region.ops:
            builder.locations = op.locations
            self._op(builder, op, known, new)
        return rebuild_region(region, builder.ops, map_values(region.results, new))

    def _op(self, builder: Builder, op: Op, known: Known, new: dict[Value, Value]) -> None:
        if op.row.name == "load" and self._load(builder, op, known, new):
            return
        if op.row.name == "store" and not _overlaps(op):
            base = base_of(op.operands[1])
            if base in self.reread:
                value, key = new.get(op.operands[0], op.operands[0]), _key(op, new)
                stored = known.get(base)
                if stored and _is_like(next(iter(stored)), key):
                    stored[key] = value
                else:
                    known[base] = {key: value}
        elif known:
            for base in _written(op):
                known.pop(base, None)
        if op.regions:
            self._nested(builder, op, known, new)
        else:
            copy_op(builder, op, new, lambda b, o, n: False)

    def _load(self, builder: Builder, op: Op, known: Known, new: dict[Value, Value]) -> bool:
        stored = known.get(base_of(op.operands[0])) if known else None
        value = stored.get(_key(op, new)) if stored else None
        if value is None or value.type != op.result.type:
            return False
        if op.attrs["valid"]:
            lanes = op.result.type.lanes
            count = full(builder, i64, lanes, op.attrs["valid"])
            keep = builder.lt(builder.lane_iota(i64, lanes), count)
            value = builder.select(keep, value, builder.full_like(value, 0))
        new[op.result] = value
        return True

    def _nested(self, builder: Builder, op: Op, known: Known, new: dict[Value, Value]) -> None:
        """Regions see what is known before them, less what they write."""
        if known:
            for inner in (o for region in op.regions for o in walk(region)):
                for base in _written(inner):
                    known.pop(base, None)
        regions = tuple(self.region(r, dict(known), new) for r in op.regions)
        operands = map_values(op.operands, new)
        if operands is op.operands and regions == op.regions:
            builder.append(op)
            return
        moved = op.with_operands(operands, regions)
        new.update(zip(op.results, moved.results, strict=True))
        builder.append(moved)


def _written(op: Op) -> Collection[Value]:
    """The buffers that the op may write to, its regions left out; other families know none."""
    if op.row.family is not Family.LOOP or op.row.name in ("load", "view"):
        return ()
    return {base_of(v) for v in op.operands if isinstance(v.type, BufferType)}


def _overlaps(op: Op) -> bool:
    """Whether lanes of a store share an element."""
    return lanes_of(op) > 1 and address(op)[0].type.strides[-1] == 0


def _key(op: Op, new: dict[Value, Value]) -> Any:
    """The address in the base buffer: a constant part and index values with their strides."""
    buffer, indices = address(op)
    offset, terms = view_offset(buffer), []
    for value, stride in zip(indices, buffer.type.strides, strict=True):
        value = new.get(value, value)
        constant = constant_int(value)
        if constant is not None:
            offset += constant * stride
        elif stride:
            terms.append((id(value), stride))
    type = op.operands[0].type if op.row.name == "store" else op.result.type
    step = buffer.type.strides[-1] if isinstance(type, VectorType) else 0
    return offset, tuple(sorted(terms)), lanes_of(op), step


def _is_like(first: Any, second: Any) -> bool:
    """Whether the keys are of single elements whose indices differ by a constant, if at all.

    All that is known of a buffer is like its first element, so that no other one need be asked.
    """
    return bool(first[1:] == second[1:] and first[2] == 1)


def _accessed(function: Function) -> tuple[set[Value], set[Value]]:
    """Buffers that something reads or takes, and those that a store writes."""
    read: set[Value] = set()
    written: set[Value] = set()
    for op in walk(function.body):
        if op.row.name == "store":
            written.add(base_of(op.operands[1]))
        elif op.row.name != "view":
            read.update(base_of(v) for v in op.operands if isinstance(v.type, BufferType))
    return read, written


def _drop_unread(function: Function) -> Function:
    """Removes stores to temporaries that nothing loads."""
    if _ALLOC not in function.contents.rows:
        return function
    read, written = _accessed(function)
    dead = {
        b for b in written - read if b.op is not None and b.op.row.name == "alloc"
    }
    if not dead:
        return function

    def visit(builder: Builder, op: Op, new: dict[Value, Value]) -> bool:
        if op.row.name == "store":
            return base_of(op.operands[1]) in dead
        return op.row.name in ("alloc", "view") and base_of(op.result) in dead

    return rebuild(function, visit)
