"""Nests: functions at level 3 that a function runs, so that what is equal is there once.

A nest takes buffers that do not overlap, gives nothing, and neither fails nor runs another nest.
Ops that run it hold it as an attribute: whoever changes one makes another function.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from jitflow.ir.core import Function, Op, Region, Value, walk
from jitflow.ir.location import Locations
from jitflow.ir.row import ROWS
from jitflow.ir.types import BufferType

RUN = ROWS["run"]
NOT_IN_NESTS = (RUN, ROWS["check"], ROWS["host_call"])
NOT_NESTED = "run stands in the body of a function, in no region"


def run_op(nest: Function, operands: tuple[Value, ...], locations: Locations) -> Op:
    """An op that runs the nest, whose arena has no place yet."""
    return Op(RUN, operands, {"nest": nest, "offset": -1}, (), (), locations)


def given_type(buffer: BufferType) -> BufferType:
    """The type of a buffer in a nest: temporaries are its caller's."""
    if buffer.space != "temp":
        return buffer
    return BufferType(buffer.dtype, buffer.shape, buffer.strides)


def nests_of(function: Function) -> list[Function]:
    """The nests that ops of the body run, each once, in order."""
    return list({id(op.attrs["nest"]): op.attrs["nest"] for op in runs_of(function)}.values())


def runs_of(function: Function) -> list[Op]:
    """The ops that run nests: they stand in the body itself."""
    return [op for op in function.ops if op.row is RUN] if RUN in function.contents.rows else []


def count_ops(function: Function) -> int:
    """Number of ops, nested ones included, each nest once."""
    contents = function.body.contents
    if contents.count_with_nests is None:
        inner = sum([nest.contents.count for nest in nests_of(function)])
        contents.count_with_nests = contents.count + inner
    return contents.count_with_nests


def walk_all(function: Function) -> Iterator[Op]:
    """Every op of the function, and of each of its nests once."""
    yield from walk(function.body)
    for nest in nests_of(function):
        yield from walk(nest.body)


def map_nests(function: Function, rule: Callable[[Function], Function]) -> Function:
    """The function with each nest as the rule makes it; the same object if none changed."""
    made = {id(nest): rule(nest) for nest in nests_of(function)}
    if not any(id(nest) != key for key, nest in made.items()):
        return function
    ops = [_with_nest(op, made[id(op.attrs["nest"])]) if op.row is RUN else op
           for op in function.ops]
    return function.with_body(Region(function.params, ops, function.results))


def _with_nest(op: Op, nest: Function) -> Op:
    if nest is op.attrs["nest"]:
        return op
    return Op(op.row, op.operands, {**op.attrs, "nest": nest}, (), (), op.locations)
