"""Operations and the tensors that they give. A kind of operation says how it runs on values.

Values are traced arrays: a whole run is traced once, and compiled.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from jitflow.errors import ArgumentError
from jitflow.graph.graph import Graph, Node, get_default_graph, get_default_session
from jitflow.recording import Application, Operand, Type, apply, as_literal, result_types
from jitflow.trace.lift import lift
from jitflow.trace.pytree import flatten, unflatten
from jitflow.trace.source import fail, here

if TYPE_CHECKING:
    from jitflow.graph.evaluation import Evaluation

NAMES = {
    "subtract": "sub", "multiply": "mul", "divide": "div", "true_divide": "div", "power": "pow",
    "truediv": "div", "negative": "neg", "absolute": "abs", "remainder": "mod", "lt": "less",
    "le": "less_equal", "gt": "greater", "ge": "greater_equal", "floor_divide": "floordiv",
    "positive": "pos", "and": "bitwise_and", "or": "bitwise_or", "xor": "bitwise_xor",
    "lshift": "left_shift", "rshift": "right_shift",
}  # fmt: skip
"""Names of nodes, where these are not the NumPy functions' own."""


class Operation(Node):
    """One node. `inputs` are what it computes with; `controls` run before it, too.

    `device` is what it runs on.
    """

    type = "NoOp"
    name: str
    number: int

    def __init__(
        self,
        graph: Graph,
        name: str | None,
        inputs: Sequence[Tensor] = (),
        types: Sequence[Type] = (),
        writes: Sequence[Any] = (),
    ) -> None:
        for x in inputs:
            if x.graph is not graph:
                fail(ArgumentError, f"{x!r} is a node of another graph", op=name)
        self.graph = graph
        self.inputs = tuple(inputs)
        self.controls = graph.now.controls
        self.device = graph.now.placement
        self.place = here()
        self.writes = tuple(writes)
        self.outputs = tuple(Tensor(self, i, type) for i, type in enumerate(types))
        graph.add(self, self.type if name is None else name)

    @property
    def op(self) -> Operation:
        return self

    @property
    def before(self) -> tuple[Operation, ...]:
        """What must run before it."""
        return (*(x.op for x in self.inputs), *self.controls)

    @property
    def shape_text(self) -> str:
        return shape_text(self.outputs[0].shape) if self.outputs else "none"

    @property
    def node_text(self) -> str:
        """`[[Node: ...]]`, as errors show it."""
        facts = [*self.facts(), f'_device="{self.device.path}"']
        inputs = ", ".join(x.op.name for x in self.inputs)
        return f"[[Node: {self.name} = {self.type}[{', '.join(facts)}]({inputs})]]"

    def facts(self) -> list[str]:
        """What the node's text says in brackets."""
        return [f"T={enum_name(self.outputs[0].dtype)}"] if self.outputs else []

    def run(self, evaluation: Evaluation) -> Sequence[Any]:
        """The values of the outputs; effects are told to the evaluation."""
        return ()

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.name!r} type={self.type}>"


class Tensor(Node, Operand):
    """An output of an operation: no value, but a dtype, and a shape as far as it is known."""

    __slots__ = ("dtype", "index", "op", "shape")

    def __init__(self, op: Operation, index: int, type: Type) -> None:
        self.op = op
        self.index = index
        self.dtype, self.shape = type

    @property
    def graph(self) -> Graph:
        return self.op.graph

    @property
    def name(self) -> str:
        return f"{self.op.name}:{self.index}"

    @property
    def static(self) -> Type:
        """What is known of its values."""
        return Type(self.dtype, self.shape)

    def eval(self, feed_dict: Any = None, session: Any = None) -> Any:
        """Its value in a session, the default one if none is given."""
        return (session or get_default_session()).run(self, feed_dict)

    def _record(self, name: str, function: Callable[..., Any], args: Any, kwargs: Any) -> Any:
        return record(name, function, args, kwargs, self.graph)

    def __repr__(self) -> str:
        return f'Tensor("{self.name}", shape={shape_text(self.shape)}, dtype={self.dtype})'


class Apply(Operation):
    """A function of arrays, applied to the inputs."""

    def __init__(
        self, graph: Graph, name: str, application: Application, inputs: Sequence[Tensor],
        types: Sequence[Type],
    ) -> None:
        self.type = name.capitalize()
        self.application = application
        super().__init__(graph, name, inputs, types)

    def run(self, evaluation: Evaluation) -> Sequence[Any]:
        return flatten(self.application([evaluation.value(x) for x in self.inputs]))[0]


class Constant(Operation):
    """The same array at each run."""

    type = "Const"

    def __init__(self, graph: Graph, name: str, value: np.ndarray[Any, Any]) -> None:
        value.flags.writeable = False
        self.value = value
        super().__init__(graph, name, (), [Type(value.dtype, value.shape)])

    def run(self, evaluation: Evaluation) -> Sequence[Any]:
        return (lift(self.value),)


def record(
    name: str, function: Callable[..., Any], args: Any, kwargs: Any, graph: Graph | None = None
) -> Any:
    """A new node that applies a function of arrays: its outputs, in their structure."""
    graph = get_default_graph() if graph is None else graph
    name = NAMES.get(name, name)

    def literal(x: Any, beside: Any, place: int) -> Tensor:
        return Constant(graph, f"{name}/{'xyz'[min(place, 2)]}", as_literal(x, beside)).outputs[0]

    application, operands = apply(name, function, args, kwargs, literal)
    inputs: list[Tensor] = [as_tensor(x) for x in operands]
    types, tree = result_types(application, [x.static for x in inputs])
    return unflatten(tree, Apply(graph, name, application, inputs, types).outputs)


def as_tensor(x: Any) -> Tensor:
    """The tensor behind a variable, or itself."""
    tensor = x if type(x) is Tensor else getattr(x, "tensor", None)
    if type(tensor) is not Tensor:
        cure = "make it one: g.constant(x)"
        fail(ArgumentError, f"{x!r} is no tensor of a graph", cure=cure)
    return tensor


def may_be(shape: Sequence[int | None] | None, wanted: Sequence[int | None] | None) -> bool:
    """Whether an array of one shape may have the other, as far as both are known."""
    if shape is None or wanted is None:
        return True
    return len(shape) == len(wanted) and all(
        n is None or m is None or n == m for n, m in zip(shape, wanted, strict=True)
    )


def shape_text(shape: Sequence[int | None] | None) -> str:
    """`(2, ?)`; `<unknown>` where not even the rank is known."""
    if shape is None:
        return "<unknown>"
    sizes = ["?" if n is None else str(n) for n in shape]
    return f"({sizes[0]},)" if len(sizes) == 1 else f"({', '.join(sizes)})"


def enum_name(dtype: np.dtype[Any]) -> str:
    """`DT_FLOAT` for float32: the names of TensorFlow's types.proto."""
    names = {"float16": "HALF", "float32": "FLOAT", "float64": "DOUBLE"}
    return f"DT_{names.get(str(dtype), str(dtype).upper())}"
