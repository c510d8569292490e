"""Functions that take arrays apart along an axis; the parts are views."""

from __future__ import annotations

from typing import Any

import numpy as np

from jitflow.errors import ShapeError
from jitflow.numpy.basics import Array, as_array, fail, normal_axis
from jitflow.numpy.registry import numpy_function
from jitflow.numpy.shaping import reshaped
from jitflow.trace import emit_view


def sliced(x: Array, axis: int, start: int, stop: int) -> Array:
    """A view of x[start:stop] along one axis, bounds within the array."""
    shape = x.type.shape
    if start == 0 and stop == shape[axis]:
        return x
    low, high = [0] * len(shape), list(shape)
    low[axis], high[axis] = start, stop
    return emit_view("slice", x, start=tuple(low), stop=tuple(high), step=(1,) * len(shape))


@numpy_function(np.split)
def split(ary: Any, indices_or_sections: Any, axis: int = 0) -> list[Array]:
    x = as_array(ary)
    extent = x.type.shape[normal_axis("split", axis, x.type.rank)]
    if isinstance(indices_or_sections, (int, np.integer)) and (
        indices_or_sections < 1 or extent % indices_or_sections
    ):
        fail(
            ShapeError,
            f"axis {axis} does not divide into {indices_or_sections} equal parts",
            op="split",
            shapes=[x.type.shape],
            cure="use np.array_split",
        )
    return array_split(x, indices_or_sections, axis)


@numpy_function(np.array_split)
def array_split(ary: Any, indices_or_sections: Any, axis: int = 0) -> list[Array]:
    x = as_array(ary)
    position = normal_axis("array_split", axis, x.type.rank)
    extent = x.type.shape[position]
    if isinstance(indices_or_sections, (int, np.integer)):
        if indices_or_sections < 1:
            fail(ShapeError, "the number of parts must be 1 or more", op="array_split")
        each, extra = divmod(extent, int(indices_or_sections))
        cuts = [k * each + min(k, extra) for k in range(int(indices_or_sections) + 1)]
        spans = list(zip(cuts[:-1], cuts[1:], strict=True))
    else:
        cuts = [0, *indices_or_sections, extent]
        spans = [slice(a, b).indices(extent)[:2] for a, b in zip(cuts[:-1], cuts[1:], strict=True)]
    return [sliced(x, position, a, max(a, b)) for a, b in spans]


def _ranked(op: str, ary: Any, rank: int) -> Array:
    x = as_array(ary)
    if x.type.rank < rank:
        problem = f"needs an array of {rank} dimensions or more"
        fail(ShapeError, problem, op=op, shapes=[x.type.shape])
    return x


@numpy_function(np.hsplit)
def hsplit(ary: Any, indices_or_sections: Any) -> list[Array]:
    x = _ranked("hsplit", ary, 1)
    return split(x, indices_or_sections, 0 if x.type.rank == 1 else 1)


@numpy_function(np.vsplit)
def vsplit(ary: Any, indices_or_sections: Any) -> list[Array]:
    return split(_ranked("vsplit", ary, 2), indices_or_sections, 0)


@numpy_function(np.dsplit)
def dsplit(ary: Any, indices_or_sections: Any) -> list[Array]:
    return split(_ranked("dsplit", ary, 3), indices_or_sections, 2)


@numpy_function(np.unstack)
def unstack(x: Any, axis: int = 0) -> tuple[Array, ...]:
    array = _ranked("unstack", x, 1)
    position = normal_axis("unstack", axis, array.type.rank)
    shape = array.type.shape
    rest = (*shape[:position], *shape[position + 1 :])
    return tuple(
        [reshaped(sliced(array, position, k, k + 1), rest) for k in range(shape[position])]
    )
