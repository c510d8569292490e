"""flatten: adjacent reduced axes become one; a reduction's tree depends on its shape only."""

from __future__ import annotations

from math import prod

from jitflow.ir.builder import Builder
from jitflow.ir.core import Function, Op, Value
from jitflow.ir.ops.reduce import COMBINES


def flatten(function: Function) -> Function:
    """Reshapes the operand of each reduction so that no two adjacent axes are reduced.

    Before: `%1: f32[4] = reduce_sum %x {axes=[1, 2]}` for `%x: f32[4, 8, 8]`.
    After:  `%0: f32[4, 64] = reshape %x {shape=[4, 64]}`
            `%1: f32[4] = reduce_sum %0 {axes=[1]}`.
    Precondition: static shapes; calls are inlined.
    """
    if not any(_needs(op) for op in function.ops):
        return function
    builder, new = Builder(function.params), dict[Value, Value]()
    for op in function.ops:
        if _needs(op):
            builder.locations = op.locations
            new[op.result] = _flat(builder, op, new)
        else:
            moved = _moved(op, new)
            builder.append(moved)
            if moved is not op:
                new.update(zip(op.results, moved.results, strict=True))
    results = [new.get(v, v) for v in function.results]
    return function.with_body(builder.region(results))


def _needs(op: Op) -> bool:
    if op.row.name not in COMBINES:
        return False
    axes = set(op.attrs["axes"])
    return any(a + 1 in axes for a in axes)


def _flat(builder: Builder, op: Op, new: dict[Value, Value]) -> Value:
    operand, reduced = new.get(op.operands[0], op.operands[0]), set(op.attrs["axes"])
    runs: list[list[int]] = []
    for axis in range(operand.type.rank):
        if axis in reduced and axis - 1 in reduced:
            runs[-1].append(axis)
        else:
            runs.append([axis])
    shape = tuple(prod(operand.type.shape[a] for a in run) for run in runs)
    axes = tuple(k for k, run in enumerate(runs) if run[0] in reduced)
    flat = builder.reshape(operand, shape=shape)
    result = builder.emit(op.row, (flat,), {"axes": axes}).result
    result.name = op.result.name
    return result


def _moved(op: Op, new: dict[Value, Value]) -> Op:
    """The op on the new operands; the same object if none changed."""
    if not any(v in new for v in op.operands):
        return op
    operands = tuple(new.get(v, v) for v in op.operands)
    types = [v.type for v in op.results]
    names = [v.name for v in op.results]
    return Op(op.row, operands, op.attrs, types, op.regions, op.locations, names)
