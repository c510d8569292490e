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
    from jitflow import numpy, random

__version__ = "0.1.0"

__all__ = [
    "JitflowError",
    "MemoryStats",
    "check_grads",
    "clear_memory",
    "custom_jvp",
    "custom_vjp",
    "elementwise_grad",
    "grad",
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
    "random",
    "register",
    "set_memory_cap",
    "spec",
    "stop_gradient",
    "value_and_grad",
    "vjp",
    "vmap",
]

FILLERS.append(lambda: import_module("jitflow.numpy"))


def __getattr__(name: str) -> Any:
    """The namespaces, which load with first use."""
    if name in ("numpy", "random"):
        return import_module(f"jitflow.{name}")
    raise AttributeError(f"module 'jitflow' has no attribute {name!r}")
