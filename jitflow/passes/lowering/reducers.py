"""What one reduction keeps while it runs, for scalars and for lanes alike.

LANE_BYTES worth of logical lanes stand side by side along the last axis, and are combined at the
end by halving. The number does not depend on the machine's vectors, nor on threads: it is part of
what a sum is. In which order the states of one lane combine is in cascade.py.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial, reduce
from math import prod
from typing import Any

from jitflow.ir.builder import Builder
from jitflow.ir.core import Op, Value
from jitflow.ir.dtypes import DType, i32, i64, u8, u64
from jitflow.ir.ops.reduce import COMBINES
from jitflow.ir.row import ROWS
from jitflow.ir.types import TensorType, Type, VectorType
from jitflow.passes.lowering.cascade import State
from jitflow.passes.lowering.signed_keys import key_dtype, keys_of

LANE_BYTES = 128

SHORT_SEARCH = 16
"""Elements of a line of which the greatest or the least is sought: lanes with their indices, and
the first of equal ones, take long to combine."""


def lanes_for(bytes: int) -> int:
    """Logical lanes of a reduction along a contiguous axis, by the bytes of an element."""
    return LANE_BYTES // max(bytes, 2)


@dataclass(frozen=True)
class Reducer:
    """One reduction: a state per element, how two combine (the first comes first), the end.

    Flags are held as bytes: LLVM keeps vectors of bits across iterations one bit at a time.
    """

    row: str
    dtype: DType

    slots = 1
    """Values in a state."""

    @property
    def fixes_order(self) -> bool:
        """Whether the order of combining shows in the result: that of inexact sums and products."""
        return not ROWS[self.row].exact and self.dtype.is_inexact

    @property
    def bytes(self) -> int:
        """The widest value of a state."""
        return self.dtype.itemsize

    def operand(self, op: Op) -> Value:
        """What `element` takes of the reduction's operand."""
        return op.operands[0]

    @property
    def held(self) -> DType:
        return u8 if self.dtype.kind == "b" else self.dtype

    @property
    def combiner(self) -> str:
        return COMBINES[self.row]

    def identity(self, b: Builder, lanes: int | None) -> State:
        """The state that changes nothing."""
        identity = ROWS[self.combiner].identity
        assert identity is not None
        among = self.dtype if self.dtype.kind == "b" else self.held
        return (full(b, self.held, lanes, identity(among)),)

    def element(self, b: Builder, value: Value, index: Value) -> State:
        """The state of one element, or of lanes of elements that start at `index`."""
        return (value if self.held is self.dtype else b.convert(value, dtype=self.held),)

    def combine(self, b: Builder, first: State, second: State) -> State:
        return (getattr(b, _method(self.combiner))(first[0], second[0]),)

    def masked(self, b: Builder, state: State, valid: int) -> State:
        """The state with lanes from `valid` on replaced by the identity."""
        lanes = state[0].type.lanes
        keep = b.lt(b.lane_iota(i32, lanes), full(b, i32, lanes, valid))
        identity = self.identity(b, lanes)
        return tuple(b.select(keep, s, none) for s, none in zip(state, identity, strict=True))

    def across_lanes(self, b: Builder, state: State) -> State:
        """The scalar state of lanes."""
        return (b.lane_reduce(state[0], op=self.combiner),)

    def across_places(self, b: Builder, states: list[State]) -> State:
        """The state of scalars that stand for lanes, those of the line alone; of equal bits.

        There are no more of them than lanes.
        """
        if not self.fixes_order:
            return reduce(partial(self.combine, b), states)
        count = lanes_for(self.bytes)
        while count > 1:
            count //= 2
            pairs = list(zip(states, states[count:], strict=False))
            states = [self.combine(b, x, y) for x, y in pairs] + states[len(pairs) : count]
        return states[0]

    def result(self, b: Builder, state: State) -> Value:
        """The result of a scalar state, or of lanes that each hold a result of their own."""
        (value,) = state
        if self.held is not self.dtype:
            return b.ne(value, b.full_like(value, 0))
        if self.row == "reduce_sum" and self.dtype.is_float:
            return b.add(value, b.full_like(value, 0.0))  # NumPy's sum of -0.0 is +0.0
        return value


@dataclass(frozen=True)
class NarrowSum(Reducer):
    """A sum of narrow integers that were widened to 64 bits, where 32 hold it: twice the lanes."""

    @property
    def bytes(self) -> int:
        return self.held.itemsize

    @property
    def held(self) -> DType:
        return i32

    def operand(self, op: Op) -> Value:
        """The narrow integers."""
        convert = op.operands[0].op
        assert convert is not None
        return convert.operands[0]

    def element(self, b: Builder, value: Value, index: Value) -> State:
        return (b.convert(value, dtype=self.held),)

    def result(self, b: Builder, state: State) -> Value:
        return b.convert(state[0], dtype=self.dtype)


