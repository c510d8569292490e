"""Donated arguments: arrays that a call may overwrite, as results come back in their memory.

Owns what may be donated, and which result takes which array. An error comes before any write.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from typing import Any

import numpy as np
from numpy.lib.array_utils import byte_bounds

from jitflow.api.signature import Call, Signature
from jitflow.api.stages import Compiled, Donated
from jitflow.errors import TraceError, described
from jitflow.ir.core import Function
from jitflow.trace.lift import WEAK
from jitflow.trace.pytree import flatten, unflatten
from jitflow.trace.source import fail


class Donation:
    """Which parameters are donated; false where none is."""

    def __init__(self, signature: Signature, numbers: Any, names: Any) -> None:
        self.given = (numbers, names)
        self.signature = signature
        self.numbers, self.names = signature.resolve("donate", numbers, names)
        both = sorted(map(str, self.names & signature.names or self.numbers & signature.numbers))
        if both:
            fail(TraceError, f"argument {both[0]} is both donated and static")

    def __bool__(self) -> bool:
        return bool(self.numbers or self.names)

    def among(self, call: Call) -> list[int | str]:
        """Positions and keywords of the dynamic arguments of a call that are donated."""
        static = {place for place, _ in call.static}
        args, kwargs = unflatten(call.tree, [None] * call.tree.leaf_count), {}
        if call.has_keywords:
            args, kwargs = args
        free = [i for i in range(len(args) + len(static)) if i not in static]
        places = [place for place, i in zip(range(len(args)), free) if i in self.numbers]  # noqa: B905
        return [*places, *sorted(self.names & kwargs.keys())]

    def leaves(self, call: Call, args: tuple[Any, ...], kwargs: dict[str, Any]) -> list[int]:
        """The numbers of the donated leaves of a call; TraceError where one cannot be donated.

        Beside arrays, an argument's numbers are passed over: they have no memory to give.
        """
        static = {place for place, _ in call.static}
        parts = [(i in self.numbers, x) for i, x in enumerate(args) if i not in static]
        parts += [(n in self.names, kwargs[n]) for n in sorted(kwargs) if n not in static]
        found: list[int] = []
        count = 0
        for is_donated, x in parts:
            leaves = flatten(x)[0]
            if is_donated:
                found += _donated(leaves, count)
            count += len(leaves)
        for k in found:
            problem = _unfit(call.leaves[k])
            if problem:
                self._refuse(call, k, problem)
        return found

    def refuse_shared(self, call: Call, donated: Sequence[int], captured: Sequence[Any]) -> None:
        """TraceError where a donated array has memory in common with another one of the call."""
        chosen = set(donated)
        arrays = [(k, x) for k, x in enumerate(call.leaves) if isinstance(x, np.ndarray)]
        arrays += [(-1, x) for x in captured]
        if not _some_share([(k in chosen, x) for k, x in arrays]):
            return
        for (i, x), (j, y) in combinations(arrays, 2):
            if (i in chosen or j in chosen) and np.may_share_memory(x, y):
                first, second = (j, i) if j in chosen else (i, j)
                other = "an array from outside of the function"
                if second >= 0:
                    other = str(self.signature.leaf_names(call)[second])
                self._refuse(call, first, f"it shares memory with {other}")

    def targets(self, call: Call, donated: Sequence[int], compiled: Compiled) -> list[Donated]:
        """For each donated array the first result of its dtype and shape that is left."""
        if compiled.donated is None:
            pairs = self.pairs(call, donated, compiled.graph)
            in_place = compiled.road.may_overwrite(pairs)
            compiled.donated = [
                Donated(*pair, may) for pair, may in zip(pairs, in_place, strict=True)
            ]
        return compiled.donated

    def pairs(
        self, call: Call, donated: Sequence[int], graph: Function
    ) -> list[tuple[int, int]]:
        """Results and the donated leaves that they take; TraceError for a leaf left over."""
        free: list[Any] = [(v.type.dtype.numpy, v.type.shape) for v in graph.results]
        pairs = []
        for k in donated:
            x = call.leaves[k]
            if (x.dtype, x.shape) not in free:
                self._refuse(call, k, f"no result that is left is {x.dtype}{list(x.shape)}")
            place = free.index((x.dtype, x.shape))
            free[place] = None
            pairs.append((place, k))
        return pairs

    def _refuse(self, call: Call, leaf: int, problem: str) -> None:
        fail(
            TraceError,
            f"cannot be donated: {problem}",
            op=self.signature.leaf_names(call)[leaf],
            cure="pass a copy of it, or leave it out of donate_argnums and donate_argnames",
        )


def _donated(leaves: Sequence[Any], first: int) -> list[int]:
    """The numbers of an argument's leaves that are donated, counted from `first`."""
    arrays = [k for k, x in enumerate(leaves, first) if not isinstance(x, (np.generic, *WEAK))]
    return arrays or list(range(first, first + len(leaves)))


def _some_share(arrays: Sequence[tuple[bool, Any]]) -> bool:
    """Whether a donated array, which its pair says, may share memory with another one."""
    bounds = sorted((*byte_bounds(x), is_donated) for is_donated, x in arrays if x.size)
    end = end_of_donated = 0
    for first, last, is_donated in bounds:
        if first < (end if is_donated else end_of_donated):
            return True
        end = max(end, last)
        end_of_donated = max(end_of_donated, last) if is_donated else end_of_donated
    return False


def _unfit(x: Any) -> str:
    """Why a value cannot take a result, or ""."""
    if type(x) is not np.ndarray:
        return f"it is {described(x)}, not a NumPy array"
    if not x.flags.writeable:
        return "it is read-only"
    if not (x.flags.c_contiguous and x.flags.aligned):
        return "it is not dense, aligned and in C order"
    return "" if x.ndim else "it has rank 0, and such results are NumPy scalars"
