"""flatten: adjacent short reduced axes become one; a reduction's tree depends on its shape only."""

from __future__ import annotations

from math import prod

from jitflow.ir.builder import Builder
from jitflow.ir.core import Function, Op, Value
from jitflow.ir.ops.reduce import COMBINES
from jitflow.ir.row import ROWS, Family
from jitflow.ir.types import Shape
from jitflow.passes.constants import CONSTANT
from jitflow.passes.flat_groups import flat_groups, spread_runs

LONG_ROW = 1024
"""Elements from which on a reduced axis is a loop of its own."""


def flatten(function: Function) -> Function:
    """Reshapes the operand of each reduction so that adjacent reduced axes are one.

    An axis of LONG_ROW elements or more stays by itself: a loop along it costs nothing, and what is
    reduced may be an outer product, which lies nowhere as one axis.
    Before: `%1: f32[4] = reduce_sum %x {axes=[1, 2]}` for `%x: f32[4, 8, 8]`.
    After:  `%0: f32[4, 64] = reshape %x {shape=[4, 64]}`
            `%1: f32[4] = reduce_sum %0 {axes=[1]}`.
    Elementwise ops that a reduction takes its operand from are done in the new shape as well,
    where that costs nothing, so that they fuse with it.
    Precondition: static shapes; calls are inlined.
    """
    if not function.contents.has(Family.REDUCE) or not any(map(_needs, function.ops)):
        return function
    return _Flatten(function).run()


def _needs(op: Op) -> bool:
    if op.row.name not in COMBINES:
        return False
    return any(_joins(op, axis) for axis in op.attrs["axes"])


def _joins(op: Op, axis: int) -> bool:
    """Whether a reduced axis is one with the axis before it."""
    reduced, extent = op.attrs["axes"], op.operands[0].type.shape[axis]
    return axis - 1 in reduced and not (isinstance(extent, int) and extent >= LONG_ROW)


def _runs(op: Op) -> list[list[int]]:
    """The operand's axes, adjacent reduced ones together unless they are long."""
    reduced = set(op.attrs["axes"])
    runs: list[list[int]] = []
    for axis in range(op.operands[0].type.rank):
        if axis in reduced and _joins(op, axis):
            runs[-1].append(axis)
        else:
            runs.append([axis])
    return runs


def _flat_shape(op: Op) -> Shape | None:
    """The shape that the operand gets; None where it stays."""
    if not _needs(op):
        return None
    return tuple(prod(op.operands[0].type.shape[a] for a in run) for run in _runs(op))


class _Flatten:
    """One sweep: `new` are values of the old shapes, `flat` the same in flat ones."""

    def __init__(self, function: Function) -> None:
        self.function = function
        self.builder = Builder(function.params)
        self.groups = flat_groups(function, _flat_shape)
        self.new: dict[Value, Value] = {}
        self.flat: dict[tuple[Value, Shape], Value] = {}

    def run(self) -> Function:
        for op in self.function.ops:
            self.builder.locations = op.locations
            if op in self.groups:
                self._elementwise(op, self.groups[op])
            elif _needs(op):
                self._reduction(op)
            else:
                self._other(op)
        results = [self._whole(v) for v in self.function.results]
        return self.function.with_body(self.builder.region(results))

    def _elementwise(self, op: Op, shape: Shape) -> None:
        operands = tuple([self._flat(v, shape) for v in op.operands])
        result = self.builder.emit(op.row, operands, op.attrs).result
        result.name = op.result.name
        self.flat[op.result, shape] = result

    def _reduction(self, op: Op) -> None:
        shape = _flat_shape(op)
        assert shape is not None
        axes = tuple(k for k, run in enumerate(_runs(op)) if run[0] in op.attrs["axes"])
        operand = self._flat(op.operands[0], shape)
        result = self.builder.emit(op.row, (operand,), {"axes": axes}).result
        result.name = op.result.name
        self.new[op.result] = result

    def _other(self, op: Op) -> None:
        operands = tuple([self._whole(v) for v in op.operands])
        if operands == op.operands:
            self.builder.append(op)
            return
        moved = self.builder.append(op.with_operands(operands, op.regions))
        self.new.update(zip(op.results, moved.results, strict=True))

    def _flat(self, value: Value, shape: Shape) -> Value:
        """The value in a flat shape: a number again in that shape, or a view."""
        found = self.flat.get((value, shape))
        if found is None:
            found = self.flat[value, shape] = self._reshaped(value, shape)
        return found

    def _reshaped(self, value: Value, shape: Shape) -> Value:
        op, b = value.op, self.builder
        if op is not None and op.row is CONSTANT and op.attrs["value"].is_splat:
            attrs = {"value": op.attrs["value"], "type": value.type.with_shape(shape)}
            return b.emit(CONSTANT, (), attrs).result
        if op is not None and op.row is ROWS["broadcast"] and not op.operands[0].type.shape:
            return b.broadcast(self._whole(op.operands[0]), shape=shape, axes=())
        if op is not None and (runs := spread_runs(value, shape)) is not None:
            return self._spread(op, shape, runs)
        result: Value = b.reshape(self._whole(value), shape=shape)
        return result

    def _spread(self, op: Op, shape: Shape, runs: list[tuple[int, ...]]) -> Value:
        """A broadcast, whose operand has an axis for each run of axes that it had."""
        axes = tuple(k for k, run in enumerate(runs) if run[0] in op.attrs["axes"])
        source = self._whole(op.operands[0])
        merged = tuple(shape[axis] for axis in axes)
        if merged != source.type.shape:
            source = self.builder.reshape(source, shape=merged)
        return self.builder.broadcast(source, shape=shape, axes=axes)

    def _whole(self, value: Value) -> Value:
        """The value in its own shape."""
        found = self.new.get(value)
        if found is None and value.op in self.groups:
            flat = self.flat[value, self.groups[value.op]]
            found = self.new[value] = self.builder.reshape(flat, shape=value.type.shape)
        return value if found is None else found
