"""Sorting and searching along the last axis. NaN comes after all numbers.

Sorting is done by the host (see ir/host.py), but for argsort and short lines of real numbers.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from jitflow.errors import DtypeError, ShapeError, VerifyError
from jitflow.ir.batching import batch_elementwise
from jitflow.ir.dtypes import i64
from jitflow.ir.ops.rules import Attrs, Types, require_tensor
from jitflow.ir.row import Attribute, Family, OpRow, register


def _infer_sort(types: Types, attrs: Attrs, regions: Any) -> tuple[Any, ...]:
    require_tensor(types)
    if not types[0].rank:
        raise ShapeError("a scalar has no axis to sort along")
    return types


def _infer_argsort(types: Types, attrs: Attrs, regions: Any) -> tuple[Any, ...]:
    (result,) = _infer_sort(types, attrs, regions)
    return (result.with_dtype(i64),)


def _sort(x: Any) -> Any:
    """NumPy's fastest sort; zeros of both signs, which are equal, stay in the order of x."""
    if x.dtype.kind == "c":
        return np.sort(x, axis=-1, kind="stable")
    ordered = np.sort(_comparable(x), axis=-1).astype(x.dtype, copy=False)
    if x.dtype.kind in "biu" or x.all():
        return ordered
    zeros = x == 0
    signs = np.signbit(x[zeros])
    if signs.any() and not signs.all():
        ordered[ordered == 0] = x[zeros]
    return ordered


def _argsort(x: Any) -> Any:
    return np.argsort(_comparable(x), axis=-1, kind="stable")


def _comparable(x: Any) -> Any:
    """NumPy sorts NaN last among floats of its own only."""
    return x.astype(np.float32) if x.dtype.kind == "V" else x


def take_last(b: Any, x: Any, indices: Any) -> Any:
    """x[..., indices[...]]: elements along the last axis, for indices of the same rank."""
    shape = indices.type.shape
    places = [b.iota(i64, shape, axis=axis) for axis in range(len(shape) - 1)]
    return b.gather(x, *places, indices)


def _tangent_sort(b: Any, op: Any, tangents: Any) -> Any:
    return take_last(b, tangents[0], b.argsort(op.operands[0]))


register(OpRow(
    name="sort", family=Family.LIBRARY, arity=1, infer=_infer_sort, reference=_sort,
    doc="The elements along the last axis in ascending order, equal ones in the order of x.",
    jvp=_tangent_sort, cost=50,
))
register(OpRow(
    name="argsort", family=Family.LIBRARY, arity=1, infer=_infer_argsort,
    doc="The indices along the last axis that sort x; those of equal elements ascend.",
    reference=_argsort, no_derivative="an index", cost=50,
))


def _infer_searchsorted(types: Types, attrs: Attrs, regions: Any) -> tuple[Any, ...]:
    require_tensor(types)
    line, values = types
    if line.dtype is not values.dtype:
        raise DtypeError(f"expected one dtype, got {line} and {values}")
    if line.rank < 1 or line.rank != values.rank or line.shape[:-1] != values.shape[:-1]:
        raise ShapeError(f"{line} and {values} must agree but for the last axis")
    if attrs["side"] not in ("left", "right"):
        raise VerifyError(f"side is left or right, not {attrs['side']}")
    return (values.with_dtype(i64),)


def _searchsorted(line: Any, values: Any, side: Any) -> Any:
    result = np.zeros(values.shape, np.int64)
    for row in np.ndindex(values.shape[:-1]):
        result[row] = np.searchsorted(line[row], values[row], side)
    return result


register(OpRow(
    name="searchsorted", family=Family.INDEXING, arity=2, infer=_infer_searchsorted,
    doc="Where in the first operand, sorted along the last axis, each element of the second one"
        " belongs: before its equals, or behind them with `side` right.",
    attributes={"side": Attribute("str", "left")}, reference=_searchsorted,
    batch=batch_elementwise, no_derivative="an index", cost=50,
))
