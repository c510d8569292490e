"""Operations that do something: assign to variables, print, or wait for others."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any

import numpy as np

from jitflow.errors import ArgumentError, ShapeError, explain
from jitflow.graph.evaluation import Evaluation
from jitflow.graph.graph import Graph, get_default_graph, operation_of
from jitflow.graph.nodes import convert
from jitflow.graph.operation import Operation, Tensor, may_be, shape_text
from jitflow.recording import printed_line
from jitflow.trace.source import fail

if TYPE_CHECKING:
    from jitflow.graph.variables import Variable


class Assign(Operation):
    """A variable's new value; gives it on. How: "set", "add" or "sub"."""

    def __init__(self, variable: Variable, value: Tensor, how: str, name: str) -> None:
        self.type = {"set": "Assign", "add": "AssignAdd", "sub": "AssignSub"}[how]
        self.how = how
        inputs = (value,) if how == "set" else (variable.tensor, value)
        self._require_fit(variable, value)
        super().__init__(variable.graph, name, inputs, [variable.tensor.static], [variable.op])

    def _require_fit(self, variable: Variable, value: Tensor) -> None:
        if not may_be(value.shape, variable.shape):
            shapes = [shape_text(variable.shape), shape_text(value.shape)]
            problem = f"a value of shape {shapes[1]} assigned to {variable.name}"
            cure = "np.broadcast_to(x, shape), or a variable of the other shape"
            fail(ShapeError, problem, shapes=shapes, op=self.type, cure=cure)

    def run(self, evaluation: Evaluation) -> Sequence[Any]:
        (variable,) = self.writes
        value = evaluation.value(self.inputs[-1])
        if self.how == "add":
            value = evaluation.state[variable] + value
        elif self.how == "sub":
            value = evaluation.state[variable] - value
        if not may_be(np.shape(value), variable.outputs[0].shape):
            raise ShapeError(explain(
                f"a value of shape {np.shape(value)} assigned to {variable.name}", op=self.name,
                at=self.place[0], shapes=[shape_text(variable.outputs[0].shape)],
            ))
        evaluation.write(variable, value)
        return (value,)


class Print(Operation):
    """A tensor as it is; the run prints others."""

    type = "Print"

    def __init__(
        self, x: Tensor, data: Sequence[Tensor], message: str, summarize: int, stream: Any,
        name: str,
    ) -> None:
        self.message = message
        self.summarize = summarize
        self.stream = stream
        super().__init__(x.graph, name, (x, *data), [x.static])

    def run(self, evaluation: Evaluation) -> Sequence[Any]:
        x, *data = (evaluation.value(tensor) for tensor in self.inputs)
        evaluation.show(self, data)
        return (x,)

    def show(self, values: Sequence[Any]) -> None:
        """Prints concrete values, each in brackets."""
        line = printed_line(self.message, values, self.summarize)
        print(line, file=self.stream or sys.stdout)


class Group(Operation):
    """Nothing of its own: others run when it does."""

    def __init__(self, graph: Graph, name: str, members: Sequence[Operation]) -> None:
        super().__init__(graph, name)
        self.controls = tuple(dict.fromkeys((*self.controls, *members)))


def effect_text(operation: Operation) -> str:
    """What running the operation does beside giving values: `sets w`, `prints`, or nothing."""
    if operation.writes:
        return f"sets {', '.join(variable.name for variable in operation.writes)}"
    return "prints" if isinstance(operation, Print) else ""


def assign(variable: Variable, value: Any, name: str = "Assign") -> Tensor:
    """Sets a variable when it runs, and gives the value."""
    return _assign(variable, value, "set", name)


def assign_add(variable: Variable, value: Any, name: str = "AssignAdd") -> Tensor:
    """Adds to a variable when it runs, and gives the new value."""
    return _assign(variable, value, "add", name)


def assign_sub(variable: Variable, value: Any, name: str = "AssignSub") -> Tensor:
    """Subtracts from a variable when it runs, and gives the new value."""
    return _assign(variable, value, "sub", name)


def _assign(variable: Any, value: Any, how: str, name: str) -> Tensor:
    if not hasattr(variable, "tensor"):
        fail(ArgumentError, f"{variable!r} is no variable", cure="tensors keep their value")
    with variable.graph.as_default():
        return Assign(variable, convert(value, variable.dtype), how, name).outputs[0]


def print_node(
    input_: Any, data: Sequence[Any], message: str = "", summarize: int = 3, stream: Any = None,
    name: str = "Print",
) -> Tensor:
    """`input_` as it is; a run through this node prints `data`, each item in brackets.

    summarize: how many elements of each, all where negative. stream: sys.stdout of the run if None.
    """
    items = [convert(x) for x in data]
    return Print(convert(input_), items, message, summarize, stream, name).outputs[0]


def group(*nodes: Any, name: str = "group_deps") -> Operation:
    """A node without a value: running it runs the others."""
    graph = operation_of(nodes[0]).graph if nodes else get_default_graph()
    return Group(graph, name, [operation_of(node, graph) for node in nodes])


def no_op(name: str = "NoOp") -> Operation:
    """A node that does nothing."""
    return Operation(get_default_graph(), name)


def control_dependencies(nodes: Sequence[Any]) -> AbstractContextManager[None]:
    """Nodes made meanwhile run after these, which run whenever one of those does."""
    return get_default_graph().control_dependencies(nodes)
