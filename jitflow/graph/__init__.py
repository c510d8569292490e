"""Computational graphs: nodes, placeholders, variables, and sessions that run them.

    import jitflow.graph as g

    x = g.placeholder(g.float32)
    with g.Session() as sess:
        print(sess.run(x * 2, feed_dict={x: [1, 2]}))

Functions of `jitflow.numpy` make nodes here: `g.exp(x)`, `g.matmul(a, b)`. Re-exports, and those.
"""

from typing import Any

from jitflow.graph.effects import (
    assign,
    assign_add,
    assign_sub,
    control_dependencies,
    group,
    no_op,
)
from jitflow.graph.effects import print_node as Print
from jitflow.graph.errors import FailedPreconditionError, InvalidArgumentError
from jitflow.graph.functions import node_function
from jitflow.graph.gradients import gradients
from jitflow.graph.graph import (
    Graph,
    get_default_graph,
    get_default_session,
    reset_default_graph,
)
from jitflow.graph.initializers import (
    constant_initializer,
    glorot_normal_initializer,
    glorot_uniform_initializer,
    he_normal_initializer,
    he_uniform_initializer,
    ones_initializer,
    random_normal,
    random_normal_initializer,
    random_uniform,
    random_uniform_initializer,
    truncated_normal,
    truncated_normal_initializer,
    zeros_initializer,
)
from jitflow.graph.nodes import (
    cast,
    constant,
    identity,
    placeholder,
    rank,
    shape,
    size,
    stop_gradient,
)
from jitflow.graph.operation import Operation, Tensor
from jitflow.graph.session import InteractiveSession, Session
from jitflow.graph.training import GraphTrainer
from jitflow.graph.variables import (
    Variable,
    device,
    get_variable,
    global_variables,
    global_variables_initializer,
    name_scope,
    trainable_variables,
    variable_scope,
    variables_initializer,
)

__all__ = [
    "FailedPreconditionError",
    "Graph",
    "GraphTrainer",
    "InteractiveSession",
    "InvalidArgumentError",
    "Operation",
    "Print",
    "Session",
    "Tensor",
    "Variable",
    "assign",
    "assign_add",
    "assign_sub",
    "cast",
    "constant",
    "constant_initializer",
    "control_dependencies",
    "device",
    "get_default_graph",
    "get_default_session",
    "get_variable",
    "global_variables",
    "global_variables_initializer",
    "glorot_normal_initializer",
    "glorot_uniform_initializer",
    "gradients",
    "group",
    "he_normal_initializer",
    "he_uniform_initializer",
    "identity",
    "name_scope",
    "no_op",
    "ones_initializer",
    "placeholder",
    "random_normal",
    "random_normal_initializer",
    "random_uniform",
    "random_uniform_initializer",
    "rank",
    "reset_default_graph",
    "shape",
    "size",
    "stop_gradient",
    "trainable_variables",
    "truncated_normal",
    "truncated_normal_initializer",
    "variable_scope",
    "variables_initializer",
    "zeros_initializer",
]


def __getattr__(name: str) -> Any:
    made = node_function(name)
    globals()[name] = made
    return made
