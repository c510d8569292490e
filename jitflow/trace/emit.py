"""Ops appended to the trace in progress, and traced arrays made of their results.

Owns how a row's fault becomes an error at the user's line, which results are views, and the range
check of weak integers. Knows no NumPy function.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, NoReturn

import numpy as np

from jitflow.errors import DtypeError, JitflowError, RangeError, ShapeError, TraceError
from jitflow.ir.core import Region, Value
from jitflow.ir.dense import Dense
from jitflow.ir.dtypes import DType, i64
from jitflow.ir.row import ROWS, OpRow
from jitflow.ir.types import TensorType
from jitflow.trace.arrays import Cell, TracedArray
from jitflow.trace.checks import OUT_OF_BOUNDS
from jitflow.trace.context import STATE, current
from jitflow.trace.source import fail, here

CAPTURED = "it is a captured array"
_CONSTANT = ROWS["constant"]
_ABOVE_RULES = 3
_NO_ATTRS: Mapping[str, Any] = MappingProxyType({})

FOREIGN = "it belongs to the function around this one"
"""Why an array cannot be written: of NumPy, or of the trace around this one."""


def wrap(value: Value, weak: bool = False, frozen: str = "") -> TracedArray:
    """A new array of the trace in progress that holds `value`."""
    return TracedArray(Cell(value, current(), frozen), weak)


def emit(row: str, *arrays: TracedArray, regions: tuple[Region, ...] = (), **attrs: Any) -> Any:
    """Appends one op to the trace: its result as a new array, or a tuple of them.

    The arrays must have the dtypes and shapes that the row asks for. A result is weak where all
    operands are weak and it has rank 0, unless a conversion chose its dtype.
    """
    context = STATE.context or current()
    if row == "convert" and arrays[0].weak:
        _check_range(arrays[0], attrs["dtype"])
    values = tuple([array.value for array in arrays])
    try:
        op = context.builder.emit(ROWS[row], values, attrs, regions, here())
    except JitflowError as error:
        _fail_at_line(error, row, arrays)
    results = op.results
    if len(results) == 1:
        result = results[0]
        weak = not result.type.shape and bool(arrays) and row != "convert"
        return TracedArray(Cell(result, context), weak and all([x.weak for x in arrays]))
    return tuple([TracedArray(Cell(result, context), False) for result in results])


def emit_alike(
    row: OpRow, like: TensorType, dtype: DType, operands: Sequence[TracedArray | Dense]
) -> TracedArray:
    """Appends an elementwise op of arrays of the type `like`, and of numbers, spread to it.

    The row's type rule is not asked: for operands of this dtype, it once said `dtype`. Called from
    functions of `numpy/` that are called by others of it, whose frames are not looked at.
    """
    context = STATE.context or current()
    append, place = context.builder.restated, here(_ABOVE_RULES)
    values = [
        append(_CONSTANT, (), {"value": x, "type": like}, like, place)
        if isinstance(x, Dense) else x.value
        for x in operands
    ]  # fmt: skip
    result = append(row, tuple(values), _NO_ATTRS, like.with_dtype(dtype), place)
    return TracedArray(Cell(result, context))


def emit_constant(data: Dense, type: TensorType) -> TracedArray:
    """Appends a constant of data that has the dtype of its type."""
    context = STATE.context or current()
    op = context.builder.emit(_CONSTANT, (), {"value": data, "type": type}, (), here())
    return TracedArray(Cell(op.results[0], context))


def emit_view(row: str, array: TracedArray, *rest: TracedArray, **attrs: Any) -> TracedArray:
    """Like `emit` for a view row, but the result shares the array's memory, as in NumPy.

    Writes to the array show in the view, and writes to the view in the array. After a reshape that
    NumPy may do as a copy, what was not written can be read no more.
    """
    value, cell = array.value, array.cell
    if cell.context is not STATE.context:
        part = emit(row, array, *rest, **attrs)
        part.cell.frozen = FOREIGN
        return part
    values = tuple([x.value for x in rest])
    try:
        op = cell.context.builder.emit(ROWS[row], (value, *values), attrs, (), here())
    except JitflowError as error:
        _fail_at_line(error, row, (array, *rest))
    if row == "reshape" and not _keeps_memory(array, attrs["shape"]):
        return TracedArray(cell.twin(op.results[0]), array.weak)
    path = (*array.path, (row, op.attrs, values))
    return TracedArray(cell, array.weak and not op.results[0].type.shape, path, op.results[0])


def as_twin(array: TracedArray, result: TracedArray) -> TracedArray:
    """A result that NumPy makes a view of the array, and no view row does.

    After a write to either, the other can be read no more.
    """
    if array.cell.context is not STATE.context:
        result.cell.frozen = FOREIGN
        return result
    return TracedArray(array.cell.twin(result.value))


def in_c_order(array: TracedArray) -> bool:
    """True where NumPy surely has the elements side by side in C order: whole vectors, say."""
    cell = array.cell
    return all(row == "reshape" for row, *_ in array.path) and (
        cell.row_major or cell.value.type.rank <= 1
    )


def _keeps_memory(array: TracedArray, shape: tuple[Any, ...]) -> bool:
    """True where a reshape is a view in NumPy whatever the strides.

    That is so for arrays in C order, and where only axes of size 1 come or go.
    """
    if in_c_order(array):
        return True
    return [n for n in shape if n != 1] == [n for n in array.type.shape if n != 1]


def constant(number: Any, dtype: DType, weak: bool = False) -> TracedArray:
    """A rank-0 constant; RangeError where a Python int does not fit the dtype."""
    if type(number) is int and dtype.is_integer:
        _require_range(number, dtype)
    result = emit_constant(Dense(number, dtype), TensorType(dtype))
    result.weak = weak
    return result


def literal(x: TracedArray) -> Any:
    """The Python number behind a weak constant, or None."""
    op = x.value.op
    if not x.weak or op is None or op.row.name != "constant":
        return None
    return op.attrs["value"].item().item()


def bounds(dtype: DType) -> tuple[int, int]:
    """The least and the greatest integer of a dtype."""
    info = np.iinfo(dtype.numpy)
    return int(info.min), int(info.max)


def _require_range(number: int, dtype: DType) -> None:
    low, high = bounds(dtype)
    if not low <= number <= high:
        fail(
            RangeError,
            f"Python integer {number} out of bounds for {dtype.numpy}",
            cure=f"use a number within {low}..{high}, or convert the array first",
        )


def _check_range(x: TracedArray, dtype: DType) -> None:
    """A weak integer must fit the dtype that it meets: found now, or checked at each call."""
    if not x.type.dtype.is_integer or not dtype.is_integer or dtype is i64:
        return
    number = literal(x)
    if number is not None:
        _require_range(number, dtype)
        return
    low, high = bounds(dtype)
    fits = emit("ge", x, constant(low, i64))
    if high <= bounds(i64)[1]:
        fits = emit("and", fits, emit("le", x, constant(high, i64)))
    current().check(fits.value, f"{OUT_OF_BOUNDS} for {dtype.numpy}", here())


def _fail_at_line(error: JitflowError, op: str, arrays: Sequence[TracedArray]) -> NoReturn:
    kind = type(error) if isinstance(error, (ShapeError, DtypeError)) else TraceError
    types = [array.type for array in arrays]
    fail(
        kind, str(error), op=op, shapes=[list(t.shape) for t in types],
        dtypes=[t.dtype for t in types],
    )


