"""pointwise: reads at computed places become reads of single elements, which fuse with the rest."""

from __future__ import annotations

from collections import Counter

from jitflow.ir.builder import Builder
from jitflow.ir.core import Function, Op, Value
from jitflow.ir.dtypes import i64
from jitflow.ir.row import ROWS
from jitflow.passes.rewrite import Sweep, count_uses, operands_of_products

_GATHER = ROWS["gather"]
_TRANSPOSE = ROWS["transpose"]


def pointwise(function: Function) -> Function:
    """Gives each gather an index for every axis of its operand, in the shape of its result.

        %0: f32[2, 8] = gather %x, %i
    becomes, for `%x: f32[9, 8]`, what has one element of %x at each point, like an elementwise op:
        %0: i64[2, 8] = broadcast %i {shape=[2, 8], axes=[0]}
        %1: i64[2, 8] = iota {axis=1}
        %2: f32[2, 8] = gather %x, %0, %1

    A transpose of a gather that nothing else uses becomes the order of the indices, but where a
    product reads it, whose additions depend on what its operands look like in memory.
    Precondition: static shapes; calls are inlined.
    """
    if not any(op.row is _GATHER for op in function.ops):
        return function
    return _Pointwise(function).function(function)


class _Pointwise(Sweep):
    def __init__(self, function: Function) -> None:
        super().__init__()
        self.uses: Counter[Value] = count_uses(function)
        self.users = {v: op for op in function.ops for v in op.operands}
        self.in_products = operands_of_products(function.ops)

    def visit(self, op: Op) -> None:
        if op.row is _GATHER:
            self.gather(op)
        elif op.row is _TRANSPOSE and self.is_joined(op):
            self.replace(op, [self.values[op.operands[0]]])
        else:
            self.out.append(self.remap(op))

    def is_joined(self, transpose: Op) -> bool:
        """Whether the order of a gather's indices stands for the transpose."""
        source = transpose.operands[0]
        if source.op is None or source.op.row is not _GATHER or self.uses[source] != 1:
            return False
        return source not in self.in_products and transpose.result not in self.in_products

    def gather(self, op: Op) -> None:
        user = self.users.get(op.result)
        order = tuple(range(op.result.type.rank))
        if user is not None and user.row is _TRANSPOSE and self.is_joined(user):
            order = user.attrs["axes"]
        elif len(op.operands) - 1 == op.operands[0].type.rank:
            self.out.append(self.remap(op))
            return
        b = Builder(locations=op.locations)
        x, *indices = [self.values.get(v, v) for v in op.operands]
        shape = tuple(op.result.type.shape[axis] for axis in order)
        first = len(indices[0].type.shape)
        full = [_placed(b, index, shape, order) for index in indices]
        full += [
            b.iota(i64, shape, axis=order.index(first + k))
            for k in range(x.type.rank - len(indices))
        ]
        result = b.gather(x, *full)
        result.name = op.result.name
        self.out.extend(b.ops)
        self.replace(op, [result])


def _placed(b: Builder, index: Value, shape: tuple[int, ...], order: tuple[int, ...]) -> Value:
    """An index array at every point of a result whose axes are in another order."""
    places = [order.index(axis) for axis in range(index.type.rank)]
    by_place = tuple(sorted(range(len(places)), key=places.__getitem__))
    if by_place != tuple(range(len(places))):
        index = b.transpose(index, axes=by_place)
    if index.type.shape == shape:
        return index
    return b.broadcast(index, shape=shape, axes=tuple(sorted(places)))
