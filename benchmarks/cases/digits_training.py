"""The whole training of examples/digits.py: what a user waits for, compilation included."""

from functools import cache

import numpy as np
from case import Case, Kind, Setup
from digits_steps import data
from digits_steps.forms import FORMS, form

EPOCHS = 60


def training(row: str) -> Setup:
    """Trains with a step that is new, so compiled anew, and reads each loss as the example does."""

    def prepare(seed: int):
        new_step = form(row)
        data.samples()

        def run():
            step, losses = new_step(*data.start()), []
            for epoch in range(EPOCHS):
                rate = float(0.1 * 0.5 * (1 + np.cos(np.pi * epoch / EPOCHS)))
                for x, one_hot in data.batches(epoch):
                    value, params = step(x, one_hot, rate)
                    losses.append(float(value))
            return np.array(losses), params

        return run

    return prepare


@cache
def reference():
    return training("numpy by hand")(0)()


CASE = Case(
    name="digits_training",
    title=f"training of examples/digits.py, {EPOCHS} epochs, from the first call to the last",
    reference=lambda seed: reference(),
    rows={row: training(row) for row in FORMS},
    kind=Kind.FIRST_CALL,
    tolerance=2e-2,
    rounds=5,
    fewer_rounds={"torch compiled": 1},
)
