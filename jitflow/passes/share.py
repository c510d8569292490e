"""share: loop nests of which a body has several become one nest, run with each one's buffers.

Unrolled programs have the same loops many times over: the layers of a network, the steps of a
simulation. Passes behind this one, and LLVM, meet each of them once.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable

from jitflow.ir.buffers import base_of
from jitflow.ir.builder import Builder
from jitflow.ir.core import Function, Op, Region, Value, walk
from jitflow.ir.nests import NOT_IN_NESTS, RUN, nests_of
from jitflow.ir.types import BufferType
from jitflow.passes.lowering.rebuild import copy_op
from jitflow.passes.lowering.structure import Structure


def share(function: Function) -> Function:
    """Replaces loops of the body that are equal but for their buffers by runs of one nest.

    Before: `loop ... { load %a ... store %b }  loop ... { load %c ... store %d }`
    After:  `run %a, %b {nest=@nest0}  run %c, %d {nest=@nest0}`
            with `nest @nest0(%a: ..., %b: ...) { loop ... { load %a ... store %b } }`
    Temporaries that one loop alone uses go along. Loops that carry values or can fail stay.
    Precondition: behind all that looks at several loops, before `parallelize`.
    """
    loops = _candidates(function)
    if not loops:
        return function
    own = _own_buffers(function)
    alike: dict[Hashable, list[tuple[Op, Structure]]] = {}
    for loop in loops:
        structure = Structure(loop, own.get(loop, ()))
        if structure.key is not None:
            alike.setdefault(structure.key, []).append((loop, structure))
    runs: dict[Op, Op] = {}
    taken = len(nests_of(function))
    for group in alike.values():
        if len(group) > 1:
            nest = _nest(f"nest{taken}", *group[0])
            taken += 1
            attrs = {"nest": nest, "offset": -1}
            runs.update(
                (loop, Op(RUN, tuple(structure.given), attrs, (), (), loop.locations))
                for loop, structure in group
            )
    if not runs:
        return function
    ops = [runs.get(op, op) for op in function.ops]
    return function.with_body(Region(function.params, ops, function.results))


def _candidates(function: Function) -> list[Op]:
    """Loops of the body that may be nests and have the same rows as another one, op by op."""
    rows = {
        op: tuple([inner.row for inner in walk(op.regions[0])])
        for op in function.ops if op.row.name == "loop" and not op.results
    }  # fmt: skip
    if len(rows) < 2:
        return []
    number = Counter(rows.values())
    return [
        op for op, found in rows.items()
        if number[found] > 1 and not any(row in NOT_IN_NESTS for row in found)
    ]  # fmt: skip


def _own_buffers(function: Function) -> dict[Op, list[Value]]:
    """The temporaries that one op of the body alone uses, by that op."""
    user: dict[Value, Op | None] = {}
    for op in function.ops:
        if op.row.name == "view":
            continue
        used = set(op.operands)
        for region in op.regions:
            used.update([v for inner in walk(region) for v in inner.operands])
        for base in {base_of(v) for v in used if type(v.type) is BufferType}:
            user[base] = None if base in user else op
    own: dict[Op, list[Value]] = {}
    for base, only in user.items():
        if only is not None and base.op is not None and base.op.row.name == "alloc":
            own.setdefault(only, []).append(base)
    return own


def _nest(name: str, loop: Op, structure: Structure) -> Function:
    builder, new = Builder(), dict[Value, Value]()
    for value in structure.given:
        new[value] = builder.param(_given(value.type), value.name)
    for op in structure.along:
        builder.locations = op.locations
        if op.operands and op.operands[0] in new:
            attrs = {**op.attrs, "type": _given(op.attrs["type"])}
            view = builder.emit(op.row, (new[op.operands[0]],), attrs)
            new[op.result] = view.result
            view.result.name = op.result.name
        else:
            builder.append(op)
    copy_op(builder, loop, new, lambda b, op, n: False)
    return builder.build(name, ())


def _given(buffer: BufferType) -> BufferType:
    """The type of a buffer in a nest: temporaries are its caller's."""
    if buffer.space != "temp":
        return buffer
    return BufferType(buffer.dtype, buffer.shape, buffer.strides)
