"""Calls of functions of tensors that run next to no Python, once one like them was seen.

A row takes arrays out of the tensors among the arguments, reads the values of variables and sets
them; Python is left what makes tensors of the results. Calls that a tape records, or that come
within another trace, are not for rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from typing import Any, NamedTuple

from jitflow import api
from jitflow.api.native import argument_guards, captured_guards, leaf_guard, native_row
from jitflow.eager.tensor import STATE, Made, Tensor, output
from jitflow.recording import Application, Operand
from jitflow.runtime.entry import Kept, Program, Results, Row, TooLarge
from jitflow.trace.pytree import TreeDef, flatten, unflatten

MOST_LEAVES = 64
"""Of the arguments: for each of them Python has something to do."""


class _Leaf(NamedTuple):
    """A leaf of the arguments that may be another one in each call.

    place: among all leaves. number: of the object in the row. variable: the one that has it.
    """

    place: int
    number: int
    is_operand: bool
    variable: Any = None


def row_of_arrays(function: api.JitFunction, args: Sequence[Any], kwargs: Any) -> Row | None:
    """The row for calls like this one, which has no tensors, of a function without variables."""
    code, static = function.seen(*args, **kwargs)
    return None if function.donates else native_row(args, kwargs, static, code)


def row_of_tensors(
    name: str, application: Application, args: Sequence[Any], kwargs: dict[str, Any], state: str,
    variables: Sequence[Any],
) -> Row | None:
    """The row for calls like this one, None where there can be none.

    name: of the operation; application: of the jitted function to all of this. state: the keyword,
    not in kwargs, by which it takes the values of variables; it gives its result, and new values by
    their places.
    """
    function: Any = application.function
    if function.donates or len(application.leaves) > MOST_LEAVES:
        return None
    given = {**kwargs, state: [variable.tensor for variable in variables]}
    if any(type(x) is not Tensor for x in flatten((args, given))[0] if isinstance(x, Operand)):
        return None
    values = [_plain(x) for x in (tuple(args), given)]
    code, static = function.seen(*values[0], **values[1])
    try:
        return _Guards(args, kwargs, static, state, variables).row(name, application, code)
    except TooLarge:
        return None


def _plain(tree: Any) -> Any:
    """The tree with the values of tensors in place of these."""
    leaves, structure = flatten(tree)
    return unflatten(structure, [x._value if type(x) is Tensor else x for x in leaves])


class _Guards:
    """What calls like one that was seen have in common, and what each has of its own."""

    def __init__(
        self, args: Sequence[Any], kwargs: dict[str, Any], static: AbstractSet[int | str],
        state: str, variables: Sequence[Any],
    ) -> None:
        self._variables = variables
        self._leaves: list[_Leaf] = []
        self._items: list[int] = []
        self._place = 0
        self.program = Program(len(args), list(kwargs))
        self._thread()
        order = {name: len(args) + k for k, name in enumerate(kwargs)}
        for place, x in enumerate(args):
            self._argument(place, x, place in static)
        for name in sorted([*kwargs, state]):
            if name == state:
                self._state()
            else:
                self._argument(order[name], kwargs[name], name in static)

    def _thread(self) -> None:
        """No tape records in this thread, and no function of tensors is traced."""
        state = self.program.captured(STATE)
        tapes = self.program.attribute(state, type(STATE), "tapes")
        self.program.container(tapes, list, [])
        self.program.value(self.program.attribute(state, type(STATE), "frame"), None)

    def _argument(self, number: int, x: Any, is_static: bool) -> None:
        argument_guards(self.program, number, x, is_static, self._leaf)
        if is_static:
            self._place += len(flatten(x)[0])

    def _leaf(self, program: Program, number: int, x: Any) -> None:
        is_operand = type(x) is Tensor
        self._leaves.append(_Leaf(self._place, number, is_operand))
        self._place += 1
        if is_operand:
            leaf_guard(program, program.attribute(number, Tensor, "_value"), x._value)
        else:
            leaf_guard(program, number, x)

    def _state(self) -> None:
        for variable in self._variables:
            number = self.program.item(self.program.captured(variable.cell), 0)
            self._items.append(number)
            self._leaves.append(_Leaf(self._place, number, True, variable))
            self._place += 1
            leaf_guard(self.program, number, variable.cell[0])

    def row(self, name: str, application: Application, code: api.Compiled) -> Row:
        """The row, whose results Python makes tensors."""
        count = code.tree.leaf_count
        result, changes = unflatten(code.tree, range(count))
        outputs, tree = flatten(result)
        results = Results()
        leaves = list(application.leaves)
        for leaf in self._leaves:
            results.object(leaf.number)
            if not leaf.is_operand:
                leaves[leaf.place] = None
        for number in outputs:
            results.output(number)
        finish = _Finish(name, application.on(leaves), tuple(self._leaves), count, tree)
        results.call(finish, len(self._leaves) + len(outputs))
        captured_guards(self.program, code)
        stores = [
            Kept(self._variables[int(k)].cell, 0, number, self._items[int(k)])
            for k, number in changes.items()
        ]
        return Row(self.program, results, code.road.executable, stores=stores)


class _Finish:
    """Makes tensors of the results: of the leaves that are a call's own, and its outputs."""

    def __init__(
        self, name: str, application: Application, leaves: Sequence[_Leaf], count: int,
        tree: TreeDef,
    ) -> None:
        self._name = name
        self._application = application
        self._leaves = leaves
        self._count = count
        self._tree = None if len(tree.nodes) == tree.leaf_count == 1 else tree

    def __call__(self, *parts: Any) -> Any:
        leaves, inputs = list(self._application.leaves), []
        for (place, _, is_operand, variable), x in zip(self._leaves, parts, strict=False):
            if not is_operand:
                leaves[place] = x
            else:
                inputs.append(x if variable is None else variable.tensor_of(x))
        made = Made(self._name, self._application.on(leaves), inputs, self._count)
        outputs = [output(made, i, x) for i, x in enumerate(parts[len(self._leaves) :])]
        return outputs[0] if self._tree is None else unflatten(self._tree, outputs)
