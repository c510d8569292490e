"""Arrays out of nothing: constants and index ranges."""

from __future__ import annotations

from typing import Any

import numpy as np

from jitflow.errors import DtypeError, ShapeError, VerifyError
from jitflow.ir.dense import Dense
from jitflow.ir.dtypes import part_of
from jitflow.ir.ops.rules import Attrs, Types
from jitflow.ir.parts import Parts
from jitflow.ir.row import ROWS, Attribute, Family, OpRow, register
from jitflow.ir.types import TensorType, VectorType


def _infer_constant(types: Types, attrs: Attrs, regions: Any) -> tuple[Any, ...]:
    value, result = attrs["value"], attrs["type"]
    if not isinstance(result, (TensorType, VectorType)):
        raise VerifyError(f"a constant is a tensor or a vector, not {result}")
    if value.dtype is not result.dtype:
        raise DtypeError(f"constant data is {value.dtype}, its type says {result.dtype}")
    shape = _extents(result)
    if not value.is_splat and value.array.shape != shape:
        raise ShapeError(f"constant data has shape {value.array.shape}, its type says {shape}")
    return (result,)


def _full(value: Any, type: Any) -> Any:
    return np.broadcast_to(value.array, _extents(type))


def _extents(type: Any) -> Any:
    return type.shape if isinstance(type, TensorType) else (type.lanes,)


def _split_constant(b: Any, value: Dense, type: Any) -> Parts:
    part = type.with_dtype(part_of(type.dtype))
    return Parts(*(
        b.emit(ROWS["constant"], (), {"value": Dense(data, part.dtype), "type": part}).result
        for data in (value.array.real, value.array.imag)
    ))


register(OpRow(
    name="constant", family=Family.CREATION, arity=0,
    doc="Constant data of the given type; one number stands for every element.",
    attributes={"value": Attribute("dense"), "type": Attribute("type")},
    infer=_infer_constant, reference=_full, no_derivative="constant", cost=0,
    split=_split_constant,
))


def _infer_iota(types: Types, attrs: Attrs, regions: Any) -> tuple[Any, ...]:
    result, axis = attrs["type"], attrs["axis"]
    rank = result.rank if isinstance(result, TensorType) else 1
    if not 0 <= axis < rank:
        raise ShapeError(f"axis {axis} is not an axis of {result}")
    if result.dtype.kind not in "iuf":
        raise DtypeError(f"iota counts in integers or floats, not {result.dtype}")
    return (result,)


def _indices(type: Any, axis: int) -> Any:
    shape = _extents(type)
    counts = np.arange(shape[axis]).astype(type.dtype.numpy)
    column = [-1 if k == axis else 1 for k in range(len(shape))]
    return np.broadcast_to(counts.reshape(column), shape)


register(OpRow(
    name="iota", family=Family.CREATION, arity=0, doc="The index along `axis`: 0, 1, 2, ...",
    attributes={"axis": Attribute("int", 0), "type": Attribute("type")},
    infer=_infer_iota, reference=_indices, no_derivative="constant",
))
