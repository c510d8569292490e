"""One op of a row on a dtype, small and valid: from it follows which dtypes a row takes.

Rows of loops and regions have none: they take what is in them.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from jitflow.ir.builder import Builder
from jitflow.ir.core import Function
from jitflow.ir.dense import Dense
from jitflow.ir.dtypes import DTYPES, DType, bool_, i32, i64, u32
from jitflow.ir.location import Location
from jitflow.ir.row import REQUIRED, RULE_FAULTS, Family, OpRow
from jitflow.ir.types import TensorType

Operand = tuple[DType | None, tuple[int, ...]]
"""A dtype, None for the one that is asked, and a shape."""

_MATRIX: Operand = (None, (2, 2))
_VECTOR: Operand = (None, (3,))
_NUMBER: Operand = (None, ())
_INDEX: Operand = (i64, ())

_OF_FAMILY: Mapping[Family, tuple[Operand, Mapping[str, Any]]] = {
    Family.ELEMENTWISE: (_VECTOR, {}),
    Family.REDUCE: (_MATRIX, {"axes": (1,), "axis": 1}),
    Family.CUMULATIVE: (_MATRIX, {"axis": 1}),
    Family.LIBRARY: (_MATRIX, {}),
    Family.VIEW: (_VECTOR, {}),
}
"""Rows of one dtype: each operand, and attributes by name."""

_OF_ROW: Mapping[str, tuple[tuple[Operand, ...], Mapping[str, Any]]] = {
    "lookup": (((i32, (3,)),), {}),
    "select": (((bool_, (3,)), _VECTOR, _VECTOR), {}),
    "random_bits": (((u32, (3,)),) * 6, {"word": 0}),
    "broadcast": ((_VECTOR,), {"shape": (2, 3), "axes": (1,)}),
    "reshape": ((_MATRIX,), {"shape": (4,)}),
    "transpose": ((_MATRIX,), {"axes": (1, 0)}),
    "reverse": ((_VECTOR,), {"axes": (0,)}),
    "slice": ((_VECTOR,), {"start": (1,), "stop": (3,), "step": (1,)}),
    "pad": ((_VECTOR, _NUMBER), {"low": (1,), "high": (1,), "interior": (0,)}),
    "concatenate": ((_VECTOR, _VECTOR), {"axis": 0}),
    "dot_general": ((_MATRIX, _MATRIX), {"contract": ((1,), (0,)), "batch": ((), ())}),
    "constant": ((), {}),
    "iota": ((), {"axis": 0}),
    "gather": ((_VECTOR, (i64, (2,))), {}),
    "scatter": ((_VECTOR, (None, (2,)), (i64, (2,))), {"combine": "add"}),
    "update": ((_VECTOR, (None, (2,))), {"start": (1,), "step": (1,)}),
    "dynamic_slice": ((_VECTOR, _INDEX), {"sizes": (2,)}),
    "dynamic_update": ((_VECTOR, (None, (2,)), _INDEX), {}),
    "searchsorted": ((_VECTOR, _VECTOR), {}),
}

_PLACE = (Location(__file__, 1),)


@cache
def example(row: OpRow, dtype: DType) -> Function | None:
    """A function of one op of the row on this dtype; None where the row does not take it.

    The dtype is that of its operands, of its result where it has none or is a table's.
    """
    found = _of(row)
    if found is None:
        return None
    operands, attributes = found
    b = Builder(locations=_PLACE)
    params = [b.param(TensorType(own or dtype, shape)) for own, shape in operands]
    if "word" in attributes and dtype is not u32:
        return None
    attrs = {name: value for name, value in attributes.items() if name in row.attributes}
    extra = {"dtype": dtype, "table": Dense([1, 0, 1], dtype), "value": Dense([1, 0, 1], dtype)}
    extra["type"] = TensorType(dtype, (3,))
    attrs.update((name, value) for name, value in extra.items() if name in row.attributes)
    try:
        op = b.emit(row, tuple(params), attrs)
    except RULE_FAULTS:
        return None
    return b.build(row.name, op.results)


@cache
def dtypes_of(row: OpRow) -> tuple[DType, ...]:
    """The dtypes that a row takes; none for rows of control, and those that no example fits."""
    return tuple(dtype for dtype in DTYPES.values() if example(row, dtype) is not None)


def _of(row: OpRow) -> tuple[tuple[Operand, ...], Mapping[str, Any]] | None:
    if row.name in _OF_ROW:
        return _OF_ROW[row.name]
    if row.family not in _OF_FAMILY or row.arity is None:
        return None
    operand, attributes = _OF_FAMILY[row.family]
    given = {*attributes, "dtype", "type"}
    needed = {n for n, attribute in row.attributes.items() if attribute.default is REQUIRED}
    return ((operand,) * row.arity, attributes) if needed <= given else None
