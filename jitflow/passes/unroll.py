"""unroll: short rows become straight code in the loop over them, whose lanes then are rows.

Owns how short a row is, and which memory such lanes may stand in. How the parts of several rows
are loaded and stored at once: interleave.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import product
from math import prod

from jitflow.ir.buffers import base_of
from jitflow.ir.builder import Builder
from jitflow.ir.core import Function, Op, Region, Value
from jitflow.ir.row import ROWS
from jitflow.passes.lowering.footprint import address, view_offset
from jitflow.passes.lowering.leaps import parallel_chain
from jitflow.passes.lowering.rebuild import constant_int
from jitflow.passes.lowering.records import MOST_PARTS
from jitflow.passes.lowering.varying import can_widen
from jitflow.passes.rewrite import map_values

ROW_BYTES = 32
"""Of a row that has a register for itself."""

MANY_ROWS = 16
"""Lanes of the widest loop that rows shall fill."""

MOST_COST = 256
"""Additions of an unrolled body: above, code takes long to make."""


def unroll(function: Function, *, most: int = 8) -> Function:
    """Writes out innermost parallel loops of up to `most` steps in all, inside of one over rows.

    Before: `loop (%i) { loop %0, %3 (%k) { %x = load %a, %i, %k ... store %y, %out, %i, %k } }`
    After:  `loop (%i) { %x = load %a, %i, %0 ... store %y, %out, %i, %0  %x1 = load %a, %i, %1
            ... store %y1, %out, %i, %1  ... }`
    Rows are next to each other in memory, or their elements are far apart and those of different
    rows next to each other. What is the same for a whole row is loaded once. Constant data that a
    row reads becomes numbers.
    Precondition: scalar loops, before anything else looks at them.
    """
    builder, changed = Builder(function.params), False
    for op in function.ops:
        chain = parallel_chain(op) if op.regions else []
        rows = _rows(chain, most)
        if not rows:
            builder.append(op)
            continue
        builder.locations = op.locations
        _rebuild(builder, chain[:rows], chain[rows:])
        changed = True
    return function.with_body(builder.region(function.results)) if changed else function


def _rows(chain: Sequence[Op], most: int) -> int:
    """How many of the loops stay, of which the last one counts rows; 0 where all do."""
    extents = [_extent(loop) for loop in chain]
    rows = len(chain)
    while rows > 1 and 0 < prod(extents[rows - 1 :]) <= most:
        rows -= 1
    while 0 < rows < len(chain) and extents[rows - 1] < MANY_ROWS:
        rows -= 1
    if not 0 < rows < len(chain) or prod(extents[rows:]) > most or 0 in extents:
        return 0
    return rows if _pays(chain[rows - 1], chain[rows:]) else 0


def _extent(loop: Op) -> int:
    """Steps of a loop from 0 on, one by one; 0 where it is another one."""
    if loop.row.name != "loop" or constant_int(loop.operands[0]) != 0:
        return 0
    if loop.attrs["kind"] != "parallel" or loop.attrs["step"] != 1:
        return 0
    return constant_int(loop.operands[1]) or 0


def _pays(outer: Op, inner: Sequence[Op]) -> bool:
    body, row = inner[-1].regions[0], outer.regions[0].params[0]
    if body.owners or not can_widen(inner[-1]):
        return False
    extents = {loop.regions[0].params[0]: _extent(loop) for loop in inner}
    count = prod(extents.values())
    if count * sum(op.row.cost for op in body.ops if op.row.is_elementwise) > MOST_COST:
        return False
    accesses = [op for op in body.ops if op.row.name in ("load", "store")]
    sizes = [address(op)[0].type.dtype.itemsize for op in accesses]
    if not accesses or count * max(sizes) >= ROW_BYTES:
        return False
    return all(_lies_well(op, row, extents) for op in accesses)


def _lies_well(op: Op, row: Value, extents: dict[Value, int]) -> bool:
    """Whether lanes of rows are next to each other, or the parts of records."""
    (buffer, indices), is_store = address(op), op.row.name == "store"
    step, strides = 0, dict.fromkeys(extents, 0)
    for index, stride in zip(indices, buffer.type.strides, strict=True):
        if index.op is not None and constant_int(index) is None:
            return False
        if index is row:
            step += stride
        elif index in strides:
            strides[index] += stride
    if step == 1 or (step == 0 and not is_store):
        return True
    if not 1 < step <= MOST_PARTS:
        return False
    if not is_store:
        return True
    places = [
        sum(k * strides[index] for index, k in zip(extents, at, strict=True))
        for at in product(*map(range, extents.values()))
    ]
    is_record = len(set(places)) == len(places) and max(places) - min(places) < step
    return is_record and 2 * len(places) >= step


def _rebuild(b: Builder, outer: Sequence[Op], inner: Sequence[Op]) -> None:
    """The outer loops as they are, and the body of the inner ones at all of their points."""
    first, *rest = outer
    body = Builder(first.regions[0].params, first.locations)
    if rest:
        _rebuild(body, rest, inner)
    else:
        _write_out(body, inner)
    b.append(first.with_operands(first.operands, (body.region(()),)))


def _write_out(b: Builder, inner: Sequence[Op]) -> None:
    region = inner[-1].regions[0]
    indices = [loop.regions[0].params[0] for loop in inner]
    same = dict(_of_the_row(region, indices))
    shared: dict[Value, Value] = {}
    for at in product(*[range(_extent(loop)) for loop in inner]):
        new = {**shared, **dict(zip(indices, map(b.index, at), strict=True))}
        for op in region.ops:
            if op in same and op.result in shared:
                continue
            b.locations = op.locations
            number = _number(op, new)
            if number is not None:
                new[op.result] = b.full_like(op.result, number)
                continue
            made = b.append(op.with_operands(_operands(b, op, new), ()))
            new.update(zip(op.results, made.results, strict=True))
            if op in same:
                shared[op.result] = made.result


def _operands(b: Builder, op: Op, new: dict[Value, Value]) -> tuple[Value, ...]:
    """The op's operands; 0 as an index that moves nothing, so that it is seen where it does not."""
    if op.row.name != "load":
        return map_values(op.operands, new)
    buffer, indices = address(op)
    at = zip(indices, buffer.type.strides, strict=True)
    return buffer, *(new.get(v, v) if stride else b.index(0) for v, stride in at)


def _of_the_row(region: Region, indices: Sequence[Value]) -> Iterator[tuple[Op, bool]]:
    """The ops that give the same at all points of a row."""
    written = {base_of(address(op)[0]) for op in region.ops if op.row.name == "store"}
    varying = set(indices)
    for op in region.ops:
        is_fixed = op.row.name != "load" or base_of(address(op)[0]) not in written
        if op.row.name != "store" and is_fixed and varying.isdisjoint(op.operands):
            yield op, True
        else:
            varying.update(op.results)


def _number(op: Op, new: dict[Value, Value]) -> object:
    """The constant that a load gives; None where it is known to the call only."""
    if op.row.name != "load":
        return None
    buffer, indices = address(op)
    base = base_of(buffer)
    if base.op is None or base.op.row is not ROWS["global"]:
        return None
    offset = view_offset(buffer)
    for index, stride in zip(indices, buffer.type.strides, strict=True):
        at = constant_int(new.get(index, index))
        if at is None and stride:
            return None
        offset += (at or 0) * stride
    return base.op.attrs["value"].array.reshape(-1)[offset]
