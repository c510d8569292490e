"""Copies of ops: a region put into another place, as often as wanted. Knows no op by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from operator import attrgetter
from typing import Any

from jitflow.ir.core import Op, Region, Value

AttrsOf = Callable[[Op], Mapping[str, Any]]
_SAME: AttrsOf = attrgetter("attrs")


def copy_ops(
    region: Region, operands: Sequence[Value], attrs_of: AttrsOf = _SAME
) -> tuple[list[Op], tuple[Value, ...]]:
    """The region's ops, each new, on these operands in place of its parameters; its results.

    attrs_of: what attributes the copy of an op has.
    """
    values = dict(zip(region.params, operands, strict=True))
    ops = [_copy_op(op, values, attrs_of) for op in region.ops]
    return ops, _mapped(region.results, values)


def copy_region(region: Region) -> Region:
    """An equal region of which every parameter and every op is new."""
    return _copy_region(region, {}, _SAME)


def _copy_op(op: Op, values: dict[Value, Value], attrs_of: AttrsOf) -> Op:
    fresh = Op(
        op.row,
        _mapped(op.operands, values),
        attrs_of(op),
        [v.type for v in op.results],
        tuple([_copy_region(inner, values, attrs_of) for inner in op.regions]),
        op.locations,
        [v.name for v in op.results],
    )
    values.update(zip(op.results, fresh.results, strict=True))
    return fresh


def _copy_region(region: Region, values: dict[Value, Value], attrs_of: AttrsOf) -> Region:
    params = [Value(p.type, p.name) for p in region.params]
    values.update(zip(region.params, params, strict=True))
    ops = [_copy_op(op, values, attrs_of) for op in region.ops]
    return Region(params, ops, _mapped(region.results, values))


def _mapped(old: Sequence[Value], values: dict[Value, Value]) -> tuple[Value, ...]:
    return tuple([values.get(v, v) for v in old])
