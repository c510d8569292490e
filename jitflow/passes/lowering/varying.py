"""Which loops can run on lanes: what differs from one iteration to the next, and who uses it."""

from __future__ import annotations

from jitflow.ir.core import Op, Region, Value
from jitflow.passes.lowering.footprint import address


def can_widen(op: Op) -> bool:
    """Whether every store of the loop uses its index plainly and at most once; loads need not.

    Other indices of stores, and the bounds of loops inside, are the same in all iterations.
    """
    body = op.regions[0]
    return _Check(body.params[0]).region(body)


def distance(value: Value, index: Value) -> Value | None:
    """How far a value is from a loop's index, where it is a sum of the two; else None."""
    op = value.op
    if op is None or op.row.name != "add" or index not in op.operands:
        return None
    x, y = op.operands
    return y if x is index else x


class _Check:
    """Walks a body in order and collects what will be lanes."""

    def __init__(self, index: Value) -> None:
        self.index = index
        self.lanes: set[Value] = {index}

    def region(self, region: Region) -> bool:
        return all(self.op(op) for op in region.ops)

    def op(self, op: Op) -> bool:
        if op.row.is_elementwise:
            if not self.lanes.isdisjoint(op.operands):
                self.lanes.update(op.results)
            return True
        match op.row.name:
            case "constant":
                return True
            case "load":
                return self.load(op)
            case "store":
                return self.is_plain(op) and self.moves(op)
            case "loop":
                return self.loop(op)
        return False

    def load(self, op: Op) -> bool:
        if self.moves(op) or not self.is_plain(op):
            self.lanes.update(op.results)
        return True

    def loop(self, op: Op) -> bool:
        """A loop inside carries lanes, whatever it carries."""
        self.lanes.update(op.regions[0].params[1:], op.results)
        return self.lanes.isdisjoint(op.operands[:2]) and self.region(op.regions[0])

    def is_plain(self, op: Op) -> bool:
        """Whether the index stands on one axis at most, and no other index is lanes."""
        indices = address(op)[1]
        others = [v for v in indices if not self.is_index(v)]
        return len(indices) - len(others) <= 1 and self.lanes.isdisjoint(others)

    def is_index(self, value: Value) -> bool:
        """Whether a value counts with the index."""
        if value is self.index:
            return True
        step = distance(value, self.index)
        return step is not None and step not in self.lanes

    def moves(self, op: Op) -> bool:
        """Whether each iteration has an element of its own."""
        buffer, indices = address(op)
        steps = zip(indices, buffer.type.strides, strict=True)
        return any(self.is_index(v) and stride for v, stride in steps)
