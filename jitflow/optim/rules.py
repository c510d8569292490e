"""The formulas. Each names its source; all are written with epsilon outside of the root."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from jitflow.optim.optimizer import Optimizer
from jitflow.optim.settings import Rate, as_like, number


class SGD(Optimizer):
    """Gradient descent: x - rate * gradient."""

    def __init__(self, learning_rate: Rate = 0.01, clip_norm: float | None = None) -> None:
        super().__init__(learning_rate, clip_norm)

    def step(
        self, x: Any, gradient: Any, slots: Sequence[Any], rate: Any, count: Any
    ) -> tuple[Any, Sequence[Any]]:
        return x - rate * gradient, ()


class Momentum(Optimizer):
    """Descent along a velocity v = momentum * v + gradient (Polyak 1964).

    nesterov: looks ahead, by gradient + momentum * v (Nesterov 1983, as Sutskever 2013 has it).
    """

    slot_names = ("momentum",)

    def __init__(
        self, learning_rate: Rate = 0.01, momentum: float = 0.9, nesterov: bool = False,
        clip_norm: float | None = None,
    ) -> None:
        super().__init__(learning_rate, clip_norm)
        self.momentum = number("momentum", momentum, 1)
        self.nesterov = nesterov

    def step(
        self, x: Any, gradient: Any, slots: Sequence[Any], rate: Any, count: Any
    ) -> tuple[Any, Sequence[Any]]:
        (velocity,) = slots
        velocity = self.momentum * velocity + gradient
        ahead = gradient + self.momentum * velocity if self.nesterov else velocity
        return x - rate * ahead, (velocity,)


class Adam(Optimizer):
    """Rates from the means of gradients and of their squares (Kingma and Ba 2015).

    What corrects the means for their start is one factor of the rate, and one of epsilon, as at the
    end of section 2 there: one division and one root for each number.
    """

    slot_names = ("m", "v")
    needs_count = True

    def __init__(
        self, learning_rate: Rate = 0.001, beta1: float = 0.9, beta2: float = 0.999,
        epsilon: float = 1e-8, clip_norm: float | None = None,
    ) -> None:
        super().__init__(learning_rate, clip_norm)
        self.beta1 = number("beta1", beta1, 1)
        self.beta2 = number("beta2", beta2, 1)
        self.epsilon = number("epsilon", epsilon)

    def step(
        self, x: Any, gradient: Any, slots: Sequence[Any], rate: Any, count: Any
    ) -> tuple[Any, Sequence[Any]]:
        m, v = slots
        m = self.beta1 * m + (1 - self.beta1) * gradient
        v = self.beta2 * v + (1 - self.beta2) * (gradient * gradient)
        spread = np.sqrt(1.0 - self.beta2**count)
        size = np.sqrt(v) + as_like(self.epsilon * spread, x.dtype)
        factor = as_like(spread / (1.0 - self.beta1**count), x.dtype)
        return x - rate * factor * (m / size), (m, v)


class AdamW(Adam):
    """Adam with weights that decay apart from the gradients (Loshchilov and Hutter 2019)."""

    def __init__(
        self, learning_rate: Rate = 0.001, beta1: float = 0.9, beta2: float = 0.999,
        epsilon: float = 1e-8, weight_decay: float = 0.01, clip_norm: float | None = None,
    ) -> None:
        super().__init__(learning_rate, beta1, beta2, epsilon, clip_norm)
        self.weight_decay = number("weight_decay", weight_decay)

    def step(
        self, x: Any, gradient: Any, slots: Sequence[Any], rate: Any, count: Any
    ) -> tuple[Any, Sequence[Any]]:
        y, kept = super().step(x, gradient, slots, rate, count)
        return y - rate * self.weight_decay * x, kept


class RMSProp(Optimizer):
    """Rates from the mean of squared gradients, with momentum if wanted (Tieleman, Hinton 2012)."""

    def __init__(
        self, learning_rate: Rate = 0.001, rho: float = 0.9, momentum: float = 0.0,
        epsilon: float = 1e-7, clip_norm: float | None = None,
    ) -> None:
        super().__init__(learning_rate, clip_norm)
        self.rho = number("rho", rho, 1)
        self.momentum = number("momentum", momentum, 1)
        self.epsilon = number("epsilon", epsilon)
        self.slot_names = ("rms", "momentum") if self.momentum else ("rms",)

    def step(
        self, x: Any, gradient: Any, slots: Sequence[Any], rate: Any, count: Any
    ) -> tuple[Any, Sequence[Any]]:
        rms = self.rho * slots[0] + (1 - self.rho) * (gradient * gradient)
        change = rate * gradient / (np.sqrt(rms) + self.epsilon)
        if not self.momentum:
            return x - change, (rms,)
        velocity = self.momentum * slots[1] + change
        return x - velocity, (rms, velocity)


class Adagrad(Optimizer):
    """Rates from the sum of squared gradients (Duchi, Hazan and Singer 2011)."""

    slot_names = ("accumulator",)

    def __init__(
        self, learning_rate: Rate = 0.01, epsilon: float = 1e-7, clip_norm: float | None = None
    ) -> None:
        super().__init__(learning_rate, clip_norm)
        self.epsilon = number("epsilon", epsilon)

    def step(
        self, x: Any, gradient: Any, slots: Sequence[Any], rate: Any, count: Any
    ) -> tuple[Any, Sequence[Any]]:
        total = slots[0] + gradient * gradient
        return x - rate * gradient / (np.sqrt(total) + self.epsilon), (total,)
