"""One step of a loop on lanes: the scalar body of a parallel loop, emitted on vectors."""

from __future__ import annotations

from jitflow.ir.builder import Builder
from jitflow.ir.core import Op, Region, Value
from jitflow.ir.types import VectorType
from jitflow.passes.lowering.footprint import address
from jitflow.passes.lowering.gathers import axis_last
from jitflow.passes.lowering.varying import distance


class Widener:
    """Emits a loop body for `lanes` iterations at once; with `valid`, the first `valid` of them."""

    def __init__(
        self, builder: Builder, body: Region, outer: dict[Value, Value], lanes: int, valid: int
    ) -> None:
        self.builder = builder
        self.body = body
        self.lanes = lanes
        self.valid = valid
        self.new = dict(outer)
        self.constants: dict[Value, Value] = {}
        self.index = body.params[0]
        self.start: Value | None = None

    def run(self, start: Value) -> None:
        """Lanes cover the iterations from `start` on."""
        self.start = start
        for op in self.body.ops:
            self._op(self.builder, op)

    def _op(self, b: Builder, op: Op) -> None:
        b.locations = op.locations
        name = op.row.name
        if name == "load":
            self._load(b, op)
        elif name == "store":
            self._store(b, op)
        elif name == "loop":
            self._loop(b, op)
        elif name == "constant":
            self.new[op.result] = b.restate(op, (), op.result.type)
        else:
            self._elementwise(b, op)

    def _elementwise(self, b: Builder, op: Op) -> None:
        operands = [self._get(b, v) for v in op.operands]
        if any([type(v.type) is VectorType for v in operands]):
            operands = [self._vector(b, v) for v in operands]
        shape = operands[0].type
        self.new[op.result] = b.restate(op, tuple(operands), shape)

    def _get(self, b: Builder, value: Value) -> Value:
        """The value in the new body; the loop's index becomes its lanes."""
        if value is self.index:
            assert self.start is not None
            lanes = b.lane_iota(value.type.dtype, self.lanes)
            return b.add(b.splat(self.start, lanes=self.lanes), lanes)
        return self.new.get(value, value)

    def _vector(self, b: Builder, value: Value) -> Value:
        if isinstance(value.type, VectorType):
            return value
        if value.op is not None and value.op.row.name == "constant":
            return self._constant(value.op)
        return b.splat(value, lanes=self.lanes)

    def _constant(self, op: Op) -> Value:
        """The number in every lane, made once, at the top of the body."""
        found = self.constants.get(op.result)
        if found is None:
            lanes = VectorType(op.result.type.dtype, self.lanes)
            found = self.constants[op.result] = self.builder.restate(op, (), lanes)
        return found

    def _memory(
        self, b: Builder, buffer: Value, indices: tuple[Value, ...]
    ) -> tuple[Value, list[Value], bool]:
        """The buffer with the widened axis last, its indices, and whether lanes differ."""
        buffer = self.new.get(buffer, buffer)
        axis = next((k for k, v in enumerate(indices) if self._counts(v)), None)
        at = [self._first(b, v) if k == axis else self.new.get(v, v) for k, v in enumerate(indices)]
        if axis is None or buffer.type.strides[axis] == 0:
            return buffer, at, False
        at.append(at.pop(axis))
        return axis_last(b, buffer, axis), at, True

    def _counts(self, value: Value) -> bool:
        """Whether a value counts with the index."""
        if value is self.index:
            return True
        step = distance(value, self.index)
        return step is not None and not self._varies(step)

    def _first(self, b: Builder, value: Value) -> Value:
        """The least lane of a value that counts with the index."""
        assert self.start is not None
        step = distance(value, self.index)
        return self.start if step is None else b.add(self.start, self.new.get(step, step))

    def _varies(self, value: Value) -> bool:
        return value is self.index or isinstance(self.new.get(value, value).type, VectorType)

    def _is_scattered(self, indices: tuple[Value, ...]) -> bool:
        """Whether lanes of a load stand anywhere."""
        counting = [v for v in indices if self._counts(v)]
        return len(counting) > 1 or any(
            self._varies(v) for v in indices if v not in counting
        )

    def _load(self, b: Builder, op: Op) -> None:
        buffer, indices = address(op)
        if self._is_scattered(indices):
            places = [self._get(b, v) for v in indices]
            buffer = self.new.get(buffer, buffer)
            self.new[op.result] = b.load(buffer, *places, lanes=self.lanes, valid=self.valid)
            return
        buffer, at, varies = self._memory(b, *address(op))
        lanes, valid = (self.lanes, self.valid) if varies else (None, 0)
        self.new[op.result] = b.load(buffer, *at, lanes=lanes, valid=valid)

    def _store(self, b: Builder, op: Op) -> None:
        buffer, at, _ = self._memory(b, *address(op))
        value = self._vector(b, self._get(b, op.operands[0]))
        b.store(value, buffer, *at, valid=self.valid)

    def _loop(self, b: Builder, op: Op) -> None:
        """A sequential loop inside: it runs as before and carries vectors."""
        lower, upper, *carried = [self._get(b, v) for v in op.operands]
        carried = [self._vector(b, v) for v in carried]
        region = op.regions[0]

        def body(inner: Builder, index: Value, *state: Value) -> list[Value]:
            self.new.update(zip(region.params, (index, *state), strict=True))
            for nested in region.ops:
                self._op(inner, nested)
            return [self._vector(inner, self._get(inner, v)) for v in region.results]

        results = b.loop(lower, upper, body, carried, op.attrs["step"], op.attrs["kind"])
        self.new.update(zip(op.results, results, strict=True))

