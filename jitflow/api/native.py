"""Signatures as rows of the native entry: which calls need no Python from now on.

Tuples, lists, dicts and dataclasses are taken apart by the stub; of other containers it calls the
Python function that does so. What is larger than its tables stays with Python. Knows no words and
no LLVM.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Collection, Iterator, Sequence
from types import MemberDescriptorType
from typing import Any

import numpy as np

from jitflow.api.arguments import OWN_CODE_BYTES, READY, is_array, is_copied
from jitflow.api.attributes import (
    ABSENT,
    CONTENTS,
    WHOLE,
    contents,
    is_number,
    parts,
)
from jitflow.api.signature import Call
from jitflow.api.stages import Compiled, Donated
from jitflow.runtime.entry import Program, Results, Row, TooLarge
from jitflow.trace.containers import Kind, in_order, kind_of
from jitflow.trace.pytree import Node

MAX_DEPTH = 50
LeafGuard = Callable[[Program, int, Any], None]
_PLAIN: Any = object.__getattribute__


def native_row(
    args: Sequence[Any],
    kwargs: dict[str, Any],
    static: Collection[int | str],
    compiled: Compiled,
    donated: Sequence[Donated] = (),
) -> Row | None:
    """The row for calls like this one, None where Python has to take them.

    `static` are the positions and names of arguments whose values the code is for.
    """
    if compiled.call.is_alone:
        return None
    try:
        program = Program(len(args), list(kwargs), [d.leaf for d in donated])
        for position, x in enumerate(args):
            argument_guards(program, position, x, position in static)
        order = {name: len(args) + k for k, name in enumerate(kwargs)}
        for name in sorted(kwargs):
            argument_guards(program, order[name], kwargs[name], name in static)
        attribute_guards(program, compiled.call)
        captured_guards(program, compiled)
        results = Results()
        _results(results, iter(compiled.tree.nodes), iter(range(compiled.tree.leaf_count)), 0)
        return Row(program, results, compiled.road.executable, donated)
    except TooLarge:
        return None


def leaf_guard(program: Program, number: int, x: Any) -> None:
    """A leaf of the arguments.

    Small arrays that lie otherwise than in C order are copied, large ones have a row each.
    """
    if not is_array(x):
        program.number(number, type(x))
        return
    is_large = x.nbytes >= OWN_CODE_BYTES
    by_strides = is_large and x.flags.num & READY != READY
    program.array(number, x, by_strides, may_copy=is_copied(x) or not is_large)


def attribute_guards(program: Program, call: Call) -> None:
    """What a method reads of its object: equal numbers, and the same objects."""
    if not call.attributes:
        return
    places = {id(call.holder): 0 if call.is_method else program.captured(call.holder)}
    for attribute in call.attributes:
        holder, name, value, tree, leaves = attribute
        number, kind, expected = places[id(holder)], type(holder), iter(leaves)

        def leaf(program: Program, number: int, _: Any, expected: Iterator[Any] = expected) -> None:
            x = next(expected)
            (program.value if is_number(x) else program.same)(number, x)
            places.setdefault(id(x), number)

        if value is ABSENT:
            program.value(program.call(number, kind, _lacks(name)), True)
        elif name == CONTENTS:
            for place in program.container(
                program.call(number, kind, contents), tuple, range(len(leaves))
            ):
                leaf(program, place, None)
        elif tree == WHOLE:
            leaf(program, program.attribute(number, kind, name), value)
        elif parts(value)[0].exact == tree.exact:
            _part(program, program.attribute(number, kind, name), value, 0, leaf)
        else:
            raise TooLarge(f"{name} is being changed")


@functools.cache
def _lacks(name: str) -> Callable[[Any], bool]:
    return lambda x: not hasattr(x, name)


def captured_guards(program: Program, compiled: Compiled) -> None:
    """The arrays from outside, which calls read as they are then."""
    for array in compiled.captured:
        program.array(program.captured(array), array, by_strides=False, may_copy=True)


def argument_guards(
    program: Program, number: int, x: Any, is_static: bool, leaf: LeafGuard = leaf_guard
) -> None:
    """An argument; `leaf` is called for each leaf of one that is not static, in order."""
    if is_static:
        program.value(number, x)
    else:
        _part(program, number, x, 0, leaf)


def _part(program: Program, number: int, x: Any, depth: int, leaf: LeafGuard) -> None:
    if x is None:
        program.value(number, x)
        return
    kind = kind_of(type(x))
    if kind is None:
        leaf(program, number, x)
        return
    if depth == MAX_DEPTH:
        raise TooLarge(f"containers deeper than {MAX_DEPTH}")
    children, data = kind.flatten(x)
    for place, child in zip(_places(program, number, kind, children, data), children, strict=True):
        _part(program, place, child, depth + 1, leaf)


def _places(
    program: Program, number: int, kind: Kind, children: Sequence[Any], data: Any
) -> Sequence[int]:
    """The numbers of a container's children, once its data is asked for."""
    if kind.is_plain and data is None:
        return program.container(number, kind.type, range(len(children)))
    if kind.is_plain and not any(map(_has_parts, data)):
        order = in_order(data)
        found = dict(zip(order, program.container(number, kind.type, order), strict=True))
        return [found[key] for key in data]
    if kind.fields is not None and _are_plain(kind.type, kind.fields + kind.static):
        places = [program.attribute(number, kind.type, name) for name in kind.fields]
        for name, x in zip(kind.static, data, strict=True):
            program.value(program.attribute(number, kind.type, name), x)
        return places
    parts = program.call(number, kind.type, _parts_of(kind))
    *places, place = program.container(parts, tuple, range(len(children) + 1))
    program.value(place, in_order(data))
    return places


