"""The forms that derivative rules of rows take. A rule writes tangents in linear ops only.

`rule(b, op, tangents)` appends to the builder and gives the tangent of the op's result; operands
and results whose tangent is zero have None. Knows no op by name and imports no row.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import Any

Rule = Callable[[Any, Any, Sequence[Any]], Any]


def jvp_linear(b: Any, op: Any, tangents: Sequence[Any]) -> Any:
    """The op itself on the tangents of its linear operands, with zeros for those without one.

    In what it is not linear, it is piecewise constant.
    """
    given = [t for i, t in enumerate(tangents) if t is not None and is_linear_in(op, i)]
    if not given:
        return None
    if len(given) == 1 and op.row.identity is not None:
        return given[0]
    operands = [
        operand if not is_linear_in(op, index) else b.full_like(operand, 0) if t is None else t
        for index, (operand, t) in enumerate(zip(op.operands, tangents, strict=True))
    ]
    return b.emit(op.row, tuple(operands), op.attrs).result


def jvp_multilinear(b: Any, op: Any, tangents: Sequence[Any]) -> Any:
    """The product rule: a sum of the op with one operand replaced by its tangent at a time."""
    return _sum(b, [
        b.emit(op.row, (*op.operands[:index], t, *op.operands[index + 1 :]), op.attrs).result
        for index, t in enumerate(tangents)
        if t is not None
    ])


def jvp_by_operand(*rules: Callable[..., Any] | None) -> Rule:
    """The sum of `rules[i](b, t, result, *operands)`, linear in operand i's tangent t.

    None stands for a derivative that is zero.
    """

    def jvp(b: Any, op: Any, tangents: Sequence[Any]) -> Any:
        return _sum(b, [
            rule(b, t, op.result, *op.operands)
            for rule, t in zip(rules, tangents, strict=True)
            if rule is not None and t is not None
        ])

    return jvp


def is_linear_in(op: Any, index: int) -> bool:
    """Whether the op is linear in operand `index`, alone or with others."""
    row = op.row
    linear = row.linear(op) if callable(row.linear) else row.linear
    return linear == "all" or index in (linear or row.multilinear or ())


def is_zero_of(op: Any, zeros: Collection[Any]) -> bool:
    """Whether the op gives 0 as it is linear in these, which are 0."""
    linear = [v in zeros for i, v in enumerate(op.operands) if is_linear_in(op, i)]
    return any(linear) if op.row.multilinear is not None else bool(linear) and all(linear)


def is_zero(value: Any) -> bool:
    """Whether a value is the constant 0, as rules write it."""
    data = value.op.attrs.get("value") if value.op is not None else None
    return data is not None and data.is_splat and bool(data.item() == 0)


def _sum(b: Any, terms: Sequence[Any]) -> Any:
    total = None
    for term in terms:
        total = term if total is None else b.add(total, term)
    return total
