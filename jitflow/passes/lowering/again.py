"""What is lowered several times over becomes one nest, run with each one's buffers.

Layers of a network and steps that are unrolled give the same loops many times over.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import Any

from jitflow.ir.builder import Builder
from jitflow.ir.core import Function, Op, Region, Value, walk
from jitflow.ir.location import Locations
from jitflow.ir.nests import NOT_IN_NESTS, RUN, run_op
from jitflow.ir.types import INDEX, BufferType
from jitflow.passes.lowering.access import Access
from jitflow.passes.lowering.opening import open_run

Make = Callable[[Any, list[Access]], None]
"""make(context, accesses): adds loops to a context that read and write these."""


MANY_ALIKE = 32
"""So many of straight code are worth a nest: LLVM's time for it is many times that of a call."""


@dataclass
class _First:
    """The ops of a body, from `start` to `end`, that were made first for a key."""

    start: int
    end: int
    given: list[Access]
    nest: Function | None = None


class Again:
    """What was made for each key, in one run of a pass.

    new_context(params) is that of a nest.
    """

    def __init__(self, new_context: Callable[[list[Value]], Any]) -> None:
        self._new_context = new_context
        self._firsts: dict[Hashable, _First] = {}
        self._nests: dict[Hashable, Function | None] = {}
        """None where what is made cannot be a nest."""
        self._runs: Counter[str] = Counter()
        """Of each nest, by its name."""

    def emit(
        self, context: Any, key: Hashable, accesses: Sequence[Access], make: Make,
        is_frequent: bool = False, count: int = 1,
    ) -> None:
        """What `make` adds to the context, or a run of the nest that it makes.

        key: what is made depends on, beside the accesses; None where nothing else is alike.
        is_frequent: whether the like of it is to be expected again; count: how many there are at
        most. Accesses that see one memory in different ways are left to `share`.
        """
        given = list(dict.fromkeys(accesses))
        if key is None or len({access.base for access in given}) < len(given):
            make(context, list(accesses))
            return
        order = tuple([given.index(access) for access in accesses])
        key = key, order, tuple([_layout(access) for access in given])
        first = self._firsts.get(key)
        if key not in self._nests and (first is not None or is_frequent):
            made = self._nest(make, given, order, context.builder.locations, count >= MANY_ALIKE)
            self._nests[key] = made
            if first is not None and made is not None:
                first.nest = made
                self._runs[made.name] += 1
        nest = self._nests.get(key)
        if nest is not None:
            operands = tuple([context.view(a, a.shape, a.strides) for a in given])
            context.builder.append(run_op(nest, operands, context.builder.locations))
            self._runs[nest.name] += 1
            return
        start = len(context.builder.ops)
        make(context, list(accesses))
        end = len(context.builder.ops)
        if key not in self._nests and end > start:
            self._firsts[key] = _First(start, end, given)

    def _nest(
        self, make: Make, given: list[Access], order: tuple[int, ...], locations: Locations,
        may_be_straight: bool,
    ) -> Function | None:
        """What is made as a function of its buffers; None where that has no loops or can fail."""
        params = [Value(_type(access), access.base.name) for access in given]
        inner = self._new_context(params)
        inner.builder.locations = locations
        made = [Access.whole(param) for param in params]
        make(inner, [made[number] for number in order])
        body = Region(params, inner.ops(), ())
        if not may_be_straight and not any(op.regions for op in body.ops):
            return None
        if any(op.row in NOT_IN_NESTS for op in walk(body)):
            return None
        return Function(f"nest{len(self._runs)}", body)

    def replaced(self, context: Any, ops: list[Op]) -> list[Op]:
        """The ops of the body with runs in place of what was made first for each nest.

        Views and memory stay, as others may use them. What was made within another goes with it. A
        nest that is run once only is opened.
        """
        result: list[Op] = []
        done = 0
        firsts = [first for first in self._firsts.values() if first.nest is not None]
        for first in sorted(firsts, key=lambda first: (first.start, -first.end)):
            if first.start < done:
                continue
            result += ops[done : first.start]
            mine = ops[first.start : first.end]
            result += [op for op in mine if op.row.name in ("view", "alloc")]
            b = Builder(locations=mine[-1].locations)
            operands = tuple([_seen(b, access) for access in first.given])
            assert first.nest is not None
            result += [*b.ops, run_op(first.nest, operands, b.locations)]
            done = first.end
        result += ops[done:]
        return self._opened(context, result) if 1 in self._runs.values() else result

    def _opened(self, context: Any, ops: list[Op]) -> list[Op]:
        builder = Builder()
        for op in ops:
            if op.row is RUN and self._runs[op.attrs["nest"].name] == 1:
                indices = [c.attrs["value"] for c in op.attrs["nest"].ops if _is_index(c)]
                open_run(builder, op, {(INDEX, i): context.index(i.item()) for i in indices})
            else:
                builder.append(op)
        return builder.ops


def _is_index(op: Op) -> bool:
    return op.row.name == "constant" and op.result.type == INDEX


def _layout(access: Access) -> Hashable:
    """Equal for accesses whose buffers have one `_type`."""
    type = access.base.type
    return type.dtype, access.shape, access.strides, type.space == "const"


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