@dataclass(frozen=True)
class ArgReducer(Reducer):
    """argmax and argmin: the extreme and its index, the first of equal ones; NaN beats numbers.

    Within a lane indices grow, so that the first of a state's two has the lesser index.
    """

    extent: int

    slots = 2

    @property
    def index_dtype(self) -> DType:
        """As narrow as the indices allow: lanes of them lie beside the values."""
        return i32 if self.extent < 2**31 - LANE_BYTES else i64

    @property
    def bytes(self) -> int:
        return max(self.dtype.itemsize, self.index_dtype.itemsize)

    @property
    def combiner(self) -> str:
        return "maximum" if self.row == "argmax" else "minimum"

    def identity(self, b: Builder, lanes: int | None) -> State:
        """No value is worse; the index is a lane's first, right where no value is better."""
        (value,) = super().identity(b, lanes)
        if lanes is None:
            return value, full(b, self.index_dtype, None, 0)
        return value, b.lane_iota(self.index_dtype, lanes)

    def element(self, b: Builder, value: Value, index: Value) -> State:
        return *super().element(b, value, index), self._index(b, value, index)

    def _index(self, b: Builder, value: Value, index: Value) -> Value:
        if self.index_dtype is not i64:
            index = b.convert(index, dtype=self.index_dtype)
        if isinstance(value.type, VectorType):
            lanes = value.type.lanes
            index = b.add(b.splat(index, lanes=lanes), b.lane_iota(self.index_dtype, lanes))
        return index

    def combine(self, b: Builder, first: State, second: State) -> State:
        """The second where it is better, or NaN against a number."""
        x, y = first[0], second[0]
        low, high = (x, y) if self.row == "argmax" else (y, x)
        if x.type.dtype.is_float:
            better = b.and_(b.not_(b.ge(low, high)), b.eq(x, x))
        else:
            better = b.lt(low, high)
        return tuple(b.select(better, s, f) for f, s in zip(first, second, strict=True))

    def across_lanes(self, b: Builder, state: State) -> State:
        """The least index of those lanes that hold the extreme value."""
        best = b.lane_reduce(state[0], op=self.combiner)
        lanes = state[0].type.lanes
        hit = _equal(b, state[0], b.splat(best, lanes=lanes))
        none = full(b, self.index_dtype, lanes, self.extent)
        return best, b.lane_reduce(b.select(hit, state[1], none), op="minimum")

    def result(self, b: Builder, state: State) -> Value:
        index = state[1]
        return index if self.index_dtype is i64 else b.convert(index, dtype=i64)


@dataclass(frozen=True)
class OrderedArgReducer(ArgReducer):
    """The same of long lines of floats, held as integers of the same order.

    A step waits for one comparison of these, and for two of floats.
    """

    @property
    def held(self) -> DType:
        return key_dtype(self.dtype)

    def element(self, b: Builder, value: Value, index: Value) -> State:
        """NaN is better than all numbers, and zeros of either sign are alike: -0 + 0 is +0."""
        number = b.add(value, b.full_like(value, 0.0))
        return keys_of(b, number, self.row == "argmax"), self._index(b, value, index)


def reducer(op: Op) -> Reducer:
    type = op.operands[0].type
    if op.row.name in ("argmax", "argmin"):
        extent = type.shape[op.attrs["axis"]]
        is_short = isinstance(extent, int) and extent <= SHORT_SEARCH
        kind = OrderedArgReducer if type.dtype.is_float and not is_short else ArgReducer
        return kind(op.row.name, type.dtype, extent)
    if _fits_in_32_bits(op):
        return NarrowSum(op.row.name, type.dtype)
    return Reducer(op.row.name, type.dtype)


def _fits_in_32_bits(op: Op) -> bool:
    """Whether it sums integers that were so narrow that no sum of some of them needs 64 bits."""
    (operand,) = op.operands
    if op.row.name != "reduce_sum" or operand.op is None or operand.op.row.name != "convert":
        return False
    source, target = operand.op.operands[0].type.dtype, operand.type.dtype
    if target not in (i64, u64) or source.kind not in "biu" or source.bits > 16:
        return False
    elements = prod(operand.type.shape[axis] for axis in op.attrs["axes"])
    return elements << source.bits < 1 << 31


def full(b: Builder, dtype: DType, lanes: int | None, value: Any) -> Value:
    """A constant scalar, or the same in every lane."""
    from_type: Type = TensorType(dtype) if lanes is None else VectorType(dtype, lanes)
    return b.full_like(Value(from_type), value)


def _method(row: str) -> str:
    return row + "_" if row in ("and", "or", "not") else row


def _equal(b: Builder, x: Value, y: Value) -> Value:
    """Whether two elements are equal, or both NaN."""
    equal = b.eq(x, y)
    if not x.type.dtype.is_float:
        return equal
    return b.or_(equal, b.and_(b.ne(x, x), b.ne(y, y)))
