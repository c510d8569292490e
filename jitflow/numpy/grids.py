"""Coordinates of grids: meshgrid, indices, fromfunction."""

from __future__ import annotations

from typing import Any

import numpy as np

from jitflow.errors import ShapeError
from jitflow.numpy.basics import Array, as_array, broadcast, emit, fail
from jitflow.numpy.creation import in_trace
from jitflow.numpy.promotion import requested_dtype
from jitflow.numpy.ranges import iota
from jitflow.numpy.registry import numpy_function
from jitflow.numpy.shaping import as_shape, ravel, reshaped
from jitflow.trace import as_twin, detach


@numpy_function(np.meshgrid)
def meshgrid(
    *xi: Any, copy: bool = True, sparse: bool = False, indexing: str = "xy"
) -> tuple[Array, ...]:
    if indexing not in ("xy", "ij"):
        fail(ShapeError, f"indexing is 'xy' or 'ij', not {indexing!r}", op="meshgrid")
    arrays = [ravel(as_array(x)) for x in xi]
    places = list(range(len(arrays)))
    if indexing == "xy" and len(arrays) > 1:
        places[0], places[1] = 1, 0
    shape = [1] * len(arrays)
    for x, place in zip(arrays, places, strict=True):
        shape[place] = x.type.shape[0]
    results = []
    for x, place in zip(arrays, places, strict=True):
        column = [x.type.shape[0] if k == place else 1 for k in range(len(arrays))]
        spread_out = reshaped(x, tuple(column))
        result = spread_out if sparse else broadcast(spread_out, tuple(shape))
        results.append(detach(result) if copy else as_twin(x, result))
    return tuple(results)


@in_trace(np.indices)
def indices(dimensions: Any, dtype: Any = int, sparse: bool = False) -> Any:
    shape, kind = as_shape("indices", dimensions), requested_dtype(dtype)
    if sparse:
        columns = []
        for k, extent in enumerate(shape):
            column = tuple([extent if axis == k else 1 for axis in range(len(shape))])
            columns.append(iota(column, k, kind))
        return tuple(columns)
    if not shape:
        return as_array(np.indices((), kind.numpy))
    lines = [reshaped(iota(shape, k, kind), (1, *shape)) for k in range(len(shape))]
    return emit("concatenate", *lines, axis=0) if len(lines) > 1 else lines[0]


@in_trace(np.fromfunction)
def fromfunction(function: Any, shape: Any, *, dtype: Any = float, **kwargs: Any) -> Any:
    """The function of the coordinates, each an array of the whole shape."""
    return function(*indices(shape, dtype), **kwargs)