def _has_parts(key: Any) -> bool:
    """Whether keys of one type may be equal, and yet not the same to all code: 0.0, (1,)."""
    return isinstance(key, (float, complex, np.generic, tuple))


@functools.cache
def _parts_of(kind: Kind) -> Callable[[Any], tuple[Any, ...]]:
    """A function that makes a container's children and data one tuple."""

    def parts(x: Any) -> tuple[Any, ...]:
        children, data = kind.flatten(x)
        return (*children, in_order(data))

    return parts


def _are_plain(cls: type, names: Sequence[str]) -> bool:
    """Whether attributes of these names are found without running Python."""
    if hasattr(cls, "__getattr__") or cls.__getattribute__ is not _PLAIN:
        return False
    found = [vars(base)[name] for name in names for base in cls.__mro__ if name in vars(base)]
    return all(isinstance(x, MemberDescriptorType) or not hasattr(x, "__set__") for x in found)


def _results(results: Results, nodes: Iterator[Node], outputs: Iterator[int], depth: int) -> None:
    """The next tree of `nodes`, each of which stands before its children."""
    kind, data, arity = next(nodes)
    if kind is None:
        results.output(next(outputs))
    elif kind.type is type(None):
        results.constant(None)
    elif depth == MAX_DEPTH:
        raise TooLarge(f"containers deeper than {MAX_DEPTH}")
    else:
        starts = []
        for _ in range(arity):
            starts.append(results.size)
            _results(results, nodes, outputs, depth + 1)
        if kind.type is dict and arity:
            places, data = dict(zip(data, starts, strict=True)), in_order(data)
            results.reorder(places, data)
        _put_together(results, kind, data, arity)


def _put_together(results: Results, kind: Kind, data: Any, arity: int) -> None:
    """A container of the last parts."""
    if kind.type in (tuple, list, dict):
        results.container(kind.type, range(arity) if data is None else data)
    elif kind.is_plain:
        results.container(tuple, range(arity))
        results.call(kind.type._make, 1)  # type: ignore[attr-defined]
    elif kind.fields is not None:
        for x in data:
            results.constant(x)
        names = kind.fields + kind.static
        results.call(kind.type, len(names), names)
    else:
        results.container(list, range(arity))
        results.call(functools.partial(kind.build, data), 1)
