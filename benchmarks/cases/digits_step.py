"""One train step of examples/digits.py, as it runs in the middle of a training."""

from importlib import import_module
from itertools import cycle

from case import Bar, Case, Setup
from digits_steps import data

RATE = 0.05


def setup(module: str, form: str) -> Setup:
    """A step of `digits_steps.MODULE.FORM` on the next batch, until its loss is a float."""

    def prepare(seed: int):
        step = getattr(import_module(f"digits_steps.{module}"), form)(*data.start())
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
    reference=lambda seed: setup("by_numpy", "by_hand")(seed)(),
    rows={
        "jitflow": setup("by_jitflow", "jitted"),
        "jax": setup("by_jax", "jitted"),
        "jax donated": setup("by_jax", "donated"),
        "torch eager": setup("by_torch", "eager"),
        "torch by hand": setup("by_torch", "by_hand"),
        "torch compiled": setup("by_torch", "compiled"),
        "numpy by hand": setup("by_numpy", "by_hand"),
    },
    tolerance=1e-4,
    rounds=25,
    bars=(Bar("jax", 1.0), Bar("torch", 1.0)),
)
