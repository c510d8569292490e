"""Optimizers in graphs: gradients, slots and updates are nodes and variables like others."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from jitflow.errors import ArgumentError
from jitflow.graph.effects import assign, group
from jitflow.graph.gradients import gradients
from jitflow.graph.graph import Graph
from jitflow.graph.nodes import convert
from jitflow.graph.operation import Operation, Tensor, as_tensor
from jitflow.graph.variables import TRAINABLE, Variable
from jitflow.optim.optimizer import TRAINERS, Optimizer
from jitflow.optim.settings import slot_dtype
from jitflow.trace.source import fail


class GraphTrainer:
    """Behind the nodes and variables of graphs."""

    def compute_gradients(
        self, loss: Any, var_list: Sequence[Any] | None
    ) -> list[tuple[Any, Any]]:
        tensor = as_tensor(loss)
        if var_list is None:
            var_list = tensor.graph.collections.get(TRAINABLE, [])
        with tensor.graph.as_default():
            return list(zip(gradients(tensor, var_list), var_list, strict=True))

    def apply_gradients(
        self, optimizer: Optimizer, pairs: Sequence[tuple[Any, Any]], global_step: Any
    ) -> Operation:
        graph = pairs[0][1].graph
        name = type(optimizer).__name__
        with graph.as_default(), graph.name_scope(name):
            return _update(optimizer, pairs, graph, global_step)

    def slots(self, optimizer: Optimizer, variable: Any) -> list[Variable]:
        with variable.graph.as_default(), variable.graph.name_scope(type(optimizer).__name__):
            return [_slot(optimizer, variable, name) for name in optimizer.slot_names]


def _update(
    optimizer: Optimizer, pairs: Sequence[tuple[Any, Any]], graph: Graph, global_step: Any
) -> Operation:
    """All new values first, then all assignments: each is computed from the old ones."""
    variables = [x for _, x in pairs]
    for x in variables:
        if not isinstance(x, Variable):
            fail(ArgumentError, f"{x!r} is no variable, which an optimizer could change")
    slopes = [convert(slope, x.dtype) for slope, x in pairs]
    slots = [[_slot(optimizer, x, name) for name in optimizer.slot_names] for x in variables]
    count = _count(optimizer, graph)
    now: Any = None if count is None else np.add(count, 1)
    tensors = [as_tensor(x) for x in variables]
    new, changed = optimizer.steps(tensors, slopes, slots, now)
    values = dict(zip(variables, new, strict=True))
    for own, kept in zip(slots, changed, strict=True):
        values.update(zip(own, kept, strict=True))
    if count is not None:
        values[count] = now
    if global_step is not None:
        values[global_step] = global_step + 1
    return group(*[assign(variable, value) for variable, value in values.items()], name="update")


def _slot(optimizer: Optimizer, variable: Variable, name: str) -> Variable:
    """The variable for a slot: it belongs to one optimizer and one variable."""
    key = variable, name
    if key not in optimizer.made:
        zeros: Any = np.zeros_like(variable.initial_value, dtype=slot_dtype(variable))
        optimizer.made[key] = Variable(zeros, False, f"{variable.op.name}/{name}")
    return optimizer.made[key]


def _count(optimizer: Optimizer, graph: Graph) -> Variable | None:
    """The variable that counts updates, where the formula asks it."""
    if optimizer.counts and graph not in optimizer.made:
        optimizer.made[graph] = Variable(np.int64(0), False, "count")
    return optimizer.made.get(graph)


TRAINERS[Tensor] = TRAINERS[Variable] = GraphTrainer()
