"""Which ops are alike, and which loops: the same ones on buffers of the same layout."""

from __future__ import annotations

from collections.abc import Collection, Hashable, Sequence
from typing import Any

from jitflow.ir.buffers import base_of
from jitflow.ir.core import Op, Region, Value
from jitflow.ir.types import BufferType


class Structure:
    """Ops in a row, loops most often, and what they use from around them.

    own: buffers that only they use. `key` is equal for ops that do the same to the buffers that
    they are `given`; None where they use something else from around them than memory and constants.
    `along` are the ops that they need beside: constants, their own buffers, views.

    What is seen by one view only is given as that view, wherever it lies in memory.
    """

    def __init__(self, ops: Sequence[Op], own: Collection[Value]) -> None:
        self.own = own
        self.outer: dict[Value, int] = {}
        self.given: list[Value] = []
        self.along: list[Op] = []
        words = _Words(self.outer)
        for op in ops:
            words.add(op)
        bases = [base_of(v) for v in self.outer]
        self._views = {b: bases.count(b) for b in bases}
        described = [self._describe(v) for v in self.outer]
        self.key: Hashable = None if None in described else (tuple(words.found), tuple(described))

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


def words(op: Op) -> tuple[Any, ...]:
    """Equal for ops that do the same to their operands, and use the same ones more than once."""
    found = _Words({})
    found.add(op)
    return tuple(found.found)


class _Words:
    """What ops do, as a flat list; `outer` numbers the values from around them by first use."""

    def __init__(self, outer: dict[Value, int]) -> None:
        self.outer = outer
        self.inner: dict[Value, int] = {}
        self.found: list[Any] = []

    def add(self, op: Op) -> None:
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
            self.add(op)
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
