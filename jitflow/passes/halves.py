"""halves: 16-bit floats are stored; what computes on them does so in f32.

Asks rows whether they compute on such numbers. How a conversion is done is left to half_bits.
"""

from __future__ import annotations

from math import prod

from jitflow.ir.builder import Builder
from jitflow.ir.core import Function, Op, Region, Value
from jitflow.ir.dense import Dense
from jitflow.ir.dtypes import f32
from jitflow.ir.ops.contraction import free_axes
from jitflow.ir.row import ROWS, Family
from jitflow.ir.types import Type
from jitflow.passes.constants import CONSTANT
from jitflow.passes.rewrite import Sweep

_CONVERT = ROWS["convert"]

FEW = 8
"""Below this many rows or columns, an element of a product's operand is not read often."""


def halves(function: Function) -> Function:
    """Gives each op that computes on f16 or bf16 operands in f32, and rounds its result once.

        %0: f16[8] = add %x, %y     ->      %0: f32[8] = convert %x {dtype=f32}
                                            %1: f32[8] = convert %y {dtype=f32}
                                            %2: f32[8] = add %0, %1
                                            %3: f16[8] = convert %2 {dtype=f16}

    A value is converted once, a constant becomes another one. What a product reads through views is
    converted before them: its order of additions depends on where elements lie. Products that read
    each element a few times stay: their loops convert what they load. Rows that move elements or
    read their bits stay as well. Precondition: no calls.
    """
    if not has_halves(function):
        return function
    return _Halves().function(function)


class _Halves(Sweep):
    def __init__(self) -> None:
        super().__init__()
        self.wide: dict[Value, Value] = {}
        """Values of the region in f32."""

    def region(self, region: Region) -> Region:
        outer, self.wide = self.wide, {}
        swept = super().region(region)
        self.wide = outer
        return swept

    def visit(self, op: Op) -> None:
        fresh = self.remap(op)
        if not op.row.widens_halves or not any(is_half(v) for v in op.operands) or _is_thin(op):
            self.out.append(fresh)
            return
        b = Builder(locations=op.locations)
        through_views = op.row.family is Family.CONTRACTION
        operands = [self.widened(b, v, through_views) for v in fresh.operands]
        made = b.emit(op.row, tuple(operands), op.attrs, fresh.regions)
        results = [
            b.convert(new, dtype=old.type.dtype) if is_half(old) else new
            for old, new in zip(op.results, made.results, strict=True)
        ]
        for old, new in zip(op.results, results, strict=True):
            new.name = old.name
        self.replace(op, results)
        self.out += b.ops

    def widened(self, b: Builder, value: Value, through_views: bool) -> Value:
        """The value in f32, if it is a 16-bit float."""
        if not is_half(value):
            return value
        views: list[Op] = []
        while through_views and value.op is not None and _is_view(value.op):
            views.append(value.op)
            value = value.op.operands[0]
        wide = self.wide.get(value)
        if wide is None:
            wide = self.wide[value] = _convert(b, value)
        for op in reversed(views):
            wide = b.emit(op.row, (wide,), op.attrs, locations=op.locations).result
        return wide


def has_halves(function: Function) -> bool:
    """Whether any value holds f16 or bf16."""
    return any(map(_is_half, function.contents.types))


def _is_thin(op: Op) -> bool:
    """Whether an op is a product of a matrix and a few vectors."""
    if op.row.family is not Family.CONTRACTION:
        return False
    sides = zip(op.operands, op.attrs["contract"], op.attrs["batch"], strict=True)
    sizes = [
        prod(v.type.shape[a] for a in free_axes(v.type.rank, contract, batch))
        for v, contract, batch in sides
    ]
    return any(isinstance(size, int) and size < FEW for size in sizes)


def is_half(value: Value) -> bool:
    """Whether a value holds f16 or bf16."""
    return _is_half(value.type)


def _is_half(type: Type) -> bool:
    dtype = getattr(type, "dtype", None)
    return dtype is not None and dtype.is_float and dtype.bits == 16


def _is_view(op: Op) -> bool:
    """Whether an op only says where elements stand."""
    return op.row.family is Family.VIEW and op.row.arity == 1


def _convert(b: Builder, value: Value) -> Value:
    op = value.op
    if op is None or op.row is not CONSTANT:
        return b.emit(_CONVERT, (value,), {"dtype": f32}).result
    data = Dense(op.attrs["value"].array.astype(f32.numpy), f32)
    attrs = {"value": data, "type": value.type.with_dtype(f32)}
    return b.emit(CONSTANT, (), attrs).result
