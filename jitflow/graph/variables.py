"""Variables: nodes whose value a session keeps between runs. How they are made and found."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import Any

import numpy as np

from jitflow.errors import ArgumentError, ShapeError, explain
from jitflow.graph import effects
from jitflow.graph.evaluation import Evaluation
from jitflow.graph.graph import Graph, Node, get_default_graph
from jitflow.graph.initializers import glorot_uniform_initializer, zeros_initializer
from jitflow.graph.names import checked_name
from jitflow.graph.nodes import Shape, checked_shape, convert, known_shape
from jitflow.graph.operation import Operation, Tensor, may_be, record, shape_text
from jitflow.ir.dtypes import as_dtype
from jitflow.recording import Operand, Type, dtype_of
from jitflow.runtime.devices import Device
from jitflow.trace.source import fail, here

ALL, TRAINABLE = "variables", "trainable_variables"
"""Collections of a graph."""

_SHARED = "shared_variables"


class VariableOperation(Operation):
    """The node of a variable: what its session holds, at the place `slot` of its values."""

    type = "Variable"

    def __init__(self, graph: Graph, name: str, type: Type) -> None:
        super().__init__(graph, name, (), [type])
        self.slot = graph.reserve(self)

    def run(self, evaluation: Evaluation) -> Sequence[Any]:
        return ()  # read by each operation that uses it


class Variable(Node, Operand):
    """A value that persists from run to run, per session; operations may assign to it.

    initial_value: a tensor, or what can be made a constant.
    """

    def __init__(
        self, initial_value: Any, trainable: bool = True, name: str = "Variable", dtype: Any = None
    ) -> None:
        wanted = None if dtype is None else dtype_of(dtype)
        with get_default_graph().name_scope(name):
            initial = convert(initial_value, wanted, "initial_value")
        graph = initial.graph
        self.op = VariableOperation(graph, name, initial.static)
        self.trainable = trainable
        self.initial_value = initial
        self.initializer = effects.Assign(self, initial, "set", f"{name}/Assign")
        graph.collections.setdefault(ALL, []).append(self)
        if trainable:
            graph.collections.setdefault(TRAINABLE, []).append(self)

    @property
    def tensor(self) -> Tensor:
        """Its node's output: the value when it is read."""
        return self.op.outputs[0]

    @property
    def graph(self) -> Graph:
        return self.op.graph

    @property
    def name(self) -> str:
        return self.tensor.name

    @property
    def dtype(self) -> np.dtype[Any]:  # type: ignore[override]
        return self.tensor.dtype

    @property
    def shape(self) -> tuple[int | None, ...] | None:  # type: ignore[override]
        return self.tensor.shape

    def assign(self, value: Any) -> Tensor:
        return effects.assign(self, value)

    def assign_add(self, value: Any) -> Tensor:
        return effects.assign_add(self, value)

    def assign_sub(self, value: Any) -> Tensor:
        return effects.assign_sub(self, value)

    def eval(self, feed_dict: Any = None, session: Any = None) -> Any:
        """Its value in a session, the default one if none is given."""
        return self.tensor.eval(feed_dict, session)

    def _record(self, name: str, function: Callable[..., Any], args: Any, kwargs: Any) -> Any:
        return record(name, function, args, kwargs, self.graph)

    def __repr__(self) -> str:
        return f"<Variable {self.name!r} shape={shape_text(self.shape)} dtype={self.dtype}>"


def get_variable(
    name: str, shape: Shape = None, dtype: Any = np.float32, initializer: Any = None,
    trainable: bool = True,
) -> Variable:
    """A new variable with a name that no other has; in a reusing scope the one of that name.

    initializer: a function of shape and dtype, or a value. Without one floats are Glorot uniform,
    other dtypes zeros. ArgumentError where the name is taken, or nothing says the shape.
    """
    graph = get_default_graph()
    shared: dict[str, Variable] = graph.collections.setdefault(_SHARED, [{}])[0]
    full = graph.now.scope + name
    if graph.now.reuses:
        return _known(shared, full, shape)
    if full in shared:
        fail(
            ArgumentError, f"variable {full} exists; it was made at {shared[full].op.place[0]}",
            cure="keep the variable and use it again, or give another name",
        )  # fmt: skip
    if shape is None and (initializer is None or callable(initializer)):
        problem = f"get_variable({name!r}) needs a shape, or an initial value"
        raise TypeError(explain(problem, at=here()[0], cure="get_variable(name, shape)"))
    wanted = dtype_of(dtype)
    with graph.name_scope(checked_name(name, "variable")):
        initial = _initial(initializer, shape, wanted)
    made = Variable(initial, trainable, name, wanted)
    shared[full] = made
    return made


def _initial(initializer: Any, shape: Shape, dtype: np.dtype[Any]) -> Tensor:
    """What an initializer gives, or the value that it is; it must have the shape and the dtype."""
    if initializer is not None and not callable(initializer):
        made = convert(initializer, dtype, "initial_value")
    else:
        default = glorot_uniform_initializer if as_dtype(dtype).is_float else zeros_initializer
        fill = initializer or default()
        made = convert(fill(known_shape(shape), dtype), dtype, "initial_value")
    if shape is not None and not may_be(made.shape, known_shape(shape)):
        shapes = [shape_text(known_shape(shape)), shape_text(made.shape)]
        fail(ShapeError, "the initial value has another shape than the variable", shapes=shapes)
    return made


def _known(shared: dict[str, Variable], name: str, shape: Shape) -> Variable:
    if name not in shared:
        fail(ArgumentError, f"no variable {name} to use again", cure="make it without reuse first")
    if shape is not None and shared[name].shape != checked_shape(shape):
        fail(ArgumentError, f"variable {name} has shape {shape_text(shared[name].shape)}")
    return shared[name]


def variable_scope(name: str, reuse: bool = False) -> AbstractContextManager[str]:
    """Names of nodes made meanwhile start with `name/`.

    reuse: `get_variable` gives variables that exist. Keeping the variable itself is simpler.
    """
    return get_default_graph().variable_scope(name, reuse)


def name_scope(name: str) -> AbstractContextManager[str]:
    """Names of nodes made meanwhile start with `name/`."""
    return get_default_graph().name_scope(name)


def device(name: str | Device | None) -> AbstractContextManager[Device]:
    """Nodes made meanwhile run on this device; DeviceError for one that is not there."""
    return get_default_graph().device(name)


def global_variables() -> list[Variable]:
    """All variables of the default graph, in the order in which they were made."""
    return list(get_default_graph().collections.get(ALL, []))


def trainable_variables() -> list[Variable]:
    """Those that optimizers change where they are not told which."""
    return list(get_default_graph().collections.get(TRAINABLE, []))


def variables_initializer(variables: Sequence[Variable], name: str = "init") -> Operation:
    """A node that gives these variables their initial values."""
    graph = variables[0].graph if variables else get_default_graph()
    return effects.Group(graph, name, [variable.initializer.op for variable in variables])


def global_variables_initializer() -> Operation:
    """A node that initializes the variables that the default graph has now, later ones not."""
    return variables_initializer(global_variables())
