"""share: loop nests of which a body has several become one nest, run with each one's buffers.

Unrolled programs have the same loops many times over: the layers of a network, the steps of a
simulation. Passes behind this one, and LLVM, meet each of them once.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable
from itertools import count

from jitflow.forks import computed
from jitflow.ir.buffers import base_of
from jitflow.ir.builder import Builder
from jitflow.ir.core import Function, Op, Region, Value, used, walk
from jitflow.ir.location import unite_all
from jitflow.ir.nests import NOT_IN_NESTS, RUN, given_type, nests_of, run_op
from jitflow.ir.types import BufferType
from jitflow.passes.lowering.rebuild import copy_op
from jitflow.passes.lowering.structure import Structure

MANY_RUNS = 8
"""From here on what else is in the body becomes nests too. Then the body is a list of calls, which
LLVM need not optimise, though all that they take is alive in it."""


def share(function: Function) -> Function:
    """Replaces loops of the body that are equal but for their buffers by runs of one nest.

    Before: `loop ... { load %a ... store %b }  loop ... { load %c ... store %d }`
    After:  `run %a, %b {nest=@nest0}  run %c, %d {nest=@nest0}`
            with `nest @nest0(%a: ..., %b: ...) { loop ... { load %a ... store %b } }`
    Temporaries that one loop alone uses go along. Loops that carry values or can fail stay; but
    where there are MANY_RUNS, what stands between runs becomes a nest as well, if it cannot fail.
    Precondition: behind all that looks at several loops, before `parallelize`.
    """
    body = _Body(function)
    if body.loops:
        body.share_loops()
    if sum(op.row is RUN for op in body.ops) >= MANY_RUNS:
        body.gather()
    if not body.nests:
        return function
    return function.with_body(Region(function.params, body.ops, function.results))


class _Body:
    """The ops of a function under rewriting; `nests` is how many were made."""

    def __init__(self, function: Function) -> None:
        self.function = function
        self.ops = list(function.ops)
        self.loops = _candidates(function)
        self.nests = 0
        self._taken = {nest.name for nest in nests_of(function)}

    @computed
    def _users(self) -> dict[Value, set[Op]]:
        """The ops of the body that use each value, themselves or inside of them, views aside."""
        users: dict[Value, set[Op]] = {}
        for op in self.function.ops:
            if op.row.name != "view":
                for value in used(op):
                    users.setdefault(base_of(value), set()).add(op)
        return users

    def share_loops(self) -> None:
        """Runs in place of loops that are alike."""
        alike: dict[Hashable, list[tuple[Op, Structure]]] = {}
        for loop in self.loops:
            structure = self._structure([loop])
            if structure.key is not None:
                alike.setdefault(structure.key, []).append((loop, structure))
        runs: dict[Op, Op] = {}
        for group in alike.values():
            if len(group) > 1:
                nest = self._nest([group[0][0]], group[0][1])
                runs.update((loop, _run(nest, [loop], structure)) for loop, structure in group)
        self.ops = [runs.get(op, op) for op in self.ops]

    def gather(self) -> None:
        """Nests of what stands between runs. What only names memory or numbers stays in front."""
        done, waiting = list[Op](), list[Op]()
        for op in self.ops:
            if op.row is RUN or _must_stay(op):
                done += [*self._gathered(waiting), op]
                waiting = []
            elif op.row.name in _NAMES:
                done.append(op)
            else:
                waiting.append(op)
        self.ops = done + self._gathered(waiting)

    def _gathered(self, ops: list[Op]) -> list[Op]:
        """The ops as a run, or as they are if they hold no loop, or give what others use."""
        mine = set(ops)
        made = [v for op in ops for v in op.results]
        if not any(op.regions for op in ops):
            return ops
        if any(not self._users.get(v, mine) <= mine for v in made):
            return ops
        structure = self._structure(ops)
        if structure.key is None:
            return ops
        return [_run(self._nest(ops, structure), ops, structure)]

    def _structure(self, ops: list[Op]) -> Structure:
        mine = set(ops)
        bases = {base_of(v) for op in ops for v in used(op) if type(v.type) is BufferType}
        own = {
            base for base in bases
            if base.op is not None and base.op.row.name == "alloc" and self._users[base] <= mine
        }  # fmt: skip
        return Structure(ops, own)

    def _nest(self, ops: list[Op], structure: Structure) -> Function:
        name = next(name for name in map("nest{}".format, count()) if name not in self._taken)
        self._taken.add(name)
        self.nests += 1
        return _made(name, ops, structure)


_NAMES = ("alloc", "view", "constant", "global")


def _must_stay(op: Op) -> bool:
    rows = {op.row, *[inner.row for region in op.regions for inner in walk(region)]}
    return not rows.isdisjoint(NOT_IN_NESTS)


def _run(nest: Function, ops: list[Op], structure: Structure) -> Op:
    places = unite_all(op.locations for op in ops)
    return run_op(nest, tuple(structure.given), places)


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


def _made(name: str, ops: list[Op], structure: Structure) -> Function:
    """The nest."""
    builder, new = Builder(), dict[Value, Value]()
    for value in structure.given:
        new[value] = builder.param(given_type(value.type), value.name)
    for op in structure.along:
        builder.locations = op.locations
        if op.operands and op.operands[0] in new:
            attrs = {**op.attrs, "type": given_type(op.attrs["type"])}
            view = builder.emit(op.row, (new[op.operands[0]],), attrs)
            new[op.result] = view.result
            view.result.name = op.result.name
        else:
            builder.append(op)
    for op in ops:
        copy_op(builder, op, new, lambda b, op, n: False)
    return builder.build(name, ())
