"""Optimizers: one formula each, for `@jit` train steps, graphs and tapes. Re-exports only.

    opt = optim.Adam(1e-3)
    state = opt.init(params)
    params, state = opt.update(params, grads, state)
"""

from jitflow.optim.clipping import clip_by_global_norm, global_norm
from jitflow.optim.optimizer import Optimizer, State
from jitflow.optim.rules import SGD, Adagrad, Adam, AdamW, Momentum, RMSProp
from jitflow.optim.schedules import (
    constant,
    cosine_decay,
    exponential_decay,
    piecewise_constant,
    warmup,
)

__all__ = [
    "SGD",
    "Adagrad",
    "Adam",
    "AdamW",
    "Momentum",
    "Optimizer",
    "RMSProp",
    "State",
    "clip_by_global_norm",
    "constant",
    "cosine_decay",
    "exponential_decay",
    "global_norm",
    "piecewise_constant",
    "warmup",
]
