"""How partial results of a reduction combine, for scalars and for lanes alike.

The order is fixed by the shape: sequential runs of at most RUN elements, runs of runs above them,
and LANE_BYTES worth of lanes side by side along the last axis, combined at the end by halving.
That bounds the error like a pairwise sum and does not depend on vector width or threads.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from jitflow.ir.builder import Builder
from jitflow.ir.core import Op, Value
from jitflow.ir.dtypes import DType, i64
from jitflow.ir.ops.reduce import COMBINES
from jitflow.ir.row import ROWS
from jitflow.ir.types import TensorType, Type, VectorType
from jitflow.passes.lowering.context import Context

RUN = 32
LANE_BYTES = 128

State = tuple[Value, ...]


def lanes_for(dtype: DType) -> int:
    """Logical lanes of a reduction along a contiguous axis; part of the result's definition."""
    return LANE_BYTES // max(dtype.itemsize, 2)


@dataclass(frozen=True)
class Reducer:
    """One reduction: a state per element, how two combine (the first comes first), the end."""

    row: str
    dtype: DType

    @property
    def is_arg(self) -> bool:
        return self.row == "argmax"

    @property
    def fixes_order(self) -> bool:
        """Whether the order of combining shows in the result: that of inexact sums and products."""
        return not ROWS[self.row].exact and self.dtype.is_inexact

    @property
    def combiner(self) -> str:
        return "maximum" if self.is_arg else COMBINES[self.row]

    def _identity(self) -> Any:
        identity = ROWS[self.combiner].identity
        assert identity is not None
        return identity(self.dtype)

    def identity(self, b: Builder, lanes: int | None) -> State:
        """The state that changes nothing."""
        value = full(b, self.dtype, lanes, self._identity())
        return (value, full(b, i64, lanes, np.iinfo(np.int64).max)) if self.is_arg else (value,)

    def element(self, b: Builder, value: Value, index: Value) -> State:
        """The state of one element, or of lanes of elements that start at `index`."""
        if not self.is_arg:
            return (value,)
        if isinstance(value.type, VectorType):
            lanes = value.type.lanes
            index = b.add(b.splat(index, lanes=lanes), b.lane_iota(i64, lanes))
        return value, index

    def masked(self, b: Builder, state: State, valid: int) -> State:
        """The state with lanes from `valid` on replaced by the identity."""
        lanes = state[0].type.lanes
        keep = b.lt(b.lane_iota(i64, lanes), full(b, i64, lanes, valid))
        identity = self.identity(b, lanes)
        return tuple(b.select(keep, s, none) for s, none in zip(state, identity, strict=True))

    def combine(self, b: Builder, first: State, second: State) -> State:
        if not self.is_arg:
            return (getattr(b, _method(self.combiner))(first[0], second[0]),)
        better = _first_greatest(b, first, second)
        return tuple(b.select(better, y, x) for x, y in zip(first, second, strict=True))

    def across_lanes(self, b: Builder, state: State) -> Value:
        """The scalar result of lanes."""
        best = b.lane_reduce(state[0], op=self.combiner)
        if not self.is_arg:
            return best
        lanes = state[0].type.lanes
        wanted = b.splat(best, lanes=lanes)
        hit = _equal(b, state[0], wanted)
        none = full(b, i64, lanes, np.iinfo(np.int64).max)
        return b.lane_reduce(b.select(hit, state[1], none), op="minimum")

    def result(self, state: State) -> Value:
        """The result of a scalar state, or of lanes that each hold a result of their own."""
        return state[1] if self.is_arg else state[0]


def reducer(op: Op) -> Reducer:
    return Reducer(op.row.name, op.operands[0].type.dtype)


def full(b: Builder, dtype: DType, lanes: int | None, value: Any) -> Value:
    """A constant scalar, or the same in every lane."""
    from_type: Type = TensorType(dtype) if lanes is None else VectorType(dtype, lanes)
    return b.full_like(Value(from_type), value)


def _method(row: str) -> str:
    return row + "_" if row in ("and", "or", "not") else row


def _first_greatest(b: Builder, first: State, second: State) -> Value:
    """Whether the second beats the first: greater, or NaN against none, or equal and earlier."""
    (x, i), (y, j) = first, second
    greater = b.gt(y, x)
    if x.type.dtype.is_float:
        greater = b.or_(greater, b.and_(b.ne(y, y), b.eq(x, x)))
    return b.or_(greater, b.and_(_equal(b, x, y), b.lt(j, i)))


def _equal(b: Builder, x: Value, y: Value) -> Value:
    """Whether two elements are equal, or both NaN."""
    equal = b.eq(x, y)
    if not x.type.dtype.is_float:
        return equal
    return b.or_(equal, b.and_(b.ne(x, x), b.ne(y, y)))


Part = Callable[[Builder, Value], Sequence[Value]]


def cascade(
    context: Context, b: Builder, count: int, step: int, identity: Callable[[Builder], State],
    part: Callable[[Builder, Value], State], combine: Callable[[Builder, State, State], State],
) -> State:
    """Combines part(0), part(step), .. part((count - 1) * step) in runs of RUN, nested as needed.

    `part` and `combine` get the builder that they write to.
    """
    if count == 1:
        return part(b, context.index(0))
    levels = [step]
    while count * step > levels[-1] * RUN:
        levels.append(levels[-1] * RUN)
    end = context.index(count * step)
    return _level(context, b, context.index(0), end, levels, identity, part, combine)


def _level(
    context: Context, b: Builder, lower: Value, upper: Value, levels: list[int],
    identity: Callable[[Builder], State], part: Callable[[Builder, Value], State],
    combine: Callable[[Builder, State, State], State],
) -> State:
    """One loop over [lower, upper) by the widest step left; each step is a run of its own."""
    *rest, step = levels

    def body(inner: Builder, index: Value, *state: Value) -> State:
        if not rest:
            return combine(inner, state, part(inner, index))
        last = inner.minimum(inner.add(index, context.index(step)), upper)
        run = _level(context, inner, index, last, rest, identity, part, combine)
        return combine(inner, state, run)

    return b.loop(lower, upper, body, identity(b), step)
