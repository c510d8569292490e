"""Runs of a graph as programs that can be exported: variables by name, feeds by name."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from jitflow.errors import ArgumentError
from jitflow.export.program import Program
from jitflow.graph.effects import Print
from jitflow.graph.graph import Graph
from jitflow.graph.operation import Operation, Tensor, shape_text
from jitflow.graph.plan import Plan
from jitflow.ir.dtypes import as_dtype
from jitflow.recording import Type
from jitflow.trace.source import fail
from jitflow.trace.spec import Spec

DRAWS = "draws"
"""What the state has beside variables: how often random numbers were drawn."""


def program_of(
    graph: Graph, fetches: Any, feeds: Any, variables: Mapping[str, Any], draws: int
) -> Program:
    """The run that `Session.run(fetches, feeds)` is; variables: the values that there are, by name.

    feeds: values or specs by placeholder, or placeholders of known shape. Variables without a
    value are given one with the state.
    """
    given = feeds if isinstance(feeds, dict) else dict.fromkeys(feeds)
    plan = Plan(graph, fetches, list(given))
    inputs = {
        tensor.op.name: _example(tensor, x)
        for tensor, x in zip(plan.fed, given.values(), strict=True)
    }
    state = {
        v.name: variables[v.name] if v.name in variables else _spec(v.outputs[0].static, v)
        for v in plan.reads
    }
    initial = {v.name: variables[v.name] for v in plan.reads if v.name in variables}
    if plan.draws:
        state[DRAWS] = initial[DRAWS] = draws

    def run(state: Mapping[str, Any], *feeds: Any) -> Any:
        drawn = [state[DRAWS] + 1] if plan.draws else []
        kept = [state[v.name] for v in plan.reads]
        values, new, shown = plan.run(kept, list(feeds), *drawn)
        changes = {v.name: x for v, x in zip(plan.writes, new, strict=True)}
        nodes = [step for step in plan.fetches.steps if step is None or isinstance(step, int)]
        found = iter([None if node is None else values[node] for node in nodes])
        return _plain(fetches, found), changes | dict(zip([DRAWS], drawn, strict=False)), shown

    def prints() -> tuple[tuple[str, int], ...]:
        return tuple([(one.message, one.summarize) for one in map(_checked, plan.prints)])

    return Program("run", run, state, initial, inputs, prints)


def _example(tensor: Tensor, x: Any) -> Spec:
    """What a feed is: the placeholder's dtype, the shape of a value or of a spec."""
    if x is None:
        return _spec(tensor.static, tensor.op)
    shape = x.shape if isinstance(x, Spec) else np.shape(x)
    return Spec(as_dtype(tensor.dtype), tuple(shape))


def _spec(type: Type, operation: Operation) -> Spec:
    """What a node of known shape is."""
    if type.shape is None or None in type.shape:
        problem = f"{operation.name} has shape {shape_text(type.shape)}: a file is for one shape"
        fail(ArgumentError, problem, cure="give a value or a spec for it, {placeholder: value}")
    return Spec(as_dtype(type.dtype), tuple([n for n in type.shape if n is not None]))


def _checked(node: Print) -> Print:
    if node.stream not in (None, sys.stdout):
        fail(
            ArgumentError, f"{node.name} prints to a stream of this process; it cannot be exported",
            cure="leave out stream=", op=str(node.place[0]),
        )  # fmt: skip
    return node


def _plain(structure: Any, found: Iterator[Any]) -> Any:
    """What was found for fetches, in the containers that they are in."""
    if isinstance(structure, dict):
        return {key: _plain(x, found) for key, x in structure.items()}
    if not isinstance(structure, (list, tuple)):
        return next(found)
    parts = [_plain(x, found) for x in structure]
    return type(structure)(*parts) if hasattr(structure, "_fields") else type(structure)(parts)
