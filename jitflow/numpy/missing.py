"""What of NumPy is not traced: why, and what to write instead."""

from __future__ import annotations

from typing import NoReturn

import numpy as np

from jitflow.trace import CURES

_SIZED = (
    "intersect1d", "setdiff1d", "setxor1d", "union1d", "unique", "unique_all", "unique_counts",
    "unique_inverse", "unique_values",
)  # fmt: skip
CURES.update({f"np.{name}": f"call jnp.{name} with size=, or it outside @jit" for name in _SIZED})
CURES["np.trim_zeros"] = "the result's shape depends on the elements: call it outside @jit"
_DATA = "call it without like=: it reads no arrays, and its result is a constant"
CURES.update(dict.fromkeys(
    (
        "np.frombuffer", "np.fromfile", "np.fromiter", "np.fromstring", "np.genfromtxt",
        "np.loadtxt",
    ),
    _DATA,
))  # fmt: skip


def refuse(name: str) -> NoReturn:
    """Of a name that jitflow.numpy does not have: NumPy's own serves outside `@jit`."""
    where = f"use np.{name} outside @jit" if hasattr(np, name) else "NumPy has no such name"
    raise AttributeError(f"module 'jitflow.numpy' has no attribute '{name}': {where}")
