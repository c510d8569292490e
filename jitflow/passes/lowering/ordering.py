"""argsort of real numbers: short lines by counting, longer ones by radix sort. Both are stable.

Short lines are sorted by counting, too. Sorting longer ones is the host's.
"""

from __future__ import annotations

import math

from jitflow.ir.builder import Builder
from jitflow.ir.core import Op, Value
from jitflow.ir.dtypes import DTYPES, i64
from jitflow.passes.lowering.access import Access
from jitflow.passes.lowering.context import Context
from jitflow.passes.lowering.radix import Radix
from jitflow.passes.lowering.sort_keys import Keys, Place, Read, Write

COUNTED_BYTES = 256
"""Of the keys of a line up to which each is compared with every other: that runs on lanes."""

MOST_COMPARED = 1 << 15
"""Comparisons of one sort that take no longer than it takes to call the host."""

FEW = 8
"""Elements of a line up to which the host is slower in any case."""

LEAST_KEY_BYTES = 4
"""What a key counts for at least: elements are numbered by as many bits as keys have."""


def is_ordered_here(op: Op) -> bool:
    """Whether the op puts lines in order, and there are loops for it."""
    if op.row.name not in ("argsort", "sort") or op.operands[0].type.dtype.kind == "c":
        return False
    return op.row.name == "argsort" or (_is_short(op) and _beats_host(op))


def _beats_host(op: Op) -> bool:
    """Whether sorting by counting takes less than a call of the host, and the host's own sort."""
    *lines, length = op.result.type.shape
    return length <= FEW or math.prod(lines) * length * length <= MOST_COMPARED


def _is_short(op: Op) -> bool:
    dtype, length = op.operands[0].type.dtype, op.result.type.shape[-1]
    return length * max(Keys(dtype).dtype.itemsize, LEAST_KEY_BYTES) <= COUNTED_BYTES


def lower_order(context: Context, op: Op, source: Access, target: Access) -> None:
    """Emits a loop over lines, which sorts each, or the indices of each."""
    if 0 in target.shape:
        return
    dtype, length = op.operands[0].type.dtype, target.shape[-1]
    numbers = context.view(source, source.shape, source.strides)
    places = context.view(target, target.shape, target.strides)
    keys = Keys(dtype)
    line = (_Counting if _is_short(op) else Radix)(context, keys, length).sort

    def found(b: Builder, at: Place, index: Value) -> Value:
        return index if op.row.name == "argsort" else b.load(numbers, *at, index)

    def nest(b: Builder, at: Place) -> Place:
        if len(at) == len(target.shape) - 1:
            line(b, read=lambda c, i: c.load(numbers, *at, i),
                 write=lambda c, k, i: c.store(found(c, at, k), places, *at, i))  # fmt: skip
        else:
            extent = context.index(target.shape[len(at)])
            b.loop(context.index(0), extent, lambda c, i: nest(c, (*at, i)))
        return ()

    nest(context.builder, ())


class _Counting:
    """The place of an element is the number of those before it: less, or equal and in front.

    Keys are signed here, as lanes compare them at once, and numbers of elements are as wide.
    """

    def __init__(self, context: Context, keys: Keys, length: int) -> None:
        self.context = context
        self.keys = keys
        self.end = context.index(length)
        self.signed = DTYPES[f"i{keys.dtype.bits}"]
        self.line = context.temp(self.signed, (length,), "keys")
        self.ranks = context.temp(self.signed, (length,), "ranks")

    def sort(self, b: Builder, read: Read, write: Write) -> None:
        """Emits what sorts a line."""
        zero = self.context.index(0)

        def fill(c: Builder, i: Value) -> Place:
            key = self.keys.of(c, read(c, i))
            turned = c.xor(key, c.full_like(key, 1 << (self.keys.dtype.bits - 1)))
            c.store(c.bitcast(turned, dtype=self.signed), self.line, i)
            return ()

        def rank(c: Builder, i: Value) -> Place:
            key, place = c.load(self.line, i), self._number(c, i)

            def count(d: Builder, j: Value, before: Value) -> Place:
                other = d.load(self.line, j)
                in_front = d.lt(self._number(d, j), place)
                less = d.or_(d.lt(other, key), d.and_(d.eq(other, key), in_front))
                return (d.add(before, self._number(d, less)),)

            (found,) = c.loop(zero, self.end, count, (c.full_like(key, 0),))
            c.store(found, self.ranks, i)
            return ()

        def scatter(c: Builder, i: Value) -> Place:
            rank = c.load(self.ranks, i)
            write(c, i, rank if self.signed is i64 else c.convert(rank, dtype=i64))
            return ()

        b.loop(zero, self.end, fill, kind="parallel")
        b.loop(zero, self.end, rank, kind="parallel")
        b.loop(zero, self.end, scatter)

    def _number(self, b: Builder, x: Value) -> Value:
        return x if x.type.dtype is self.signed else b.convert(x, dtype=self.signed)
