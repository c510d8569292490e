"""Signatures as rows of the native entry: which calls need no Python from now on.

What has no native form stays with Python: containers other than tuples, lists and dicts, arrays
that are copied on the way in. Knows no words and no LLVM.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from jitflow.api.arguments import READY, is_copied, memory_axes
from jitflow.api.stages import Compiled, Donated
from jitflow.runtime.entry import Program, Results, Row, TooLarge
from jitflow.trace.containers import kind_of
from jitflow.trace.pytree import Node

MAX_DEPTH = 50


def native_row(
    args: Sequence[Any],
    kwargs: dict[str, Any],
    static: frozenset[int | str],
    compiled: Compiled,
    donated: Sequence[Donated] = (),
) -> Row | None:
    """The row for calls like this one, None where Python has to take them.

    `static` are the positions and names of arguments whose values the code is for.
    """
    try:
        program = Program(len(args), list(kwargs), [d.leaf for d in donated])
        for position, x in enumerate(args):
            _argument(program, position, x, position in static)
        order = {name: len(args) + k for k, name in enumerate(kwargs)}
        for name in sorted(kwargs):
            _argument(program, order[name], kwargs[name], name in static)
        for array in compiled.captured:
            _captured(program, array)
        results = Results()
        _results(results, iter(compiled.tree.nodes), iter(range(compiled.tree.leaf_count)), 0)
        return Row(program, results, compiled.road.executable, donated)
    except TooLarge:
        return None


def _argument(program: Program, number: int, x: Any, is_static: bool) -> None:
    if is_static:
        program.value(number, x)
    else:
        _part(program, number, x, 0)


def _part(program: Program, number: int, x: Any, depth: int) -> None:
    if x is None:
        program.value(number, x)
        return
    kind = kind_of(type(x))
    if kind is None:
        _leaf(program, number, x)
        return
    if depth == MAX_DEPTH:
        raise TooLarge(f"containers deeper than {MAX_DEPTH}")
    children, data = kind.flatten(x)
    keys = data if type(x) is dict else range(len(children))
    for place, child in zip(program.container(number, type(x), keys), children, strict=True):
        _part(program, place, child, depth + 1)


def _leaf(program: Program, number: int, x: Any) -> None:
    if type(x) is not np.ndarray:
        program.number(number, type(x))
        return
    if is_copied(x):
        raise TooLarge("an array that is copied first")
    program.array(number, x, memory_axes(x))


def _captured(program: Program, array: Any) -> None:
    """An array from outside, which the code reads in C order whatever order it lies in."""
    if array.flags.num & READY != READY:
        raise TooLarge("a captured array that is copied first")
    program.array(program.captured(array), array, None)


def _results(results: Results, nodes: Iterator[Node], outputs: Iterator[int], depth: int) -> None:
    """The next tree of `nodes`, each of which stands before its children."""
    kind, data, arity = next(nodes)
    if kind is None:
        results.output(next(outputs))
    elif kind.type is type(None):
        results.none()
    elif depth == MAX_DEPTH:
        raise TooLarge(f"containers deeper than {MAX_DEPTH}")
    else:
        for _ in range(arity):
            _results(results, nodes, outputs, depth + 1)
        results.container(kind.type, data if kind.type is dict else range(arity))


