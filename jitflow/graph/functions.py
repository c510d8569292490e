"""The functions of `jitflow.numpy` as makers of nodes, under NumPy's names and TensorFlow's."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

import jitflow.numpy as jnp
from jitflow.graph.nodes import convert
from jitflow.graph.operation import record
from jitflow.recording import Operand

ALIASES = {
    "reduce_sum": "sum", "reduce_mean": "mean", "reduce_max": "max", "reduce_min": "min",
    "reduce_prod": "prod", "reduce_all": "all", "reduce_any": "any", "mul": "multiply",
    "sub": "subtract", "div": "divide", "concat": "concatenate",
}  # fmt: skip
"""TensorFlow's names, where they are others."""


def node_function(name: str) -> Any:
    """The function that makes a node of this name, or the dtype; AttributeError for neither."""
    found = None if name.startswith("_") else getattr(jnp, ALIASES.get(name, name), None)
    if found is None:
        raise AttributeError(f"module 'jitflow.graph' has no attribute '{name}'")
    if isinstance(found, type) or not callable(found):
        return found
    return _maker(name, found)


def _maker(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
    """A function that makes a node; numbers alone become constants first."""

    def make(*args: Any, name: str = name, **kwargs: Any) -> Any:
        parts = [
            part for x in (*args, *kwargs.values())
            for part in (x if isinstance(x, (list, tuple)) else (x,))
        ]
        if not any(isinstance(x, Operand) for x in parts):
            args = tuple(convert(x) if _is_array(x) else x for x in args)
        return record(name, function, args, kwargs)

    make.__name__ = make.__qualname__ = name
    make.__doc__ = f"A node that applies `jitflow.numpy.{function.__name__}`."
    return make


def _is_array(x: Any) -> bool:
    return isinstance(x, (int, float, complex, np.ndarray, np.generic)) and not isinstance(x, bool)
