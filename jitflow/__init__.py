"""jitflow: a just-in-time compiler for numerical Python."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from jitflow.api import (
    check_grads,
    custom_jvp,
    custom_vjp,
    elementwise_grad,
    grad,
    hessian,
    hvp,
    jacfwd,
    jacrev,
    jit,
    jvp,
    linearize,
    stop_gradient,
    value_and_grad,
    vjp,
    vmap,
)
from jitflow.errors import JitflowError
from jitflow.runtime.memory import MemoryStats, clear_memory, memory_stats, set_memory_cap
from jitflow.trace.dispatch import FILLERS
from jitflow.trace.pytree import map_tree, register
from jitflow.trace.spec import spec

if TYPE_CHECKING:
    from jitflow import eager, graph, numpy, optim, random
    from jitflow.eager import GradientTape, Tensor, Variable, constant, function

__version__ = "0.1.0"

__all__ = [
    "GradientTape",
    "JitflowError",
    "MemoryStats",
    "Tensor",
    "Variable",
    "check_grads",
    "clear_memory",
    "constant",
    "custom_jvp",
    "custom_vjp",
    "eager",
    "elementwise_grad",
    "function",
    "grad",
    "graph",
    "hessian",
    "hvp",
    "jacfwd",
    "jacrev",
    "jit",
    "jvp",
    "linearize",
    "map_tree",
    "memory_stats",
    "numpy",
    "optim",
    "random",
    "register",
    "set_memory_cap",
    "spec",
    "stop_gradient",
    "value_and_grad",
    "vjp",
    "vmap",
]

_NAMESPACES = "eager", "graph", "numpy", "optim", "random"
_EAGER = "GradientTape", "Tensor", "Variable", "constant", "function"

FILLERS.append(lambda: import_module("jitflow.numpy"))


def __getattr__(name: str) -> Any:
    """The namespaces and what is of the eager mode, which load with first use."""
    if name in _NAMESPACES:
        return import_module(f"jitflow.{name}")
    if name in _EAGER:
        return getattr(import_module("jitflow.eager"), name)
    raise AttributeError(f"module 'jitflow' has no attribute {name!r}")
