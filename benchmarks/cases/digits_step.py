"""One train step of examples/digits.py, as it runs in the middle of a training."""

from itertools import cycle

from case import Bar, Case, Setup
from digits_steps import data
from digits_steps.forms import FORMS, form

RATE = 0.05


def stepping(row: str) -> Setup:
    """A step on the next batch, until its loss is a float."""

    def prepare(seed: int):
        step = form(row)(*data.start())
        turn = cycle(data.batches(seed))

        def run():
            x, one_hot = next(turn)
            value, params = step(x, one_hot, RATE)
            return float(value), params

        return run

    return prepare


CASE = Case(
    name="digits_step",
    title="train step of examples/digits.py: forward, gradient, momentum",
    reference=lambda seed: stepping("numpy by hand")(seed)(),
    rows={row: stepping(row) for row in FORMS},
    tolerance=1e-4,
    rounds=25,
    bars=(Bar("jax", 1.0), Bar("torch", 1.0)),
)
