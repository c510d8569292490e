"""Level 3: rows between vectors and scalars."""

from __future__ import annotations

from typing import Any

import numpy as np

from jitflow.errors import DtypeError, ShapeError, VerifyError
from jitflow.ir.dtypes import bool_
from jitflow.ir.ops.rules import Attrs, Types
from jitflow.ir.row import ROWS, Attribute, Family, OpRow, register
from jitflow.ir.types import FLAG, MAX_LANES, TensorType, VectorType

_LEVEL_3 = "level 3 is below differentiation"


def _require_vector(type: Any) -> VectorType:
    if not isinstance(type, VectorType):
        raise VerifyError(f"expected a vector, got {type}")
    return type


def _infer_splat(types: Types, attrs: Attrs, regions: Any) -> tuple[Any, ...]:
    (scalar,) = types
    if not isinstance(scalar, TensorType) or scalar.rank:
        raise ShapeError(f"splat takes a scalar, got {scalar}")
    if not 1 <= attrs["lanes"] <= MAX_LANES:
        raise ShapeError(f"lanes must be within 1..{MAX_LANES}, got {attrs['lanes']}")
    return (VectorType(scalar.dtype, attrs["lanes"]),)


register(OpRow(
    name="splat", family=Family.LOOP, arity=1, doc="A scalar in every lane.",
    attributes={"lanes": Attribute("int")}, infer=_infer_splat,
    reference=lambda x, lanes: np.full(lanes, x), no_derivative=_LEVEL_3,
))


def _infer_extract(types: Types, attrs: Attrs, regions: Any) -> tuple[Any, ...]:
    vector = _require_vector(types[0])
    if not 0 <= attrs["lane"] < vector.lanes:
        raise ShapeError(f"{vector} has no lane {attrs['lane']}")
    return (TensorType(vector.dtype),)


register(OpRow(
    name="extract", family=Family.LOOP, arity=1, doc="One lane of a vector.",
    attributes={"lane": Attribute("int")}, infer=_infer_extract,
    reference=lambda x, lane: x[lane], no_derivative=_LEVEL_3,
))


def _infer_shuffle(types: Types, attrs: Attrs, regions: Any) -> tuple[Any, ...]:
    vector, lanes = _require_vector(types[0]), attrs["lanes"]
    if types[1] != vector:
        raise ShapeError(f"shuffle takes two vectors of one type, got {vector} and {types[1]}")
    if not 1 <= len(lanes) <= MAX_LANES or not all(0 <= k < 2 * vector.lanes for k in lanes):
        raise ShapeError(f"lanes {list(lanes)} are not those of two {vector}")
    return (VectorType(vector.dtype, len(lanes)),)


register(OpRow(
    name="shuffle", family=Family.LOOP, arity=2, infer=_infer_shuffle,
    doc="The lanes of two vectors in another order: `lanes` counts through both.",
    attributes={"lanes": Attribute("ints")},
    reference=lambda x, y, lanes: np.concatenate([x, y])[list(lanes)], no_derivative=_LEVEL_3,
))


def _infer_lane_reduce(types: Types, attrs: Attrs, regions: Any) -> tuple[Any, ...]:
    vector = _require_vector(types[0])
    if vector.lanes & (vector.lanes - 1):
        raise ShapeError(f"lane_reduce halves; {vector} has no power of two lanes")
    combine = ROWS.get(attrs["op"])
    if combine is None or not combine.associative:
        raise VerifyError(f"lane_reduce takes an associative op, not '{attrs['op']}'")
    combine.infer((vector, vector), {}, ())
    return (TensorType(vector.dtype),)


def _reference_lane_reduce(x: Any, op: str) -> Any:
    combine = ROWS[op].reference
    assert combine is not None
    with np.errstate(all="ignore"):
        while len(x) > 1:
            half = len(x) // 2
            x = combine(x[:half], x[half:])
    return x[0]


register(OpRow(
    name="lane_reduce", family=Family.LOOP, arity=1, infer=_infer_lane_reduce,
    doc="Combines lanes by the row `op`, lower half with upper half until one is left.",
    attributes={"op": Attribute("str")}, reference=_reference_lane_reduce,
    no_derivative=_LEVEL_3,
))


def _infer_any_lane(types: Types, attrs: Attrs, regions: Any) -> tuple[Any, ...]:
    if types[0].dtype is not bool_:
        raise DtypeError(f"expected a mask, got {types[0]}")
    return (FLAG,)


register(OpRow(
    name="any_lane", family=Family.LOOP, arity=1, doc="Whether any lane of a mask is set.",
    infer=_infer_any_lane, reference=lambda x: np.any(x), no_derivative=_LEVEL_3,
))
