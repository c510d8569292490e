"""Which loops are alike: the same ops on buffers of the same layout, whatever buffers these are."""

from __future__ import annotations

from collections.abc import Collection, Hashable
from typing import Any

from jitflow.ir.buffers import base_of
from jitflow.ir.core import Op, Region, Value
from jitflow.ir.types import BufferType


class Structure:
    """A loop and what it uses from around it.

    own: buffers that belong to the loop. `key` is equal for loops that do the same to the buffers
    that they are `given`; None where the loop uses something else from around it than memory and
    constants. `along` are the ops that it needs beside: constants, its own buffers, views.

    What the loop sees by one view only is given as that view, wherever it lies in memory.
    """

    def __init__(self, loop: Op, own: Collection[Value]) -> None:
        self.own = own
        self.outer: dict[Value, int] = {}
        self.given: list[Value] = []
        self.along: list[Op] = []
        ops = _Words(self.outer).of(loop)
        bases = [base_of(v) for v in self.outer]
        self._views = {b: bases.count(b) for b in bases}
        described = [self._describe(v) for v in self.outer]
        self.key: Hashable = None if None in described else (tuple(ops), tuple(described))

    def _describe(self, value: Value) -> Any:
        op = value.op
        if op is not None and op.row.name == "constant":
            self.along.append(op)
            return value.type, op.attrs["value"]
        if not isinstance(value.type, BufferType):
            return None
        base = base_of(value)
        if base not in self.own and self._views[base] == 1:
            return self._give(value), layout(value.type)
        chain = []
        while value is not base:
            assert value.op is not None
            chain.append(value.op)
            value = value.op.operands[0]
        steps = tuple([(op.attrs["offset"], layout(op.result.type)) for op in chain])
        if base in self.own:
            assert base.op is not None
            chain.append(base.op)
        place = -1 if base in self.own else self._give(base)
        self.along += [op for op in reversed(chain) if op not in self.along]
        return place, layout(base.type), steps, self._number(base)

    def _give(self, value: Value) -> int:
        if value not in self.given:
            self.given.append(value)
        return self.given.index(value)

    def _number(self, base: Value) -> int:
        """Tells buffers apart that have one layout."""
        return list(self._views).index(base)


class _Words:
    """What a loop does, as a flat list; `outer` numbers the values from around it by first use."""

    def __init__(self, outer: dict[Value, int]) -> None:
        self.outer = outer
        self.inner: dict[Value, int] = {}
        self.found: list[Any] = []

    def of(self, loop: Op) -> list[Any]:
        self._op(loop)
        return self.found

    def _op(self, op: Op) -> None:
        self.found += (op.row, len(op.operands))
        if op.attrs:
            self.found += op.attrs.values()
        self._use(op.operands)
        for region in op.regions:
            self._region(region)
        self._define(op.results)

    def _region(self, region: Region) -> None:
        self._define(region.params)
        for op in region.ops:
            self._op(op)
        self._use(region.results)
        self.found.append(None)

    def _use(self, values: tuple[Value, ...]) -> None:
        for value in values:
            number = self.inner.get(value)
            if number is None:
                number = -1 - self.outer.setdefault(value, len(self.outer))
            self.found.append(number)

    def _define(self, values: tuple[Value, ...]) -> None:
        for value in values:
            self.inner[value] = len(self.inner)
            self.found.append(value.type)


def layout(type: BufferType) -> Any:
    """What code depends on: whose memory a buffer is counts for constants only."""
    return type.dtype, type.shape, type.strides, type.space == "const"
