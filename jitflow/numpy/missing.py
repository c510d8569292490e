"""What of NumPy is not traced: why, and what to write instead."""

from __future__ import annotations

from typing import NoReturn

import numpy as np

from jitflow.trace import CURES

_SHAPE = "the result's shape depends on the elements: call it outside @jit"

CURES.update(dict.fromkeys(
    (
        "np.intersect1d", "np.setdiff1d", "np.setxor1d", "np.trim_zeros", "np.union1d",
        "np.unique_all", "np.unique_counts", "np.unique_inverse",
        "np.unique_values",
    ),
    _SHAPE,
))  # fmt: skip
CURES["np.unique"] = "call jnp.unique with size=, or np.unique outside @jit"
CURES["np.polydiv"] = "the rest is cut where it is zero: call it outside @jit"


def __getattr__(name: str) -> NoReturn:
    """A name that jitflow.numpy does not have: NumPy's own serves outside `@jit`."""
    where = f"use np.{name} outside @jit" if hasattr(np, name) else "NumPy has no such name"
    raise AttributeError(f"module 'jitflow.numpy' has no attribute '{name}': {where}")
