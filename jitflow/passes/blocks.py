"""blocks: what a sequential loop reads is computed block by block, just before it is read."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from jitflow.ir.buffers import base_of
from jitflow.ir.builder import Builder
from jitflow.ir.core import Function, Op, Region, Value, walk
from jitflow.ir.location import unite_all
from jitflow.ir.row import ROWS, Effect
from jitflow.ir.types import BufferType, VectorType
from jitflow.passes.lowering.footprint import address, lanes_of, view_offset
from jitflow.passes.lowering.rebuild import constant_int, copy_op

_LOOP, _ALLOC, _VIEW = ROWS["loop"], ROWS["alloc"], ROWS["view"]

LEAST_LENGTH = 8192
"""Iterations from which on an array between two loops leaves the first cache."""

BLOCK = 1024
"""Iterations of a block, where none of `BLOCKS` leaves nothing over."""

BLOCKS = range(2048, 511, -64)
"""Preferred lengths: the first one that divides all loops leaves nothing over."""

LIGHT_BODY = 64
"""Additions per element up to which the first loop is not worth threads of its own."""


def blocks(function: Function) -> Function:
    """Runs a light parallel loop and the sequential loop that reads its results in turns.

    The array between them shrinks to a block if nothing else uses it. Scatters, and cumulative
    functions of something computed, are such pairs.
    Before: `loop %0, %n {kind="parallel"} (%i) { store %x, %t, %i }`
            `loop %0, %n (%i) { load %t, %i }`
    After:  `loop %0, %n {step=1600} (%k) {`
            `  loop %0, %1600 {kind="parallel"} (%i) { store %x, %s, %i }`
            `  loop %0, %1600 (%i) { load %s, %i } }`
    Precondition: before `vectorize`, after loops were merged.
    """
    if _LOOP not in function.contents.rows or _ALLOC not in function.contents.rows:
        return function
    users = _users(function)
    pairs = [
        (op, makers) for place, op in enumerate(function.ops)
        if _is_reader(op) and (makers := _makers(function.ops, place, users))
    ]
    return _Blocks(users, dict(pairs)).run(function) if pairs else function


class _Maker(NamedTuple):
    """A parallel loop, and the temporaries that it fills for a reader."""

    loop: Op
    made: tuple[Value, ...]


Users = dict[Value, list[Op]]


def _users(function: Function) -> Users:
    """The ops of the body that use each temporary, themselves or in their regions."""
    users: Users = {}
    for op in function.ops:
        if op.row is _VIEW:
            continue
        for base in _used(op):
            users.setdefault(base, []).append(op)
    return users


def _is_memory(value: Value) -> bool:
    return isinstance(value.type, BufferType)


def _is_loop(op: Op, kind: str) -> bool:
    return op.row is _LOOP and op.attrs["kind"] == kind and constant_int(op.operands[0]) == 0


def _is_reader(op: Op) -> bool:
    if not _is_loop(op, "sequential") or (constant_int(op.operands[1]) or 0) < LEAST_LENGTH:
        return False
    if any(o.regions or o.row.effect is Effect.ORDERED for o in op.regions[0].ops):
        return False
    return all(count % op.attrs["step"] == 0 for count in (BLOCK, 64))


def _makers(ops: Sequence[Op], place: int, users: Users) -> list[_Maker]:
    """The loops that may run in turns with the reader at a place, in order."""
    reader, found = ops[place], []
    index = reader.regions[0].params[0]
    read, written = _plainly_used(reader, index, "load"), _stored(reader)
    for before in range(place):
        maker = ops[before]
        if not _is_maker(maker, reader):
            continue
        plain = _plainly_used(maker, maker.regions[0].params[0], "store")
        made = [t for t in plain if t in read and users[t][:2] == [maker, reader]]
        if not made or _stored(maker) != set(made) or not written.isdisjoint(_used(maker)):
            continue
        if _may_move(maker, ops[before + 1 : place]):
            found.append(_Maker(maker, tuple(made)))
    return found


def _used(op: Op) -> set[Value]:
    """The memory that an op uses, itself or in its regions."""
    inner = [op, *(o for region in op.regions for o in walk(region))]
    return {base_of(v) for o in inner for v in o.operands if _is_memory(v)}


def _stored(loop: Op) -> set[Value]:
    """The memory that a loop writes."""
    return {base_of(o.operands[1]) for o in walk(loop.regions[0]) if o.row.name == "store"}


def _is_maker(op: Op, reader: Op) -> bool:
    """Whether a loop is flat, light, and as long as the reader or longer."""
    if not _is_loop(op, "parallel") or op.attrs["step"] != 1:
        return False
    end, needed = constant_int(op.operands[1]), constant_int(reader.operands[1])
    if end is None or needed is None or end < needed:
        return False
    body = list(walk(op.regions[0]))
    if any(o.regions or any(isinstance(v.type, VectorType) for v in o.results) for o in body):
        return False
    if any(o.row.effect is Effect.ORDERED for o in body):
        return False
    return sum([o.row.cost for o in body if o.row.is_elementwise]) <= LIGHT_BODY


def _plainly_used(loop: Op, index: Value, row: str) -> list[Value]:
    """Dense temporaries of one axis that a loop uses by one row only, and within its step."""
    plain, others = dict[Value, None](), set()
    for op in walk(loop.regions[0]):
        for value in op.operands:
            if not _is_memory(value):
                continue
            base, is_access = base_of(value), op.row.name == row and address(op)[0] is value
            is_temporary = base.op is not None and base.op.row is _ALLOC
            is_whole = value.type.strides == (1,) and view_offset(value) == 0
            if is_access and is_temporary and is_whole and _is_in_step(loop, op, index):
                plain[base] = None
            else:
                others.add(base)
    return [base for base in plain if base not in others]


def _is_in_step(loop: Op, access: Op, index: Value) -> bool:
    """Whether a load or store is at the index, or a constant behind it that the step covers."""
    distance = _behind(address(access)[1][0], index)
    return distance is not None and 0 <= distance <= loop.attrs["step"] - lanes_of(access)


def _behind(place: Value, index: Value) -> int | None:
    """How far a place is from an index, if that is a constant."""
    if place is index:
        return 0
    op = place.op
    is_sum = op is not None and op.row.name == "add" and op.operands[0] is index
    return constant_int(op.operands[1]) if is_sum and op is not None else None


def _may_move(maker: Op, between: Sequence[Op]) -> bool:
    """Whether nothing in between writes what the loop reads."""
    read = _used(maker)
    for op in between:
        if op.row.effect in (Effect.NONE, Effect.ALLOCATES, Effect.READS) and not op.regions:
            continue
        if op.row.name == "check":
            continue
        for inner in (op, *(o for region in op.regions for o in walk(region))):
            if inner.row.name == "store":
                if base_of(inner.operands[1]) in read:
                    return False
            elif inner.row not in (_LOOP, ROWS["branch"]) and inner.row.effect not in (
                Effect.NONE, Effect.ALLOCATES, Effect.READS,
            ):  # fmt: skip
                return False
    return True


class _Blocks:
    """Rewrites readers, at whose place their makers then stand."""

    def __init__(self, users: Users, makers: dict[Op, list[_Maker]]) -> None:
        self.users = users
        self.makers = makers
        self.moved = {maker.loop for found in makers.values() for maker in found}

    def run(self, function: Function) -> Function:
        builder, new = Builder(function.params), dict[Value, Value]()
        for op in function.ops:
            builder.locations = op.locations
            if op in self.makers:
                found = _Turns(builder, op, self.makers[op], self.users, new).emit()
                new.update(zip(op.results, found, strict=True))
            elif op not in self.moved:
                copy_op(builder, op, new, lambda builder, op, new: False)
        return function.with_body(Region(function.params, builder.ops, function.results))


class _Turns:
    """One reader and its makers, run block by block; what is left over comes last."""

    def __init__(
        self, builder: Builder, reader: Op, makers: list[_Maker], users: Users,
        new: dict[Value, Value],
    ) -> None:
        self.builder = builder
        self.reader = reader
        self.makers = makers
        self.new = new
        self.length = constant_int(reader.operands[1]) or 0
        ends = {constant_int(maker.loop.operands[1]) for maker in makers} | {self.length}
        fits = [block for block in BLOCKS if all((end or 0) % block == 0 for end in ends)]
        self.block = fits[0] if fits else BLOCK
        builder.locations = unite_all(op.locations for op in (*[m.loop for m in makers], reader))
        self.small = {
            made: self._room(made) for maker in makers for made in maker.made
            if len(users[made]) == 2 and constant_int(maker.loop.operands[1]) == self.length
        }

    def _room(self, made: Value) -> Value:
        type = BufferType(made.type.dtype, (self.block,), None, "temp")
        found = self.builder.emit(_ALLOC, (), {"type": type}).result
        found.name = made.name
        return found

    def emit(self) -> tuple[Value, ...]:
        b, whole = self.builder, self.length - self.length % self.block
        carried = [self.new.get(v, v) for v in self.reader.operands[2:]]

        def turn(inner: Builder, base: Value, *state: Value) -> Sequence[Value]:
            for maker in self.makers:
                self._run(inner, maker.loop, base, self.block, ())
            return self._run(inner, self.reader, base, self.block, state)

        state = b.loop(b.index(0), b.index(whole), turn, carried, self.block)
        base = b.index(whole)
        for maker in self.makers:
            left = (constant_int(maker.loop.operands[1]) or 0) - whole
            if left:
                self._run(b, maker.loop, base, left, ())
        if self.length > whole:
            state = self._run(b, self.reader, base, self.length - whole, state)
        return tuple(state)

    def _run(
        self, b: Builder, loop: Op, base: Value, count: int, state: Sequence[Value]
    ) -> tuple[Value, ...]:
        """`count` iterations of a loop from `base` on."""
        region = loop.regions[0]

        def body(inner: Builder, index: Value, *carried: Value) -> list[Value]:
            new = {**self.new, **dict(zip(region.params[1:], carried, strict=True))}
            new[region.params[0]] = inner.add(index, base)

            for op in region.ops:
                inner.locations = op.locations
                if not self._access(inner, op, region.params[0], index, new):
                    operands = tuple([new.get(v, v) for v in op.operands])
                    copied = inner.append(op.with_operands(operands, ()))
                    new.update(zip(op.results, copied.results, strict=True))
            return [new.get(v, v) for v in region.results]

        attrs = loop.attrs
        found = b.loop(
            b.index(0), b.index(count), body, tuple(state), attrs["step"], attrs["kind"]
        )
        return tuple(found)

    def _access(
        self, b: Builder, op: Op, first: Value, index: Value, new: dict[Value, Value]
    ) -> bool:
        """A load or store of a temporary that has become a block: `first` is now the `index`."""
        if op.row.name not in ("load", "store"):
            return False
        small = self.small.get(base_of(address(op)[0]))
        if small is None:
            return False
        distance = _behind(address(op)[1][0], first)
        at = b.add(index, b.index(distance)) if distance else index
        if op.row.name == "store":
            b.emit(op.row, (new.get(op.operands[0], op.operands[0]), small, at), op.attrs)
        else:
            new[op.result] = b.emit(op.row, (small, at), op.attrs).result
        return True
