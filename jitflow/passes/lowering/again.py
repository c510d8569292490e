"""Ops that a pass has made before, for something equal: a copy costs less than to make them anew.

Layers of a network and steps that are unrolled give the same loops many times over.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from typing import NamedTuple

from jitflow.ir.buffers import base_of
from jitflow.ir.builder import Builder
from jitflow.ir.core import Op, Region, Value
from jitflow.passes.rewrite import map_values


class _Made(NamedTuple):
    outer: tuple[Value, ...]
    ops: list[Op]


class Again:
    """What was made for each key, in one run of a pass."""

    def __init__(self) -> None:
        self._made: dict[Hashable, _Made] = {}

    def emit(
        self, builder: Builder, key: Hashable, outer: Sequence[Value], make: Callable[[], None]
    ) -> None:
        """The ops that `make` adds to the builder, or a copy of those for an equal key.

        key: what the ops depend on beside the types of `outer` and the builder's source lines.
        outer: the values that they use, but for those that are in the key.
        """
        bases = [base_of(v) for v in outer]
        same = tuple([(outer.index(v), bases.index(b)) for v, b in zip(outer, bases, strict=True)])
        key = key, same, tuple([v.type for v in outer]), builder.locations
        made = self._made.get(key)
        if made is None:
            start = len(builder.ops)
            make()
            self._made[key] = _Made(tuple(outer), builder.ops[start:])
        else:
            new = dict(zip(made.outer, outer, strict=True))
            builder.ops += _copies(made.ops, new)


def _copies(ops: Sequence[Op], new: dict[Value, Value]) -> list[Op]:
    """The ops on mapped operands, with results and parameters of their own."""
    made = []
    for op in ops:
        regions = tuple([_copy(region, new) for region in op.regions]) if op.regions else ()
        types, names = [v.type for v in op.results], [v.name for v in op.results]
        operands = map_values(op.operands, new)
        if op.row.name == "view" and names[0] == op.operands[0].name:
            names = [operands[0].name]
        copy = Op(op.row, operands, op.attrs, types, regions, op.locations, names)
        new.update(zip(op.results, copy.results, strict=True))
        made.append(copy)
    return made


def _copy(region: Region, new: dict[Value, Value]) -> Region:
    params = [Value(v.type, v.name) for v in region.params]
    new.update(zip(region.params, params, strict=True))
    return Region(params, _copies(region.ops, new), map_values(region.results, new))
