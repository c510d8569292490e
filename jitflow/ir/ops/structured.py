"""Ops with regions at tensor level. Their regions see their own parameters only.

cond picks a branch, while repeats, scan walks along leading axes, call names a sub-function, and
kernel is what fusion makes: ops that one loop nest will compute.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from jitflow.errors import DtypeError, ShapeError, VerifyError
from jitflow.ir.batching import batch_regions
from jitflow.ir.dtypes import bool_
from jitflow.ir.ops.rules import Attrs, Types
from jitflow.ir.row import Attribute, Family, OpRow, register
from jitflow.ir.types import TensorType

_BY_REGION = "differentiated by transforming its region"


def types_of(values: Sequence[Any]) -> tuple[Any, ...]:
    return tuple(v.type for v in values)


def accepts(region: Any, types: Sequence[Any], what: str) -> None:
    if types_of(region.params) != tuple(types):
        wanted = ", ".join(map(str, types_of(region.params)))
        given = ", ".join(map(str, types))
        raise ShapeError(f"{what} takes ({wanted}) and is given ({given})")


def _require_flag(type: Any, what: str) -> None:
    if not isinstance(type, TensorType) or type.rank or type.dtype is not bool_:
        raise DtypeError(f"{what} must be bool[], got {type}")


def _infer_cond(types: Types, attrs: Attrs, regions: Any) -> tuple[Any, ...]:
    then, otherwise = regions
    _require_flag(types[0], "the predicate")
    accepts(then, types[1:], "the first branch")
    accepts(otherwise, types[1:], "the second branch")
    if types_of(then.results) != types_of(otherwise.results):
        raise ShapeError(
            f"branches give {types_of(then.results)} and {types_of(otherwise.results)}"
        )
    return types_of(then.results)


register(OpRow(
    name="cond", family=Family.STRUCTURED, arity=None, regions=2, infer=_infer_cond,
    doc="Runs the first region where the predicate holds, else the second, on the other operands.",
    no_derivative=_BY_REGION,
))


def _infer_while(types: Types, attrs: Attrs, regions: Any) -> tuple[Any, ...]:
    condition, body = regions
    accepts(condition, types, "the condition")
    accepts(body, types, "the body")
    if len(condition.results) != 1:
        raise VerifyError("the condition gives exactly one result")
    _require_flag(condition.results[0].type, "the condition")
    if types_of(body.results) != tuple(types):
        raise ShapeError(f"the body gives {types_of(body.results)} for a state of {types}")
    return tuple(types)


register(OpRow(
    name="while", family=Family.STRUCTURED, arity=None, regions=2, infer=_infer_while,
    doc="Replaces the state by the second region's results while the first region says so.",
    no_derivative=_BY_REGION,
))


def _infer_scan(types: Types, attrs: Attrs, regions: Any) -> tuple[Any, ...]:
    (body,), carried, length = regions, attrs["carried"], attrs["length"]
    carry, stacked = types[:carried], types[carried:]
    for t in stacked:
        if not t.rank or t.shape[0] != length:
            raise ShapeError(f"{t} has no leading axis of length {length}")
    rows = [t.with_shape(t.shape[1:]) for t in stacked]
    accepts(body, (*carry, *rows), "the body")
    results = types_of(body.results)
    if results[:carried] != carry:
        raise ShapeError(f"the body gives {results[:carried]} for a carry of {carry}")
    return carry + tuple(t.with_shape((length, *t.shape)) for t in results[carried:])


register(OpRow(
    name="scan", family=Family.STRUCTURED, arity=None, regions=1, infer=_infer_scan,
    doc="Walks the leading axis: the body maps (carry, rows) to (carry, rows that are stacked).",
    attributes={
        "carried": Attribute("int"), "length": Attribute("int"),
        "reverse": Attribute("bool", False),
    },
    no_derivative=_BY_REGION,
))


def _infer_region(types: Types, attrs: Attrs, regions: Any) -> tuple[Any, ...]:
    (body,) = regions
    accepts(body, types, "the region")
    return types_of(body.results)


register(OpRow(
    name="call", family=Family.STRUCTURED, arity=None, regions=1, infer=_infer_region,
    doc="Runs its region on the operands; `name` is the function that the user called.",
    attributes={"name": Attribute("str")}, no_derivative=_BY_REGION, batch=batch_regions,
))
register(OpRow(
    name="kernel", family=Family.STRUCTURED, arity=None, regions=1, infer=_infer_region,
    doc="Ops that fusion put together; each kernel becomes one loop nest.",
    attributes={"kind": Attribute("str")}, no_derivative=_BY_REGION,
))
