"""Loops that walk the run of elements of an outer iteration, [i, i + step), in several levels.

Owns when iterations of a loop that is not said to be parallel write elements of their own. Changes
nothing.
"""

from __future__ import annotations

from jitflow.ir.buffers import base_of
from jitflow.ir.core import Op, Value, walk
from jitflow.ir.types import VectorType
from jitflow.passes.lowering.footprint import address
from jitflow.passes.lowering.rebuild import constant_int


def writes_apart(loop: Op) -> bool:
    """Whether each iteration writes elements of its own run only, which no iteration reads."""
    body = list(walk(loop.regions[0]))
    stores = [op for op in body if op.row.name == "store"]
    written = {base_of(op.operands[1]) for op in stores}
    if any(base_of(op.operands[0]) in written for op in body if op.row.name == "load"):
        return False
    inside = _in_run(loop, body)
    return all(_is_own(op, inside) for op in stores)


def _in_run(loop: Op, body: list[Op]) -> dict[Value, int]:
    """The indices that stay in the run of an iteration, each with the step of its loop."""
    index, step = loop.regions[0].params[0], int(loop.attrs["step"])
    inside, ends = {index: step}, set[Value]()
    for op in body:
        if op.row.name == "add" and op.operands[0] is index and _is(op.operands[1], step):
            ends.add(op.result)
        elif op.row.name == "minimum" and not ends.isdisjoint(op.operands):
            ends.add(op.result)
        elif op.row.name == "loop" and op.operands[0] in inside and op.operands[1] in ends:
            if step % op.attrs["step"] == 0:
                inside[op.regions[0].params[0]] = int(op.attrs["step"])
    return inside


def _is(value: Value, number: int) -> bool:
    return constant_int(value) == number


def _is_own(store: Op, inside: dict[Value, int]) -> bool:
    """Whether one axis is walked by an index of the run, by no fewer elements than are written."""
    buffer, indices = address(store)
    value = store.operands[0]
    lanes = value.type.lanes if isinstance(value.type, VectorType) else 1
    for axis, (at, stride) in enumerate(zip(indices, buffer.type.strides, strict=True)):
        width = lanes if axis == len(indices) - 1 else 1
        if stride != 0 and inside.get(at, 0) >= width:
            return True
    return False
