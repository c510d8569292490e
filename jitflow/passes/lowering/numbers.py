"""Arrays of one element as numbers: values of the body, in memory only where they are read there.

Unrolled scalar programs are thousands of them. Knows no loop.
"""

from __future__ import annotations

from math import prod

from jitflow.ir.core import Function, Op, Value
from jitflow.ir.dtypes import i64
from jitflow.ir.row import ROWS, Family
from jitflow.ir.types import INDEX
from jitflow.passes.lowering.access import Access
from jitflow.passes.lowering.context import Context
from jitflow.passes.lowering.gathers import GATHER, inside, placed_operands
from jitflow.passes.lowering.reuse import is_view

_KERNEL = ROWS["kernel"]


class Numbers:
    """What is known of arrays of one element: `known[array]` is its element."""

    def __init__(self, function: Function) -> None:
        self.known: dict[Value, Value] = {}
        self.in_memory = _in_memory(function)
        """What is read from memory, whether it is known or not."""

    def compute(self, context: Context, op: Op, inputs: list[Access | None]) -> None:
        """Computes a kernel that `is_number`; inputs that are known need no memory."""
        b, region = context.builder, op.regions[0]
        accesses = dict(zip(region.params, inputs, strict=True))
        values = {
            param: self.known[value]
            for param, value in zip(region.params, op.operands, strict=True) if value in self.known
        }  # fmt: skip
        for inner in region.ops:
            b.locations = inner.locations
            for value in placed_operands(inner):
                if value not in values:
                    values[value] = _loaded(context, accesses[value])
            values[inner.results[0]] = _value(context, inner, values, accesses)
        b.locations = op.locations
        for result, inner_result in zip(op.results, region.results, strict=True):
            if inner_result not in values:
                values[inner_result] = _loaded(context, accesses[inner_result])
            self.known[result] = values[inner_result]

    def see(self, view: Op) -> bool:
        """Whether a view of a number needs no memory."""
        value = self.known.get(view.operands[0])
        if value is None or not _is_one(view.results[0]):
            return False
        self.known[view.results[0]] = value
        return view.results[0] not in self.in_memory


def is_number(op: Op) -> bool:
    """Whether the op is a kernel of one point that reduces nothing."""
    if op.row is not _KERNEL or not _is_one(op.results[0]):
        return False
    return not any([inner.row.family is Family.REDUCE for inner in op.regions[0].ops])


def _is_one(value: Value) -> bool:
    return prod(value.type.shape) == 1


def _sources(op: Op) -> set[Value]:
    """What gathers of a kernel read from."""
    return {inner.operands[0] for inner in op.regions[0].ops if inner.row is GATHER}


def _value(
    context: Context, op: Op, values: dict[Value, Value], accesses: dict[Value, Access | None]
) -> Value:
    b = context.builder
    if op.row.name == "iota":
        zero, dtype = context.index(0), op.results[0].type.dtype
        return zero if dtype is i64 else b.convert(zero, dtype=dtype)
    if op.row is not GATHER:
        return b.restate(op, tuple([values[v] for v in op.operands]), INDEX)
    source = _known(accesses[op.operands[0]])
    at = zip(op.operands[1:], source.shape, strict=True)
    places = [inside(b, values[index], extent) for index, extent in at]
    return b.load(context.view(source, source.shape, source.strides), *places)


def _loaded(context: Context, access: Access | None) -> Value:
    return context.builder.load(context.view(_known(access), (), ()))


def _known(access: Access | None) -> Access:
    assert access is not None
    return access


def _in_memory(function: Function) -> set[Value]:
    """What something reads from memory: all but numbers that kernels, views and writers take."""
    found = set(function.results)
    for op in reversed(function.ops):
        if is_number(op):
            sources = _sources(op)
            params = zip(op.regions[0].params, op.operands, strict=True)
            found.update([value for param, value in params if param in sources])
        elif op.row.name == "update":
            found.add(op.operands[0])
            found.update([v for v in op.operands[1:] if not _is_one(v)])
        elif op.row.name in ("concatenate", "check"):
            found.update([v for v in op.operands if not _is_one(v)])
        elif not is_view(op) or op.results[0] in found or not _is_one(op.results[0]):
            found.update(op.operands)
    return found
