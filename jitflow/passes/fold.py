"""fold: evaluates ops on constants through their rows' references. Knows no arithmetic itself."""

from __future__ import annotations

from typing import Any

import numpy as np

from jitflow.errors import JitflowError
from jitflow.ir.core import Function, Op, Value
from jitflow.ir.dense import Dense
from jitflow.ir.row import ROWS, Effect, Family
from jitflow.ir.types import TensorType, VectorType
from jitflow.passes.rewrite import Sweep

_CONSTANT = ROWS["constant"]


def fold(function: Function, *, limit: int = 256) -> Function:
    """Replaces ops whose operands are all constant by constants.

        %0: f32[] = constant {value=2.0}
        %1: f32[] = mul %0, %0              ->      %1: f32[] = constant {value=4.0}

    limit: the most elements of an operand or result that is written out; one number that stands
    for every element (a splat) has no limit in elementwise ops and in views of one operand. Rows
    that are approximate are folded on integers and bool only, where they are exact. The operands
    stay for dce.
    """
    folder = _Fold(limit)
    with np.errstate(all="ignore"):
        return folder.function(function)


class _Fold(Sweep):
    def __init__(self, limit: int) -> None:
        super().__init__()
        self.limit = limit

    def visit(self, op: Op) -> None:
        mapped = self.remap(op)
        data = self.evaluate(mapped) if _can_fold(mapped) else None
        self.out.append(mapped if data is None else self.constant(op, data))

    def constant(self, op: Op, data: Dense) -> Op:
        """A constant that stands for the result of `op`, an op of the old function."""
        old = op.results[0]
        attrs = {"value": data, "type": old.type}
        fresh = Op(_CONSTANT, (), attrs, (old.type,), (), op.locations, (old.name,))
        self.replace(op, fresh.results)
        return fresh

    def evaluate(self, op: Op) -> Dense | None:
        """The value of an op on constants, None where it is above the limit or not defined."""
        result = op.results[0].type
        data = [_data(value) for value in op.operands]
        if op.row.family is Family.ELEMENTWISE and all(d.is_splat for d in data):
            return _call(op, [d.array for d in data], result, splat=True)
        if op.row.family is Family.VIEW and len(data) == 1 and data[0].is_splat:
            return data[0]
        types = [value.type for value in op.operands]
        if any(_count(t) > self.limit for t in (*types, result)):
            return None
        arrays = [np.broadcast_to(d.array, _shape(t)) for d, t in zip(data, types, strict=True)]
        return _call(op, arrays, result, splat=False)


def _can_fold(op: Op) -> bool:
    """Whether all operands are constants, and the row computes one exact result from them."""
    row, operands = op.row, op.operands
    if not operands or row.effect is not Effect.NONE or row.reference is None:
        return False
    for value in operands:
        if value.op is None or value.op.row is not _CONSTANT:
            return False
    return row.exact or not any(v.type.dtype.is_inexact for v in operands)


def _data(value: Value) -> Dense:
    assert value.op is not None
    data: Dense = value.op.attrs["value"]
    return data


def _shape(type: Any) -> Any:
    return type.shape if isinstance(type, TensorType) else (type.lanes,)


def _count(type: Any) -> float:
    """Elements of a type; infinite where that is known at the call only."""
    if isinstance(type, VectorType):
        return type.lanes
    return type.size if isinstance(type, TensorType) and type.is_static else float("inf")


def _call(op: Op, arrays: list[Any], result: Any, splat: bool) -> Dense | None:
    assert op.row.reference is not None
    try:
        found = op.row.reference(*arrays, **op.attrs)
    except (JitflowError, ValueError):
        return None
    array = np.asarray(found).astype(result.dtype.numpy, copy=False)
    if result.dtype.is_float:
        array = np.where(np.isnan(array), result.dtype.numpy.type(np.nan), array)
    return Dense(array, result.dtype) if splat else compress(Dense(array, result.dtype))


def compress(data: Dense) -> Dense:
    """The data as a splat if all elements have equal bits."""
    size = data.dtype.itemsize
    if data.is_splat or not data.bits or data.bits != data.bits[:size] * data.array.size:
        return data
    return Dense(data.array.flat[0], data.dtype)
