"""Gradients scaled down to a norm that all of them have together."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from operator import add
from typing import Any

import numpy as np

from jitflow.errors import ArgumentError
from jitflow.trace.pytree import flatten, unflatten
from jitflow.trace.source import fail


def global_norm(tree: Any) -> Any:
    """The root of the sum of squares of all elements of all arrays."""
    return _norm(flatten(tree)[0])


def clip_by_global_norm(tree: Any, norm: float) -> Any:
    """The tree, scaled so that its global norm is at most `norm` (Pascanu et al. 2013)."""
    leaves, structure = flatten(tree)
    return unflatten(structure, scale_to_norm(leaves, norm))


def scale_to_norm(leaves: Sequence[Any], norm: float) -> list[Any]:
    """Arrays scaled by one factor so that their common norm is at most `norm`."""
    if not norm > 0:
        fail(ArgumentError, f"a norm of {norm}: it must be above 0")
    if not leaves:
        return []
    factor = norm / np.maximum(_norm(leaves), norm)
    return [x * factor.astype(x.dtype) for x in leaves]


def _norm(leaves: Sequence[Any]) -> Any:
    return np.sqrt(reduce(add, [np.sum(np.square(x.astype(np.float64))) for x in leaves]))
