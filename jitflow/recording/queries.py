"""Functions of NumPy that ask for shapes and dtypes alone: answered at once, not recorded."""

from __future__ import annotations

from collections.abc import Callable
from math import prod
from typing import Any

import numpy as np

from jitflow.errors import ShapeError
from jitflow.trace.source import fail


def shape(x: Any) -> tuple[int, ...]:
    """ShapeError where a size of an operand is not known."""
    known = x.shape
    if known is None or None in known:
        fail(ShapeError, f"the shape of {x!r} is not known", cure="g.shape(x) is a node of it")
    return tuple(known)


def _size(x: Any, axis: Any = None) -> int:
    sizes = shape(x)
    axes = (axis,) if isinstance(axis, int) else axis
    return prod(sizes if axes is None else [sizes[k] for k in axes])


def _ndim(x: Any) -> int:
    if x.shape is None:
        fail(ShapeError, f"the rank of {x!r} is not known", cure="give the placeholder a shape")
    return len(x.shape)


def _of_dtypes(function: Callable[..., Any]) -> Callable[..., Any]:
    """The function with empty arrays in place of operands."""

    def ask(*args: Any, **kwargs: Any) -> Any:
        return function(*[np.empty(0, x.dtype) if hasattr(x, "_record") else x for x in args],
                        **kwargs)

    return ask


QUERIES: dict[Any, Callable[..., Any]] = {
    np.shape: shape,
    np.ndim: _ndim,
    np.size: _size,
    **{
        function: _of_dtypes(function)
        for function in (
            np.result_type, np.can_cast, np.common_type, np.iscomplexobj, np.isrealobj,
            np.min_scalar_type,
        )
    },
}
"""By function: what answers it for operands."""
