"""Random orders, and random elements of arrays."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from jitflow.api import jit
from jitflow.errors import ArgumentError, ShapeError
from jitflow.numpy.basics import Array, as_array, emit, fail
from jitflow.numpy.ranges import arange
from jitflow.random.distributions import gumbel, randint, uniform
from jitflow.random.keys import bits, size_of


def _elements(a: Any) -> Array:
    """a, or the numbers below it where it is a whole number."""
    return arange(a) if isinstance(a, int) else as_array(a)


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
    if isinstance(x, int):
        return _permuted_range(key, x, 0)
    return _permuted(key, x, axis)


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
    if isinstance(a, int):
        return _indices(key, a, shape, replace, p)
    place = axis % np.ndim(a)
    indices = _indices(key, np.shape(a)[place], shape, replace, p)
    return _taken(a, indices, place)
