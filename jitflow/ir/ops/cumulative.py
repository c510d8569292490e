"""Cumulative sums, products and extremes along one axis, in order from its first element.

Each step rounds as the elementwise row that combines two elements, to 16 bits too, so the results
are those of NumPy.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from jitflow.errors import DtypeError
from jitflow.ir import split
from jitflow.ir.ops import reference
from jitflow.ir.ops.rules import Attrs, Types, normal_axes, require_tensor
from jitflow.ir.ops.scanning import State, scan
from jitflow.ir.parts import Parts
from jitflow.ir.row import Attribute, Family, OpRow, register

CUMULATES = {"cumsum": "add", "cumprod": "mul", "cummax": "maximum", "cummin": "minimum"}
"""The row that combines what came before with the next element, by cumulative row."""


def _infer_cumulative(kinds: str, what: str) -> Any:
    def infer(types: Types, attrs: Attrs, regions: Any) -> tuple[Any, ...]:
        require_tensor(types)
        (operand,) = types
        normal_axes((attrs["axis"],), operand.rank, "axis")
        if operand.dtype.kind not in kinds:
            raise DtypeError(f"expected {what}, got {operand.dtype}; convert first")
        return (operand,)

    return infer


def _from_the_end(function: Callable[[Any, int], Any]) -> Callable[..., Any]:
    """The reference with `reverse`, which counts from the last element."""

    def cumulate(x: Any, axis: int, reverse: bool) -> Any:
        if not reverse:
            return function(x, axis)
        return np.flip(function(np.flip(x, axis), axis), axis)

    return cumulate


def _transpose_sum(b: Any, ct: Any, op: Any, index: int) -> Any:
    return b.cumsum(ct, axis=op.attrs["axis"], reverse=not op.attrs["reverse"])


def _tangent_product(b: Any, op: Any, tangents: Any) -> Any:
    """The product rule along the axis: right where factors are 0, and differentiable again."""

    def combine(first: State, second: State) -> State:
        (x, dx), (y, dy) = first, second
        return b.mul(x, y), b.add(b.mul(dx, y), b.mul(x, dy))

    return scan(b, (op.operands[0], tangents[0]), combine, **op.attrs)[1]


def _tangent_extreme(compare: str) -> Any:
    """The tangent of the first element that is the extreme so far."""

    def jvp(b: Any, op: Any, tangents: Any) -> Any:
        def combine(first: State, second: State) -> State:
            (x, dx), (y, dy) = first, second
            stays = getattr(b, compare)(x, y)
            return b.select(stays, x, y), b.select(stays, dx, dy)

        return scan(b, (op.operands[0], tangents[0]), combine, **op.attrs)[1]

    return jvp


def _split_product(b: Any, x: Parts, axis: int, reverse: bool) -> Parts:
    def combine(first: State, second: State) -> State:
        return split.mul(b, Parts(*first), Parts(*second))

    return Parts(*scan(b, x, combine, axis, reverse))


def _cumulative(
    name: str, function: Callable[[Any, int], Any], doc: str, infer: Any, **fields: Any
) -> None:
    register(OpRow(
        name=name, family=Family.CUMULATIVE, arity=1, doc=doc, infer=infer,
        attributes={"axis": Attribute("int"), "reverse": Attribute("bool", False)},
        reference=_from_the_end(function), keeps_halves=True, **fields,
    ))


def _extremes(ufunc: Any, rule: Callable[[Any, Any], Any]) -> Callable[[Any, int], Any]:
    """NumPy's ufunc, and where zeros might differ the row's own rule, one element at a time."""

    def cumulate(x: Any, axis: int) -> Any:
        if x.dtype.kind in "biu" or not np.any(x == 0):
            return ufunc.accumulate(x, axis)
        result = np.moveaxis(np.array(x), axis, 0)
        for k in range(1, len(result)):
            result[k] = rule(result[k - 1], result[k])
        return np.moveaxis(result, 0, axis)

    return cumulate


def _split_extreme(compare: str) -> Callable[..., Parts]:
    combine = split.extreme(compare)

    def rule(b: Any, x: Parts, axis: int, reverse: bool) -> Parts:
        def step(first: State, second: State) -> State:
            return combine(b, Parts(*first), Parts(*second))

        return Parts(*scan(b, x, step, axis, reverse))

    return rule


_ORDERED = _infer_cumulative("biufc", "numbers")

_cumulative(
    "cumsum", lambda x, axis: np.add.accumulate(x, axis, x.dtype),
    "Sums of the elements up to each one along `axis`, one after the other.",
    _infer_cumulative("iufc", "numbers"), linear=(0,), transpose=_transpose_sum,
)
_cumulative(
    "cumprod", lambda x, axis: np.multiply.accumulate(x, axis, x.dtype),
    "Products of the elements up to each one along `axis`, one after the other.",
    _infer_cumulative("iufc", "numbers"), jvp=_tangent_product,
    split=_split_product, normwise=math.inf,
)
_cumulative(
    "cummax", _extremes(np.maximum, reference.maximum),
    "The `maximum` of the elements up to each one along `axis`; the derivative is the first one's.",
    _ORDERED, jvp=_tangent_extreme("ge"), split=_split_extreme("ge"),
)
_cumulative(
    "cummin", _extremes(np.minimum, reference.minimum),
    "The `minimum` of the elements up to each one along `axis`; the derivative is the first one's.",
    _ORDERED, jvp=_tangent_extreme("le"), split=_split_extreme("le"),
)
