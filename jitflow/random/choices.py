"""Random orders, and random elements of arrays."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from jitflow.api import jit
from jitflow.errors import ArgumentError, ShapeError
from jitflow.numpy.basics import as_array, emit, fail, normal_axis
from jitflow.random.distributions import gumbel, randint, uniform
from jitflow.random.keys import bits, size_of

_WHOLE = int, np.integer


@partial(jit, static_argnames=("x", "axis"))
def _permuted_range(key: Any, x: int, axis: int) -> Any:
    return np.argsort(bits(key, (x,), np.uint64), stable=True)


@partial(jit, static_argnames=("axis",))
def _permuted(key: Any, x: Any, axis: int) -> Any:
    moved = np.moveaxis(x, axis, 0)
    order = _permuted_range(key, moved.shape[0], 0)
    return np.moveaxis(emit("gather", moved, order), 0, axis) if moved.shape[0] else x


def permutation(key: Any, x: Any, axis: int = 0) -> Any:
    """The array in random order along the axis; of a whole number x, of 0 to x - 1."""
    if isinstance(x, _WHOLE):
        return _permuted_range(key, _count("permutation", x), 0)
    return _permuted(key, _array("permutation", x), axis)


def _count(op: str, x: Any) -> int:
    """How many numbers there are below x; ArgumentError where it is negative."""
    if x < 0:
        fail(ArgumentError, f"there are no {x} numbers", op=op)
    return int(x)


def _array(op: str, x: Any) -> Any:
    """x, which has an axis; ArgumentError where it is one number."""
    if np.ndim(x):
        return x if hasattr(x, "shape") else np.asarray(x)
    fail(
        ArgumentError,
        "takes an array, or a whole number that is known while tracing",
        op=op,
        cure="name a number in static_argnames",
    )


@partial(jit, static_argnames=("a", "shape", "replace"))
def _indices(key: Any, a: int, shape: Any, replace: bool, p: Any) -> Any:
    """Indices below a."""
    size = size_of(shape)
    if not replace and size > a:
        fail(ArgumentError, f"cannot take {size} of {a} elements without replacing", op="choice")
    if not a and size:
        fail(ArgumentError, "there is nothing to choose from", op="choice")
    if p is None:
        if replace:
            return randint(key, shape, 0, max(a, 1))
        return np.reshape(_permuted_range(key, a, 0)[:size], shape)
    weights = as_array(p)
    if weights.shape != (a,):
        fail(ShapeError, f"p must hold {a} probabilities", op="choice", shapes=[weights.shape])
    if not replace:
        scores = np.log(weights) + gumbel(key, (a,))
        return np.reshape(np.argsort(-scores, stable=True)[:size], shape)
    sums = np.cumsum(weights)
    drawn = uniform(key, shape) * sums[-1]
    return np.minimum(np.searchsorted(sums, drawn, "right"), a - 1)


@partial(jit, static_argnames=("axis",))
def _taken(x: Any, indices: Any, axis: int) -> Any:
    moved = emit("gather", np.moveaxis(x, axis, 0), as_array(indices))
    count = as_array(indices).ndim
    return np.moveaxis(moved, tuple(range(count)), tuple(range(axis, axis + count)))


def choice(
    key: Any, a: Any, shape: Any = (), replace: bool = True, p: Any = None, axis: int = 0
) -> Any:
    """Random elements of a along the axis, or of the numbers below a whole number a.

    shape: takes the place of the axis. p: their probabilities, whose sum need not be 1.
    """
    if isinstance(a, _WHOLE):
        return _indices(key, _count("choice", a), shape, replace, p)
    a = _array("choice", a)
    place = normal_axis("choice", axis, a.ndim)
    indices = _indices(key, np.shape(a)[place], shape, replace, p)
    return _taken(a, indices, place)
