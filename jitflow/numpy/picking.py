"""Elements of one axis by indices that are known: runs of them are slices, many runs a gather."""

from __future__ import annotations

from typing import Any

import numpy as np

from jitflow.numpy.basics import Array, as_array, emit
from jitflow.numpy.shaping import permuted
from jitflow.trace import detach

_MOST_RUNS = 16
"""More runs than this are gathered: each is a loop of its own."""

Indices = np.ndarray[Any, Any]


def picked(x: Array, axis: int, indices: Any) -> Array:
    """x along the axis at these indices, each of which it has; new memory."""
    places = np.asarray(indices, np.int64)
    runs = _runs(places)
    if len(runs) > _MOST_RUNS:
        return _gathered(x, axis, places)
    if not runs:
        return _run(x, axis, 0, 0, 1)
    parts = [_run(x, axis, *run) for run in runs]
    return emit("concatenate", *parts, axis=axis) if len(parts) > 1 else detach(parts[0])


def _runs(places: Indices) -> list[tuple[int, int, int]]:
    """(first, count, step) of maximal runs by +1, -1 or 0."""
    runs = []
    start, count = 0, len(places)
    while start < count:
        step = int(places[start + 1] - places[start]) if start + 1 < count else 1
        stop = start + 1
        if step in (-1, 0, 1):
            steps = np.diff(places[start:])
            other = np.flatnonzero(steps != step)
            stop = start + 1 + (int(other[0]) if len(other) else len(steps))
        runs.append((int(places[start]), stop - start, step))
        if len(runs) > _MOST_RUNS:
            break
        start = stop
    return runs


def _run(x: Array, axis: int, first: int, count: int, step: int) -> Array:
    shape = x.type.shape
    span = count if step in (-1, 1) else min(count, 1)
    low = first - span + 1 if step == -1 else first
    if span != shape[axis]:
        start, stop = [0] * len(shape), list(shape)
        start[axis], stop[axis] = low, low + span
        x = emit("slice", x, start=tuple(start), stop=tuple(stop), step=(1,) * len(shape))
    if step == -1:
        return emit("reverse", x, axes=(axis,))
    if span == count:
        return x
    spread = (*shape[:axis], count, *shape[axis + 1 :])
    return emit("broadcast", x, shape=spread, axes=tuple(range(len(shape))))


def _gathered(x: Array, axis: int, places: Indices) -> Array:
    rank = x.type.rank
    order = [axis, *(k for k in range(rank) if k != axis)]
    result = emit("gather", permuted(x, order), as_array(places))
    return detach(permuted(result, sorted(range(rank), key=order.__getitem__)))
