"""Optimizers that change the variables of the eager mode at once, by one compiled function."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from jitflow import api
from jitflow.eager.tensor import Tensor, as_tensor
from jitflow.eager.variable import Variable
from jitflow.errors import ArgumentError
from jitflow.optim.optimizer import TRAINERS, Optimizer
from jitflow.optim.settings import slot_dtype
from jitflow.recording import Operand
from jitflow.trace.source import fail


class TapeTrainer:
    """Behind variables whose gradients a tape gives."""

    def compute_gradients(
        self, loss: Any, var_list: Sequence[Any] | None
    ) -> list[tuple[Any, Any]]:
        fail(ArgumentError, "the loss is a value", cure="record it: tape.gradient(loss, variables)")

    def apply_gradients(
        self, optimizer: Optimizer, pairs: Sequence[tuple[Any, Any]], global_step: Any
    ) -> None:
        variables = [x for _, x in pairs]
        for x in variables:
            if not isinstance(x, Variable):
                fail(ArgumentError, f"{x!r} is no variable, which an optimizer could change")
        slots = [self.slots(optimizer, x) for x in variables]
        count = _count(optimizer)
        new, changed, now = _compiled(optimizer)(
            [_value(x) for x in variables], [_value(gradient) for gradient, _ in pairs],
            [[_value(x) for x in own] for own in slots],
            np.int64(0) if count is None else _value(count), _rate(optimizer),
        )  # fmt: skip
        for variable, value in zip(variables, new, strict=True):
            variable.take(value)
        for own, kept in zip(slots, changed, strict=True):
            for variable, value in zip(own, kept, strict=True):
                variable.take(value)
        if count is not None:
            count.take(now)
        if global_step is not None:
            global_step.assign_add(1)

    def slots(self, optimizer: Optimizer, variable: Any) -> list[Variable]:
        _count(optimizer)
        return [_slot(optimizer, variable, name) for name in optimizer.slot_names]


def _value(x: Any) -> Any:
    return as_tensor(x)._value


def _rate(optimizer: Optimizer) -> Any:
    rate = optimizer.rate_now
    return _value(rate) if isinstance(rate, Operand) else rate


def _slot(optimizer: Optimizer, variable: Variable, name: str) -> Variable:
    key = variable, name
    if key not in optimizer.made:
        zeros = np.zeros(variable.shape, slot_dtype(variable))
        optimizer.made[key] = Variable(zeros, False, f"{variable.name}/{name}")
    return optimizer.made[key]


def _count(optimizer: Optimizer) -> Variable | None:
    """The variable that counts updates, where the formula asks it."""
    if optimizer.counts and "count" not in optimizer.made:
        optimizer.made["count"] = Variable(np.int64(0), False, "count")
    return optimizer.made.get("count")


def _compiled(optimizer: Optimizer) -> Any:
    """The optimizer's update as machine code: one function for each optimizer."""
    if "update" not in optimizer.compiled:

        def update(leaves: Any, gradients: Any, slots: Any, count: Any, rate: Any) -> Any:
            now = count + 1
            return *optimizer.steps(leaves, gradients, slots, now, rate), now

        optimizer.compiled["update"] = api.jit(update)
    return optimizer.compiled["update"]


TRAINERS[Tensor] = TRAINERS[Variable] = TapeTrainer()
