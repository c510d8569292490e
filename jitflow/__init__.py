"""jitflow: a just-in-time compiler for numerical Python."""

from typing import TYPE_CHECKING

from jitflow.first_use import FILLERS, loader

if TYPE_CHECKING:
    from jitflow import checkpoint, data, eager, export, graph, nn, numpy, optim, random
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
    from jitflow.eager import (
        GradientTape,
        Tensor,
        Variable,
        constant,
        enable_eager_execution,
        function,
    )
    from jitflow.errors import JitflowError
    from jitflow.runtime.devices import Device, devices
    from jitflow.runtime.kernels import Kernel, kernels
    from jitflow.runtime.memory import MemoryStats, clear_memory, memory_stats, set_memory_cap
    from jitflow.runtime.threads import get_num_threads, set_num_threads
    from jitflow.trace.pytree import map_tree, register
    from jitflow.trace.spec import spec

__version__ = "0.1.0"

__all__ = [
    "Device",
    "GradientTape",
    "JitflowError",
    "Kernel",
    "MemoryStats",
    "Tensor",
    "Variable",
    "check_grads",
    "checkpoint",
    "clear_memory",
    "constant",
    "custom_jvp",
    "custom_vjp",
    "data",
    "devices",
    "eager",
    "elementwise_grad",
    "enable_eager_execution",
    "export",
    "function",
    "get_num_threads",
    "grad",
    "graph",
    "hessian",
    "hvp",
    "jacfwd",
    "jacrev",
    "jit",
    "jvp",
    "kernels",
    "linearize",
    "map_tree",
    "memory_stats",
    "nn",
    "numpy",
    "optim",
    "random",
    "register",
    "set_memory_cap",
    "set_num_threads",
    "spec",
    "stop_gradient",
    "value_and_grad",
    "vjp",
    "vmap",
]

FILLERS += [
    "jitflow.numpy.operators", "jitflow.numpy.methods", "jitflow.numpy.indexing",
    "jitflow.numpy.choosing", "jitflow.numpy.statistics", "jitflow.numpy.tables",
]  # fmt: skip

__getattr__ = loader(__name__, {
    "api": (
        "check_grads", "custom_jvp", "custom_vjp", "elementwise_grad", "grad", "hessian", "hvp",
        "jacfwd", "jacrev", "jit", "jvp", "linearize", "stop_gradient", "value_and_grad", "vjp",
        "vmap",
    ),
    "checkpoint": ("checkpoint",),
    "data": ("data",),
    "eager": (
        "GradientTape", "Tensor", "Variable", "constant", "eager", "enable_eager_execution",
        "function",
    ),
    "errors": ("JitflowError",),
    "export": ("export",),
    "graph": ("graph",),
    "nn": ("nn",),
    "numpy": ("numpy",),
    "optim": ("optim",),
    "random": ("random",),
    "runtime.devices": ("Device", "devices"),
    "runtime.kernels": ("Kernel", "kernels"),
    "runtime.memory": ("MemoryStats", "clear_memory", "memory_stats", "set_memory_cap"),
    "runtime.threads": ("get_num_threads", "set_num_threads"),
    "trace.pytree": ("map_tree", "register"),
    "trace.spec": ("spec",),
})  # fmt: skip


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
