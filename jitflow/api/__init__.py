"""The road from a Python function to native code: jit, grad, stages. Re-exports only."""

from jitflow.api.forward import jvp, linearize, vjp
from jitflow.api.function import CacheInfo, JitFunction, jit
from jitflow.api.gradient import grad, value_and_grad
from jitflow.api.stages import Captured, Compiled, Lowered, Traced

__all__ = [
    "CacheInfo",
    "Captured",
    "Compiled",
    "JitFunction",
    "Lowered",
    "Traced",
    "grad",
    "jit",
    "jvp",
    "linearize",
    "value_and_grad",
    "vjp",
]
