"""Windows that slide along axes: np.lib.stride_tricks.sliding_window_view.

A window is a gather at known places, so that what is computed of windows fuses with their reads.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view as numpy_own

from jitflow.errors import ShapeError, TraceError
from jitflow.numpy.basics import Array, as_array, emit, fail, normal_axis
from jitflow.numpy.ranges import iota
from jitflow.numpy.registry import numpy_function
from jitflow.numpy.shaping import as_shape, moveaxis
from jitflow.numpy.taking import take
from jitflow.trace import as_twin


@numpy_function(numpy_own)
def sliding_window_view(
    x: Any, window_shape: Any, axis: Any = None, writeable: bool = False
) -> Array:
    """Every window of these extents, as further axes at the end. It cannot be written."""
    op = "sliding_window_view"
    array, extents = as_array(x), as_shape(op, window_shape)
    if writeable:
        fail(TraceError, "writeable=True is not supported under @jit", op=op, cure="write x itself")
    axes = range(array.type.rank) if axis is None else np.atleast_1d(axis)
    if len(axes) != len(extents):
        problem = f"{len(extents)} window extents for {len(axes)} axes"
        fail(ShapeError, problem, op=op, shapes=[array.type.shape], cure="name the axes by axis=")
    for place, extent in zip(axes, extents, strict=True):
        array = _windows(array, normal_axis(op, place, array.type.rank), extent)
    result = as_twin(as_array(x), array)
    result.cell.frozen = "windows overlap: several elements share memory"
    return result


def _windows(x: Array, axis: int, extent: Any) -> Array:
    """The windows along one axis, whose elements are the last axis."""
    count = x.type.shape[axis] - extent + 1
    if extent < 0 or count <= 0:
        problem = f"no window of {extent} elements fits into axis {axis}"
        fail(ShapeError, problem, op="sliding_window_view", shapes=[x.type.shape])
    shape = (count, extent)
    places = emit("add", iota(shape, 0), iota(shape, 1))
    return moveaxis(take(x, places, axis), axis + 1, -1)
