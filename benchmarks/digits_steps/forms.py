"""The forms of the digits step by name, imported when they are asked for."""

from importlib import import_module

FORMS = {
    "jitflow": "by_jitflow:jitted",
    "jax": "by_jax:jitted",
    "jax donated": "by_jax:donated",
    "torch eager": "by_torch:eager",
    "torch by hand": "by_torch:by_hand",
    "torch compiled": "by_torch:compiled",
    "numpy by hand": "by_numpy:by_hand",
}
"""The rows of the cases, and where each is."""


def form(row: str):
    """The form of a row."""
    module, name = FORMS[row].split(":")
    return getattr(import_module(f"digits_steps.{module}"), name)
