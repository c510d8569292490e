"""outline: long code of the body becomes nests, of which LLVM makes one after the other.

In one piece it takes a time that grows with the square of its length, once more values are alive
than there are registers.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from math import prod

from jitflow.ir.buffers import base_of
from jitflow.ir.builder import Builder
from jitflow.ir.core import Function, Op, Value, used
from jitflow.ir.dtypes import DType
from jitflow.ir.location import unite_all
from jitflow.ir.nests import NOT_IN_NESTS, given_type, run_op
from jitflow.ir.row import ROWS
from jitflow.ir.types import BufferType, TensorType, VectorType
from jitflow.passes.lowering.rebuild import constant_int, copy_op

SHORT_LOOP = 1024
"""Ops that a loop does in all its steps, up to which it is as good as straight code."""

_LOOP = ROWS["loop"]
_NAMES = frozenset(ROWS[name] for name in ("alloc", "view", "constant", "global"))
"""What only names memory or numbers; it is there in each nest that uses it."""


def outline(function: Function, *, length: int = 512, least: int = 8192) -> Function:
    """Cuts straight code into nests of `length` ops, where there are more than `least`.

    Numbers that one part computes and another one uses go through memory.
    Before: `%1 = add %0, %c  ..600 ops..  %2 = mul %1, %1  ..600 ops..`
    After:  `run %a, %kept {nest=@part0}  run %kept, %b {nest=@part1}`, where the one stores %1 in
            %kept, and the other one loads it.
    Loops of few steps are straight code, too. What stands between others in smaller numbers stays,
    and so does what can fail.
    Precondition: behind what makes more ops, before `assign`.
    """
    parts = _parts(function, length)
    if sum([_size(op) for part in parts for op in part]) <= least:
        return function
    return _Outline(function, parts).run()


def _parts(function: Function, length: int) -> list[list[Op]]:
    """The ops that follow each other, but for names, where there are half as many or more."""
    parts: list[list[Op]] = [[]]
    sizes = [0]
    for op in function.ops:
        if op.row in _NAMES:
            continue
        is_straight = _is_straight(op)
        if not is_straight or sizes[-1] >= length:
            parts.append([])
            sizes.append(0)
        if is_straight:
            parts[-1].append(op)
            sizes[-1] += _size(op)
    return [part for part, size in zip(parts, sizes, strict=True) if 2 * size >= length]


def _is_straight(op: Op) -> bool:
    if op.row in NOT_IN_NESTS:
        return False
    if op.regions:
        return op.row is _LOOP and not op.results and _is_short(op)
    return all([isinstance(v.type, (TensorType, VectorType)) for v in op.results])


def _is_short(loop: Op) -> bool:
    """Whether a loop holds no other, and is over before threads could share it."""
    (body,) = loop.regions
    first, end = [constant_int(v) for v in loop.operands[:2]]
    if first is None or end is None or body.owners:
        return False
    if not body.contents.rows.isdisjoint(NOT_IN_NESTS):
        return False
    return (end - first) // int(loop.attrs["step"]) * len(body.ops) <= SHORT_LOOP


def _size(op: Op) -> int:
    return 1 + sum([len(region.ops) for region in op.regions])


def _outer(op: Op) -> Sequence[Value]:
    """What an op of a part uses, also in its region, and did not make there."""
    if not op.regions:
        return op.operands
    (body,) = op.regions
    own = {*body.params, *[v for inner in body.ops for v in inner.results]}
    return [v for v in used(op) if v not in own]


class _Kept:
    """Memory for numbers that go from one part to another: a place for each."""

    def __init__(self, builder: Builder, values: list[Value]) -> None:
        self._types: dict[Value, BufferType] = {}
        self._offsets: dict[Value, int] = {}
        counts: Counter[DType] = Counter()
        for value in values:
            dtype = value.type.dtype
            shape = (value.type.lanes,) if isinstance(value.type, VectorType) else ()
            self._types[value] = BufferType(dtype, shape)
            self._offsets[value] = counts[dtype]
            counts[dtype] += prod(shape)
        self.memory: dict[DType, Value] = {}
        for dtype, count in counts.items():
            type = BufferType(dtype, (count,), None, "temp")
            self.memory[dtype] = builder.alloc(type=type)
            self.memory[dtype].name = "kept"

    def __contains__(self, value: Value) -> bool:
        return value in self._types

    def store(self, b: Builder, memory: Value, value: Value, number: Value) -> None:
        b.store(number, *self._place(b, memory, value))

    def load(self, b: Builder, memory: Value, value: Value) -> Value:
        lanes = value.type.lanes if isinstance(value.type, VectorType) else None
        return b.load(*self._place(b, memory, value), lanes=lanes)

    def _place(self, b: Builder, memory: Value, value: Value) -> list[Value]:
        kept, space = self._types[value], memory.type.space
        type = BufferType(kept.dtype, kept.shape, None, space)
        view = b.view(memory, offset=self._offsets[value], type=type)
        return [view, *[b.index(0) for _ in kept.shape]]


class _Outline:
    """The body under rewriting; `part` says in which part an op is, `new` what stands for values
    of ops outside of parts.
    """

    def __init__(self, function: Function, parts: list[list[Op]]) -> None:
        self.function = function
        self.parts = parts
        self.part = {op: number for number, part in enumerate(parts) for op in part}
        self.builder = Builder(function.params)
        if function.ops:
            self.builder.locations = function.ops[0].locations
        self.kept = _Kept(self.builder, self._crossing())
        self.new: dict[Value, Value] = {}

    def _crossing(self) -> list[Value]:
        """Numbers that are used in another part than that which computes them."""
        home = {
            value: self.part.get(op, -1)
            for op in self.function.ops if op.row not in _NAMES for value in op.results
        }  # fmt: skip
        crossing: dict[Value, None] = {}
        for op in self.function.ops:
            here = self.part.get(op, -1)
            crossing.update([(v, None) for v in used(op) if home.get(v, here) != here])
        return list(crossing)

    def run(self) -> Function:
        for op in self.function.ops:
            number = self.part.get(op)
            if number is None:
                self._outside(op)
            elif op is self.parts[number][-1]:
                self.builder.append(_Part(self.kept, f"part{number}").run(self.parts[number]))
        return self.function.with_body(self.builder.region(()))

    def _outside(self, op: Op) -> None:
        b = self.builder
        b.locations = op.locations
        for value in used(op):
            if value in self.kept and value.op in self.part and value not in self.new:
                self.new[value] = self.kept.load(b, self.kept.memory[value.type.dtype], value)
        made = copy_op(b, op, self.new, lambda builder, inner, known: False)
        for value, result in zip(op.results, made.results, strict=True):
            if value in self.kept:
                self.kept.store(b, self.kept.memory[value.type.dtype], value, result)


class _Part:
    """One part on its way to be a nest: `new` are its own values, `given` the buffers it takes."""

    def __init__(self, kept: _Kept, name: str) -> None:
        self.kept = kept
        self.name = name
        self.builder = Builder()
        self.new: dict[Value, Value] = {}
        self.given: list[Value] = []

    def run(self, ops: list[Op]) -> Op:
        """An op that runs the nest of the ops."""
        b = self.builder
        for op in ops:
            b.locations = op.locations
            for value in _outer(op):
                self._inside(value)
            made = copy_op(b, op, self.new, lambda builder, inner, known: False)
            for value, result in zip(op.results, made.results, strict=True):
                self.new[value] = result
                if value in self.kept:
                    self.kept.store(b, self._memory(value), value, result)
        nest = b.build(self.name, ())
        places = unite_all(op.locations for op in ops)
        return run_op(nest, tuple(self.given), places)

    def _inside(self, value: Value) -> Value:
        found = self.new.get(value)
        if found is None:
            found = self.new[value] = self._named(value)
        return found

    def _named(self, value: Value) -> Value:
        """What is not computed here: a buffer, a constant, or a number that is kept."""
        op = value.op
        if value in self.kept:
            return self.kept.load(self.builder, self._memory(value), value)
        if op is not None and op.row.name == "constant":
            return self.builder.append(op.with_operands((), ())).results[0]
        if value is base_of(value):
            self.given.append(value)
            return self.builder.param(given_type(value.type), value.name)
        assert op is not None
        attrs = {**op.attrs, "type": given_type(value.type)}
        view: Value = self.builder.view(self._inside(op.operands[0]), **attrs)
        view.name = value.name
        return view

    def _memory(self, value: Value) -> Value:
        return self._inside(self.kept.memory[value.type.dtype])
