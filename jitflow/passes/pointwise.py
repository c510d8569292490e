"""pointwise: reads at computed places become reads of single elements, which fuse with the rest."""

from __future__ import annotations

from collections import Counter

from jitflow.ir.builder import Builder
from jitflow.ir.core import Function, Op, Value
from jitflow.ir.dtypes import i64
from jitflow.ir.row import ROWS
from jitflow.passes.rewrite import Sweep, count_uses, operands_of_products

_GATHER = ROWS["gather"]
_DYNAMIC_SLICE = ROWS["dynamic_slice"]
_RESHAPE = ROWS["reshape"]
_TRANSPOSE = ROWS["transpose"]


def pointwise(function: Function) -> Function:
    """Gives each gather an index for every axis of its operand, in the shape of its result.

        %0: f32[2, 8] = gather %x, %i
    becomes, for `%x: f32[9, 8]`, what has one element of %x at each point, like an elementwise op:
        %0: i64[2, 8] = broadcast %i {shape=[2, 8], axes=[0]}
        %1: i64[2, 8] = iota {axis=1}
        %2: f32[2, 8] = gather %x, %0, %1

    A transpose of a gather that nothing else uses becomes the order of the indices, but where a
    product reads it, whose additions depend on what its operands look like in memory. A dynamic
    slice of single elements, rows, and the like, is such a gather too.
    Precondition: static shapes; calls are inlined.
    """
    if function.contents.rows.isdisjoint((_GATHER, _DYNAMIC_SLICE)):
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
        elif op.row is _DYNAMIC_SLICE and _is_one_place(op):
            self.one_place(op)
        elif op.row in (_TRANSPOSE, _RESHAPE) and self.is_joined(op):
            self.replace(op, [self.values[op.operands[0]]])
        else:
            self.out.append(self.remap(op))

    def is_joined(self, view: Op) -> bool:
        """Whether the indices of what a view shows stand for the view, too.

        A transpose of a gather is another order; axes of one element come and go around one place.
        """
        source = view.operands[0]
        if source.op is None or self.uses[source] != 1 or view.result in self.in_products:
            return False
        if view.row is _TRANSPOSE:
            return source.op.row is _GATHER
        is_place = source.op.row is _DYNAMIC_SLICE and _is_one_place(source.op)
        return is_place and _long(source.type.shape) == _long(view.result.type.shape)

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
        self.finish(b, op, b.gather(x, *full))


    def one_place(self, op: Op) -> None:
        """A slice as a gather: its start along axes of one element, the place along the others."""
        b = Builder(locations=op.locations)
        x, *starts = [self.values.get(v, v) for v in op.operands]
        user = self.users.get(op.result)
        is_viewed = user is not None and user.row is _RESHAPE and self.is_joined(user)
        shape = user.attrs["shape"] if user is not None and is_viewed else op.attrs["sizes"]
        long = iter([axis for axis, size in enumerate(shape) if size != 1])
        indices = [
            b.broadcast(start, shape=shape, axes=()) if size == 1
            else b.iota(i64, shape, axis=next(long))
            for start, size in zip(starts, op.attrs["sizes"], strict=True)
        ]
        self.finish(b, op, b.gather(x, *indices))

    def finish(self, b: Builder, op: Op, result: Value) -> None:
        result.name = op.result.name
        self.out.extend(b.ops)
        self.replace(op, [result])


def _is_one_place(op: Op) -> bool:
    """Whether a slice takes an axis whole, or one element of it."""
    pairs = list(zip(op.attrs["sizes"], op.operands[0].type.shape, strict=True))
    return bool(pairs) and all(size == extent or size == 1 for size, extent in pairs)


def _long(shape: tuple[int, ...]) -> list[int]:
    return [size for size in shape if size != 1]


def _placed(b: Builder, index: Value, shape: tuple[int, ...], order: tuple[int, ...]) -> Value:
    """An index array at every point of a result whose axes are in another order."""
    places = [order.index(axis) for axis in range(index.type.rank)]
    by_place = tuple(sorted(range(len(places)), key=places.__getitem__))
    if by_place != tuple(range(len(places))):
        index = b.transpose(index, axes=by_place)
    if index.type.shape == shape:
        return index
    return b.broadcast(index, shape=shape, axes=tuple(sorted(places)))
