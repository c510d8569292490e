"""unroll: short rows become straight code in the loop over them, whose lanes then are rows.

Owns how short a row is, and which memory such lanes may stand in. How the parts of several rows
are loaded and stored at once: interleave.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from itertools import product
from math import prod

from jitflow.ir.buffers import base_of
from jitflow.ir.builder import Builder
from jitflow.ir.core import Function, Op, Region, Value
from jitflow.ir.types import VectorType
from jitflow.passes.lowering.data import known_numbers, number_of
from jitflow.passes.lowering.footprint import address
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


def unroll(function: Function, *, most: int = 8, least: int = 64) -> Function:
    """Writes out innermost parallel loops of up to `most` steps in all, inside of one over rows.

    Before: `loop (%i) { loop %0, %3 (%k) { %x = load %a, %i, %k ... store %y, %out, %i, %k } }`
    After:  `loop (%i) { %x = load %a, %i, %0 ... store %y, %out, %i, %0  %x1 = load %a, %i, %1
            ... store %y1, %out, %i, %1  ... }`
    Rows are next to each other in memory, or their elements are far apart and those of different
    rows next to each other. What is the same for a whole row is loaded once. Constant data that a
    row reads becomes numbers, and so do places in a row that follow from it.
    least: rows, of which fewer are not worth the code.
    Precondition: scalar loops, before anything else looks at them.
    """
    builder, changed = Builder(function.params), False
    for op in function.ops:
        chain = parallel_chain(op) if op.regions else []
        found = _short_last(chain, most) or _short_before_last(chain, most)
        if found is None or prod(map(_extent, found[0])) < least:
            builder.append(op)
            continue
        builder.locations = op.locations
        _rebuild(builder, *found)
        changed = True
    return function.with_body(builder.region(function.results)) if changed else function


Split = tuple[Sequence[Op], Sequence[Op]]
"""The loops that stay, of which the last one counts rows, and those that are written out."""


def _short_last(chain: Sequence[Op], most: int) -> Split | None:
    """Rows whose elements are the innermost loops."""
    rows = _split_at(chain, most)
    if not 0 < rows < len(chain):
        return None
    outer, inner = chain[:rows], chain[rows:]
    return (outer, inner) if _pays(outer[-1], inner, inner[-1].regions[0]) else None


def _short_before_last(chain: Sequence[Op], most: int) -> Split | None:
    """Records that are read in the innermost loop, and whose parts are the loops around it."""
    rows = _split_at(chain[:-1], most)
    if rows == len(chain) - 1 or len(chain) < 2:
        return None
    outer, inner = [*chain[:rows], chain[-1]], chain[rows:-1]
    if _extent(chain[-1]) < MANY_ROWS or not _reads_records(chain[-1], inner):
        return None
    return (outer, inner) if _pays(chain[-1], inner, chain[-1].regions[0]) else None


def _split_at(chain: Sequence[Op], most: int) -> int:
    """How many of the loops are not short: the others have up to `most` steps in all."""
    rows, steps = len(chain), 1
    while rows and 0 < steps * _extent(chain[rows - 1]) <= most:
        rows -= 1
        steps *= _extent(chain[rows])
    return rows


def _reads_records(loop: Op, inner: Sequence[Op]) -> bool:
    """Whether each step of the loop reads some elements next to each other, by other loops."""
    row, parts = loop.regions[0].params[0], {o.regions[0].params[0] for o in inner}
    for op in loop.regions[0].ops:
        if op.row.name == "load":
            buffer, indices = address(op)
            strides = dict(zip(indices, buffer.type.strides, strict=True))
            near = [strides[v] for v in parts if v in strides]
            if strides.get(row, 0) > 1 and near and max(near) < strides[row]:
                return True
    return False


def _extent(loop: Op) -> int:
    """Steps of a loop from 0 on, one by one; 0 where it is another one."""
    if loop.row.name != "loop" or constant_int(loop.operands[0]) != 0:
        return 0
    if loop.attrs["kind"] != "parallel" or loop.attrs["step"] != 1:
        return 0
    return constant_int(loop.operands[1]) or 0


def _pays(outer: Op, inner: Sequence[Op], body: Region) -> bool:
    """Whether the loop over rows can have lanes, and memory lies well for that."""
    row = outer.regions[0].params[0]
    if body.owners or _extent(outer) < MANY_ROWS or not can_widen(inner[-1]):
        return False
    if any(isinstance(type, VectorType) for type in body.contents.types):
        return False
    extents = {loop.regions[0].params[0]: _extent(loop) for loop in inner}
    count = prod(extents.values())
    if count * sum(op.row.cost for op in body.ops if op.row.is_elementwise) > MOST_COST:
        return False
    known = set(known_numbers(body, extents))
    accesses = [
        op for op in body.ops
        if op.row.name == "store" or (op.row.name == "load" and op.result not in known)
    ]
    sizes = [address(op)[0].type.dtype.itemsize for op in accesses]
    if not accesses or count * max(sizes) >= ROW_BYTES:
        return False
    return all(_lies_well(op, row, extents, known) for op in accesses)


def _lies_well(
    op: Op, row: Value, extents: dict[Value, int], known: Collection[Value]
) -> bool:
    """Whether lanes of rows are next to each other, or the parts of records."""
    (buffer, indices), is_store = address(op), op.row.name == "store"
    step, strides = 0, dict.fromkeys(extents, 0)
    for index, stride in zip(indices, buffer.type.strides, strict=True):
        if index.op is not None and constant_int(index) is None and (
            is_store or index not in known
        ):
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
        innermost = inner[-1].regions[0]
        _write_out(body, inner, first.regions[0] if innermost.owners else innermost)
    b.append(first.with_operands(first.operands, (body.region(()),)))


def _write_out(b: Builder, inner: Sequence[Op], region: Region) -> None:
    """The region at every point of the inner loops."""
    indices = [loop.regions[0].params[0] for loop in inner]
    same = dict(_of_the_row(region, indices))
    shared: dict[Value, Value] = {}
    for at in product(*[range(_extent(loop)) for loop in inner]):
        new = {**shared, **dict(zip(indices, map(b.index, at), strict=True))}
        for op in region.ops:
            if op in same and op.result in shared:
                continue
            b.locations = op.locations
            number = number_of(op, new)
            if number is not None:
                new[op.result] = b.full_like(op.result, number)
                continue
            made = b.append(op.with_operands(map_values(op.operands, new), ()))
            new.update(zip(op.results, made.results, strict=True))
            if op in same:
                shared[op.result] = made.result


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
