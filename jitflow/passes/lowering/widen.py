"""One step of a loop on lanes: the scalar body of a parallel loop, emitted on vectors."""

from __future__ import annotations

from jitflow.ir.builder import Builder
from jitflow.ir.core import Op, Region, Value
from jitflow.ir.row import ROWS
from jitflow.ir.types import INDEX, VectorType
from jitflow.passes.lowering.footprint import address
from jitflow.passes.lowering.gathers import axis_last
from jitflow.passes.lowering.varying import distance

_CONSTANT = ROWS["constant"]


class Widener:
    """Emits a loop body for `lanes` iterations at once; with `valid`, the first `valid` of them."""

    def __init__(
        self, builder: Builder, body: Region, outer: dict[Value, Value], lanes: int, valid: int
    ) -> None:
        self.builder = builder
        self.body = body
        self.lanes = lanes
        self.shape = VectorType(INDEX.dtype, lanes)
        self.valid = valid
        self.index = body.params[0]
        self.start: Value | None = None
        self.new = dict(outer)
        """What is the same in all lanes."""
        self.wide = {self.index}
        """What differs from lane to lane."""
        self.vectors: dict[Value, Value] = {}
        """What is in lanes: values that differ, and constants in every lane."""
        self.scalars: dict[Value, Op] = {}
        """Constants of the body that nothing has used as scalars so far."""

    def run(self, start: Value) -> None:
        """Lanes cover the iterations from `start` on."""
        self.start = start
        for op in self.body.ops:
            self._op(self.builder, op)

    def _op(self, b: Builder, op: Op) -> None:
        b.locations = op.locations
        if op.row.is_elementwise:
            self._elementwise(b, op)
        elif op.row is _CONSTANT:
            self.scalars[op.results[0]] = op
        elif op.row.name == "load":
            self._load(b, op)
        elif op.row.name == "store":
            self._store(b, op)
        else:
            self._loop(b, op)

    def _elementwise(self, b: Builder, op: Op) -> None:
        if self.wide.isdisjoint(op.operands):
            operands = tuple([self._scalar(v) for v in op.operands])
            self.new[op.result] = b.restate(op, operands, operands[0].type)
            return
        found = self.vectors
        operands = tuple([found.get(v) or self._vector(b, v) for v in op.operands])
        self._set_wide(op.results[0], b.restate(op, operands, operands[0].type))

    def _set_wide(self, value: Value, vector: Value) -> None:
        self.vectors[value] = vector
        self.wide.add(value)

    def _scalar(self, value: Value) -> Value:
        """What is the same in all lanes; a constant is made at the top of the body."""
        constant = self.scalars.pop(value, None)
        if constant is not None:
            self.new[value] = self.builder.restate(constant, (), value.type)
        return self.new.get(value, value)

    def _vector(self, b: Builder, value: Value) -> Value:
        """The value in lanes; the index and constants are made once, at the top of the body."""
        found = self.vectors.get(value)
        if found is not None:
            return found
        if value is self.index:
            assert self.start is not None
            lanes = self.builder.lane_iota(value.type.dtype, self.lanes)
            first = self.builder.splat(self.start, lanes=self.lanes)
            made = self.vectors[value] = self.builder.add(first, lanes)
            return made
        if value.op is not None and value.op.row is _CONSTANT:
            made = self.vectors[value] = self.builder.restate(value.op, (), self.shape)
            return made
        return b.splat(self._scalar(value), lanes=self.lanes)

    def _place(self, b: Builder, value: Value) -> Value:
        """An index, in lanes where it differs."""
        return self._vector(b, value) if value in self.wide else self._scalar(value)

    def _memory(
        self, b: Builder, buffer: Value, indices: tuple[Value, ...]
    ) -> tuple[Value, list[Value], bool]:
        """The buffer with the widened axis last, its indices, and whether lanes differ."""
        buffer = self.new.get(buffer, buffer)
        axis = next((k for k, v in enumerate(indices) if self._counts(v)), None)
        at = [self._first(b, v) if k == axis else self._scalar(v) for k, v in enumerate(indices)]
        if axis is None or buffer.type.strides[axis] == 0:
            return buffer, at, False
        at.append(at.pop(axis))
        return axis_last(b, buffer, axis), at, True

    def _counts(self, value: Value) -> bool:
        """Whether a value counts with the index."""
        if value is self.index:
            return True
        step = distance(value, self.index)
        return step is not None and step not in self.wide

    def _first(self, b: Builder, value: Value) -> Value:
        """The least lane of a value that counts with the index."""
        assert self.start is not None
        step = distance(value, self.index)
        return self.start if step is None else b.add(self.start, self._scalar(step))

    def _is_scattered(self, indices: tuple[Value, ...]) -> bool:
        """Whether lanes of a load stand anywhere."""
        counting = [v for v in indices if self._counts(v)]
        return len(counting) > 1 or any(v in self.wide for v in indices if v not in counting)

    def _load(self, b: Builder, op: Op) -> None:
        buffer, indices = address(op)
        if self._is_scattered(indices):
            places = [self._place(b, v) for v in indices]
            buffer = self.new.get(buffer, buffer)
            lanes = b.load(buffer, *places, lanes=self.lanes, valid=self.valid)
            self._set_wide(op.result, lanes)
            return
        buffer, at, varies = self._memory(b, *address(op))
        if varies:
            lanes = b.load(buffer, *at, lanes=self.lanes, valid=self.valid)
            self._set_wide(op.result, lanes)
        else:
            self.new[op.result] = b.load(buffer, *at)

    def _store(self, b: Builder, op: Op) -> None:
        buffer, at, _ = self._memory(b, *address(op))
        value = self._vector(b, op.operands[0])
        b.store(value, buffer, *at, valid=self.valid)

    def _loop(self, b: Builder, op: Op) -> None:
        """A sequential loop inside: it runs as before and carries vectors."""
        lower, upper = [self._scalar(v) for v in op.operands[:2]]
        carried = [self._vector(b, v) for v in op.operands[2:]]
        region = op.regions[0]

        def body(inner: Builder, index: Value, *state: Value) -> list[Value]:
            self.new[region.params[0]] = index
            for param, vector in zip(region.params[1:], state, strict=True):
                self._set_wide(param, vector)
            for nested in region.ops:
                self._op(inner, nested)
            return [self._vector(inner, v) for v in region.results]

        results = b.loop(lower, upper, body, carried, op.attrs["step"], op.attrs["kind"])
        for result, vector in zip(op.results, results, strict=True):
            self._set_wide(result, vector)

