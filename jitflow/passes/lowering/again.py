"""What is lowered several times over becomes one nest, run with each one's buffers.

Layers of a network and steps that are unrolled give the same loops many times over.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import Any

from jitflow.ir.builder import Builder
from jitflow.ir.core import Function, Op, Region, Value, walk
from jitflow.ir.nests import NOT_IN_NESTS, RUN
from jitflow.ir.types import BufferType
from jitflow.passes.lowering.access import Access

Make = Callable[[Any, list[Access]], None]
"""make(context, accesses): adds loops to a context that read and write these."""


@dataclass
class _First:
    """The ops of a body, from `start` to `end`, that were made first for a key."""

    start: int
    end: int
    given: list[Access]
    nest: Function | None = None
    is_nest: bool = True


class Again:
    """What was made for each key, in one run of a pass.

    new_context(params) is that of a nest.
    """

    def __init__(self, new_context: Callable[[list[Value]], Any]) -> None:
        self._new_context = new_context
        self._made: dict[Hashable, _First] = {}
        self._count = 0

    def emit(
        self, context: Any, key: Hashable, accesses: Sequence[Access], make: Make
    ) -> None:
        """What `make` adds to the context, or a run of the nest that it makes.

        key: what is made depends on, beside the accesses; None where nothing else is alike.
        Accesses that see one memory in different ways are left to `share`.
        """
        given = list(dict.fromkeys(accesses))
        if key is None or len({access.base for access in given}) < len(given):
            make(context, list(accesses))
            return
        order = tuple([given.index(access) for access in accesses])
        key = key, order, tuple([_type(access) for access in given])
        first = self._made.get(key)
        if first is None:
            start = len(context.builder.ops)
            make(context, list(accesses))
            end = len(context.builder.ops)
            self._made[key] = _First(start, end, given, is_nest=end > start)
            return
        if first.nest is None and first.is_nest:
            self._become_nest(first, make, order, context.builder.locations)
        if not first.is_nest:
            make(context, list(accesses))
            return
        operands = tuple([context.view(a, a.shape, a.strides) for a in given])
        context.builder.emit(RUN, operands, {"nest": first.nest, "offset": -1})

    def _become_nest(
        self, first: _First, make: Make, order: tuple[int, ...], locations: Any
    ) -> None:
        params = [Value(_type(access), access.base.name) for access in first.given]
        inner = self._new_context(params)
        inner.builder.locations = locations
        made = [Access.whole(param) for param in params]
        make(inner, [made[number] for number in order])
        body = Region(params, inner.ops(), ())
        has_loops = any(op.regions for op in body.ops)
        first.is_nest = has_loops and not any(op.row in NOT_IN_NESTS for op in walk(body))
        first.nest = Function(f"nest{self._count}", body)
        self._count += 1

    def replaced(self, ops: list[Op]) -> list[Op]:
        """The ops of the body with runs in place of what was made first for each nest.

        Views and memory stay, as others may use them. What was made within another goes with it.
        """
        result: list[Op] = []
        done = 0
        firsts = [first for first in self._made.values() if first.nest and first.is_nest]
        for first in sorted(firsts, key=lambda first: (first.start, -first.end)):
            if first.start < done:
                continue
            result += ops[done : first.start]
            mine = ops[first.start : first.end]
            result += [op for op in mine if op.row.name in ("view", "alloc")]
            places = mine[-1].locations
            b = Builder(locations=places)
            operands = tuple([_seen(b, access) for access in first.given])
            b.emit(RUN, operands, {"nest": first.nest, "offset": -1})
            result += b.ops
            done = first.end
        return result + ops[done:]


def _type(access: Access) -> BufferType:
    """The type of a buffer that the access sees whole; temporaries are those of a caller."""
    type = access.base.type
    space = "const" if type.space == "const" else "arg"
    return BufferType(type.dtype, access.shape, access.strides, space)


def _seen(b: Builder, access: Access) -> Value:
    base = access.base
    type = BufferType(base.type.dtype, access.shape, access.strides, base.type.space)
    if access.offset == 0 and type == base.type:
        return base
    seen: Value = b.view(base, offset=access.offset, type=type)
    seen.name = base.name
    return seen
