"""Runs of nests as the ops of the nests, where a pass needs loops in the body itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from jitflow.ir.builder import Builder
from jitflow.ir.core import Function, Op, Region, Value
from jitflow.ir.nests import RUN, runs_of
from jitflow.ir.types import BufferType
from jitflow.passes.rewrite import map_values

NOTHING: Mapping[Any, Value] = {}


def opened(function: Function, wanted: Callable[[Op], bool]) -> Function:
    """The function with copies of the nests in place of the runs that are wanted."""
    chosen = {op for op in runs_of(function) if wanted(op)}
    if not chosen:
        return function
    builder = Builder(function.params)
    for op in function.ops:
        if op in chosen:
            open_run(builder, op)
        else:
            builder.append(op)
    return function.with_body(builder.region(function.results))


def open_run(builder: Builder, op: Op, known: Mapping[Any, Value] = NOTHING) -> None:
    """Adds what the nest does to the buffers of the run.

    known: constants of the body, by type and value, which serve for those of the nest.
    """
    assert op.row is RUN
    nest = op.attrs["nest"]
    new = dict(zip(nest.params, op.operands, strict=True))
    mine = []
    for inner in nest.ops:
        is_constant = inner.row.name == "constant"
        value = known.get((inner.result.type, inner.attrs["value"])) if is_constant else None
        if value is None:
            mine.append(inner)
        else:
            new[inner.result] = value
    builder.ops += copies(mine, new)


def copies(ops: Sequence[Op], new: dict[Value, Value]) -> list[Op]:
    """The ops on mapped operands, with results and parameters of their own.

    Views of what is a temporary here are views of a temporary.
    """
    made = []
    for op in ops:
        regions = tuple([_copy(region, new) for region in op.regions]) if op.regions else ()
        operands, attrs = map_values(op.operands, new), op.attrs
        types, names = [v.type for v in op.results], [v.name for v in op.results]
        if op.row.name == "view":
            names = [operands[0].name]
            shown, space = types[0], operands[0].type.space
            if shown.space != space:
                types = [BufferType(shown.dtype, shown.shape, shown.strides, space)]
                attrs = {**attrs, "type": types[0]}
        copy = Op(op.row, operands, attrs, types, regions, op.locations, names)
        new.update(zip(op.results, copy.results, strict=True))
        made.append(copy)
    return made


def _copy(region: Region, new: dict[Value, Value]) -> Region:
    params = [Value(v.type, v.name) for v in region.params]
    new.update(zip(region.params, params, strict=True))
    return Region(params, copies(region.ops, new), map_values(region.results, new))
