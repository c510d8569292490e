"""The digits step in jitflow: the example's own loss and step, NumPy arrays in and out."""

import jitflow as jf
from digits_steps.data import example


def jitted(params, velocity):
    """The step of the example, as a function that has not been compiled yet."""
    train_step = jf.jit(example().train_step.__wrapped__)

    def step(x, one_hot, rate):
        nonlocal params, velocity
        params, velocity, value = train_step(params, velocity, x, one_hot, rate)
        return value, params

    return step
