"""One step of a loop on lanes: the scalar body of a parallel loop, emitted on vectors."""

from __future__ import annotations

from jitflow.ir.builder import Builder
from jitflow.ir.core import Op, Region, Value
from jitflow.ir.row import ROWS
from jitflow.ir.types import VectorType
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
        self.valid = valid
        self.new = dict(outer)
        self.scalars: dict[Value, Op] = {}
        """Constants of the body that nothing has used as scalars so far."""
        self.numbers: dict[Value, Value] = {}
        """Constants in lanes."""
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
            self.scalars[op.results[0]] = op
        else:
            self._elementwise(b, op)

    def _elementwise(self, b: Builder, op: Op) -> None:
        is_wide = any([self._varies(v) for v in op.operands])
        take = self._vector if is_wide else self._get
        operands = tuple([take(b, v) for v in op.operands])
        self.new[op.results[0]] = b.restate(op, operands, operands[0].type)

    def _get(self, b: Builder, value: Value) -> Value:
        """The value in the new body; the loop's index becomes its lanes."""
        if value is self.index:
            assert self.start is not None
            lanes = b.lane_iota(value.type.dtype, self.lanes)
            return b.add(b.splat(self.start, lanes=self.lanes), lanes)
        constant = self.scalars.pop(value, None)
        if constant is not None:
            self.new[value] = self.builder.restate(constant, (), value.type)
        return self.new.get(value, value)

    def _vector(self, b: Builder, value: Value) -> Value:
        """The value in lanes."""
        if value.op is not None and value.op.row is _CONSTANT:
            return self._number(value.op)
        found = self._get(b, value)
        return found if type(found.type) is VectorType else b.splat(found, lanes=self.lanes)

    def _number(self, constant: Op) -> Value:
        """A constant in every lane, made once, at the top of the body."""
        old = constant.results[0]
        found = self.numbers.get(old)
        if found is None:
            lanes = VectorType(old.type.dtype, self.lanes)
            found = self.numbers[old] = self.builder.restate(constant, (), lanes)
        return found

    def _memory(
        self, b: Builder, buffer: Value, indices: tuple[Value, ...]
    ) -> tuple[Value, list[Value], bool]:
        """The buffer with the widened axis last, its indices, and whether lanes differ."""
        buffer = self.new.get(buffer, buffer)
        axis = next((k for k, v in enumerate(indices) if self._counts(v)), None)
        at = [self._first(b, v) if k == axis else self._get(b, v) for k, v in enumerate(indices)]
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
        return self.start if step is None else b.add(self.start, self._get(b, step))

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
        value = self._vector(b, op.operands[0])
        b.store(value, buffer, *at, valid=self.valid)

    def _loop(self, b: Builder, op: Op) -> None:
        """A sequential loop inside: it runs as before and carries vectors."""
        lower, upper = [self._get(b, v) for v in op.operands[:2]]
        carried = [self._vector(b, v) for v in op.operands[2:]]
        region = op.regions[0]

        def body(inner: Builder, index: Value, *state: Value) -> list[Value]:
            self.new.update(zip(region.params, (index, *state), strict=True))
            for nested in region.ops:
                self._op(inner, nested)
            return [self._vector(inner, v) for v in region.results]

        results = b.loop(lower, upper, body, carried, op.attrs["step"], op.attrs["kind"])
        self.new.update(zip(op.results, results, strict=True))

