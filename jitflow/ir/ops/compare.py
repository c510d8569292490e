"""Comparisons and the elementwise choice between two arrays."""

from __future__ import annotations

from typing import Any

import numpy as np

from jitflow.errors import DtypeError
from jitflow.ir import split
from jitflow.ir.dtypes import bool_
from jitflow.ir.ops.rules import comparison, require_elementwise
from jitflow.ir.row import Family, OpRow, register

_CUT = "a comparison is piecewise constant"
_ORDER = ", of complex numbers by the real parts, then by the imaginary ones"
_SPLITS = {
    "eq": lambda b, x, y: b.and_(b.eq(x.real, y.real), b.eq(x.imag, y.imag)),
    "ne": lambda b, x, y: b.or_(b.ne(x.real, y.real), b.ne(x.imag, y.imag)),
    **{name: split.compare(name) for name in ("lt", "le", "gt", "ge")},
}

for _name, _function, _doc in (
    ("eq", np.equal, "x == y"),
    ("ne", np.not_equal, "x != y; true for NaN"),
    ("lt", np.less, f"x < y{_ORDER}"),
    ("le", np.less_equal, f"x <= y{_ORDER}"),
    ("gt", np.greater, f"x > y{_ORDER}"),
    ("ge", np.greater_equal, f"x >= y{_ORDER}"),
):
    register(OpRow(
        name=_name, family=Family.ELEMENTWISE, arity=2, doc=f"{_doc}; the result is bool.",
        infer=comparison("biufc", "numbers"),
        reference=_function, commutative=_name in ("eq", "ne"), no_derivative=_CUT,
        split=_SPLITS[_name],
    ))


def _infer_select(types: tuple[Any, ...], attrs: Any, regions: Any) -> tuple[Any, ...]:
    require_elementwise(types)
    condition, x, y = types
    if condition.dtype is not bool_:
        raise DtypeError(f"the condition must be bool, got {condition.dtype}")
    if x.dtype is not y.dtype:
        raise DtypeError(f"both choices must have one dtype, got {x.dtype} and {y.dtype}")
    return (x,)


def _transpose_select(b: Any, ct: Any, op: Any, index: int) -> Any:
    zero = b.full_like(ct, 0)
    condition = op.operands[0]
    return b.select(condition, ct, zero) if index == 1 else b.select(condition, zero, ct)


register(OpRow(
    name="select", family=Family.ELEMENTWISE, arity=3, doc="x where the condition holds, else y.",
    infer=_infer_select, reference=np.where, linear=(1, 2), transpose=_transpose_select,
    keeps_halves=True,
))
