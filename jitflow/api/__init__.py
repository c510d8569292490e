"""The road from a Python function to native code: jit, grad, stages. Re-exports only."""

from jitflow.api.batching import vmap
from jitflow.api.custom import custom_jvp, custom_vjp, stop_gradient
from jitflow.api.forward import jvp, linearize, vjp
from jitflow.api.function import CacheInfo, JitFunction, jit
from jitflow.api.gradient import grad, value_and_grad
from jitflow.api.gradient_check import check_grads
from jitflow.api.jacobian import elementwise_grad, hessian, hvp, jacfwd, jacrev
from jitflow.api.stages import Captured, Compiled, Lowered, Traced

__all__ = [
    "CacheInfo",
    "Captured",
    "Compiled",
    "JitFunction",
    "Lowered",
    "Traced",
    "check_grads",
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
    "stop_gradient",
    "value_and_grad",
    "vjp",
    "vmap",
]
