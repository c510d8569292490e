"""What `linearize` gives, taken apart: what can be computed now, and the linear map for later.

Not a pass itself: it gives two functions. Asks for operands only and names no op.
"""

from __future__ import annotations

from jitflow.ir.builder import Builder
from jitflow.ir.core import Function, Op, Value
from jitflow.passes.transpose import attribute


def partition(function: Function) -> tuple[Function, Function]:
    """The function without its linear part, and that part.

    The first takes the parameters that are not linear and gives the results that are no tangents,
    then residuals: the values that the second one needs. The second takes residuals and linear
    parameters and gives the tangents, with the attributes of linearize. Constants are no
    residuals. Precondition: the attributes `linear` and `tangents`.
    """
    linear, tangents = attribute(function, "linear"), attribute(function, "tangents")
    given = [p for i, p in enumerate(function.params) if i not in linear]
    primal = [v for i, v in enumerate(function.results) if i not in tangents]
    before, later = Builder(given), _Later([function.params[i] for i in linear])
    for op in function.ops:
        if later.depends.isdisjoint(op.operands):
            before.append(op)
        else:
            later.append(op)
    results = [later.own(function.results[i]) for i in tangents]
    attrs = {
        "linear": tuple(range(len(later.residuals), len(later.residuals) + len(linear))),
        "tangents": tuple(range(len(tangents))),
    }
    params = [*later.residuals.values(), *(function.params[i] for i in linear)]
    second = Builder(params)
    second.ops += later.ops
    return (
        before.build(function.name, [*primal, *later.residuals]),
        second.build(function.name, results, attrs),
    )


class _Later:
    """The ops that depend on linear parameters, on parameters that stand for residuals."""

    def __init__(self, linear: list[Value]) -> None:
        self.depends = set(linear)
        self.residuals: dict[Value, Value] = {}
        self.ops: list[Op] = []
        self.values: dict[Value, Value] = {}

    def append(self, op: Op) -> None:
        operands = tuple([self.own(v) for v in op.operands])
        fresh = op.with_operands(operands, op.regions)
        self.ops.append(fresh)
        self.depends.update(op.results)
        self.values.update(zip(op.results, fresh.results, strict=True))

    def own(self, value: Value) -> Value:
        """What stands for a value in the linear part."""
        if value in self.depends:
            return self.values.get(value, value)
        if value in self.values:
            return self.values[value]
        op = value.op
        if op is not None and not op.operands and op.row.is_pure:
            fresh = Op(op.row, (), op.attrs, (value.type,), (), op.locations, (value.name,))
            self.ops.append(fresh)
            self.values[value] = fresh.result
        else:
            self.values[value] = self.residuals[value] = Value(value.type, value.name)
        return self.values[value]
