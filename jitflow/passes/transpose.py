"""transpose: from tangents to cotangents; with linearize before it, reverse-mode differentiation.

Asks each row for its linear operands and their transpose, and names no op.
"""

from __future__ import annotations

from jitflow.errors import DerivativeError, explain
from jitflow.ir.builder import Builder
from jitflow.ir.core import Function, Op, Value
from jitflow.ir.derivative import is_linear_in, is_zero


def transpose(function: Function, *, ones: bool = False) -> Function:
    """Transposes the linear map from parameters `linear` to results `tangents` (attributes).

        func @f(%x: f32[2], %y: f32[2], %dx: f32[2]) {linear=[2], tangents=[1]} {
          %0: f32[2] = mul %x, %y
          %1: f32[2] = mul %dx, %y
          return %0, %1
        }
    becomes
        func @f(%x: f32[2], %y: f32[2], %ct: f32[2]) {
          %0: f32[2] = mul %x, %y
          %1: f32[2] = mul %ct, %y
          return %0, %1
        }

    Parameters: those that are not linear, then a cotangent for each tangent result. Results:
    those that are not tangents, then a cotangent for each linear parameter, zeros where no
    tangent depends on it. Ops that are not linear stay as they are and come first.
    ones: every cotangent is 1 instead of a parameter; of one scalar result that is the gradient.

    The attributes are linearize's. Raises DerivativeError where the map is not linear.
    """
    linear, tangents = attribute(function, "linear"), attribute(function, "tangents")
    b = Builder([p for i, p in enumerate(function.params) if i not in linear])
    sweep = _Sweep(b, [function.params[i] for i in linear])
    for op in function.ops:
        sweep.forward(op)
    for index in tangents:
        sweep.seed(function.results[index], ones)
    sweep.backward()
    primal = [v for i, v in enumerate(function.results) if i not in tangents]
    if not sweep.linear.isdisjoint(primal):
        raise DerivativeError("a result that is not a tangent depends on a tangent")
    gradients = [sweep.cotangent_or_zeros(function.params[i]) for i in linear]
    attrs = {k: v for k, v in function.attrs.items() if k not in ("linear", "tangents")}
    return b.build(function.name, [*primal, *gradients], attrs)


def attribute(function: Function, name: str) -> tuple[int, ...]:
    """What linearize noted of the function: its `linear` parameters or its `tangents`."""
    found: tuple[int, ...] | None = function.attrs.get(name)
    if found is None:
        raise DerivativeError(f"@{function.name} has no attribute '{name}'; run linearize first")
    return found


class _Sweep:
    """Splits off the linear ops, then walks them backwards and sums cotangents."""

    def __init__(self, b: Builder, linear: list[Value]) -> None:
        self.b = b
        self.linear = set(linear)
        self.ops: list[tuple[Op, list[int]]] = []
        self.cotangents: dict[Value, Value] = {}

    def forward(self, op: Op) -> None:
        """Keeps an op with no linear operand; else notes it with its linear operands' indices."""
        indices = [i for i, v in enumerate(op.operands) if v in self.linear]
        if not indices:
            self.b.append(op)
            return
        if not _is_linear(op, indices):
            place = op.locations[0] if op.locations else None
            raise DerivativeError(explain("is not linear in a tangent", op=op.row.name, at=place))
        self.ops.append((op, indices))
        self.linear.update(op.results)

    def seed(self, result: Value, ones: bool) -> None:
        if result.op is not None:
            self.b.locations = result.op.locations
        if ones:
            self.add(result, self.b.full_like(result, 1))
        else:
            self.add(result, self.b.param(result.type, "ct"))

    def add(self, value: Value, cotangent: Value) -> None:
        before = self.cotangents.get(value)
        total = cotangent if before is None else self.sum(before, cotangent)
        self.cotangents[value] = total

    def sum(self, x: Value, y: Value) -> Value:
        """The sum, in which a part of zeros costs no more than the part."""
        for total, part in ((x, y), (y, x)):
            op = part.op
            if op is None or op.row.accumulate is None or not is_zero(op.operands[0]):
                continue
            found: Value | None = op.row.accumulate(self.b, total, op)
            if found is not None:
                return found
        return self.b.add(x, y)

    def backward(self) -> None:
        for op, indices in reversed(self.ops):
            found = [self.cotangents.pop(v, None) for v in op.results]
            if not any(c is not None for c in found):
                continue
            rule = op.row.transpose
            assert rule is not None
            self.b.locations = op.locations
            if op.regions:
                given = [
                    self.b.full_like(v, 0) if c is None else c
                    for v, c in zip(op.results, found, strict=True)
                ]
                cotangents = rule(self.b, given, op, indices)
            else:
                (cotangent,) = found
                cotangents = [rule(self.b, cotangent, op, index) for index in indices]
            for index, cotangent in zip(indices, cotangents, strict=True):
                self.add(op.operands[index], cotangent)

    def cotangent_or_zeros(self, param: Value) -> Value:
        found = self.cotangents.get(param)
        return self.b.full_like(param, 0) if found is None else found


def _is_linear(op: Op, indices: list[int]) -> bool:
    """Whether the op is linear in these operands together, the others being as they are."""
    if not all(is_linear_in(op, index) for index in indices):
        return False
    if op.row.multilinear is not None:
        return len(indices) == 1
    others = [v for i, v in enumerate(op.operands) if i not in indices and is_linear_in(op, i)]
    return all(is_zero(v) for v in others)
