"""What each loop nest of a function costs: its ops, and the time that its code took to make.

For reports only: every nest is compiled once more, by itself.
"""

from __future__ import annotations

from collections import Counter
from time import perf_counter
from typing import NamedTuple

from jitflow.codegen import called_rows
from jitflow.ir.core import Function, Op, Region
from jitflow.ir.location import Locations, unite_all
from jitflow.ir.nests import nests_of, runs_of, walk_all
from jitflow.ir.row import Family
from jitflow.ir.types import INDEX
from jitflow.passes.nests import split_nests
from jitflow.runtime.compile import LOOP_OP, executed_ops, llvm_text
from jitflow.runtime.engine import engine
from jitflow.runtime.machine import host_target
from jitflow.runtime.target import Target


class NestCost(NamedTuple):
    """One loop nest, compiled by itself.

    Milliseconds are for LLVM text and machine code, without what an empty function takes.
    Ops are those at level 3, nested ones too; `executed` counts them as often as a call runs them,
    where trip counts are known. `rows` counts those that compute more than indices by name, the
    most frequent ones first; `bytes` is machine code; `runs` is how many equal ones there are.
    """

    milliseconds: float
    ops: int
    loops: int
    executed: int
    bytes: int
    rows: dict[str, int]
    locations: Locations
    runs: int = 1


def nest_costs(function: Function, target: Target | None = None) -> tuple[NestCost, ...]:
    """The cost of each part of `split_nests`, for a function that has code."""
    target = host_target() if target is None else target
    empty = Function(function.name, Region(function.params, (), ()), function.attrs)
    least = min(_compile(empty, target) for _ in range(3))
    alike: dict[int, list[Function]] = {}
    for part in split_nests(function):
        alike.setdefault(id((*nests_of(part), part)[0]), []).append(part)
    return tuple([_cost(parts, target, least) for parts in alike.values()])


def _compile(function: Function, target: Target) -> tuple[float, int]:
    """Milliseconds, and bytes of the object."""
    calls = called_rows(walk_all(function))
    start = perf_counter()
    text = llvm_text(function, target)
    image = engine().object_image(text, target, calls)
    return 1000 * (perf_counter() - start), len(image)


def _cost(parts: list[Function], target: Target, least: tuple[float, int]) -> NestCost:
    """That of the first one; the others run the same nest."""
    milliseconds, size = _compile(parts[0], target)
    ops = list(walk_all(parts[0]))
    runs = [op for part in parts for op in runs_of(part)]
    math = [op for op in ops if op.row.family is Family.ELEMENTWISE]
    rows = Counter(op.row.name for op in [op for op in math if not _is_index(op)] or math)
    return NestCost(
        milliseconds=max(0.0, milliseconds - least[0]),
        ops=len(ops),
        loops=sum(op.row.name == LOOP_OP for op in ops),
        executed=sum([executed_ops(part.body) for part in parts]),
        bytes=max(0, size - least[1]),
        rows=dict(rows.most_common()),
        locations=unite_all(
            op.locations for op in (*ops, *runs) if op.row.family is not Family.CREATION
        ),
        runs=len(parts),
    )


def _is_index(op: Op) -> bool:
    return all(v.type == INDEX for v in (*op.operands, *op.results))
