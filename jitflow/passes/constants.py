"""Evaluates ops on constants through their rows' references. Knows no arithmetic itself."""

from __future__ import annotations

from typing import Any

import numpy as np

from jitflow.errors import JitflowError
from jitflow.ir.core import Op, Value
from jitflow.ir.dense import Dense
from jitflow.ir.row import ROWS, Effect, Family
from jitflow.ir.types import TensorType, VectorType

CONSTANT = ROWS["constant"]
LIMIT = 256
"""Elements of a constant that is worth writing out."""


def is_constant(value: Value) -> bool:
    return value.op is not None and value.op.row is CONSTANT


def splat(value: Value) -> Dense | None:
    """The number that every element of a constant has; None for other values."""
    if value.op is None or value.op.row is not CONSTANT:
        return None
    data: Dense = value.op.attrs["value"]
    return data if data.is_splat else None


def evaluate(op: Op, limit: int = LIMIT) -> Dense | None:
    """The result of an op on constants, to the bit; None where it is not exact or too large.

    Approximate rows are exact on integers and bool. Splats stay splats, at any size, in
    elementwise ops and in views, which only move them. NaNs get one bit pattern, the same on
    every CPU.
    """
    if not _is_exact_on_constants(op):
        return None
    result = op.results[0].type
    data: list[Dense] = [v.op.attrs["value"] for v in op.operands if v.op is not None]
    if all(d.is_splat for d in data):
        if op.row.family is Family.ELEMENTWISE:
            return _call(op, [d.array for d in data], result)
        keeps_dtype = data[0].dtype is result.dtype
        if op.row.family is Family.VIEW and keeps_dtype and all(d == data[0] for d in data):
            return data[0]
    types = [value.type for value in op.operands]
    if any(_count(t) > limit for t in (*types, result)):
        return None
    arrays = [np.broadcast_to(d.array, _shape(t)) for d, t in zip(data, types, strict=True)]
    found = _call(op, arrays, result)
    return compress(found) if found is not None else None


def compress(data: Dense) -> Dense:
    """The data as a splat if all elements have equal bits."""
    size = data.dtype.itemsize
    if data.is_splat or not data.bits or data.bits != data.bits[:size] * data.array.size:
        return data
    return Dense(data.array.flat[0], data.dtype)


def _is_exact_on_constants(op: Op) -> bool:
    row, operands = op.row, op.operands
    if not operands or row.effect is not Effect.NONE or row.reference is None:
        return False
    for value in operands:
        if value.op is None or value.op.row is not CONSTANT:
            return False
    return row.is_exact_on(v.type.dtype for v in operands)


def _shape(type: Any) -> Any:
    return type.shape if isinstance(type, TensorType) else (type.lanes,)


def _count(type: Any) -> float:
    """Elements of a type; infinite where that is known at the call only."""
    if isinstance(type, VectorType):
        return type.lanes
    return type.size if isinstance(type, TensorType) and type.is_static else float("inf")


def _call(op: Op, arrays: list[Any], result: Any) -> Dense | None:
    assert op.row.reference is not None
    try:
        with np.errstate(all="ignore"):
            found = np.asarray(op.row.reference(*arrays, **op.attrs))
    except (JitflowError, ValueError):
        return None
    array = found.astype(result.dtype.numpy, copy=False)
    if result.dtype.is_float:
        array = np.where(np.isnan(array), result.dtype.numpy.type(np.nan), array)
    return Dense(array, result.dtype)
