"""batch: one more axis through a function. Asks each row for its batching rule and names no op."""

from __future__ import annotations

from collections.abc import Sequence

from jitflow.errors import DtypeError, NoCodeError, ShapeError, explain
from jitflow.ir.batching import repeated
from jitflow.ir.builder import Builder
from jitflow.ir.core import Function, Op, Region, Value
from jitflow.ir.types import TensorType, Type


def batch(function: Function, *, size: int, params: tuple[int, ...] = (0,)) -> Function:
    """Computes the function for each of `size` elements of a batch at once.

        func @f(%x: f32[2], %y: f32[2]) {
          %0: f32[2] = mul %x, %y
          %1: f32[2] = neg %y
          return %0, %1
        }
    becomes, with size=8 and params=[0],
        func @f(%x: f32[8, 2], %y: f32[2]) {batched=[0]} {
          %0: f32[8, 2] = broadcast %y {shape=[8, 2], axes=[1]}
          %1: f32[8, 2] = mul %x, %0
          %2: f32[2] = neg %y
          return %1, %2
        }

    The parameters `params` get the batch as axis 0; so do the results that depend on them, which
    the attribute `batched` lists. What is the same for the whole batch is computed once.

    Raises ShapeError where `params` name no array, and NoCodeError at an op that has no batching
    rule: inline calls first.
    """
    for index in params:
        if not 0 <= index < len(function.params):
            raise ShapeError(f"there is no parameter {index}; there are {len(function.params)}")
    sweep = _Batch(size)
    chosen = [index in params for index in range(len(function.params))]
    region, found = sweep.region(function.body, chosen)
    attrs = {**function.attrs, "batched": tuple(i for i, has in enumerate(found) if has)}
    return Function(function.name, region, attrs)


class _Batch:
    def __init__(self, size: int) -> None:
        self.size = size

    def region(self, region: Region, chosen: Sequence[bool]) -> tuple[Region, list[bool]]:
        """The region with the chosen parameters batched, and which of its results are."""
        b = Builder()
        values: dict[Value, Value] = {}
        for param, is_chosen in zip(region.params, chosen, strict=True):
            if is_chosen:
                values[param] = b.param(self.type(param.type), param.name)
            else:
                b.params.append(param)
        for op in region.ops:
            self.op(b, op, values)
        results = [values.get(v, v) for v in region.results]
        return b.region(results), [v in values for v in region.results]

    def whole(self, region: Region) -> Region:
        """The region with every parameter and every result batched."""
        batched, found = self.region(region, [True] * len(region.params))
        b = Builder(batched.params)
        b.ops += batched.ops
        return b.region([
            v if has else repeated(b, v, self.size)
            for v, has in zip(batched.results, found, strict=True)
        ])

    def type(self, type: Type) -> Type:
        if not isinstance(type, TensorType):
            raise DtypeError(f"a {type} has no batch")
        return type.with_shape((self.size, *type.shape))

    def op(self, b: Builder, op: Op, values: dict[Value, Value]) -> None:
        """Appends the op: as it is, or by its rule."""
        batched = [v in values for v in op.operands]
        if not any(batched):
            b.append(op)
            return
        b.locations = op.locations
        if op.row.batch is None:
            place = op.locations[0] if op.locations else None
            raise NoCodeError(explain("has no batching rule", op=op.row.name, at=place))
        operands = [values.get(v, v) for v in op.operands]
        regions = (self.whole,) if op.regions else ()
        results = op.row.batch(b, op, operands, batched, *regions)
        if isinstance(results, Value):
            results = (results,)
        values.update(zip(op.results, results, strict=True))
