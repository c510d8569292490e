"""split_complex: complex values become pairs of real ones. Asks rows for `split`; names two views.

Only what enters and leaves stays complex: parameters, results, and what rows without a rule take.
"""

from __future__ import annotations

from typing import Any

from jitflow.errors import ShapeError, explain
from jitflow.ir.builder import Builder
from jitflow.ir.core import Function, Op, Region, Value, walk
from jitflow.ir.derivative import is_linear_in
from jitflow.ir.parts import Parts
from jitflow.ir.row import Family
from jitflow.ir.types import TensorType, Type
from jitflow.passes.rewrite import map_values, rebuild_region

_BOUNDARY = ("real", "imag", "complex")


def split_complex(function: Function) -> Function:
    """Does on real and imaginary parts what rows do on complex numbers.

    Before: `%1: c64[4] = mul %x, %y`
    After:  `%0: f32[4] = real %x`, `%1: f32[4] = imag %x`, those of %y, then
            `%4: f32[4] = mul %0, %2`, `%5: f32[4] = mul %1, %3`, `%6: f32[4] = sub %4, %5` ...
    A row without `split` that is linear in what is complex is done to each part; any other one,
    one that the host computes, and one with regions are left on complex operands, which `complex`
    makes of their parts.
    """
    if not any(map(_is_complex_type, function.contents.types)):
        return function
    if not any(_is_split(op) for op in walk(function.body)):
        return function
    return function.with_body(_Split().region(function.body))


def _is_complex(value: Value) -> bool:
    return _is_complex_type(value.type)


def _is_complex_type(type: Type) -> bool:
    return isinstance(type, TensorType) and type.dtype.kind == "c"


def _is_split(op: Op) -> bool:
    """Whether the op computes on complex numbers and has a rule for it."""
    if op.row.name in _BOUNDARY or (op.row.split is None and not _is_linear(op)):
        return False
    return any(map(_is_complex, (*op.operands, *op.results)))


def _is_linear(op: Op) -> bool:
    """Whether the op is linear in its complex operands together, and code does it here."""
    if op.row.linear is None or op.row.family is Family.LIBRARY:
        return False
    return all(is_linear_in(op, k) for k, v in enumerate(op.operands) if _is_complex(v))


class _Split:
    """One sweep; `new` maps values that are whole, `parts` those that are known by their parts."""

    def __init__(self) -> None:
        self.new: dict[Value, Value] = {}
        self.parts: dict[Value, Parts] = {}

    def region(self, region: Region) -> Region:
        b = Builder(region.params)
        for op in region.ops:
            b.locations = op.locations
            self.op(b, op)
        for value in region.results:
            b.locations = value.op.locations if value.op is not None else b.locations
            self.whole(b, value)
        return rebuild_region(region, b.ops, map_values(region.results, self.new))

    def op(self, b: Builder, op: Op) -> None:
        if not any(map(_is_complex, (*op.operands, *op.results))):
            self.copy(b, op)
        elif op.row.split is not None:
            self.give(op, self.by_rule(b, op))
        elif _is_linear(op):
            operands = [self.known(b, v) for v in op.operands]
            self.give(op, Parts(*(self.on_part(b, op, operands, k) for k in range(2))))
        else:
            self.copy(b, op)

    def by_rule(self, b: Builder, op: Op) -> Any:
        assert op.row.split is not None
        try:
            return op.row.split(b, *(self.known(b, v) for v in op.operands), **op.attrs)
        except ShapeError as error:
            place = op.locations[0] if op.locations else None
            raise ShapeError(explain(str(error), op=op.row.name, at=place)) from error

    def on_part(self, b: Builder, op: Op, operands: list[Any], index: int) -> Value:
        chosen = tuple(v[index] if isinstance(v, Parts) else v for v in operands)
        return b.emit(op.row, chosen, op.attrs).result

    def give(self, op: Op, result: Any) -> None:
        if isinstance(result, Parts):
            self.parts[op.result] = result
        else:
            self.new[op.result] = result

    def copy(self, b: Builder, op: Op) -> None:
        """The op on whole operands; the same object where nothing changed."""
        operands = tuple([self.whole(b, v) for v in op.operands])
        regions = tuple([self.region(r) for r in op.regions])
        if operands == op.operands and regions == op.regions:
            b.append(op)
            return
        moved = b.append(op.with_operands(operands, regions))
        self.new.update(zip(op.results, moved.results, strict=True))

    def known(self, b: Builder, value: Value) -> Any:
        """What a rule takes: a real value, or the parts of a complex one."""
        if not _is_complex(value):
            return self.new.get(value, value)
        found = self.parts.get(value)
        if found is None:
            whole = self.new.get(value, value)
            self.new[value] = whole
            found = self.parts[value] = Parts(b.real(whole), b.imag(whole))
            if value.name:
                found.real.name, found.imag.name = f"{value.name}_re", f"{value.name}_im"
        return found

    def whole(self, b: Builder, value: Value) -> Value:
        """The value in the new function, made of its parts where it is known by them only."""
        if value in self.parts and value not in self.new:
            self.new[value] = b.complex(*self.parts[value])
            self.new[value].name = value.name
        return self.new.get(value, value)
