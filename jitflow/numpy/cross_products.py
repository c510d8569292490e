"""Products without a contracted axis, or of a fixed few terms: outer, kron, cross."""

from __future__ import annotations

from typing import Any

import numpy as np

from jitflow.errors import ShapeError
from jitflow.numpy.basics import (
    Array,
    as_array,
    broadcast,
    broadcast_shapes,
    common_dtype,
    convert,
    emit,
    fail,
    normal_axis,
)
from jitflow.numpy.registry import numpy_function, strong
from jitflow.numpy.shaping import moveaxis, ravel, reshaped
from jitflow.numpy.ufuncs import CALLS


@numpy_function(np.outer)
def outer(a: Any, b: Any) -> Array:
    x, y = ravel(strong(as_array(a))), ravel(strong(as_array(b)))
    return CALLS[np.multiply](reshaped(x, (*x.type.shape, 1)), y)


@numpy_function(np.kron)
def kron(a: Any, b: Any) -> Array:
    """Each element of a times the whole of b."""
    x, y = strong(as_array(a)), strong(as_array(b))
    if not x.type.rank or not y.type.rank:
        return CALLS[np.multiply](x, y)
    rank = max(x.type.rank, y.type.rank)
    outer_shape = (1,) * (rank - x.type.rank) + x.type.shape
    inner_shape = (1,) * (rank - y.type.rank) + y.type.shape
    wide = reshaped(x, tuple([n for extent in outer_shape for n in (extent, 1)]))
    tight = reshaped(y, tuple([n for extent in inner_shape for n in (1, extent)]))
    sizes = tuple([m * n for m, n in zip(outer_shape, inner_shape, strict=True)])
    return reshaped(CALLS[np.multiply](wide, tight), sizes)


@numpy_function(np.cross, np.linalg.cross)
def cross(
    a: Any, b: Any, axisa: int = -1, axisb: int = -1, axisc: int = -1, axis: Any = None
) -> Array:
    """Of vectors with 3 components, or 2, whose third one is 0."""
    if axis is not None:
        axisa = axisb = axisc = axis
    x, y = strong(as_array(a)), strong(as_array(b))
    dtype = common_dtype([x, y])
    x = moveaxis(convert(x, dtype), normal_axis("cross", axisa, x.type.rank), -1)
    y = moveaxis(convert(y, dtype), normal_axis("cross", axisb, y.type.rank), -1)
    lengths = x.type.shape[-1], y.type.shape[-1]
    if not {*lengths} <= {2, 3}:
        problem = "incompatible dimensions for cross product (dimension must be 2 or 3)"
        fail(ShapeError, problem, op="cross", shapes=[x.type.shape, y.type.shape])
    parts = _components(_parts(x), _parts(y))
    if lengths == (2, 2):
        return parts[2]
    lead = broadcast_shapes("cross", [x.type.shape[:-1], y.type.shape[:-1]])
    columns = [reshaped(broadcast(part, lead), (*lead, 1)) for part in parts]
    result = emit("concatenate", *columns, axis=len(lead))
    return moveaxis(result, -1, normal_axis("cross", axisc, len(lead) + 1))


def _parts(x: Array) -> list[Any]:
    """The components along the last axis; None for a third one that is not there."""
    found: list[Any] = [x[..., k] for k in range(x.type.shape[-1])]
    return found if len(found) == 3 else [*found, None]


def _components(x: list[Any], y: list[Any]) -> list[Any]:
    pairs = [(1, 2), (2, 0), (0, 1)]
    return [_difference(_term(x[i], y[j]), _term(x[j], y[i])) for i, j in pairs]


def _term(x: Any, y: Any) -> Any:
    return None if x is None or y is None else CALLS[np.multiply](x, y)


def _difference(first: Any, second: Any) -> Any:
    if second is None:
        return first
    if first is None:
        return CALLS[np.negative](second)
    return CALLS[np.subtract](first, second)
