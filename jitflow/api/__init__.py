"""The road from a Python function to native code: jit, grad, stages.

Re-exports only; each name loads with first use.
"""

from typing import TYPE_CHECKING

from jitflow.first_use import loader

if TYPE_CHECKING:
    from jitflow.api.batching import vmap
    from jitflow.api.captured import Captured
    from jitflow.api.custom import custom_jvp, custom_vjp, stop_gradient
    from jitflow.api.forward import jvp, linearize, vjp
    from jitflow.api.function import CacheInfo, JitFunction, jit
    from jitflow.api.gradient import grad, value_and_grad
    from jitflow.api.gradient_check import check_grads
    from jitflow.api.jacobian import elementwise_grad, hessian, hvp, jacfwd, jacrev
    from jitflow.api.replay import Made, Replay, Seen, native_method, settled, stateful
    from jitflow.api.stages import Compiled, Lowered, Traced

__all__ = [
    "CacheInfo",
    "Captured",
    "Compiled",
    "JitFunction",
    "Lowered",
    "Made",
    "Replay",
    "Seen",
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
    "native_method",
    "settled",
    "stateful",
    "stop_gradient",
    "value_and_grad",
    "vjp",
    "vmap",
]

__getattr__ = loader(__name__, {
    "batching": ("vmap",),
    "captured": ("Captured",),
    "custom": ("custom_jvp", "custom_vjp", "stop_gradient",),
    "forward": ("jvp", "linearize", "vjp",),
    "function": ("CacheInfo", "JitFunction", "jit",),
    "gradient": ("grad", "value_and_grad",),
    "gradient_check": ("check_grads",),
    "jacobian": ("elementwise_grad", "hessian", "hvp", "jacfwd", "jacrev",),
    "replay": ("Made", "Replay", "Seen", "native_method", "settled", "stateful",),
    "stages": ("Compiled", "Lowered", "Traced"),
})  # fmt: skip
