"""The digits step by hand in NumPy: the reference, and what one writes without autodiff."""

import numpy as np

from digits_steps.data import DECAY, MOMENTUM


def by_hand(params, velocity):
    """Updates in place; the gradient is written out."""
    p = [params["hidden"]["w"], params["hidden"]["b"], params["out"]["w"], params["out"]["b"]]
    v = [velocity[k][n] for k in ("hidden", "out") for n in ("w", "b")]

    def step(x, one_hot, rate):
        value, gradient = loss_and_gradient(*p, x, one_hot)
        for parameter, speed, slope in zip(p, v, gradient, strict=True):
            speed *= MOMENTUM
            speed -= rate * slope
            parameter += speed
        return value, params

    return step


def loss_and_gradient(w, b, w_out, b_out, x, one_hot):
    """The example's loss, and its gradient with respect to the first four arguments."""
    hidden = np.maximum(x @ w + b, 0)
    z = hidden @ w_out + b_out
    z -= z.max(axis=1, keepdims=True)
    log_p = z - np.log(np.exp(z).sum(axis=1, keepdims=True))
    penalty = np.sum(w * w) + np.sum(w_out * w_out)
    value = -np.mean(np.sum(one_hot * log_p, axis=1)) + DECAY * penalty
    dz = (np.exp(log_p) - one_hot) / len(x)
    dh = (dz @ w_out.T) * (hidden > 0)
    return value, (
        x.T @ dh + 2 * DECAY * w,
        dh.sum(axis=0),
        hidden.T @ dz + 2 * DECAY * w_out,
        dz.sum(axis=0),
    )
