"""Functions that put arrays together, take them apart, repeat and pad them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from jitflow.errors import ShapeError, TraceError
from jitflow.ir.dtypes import DType
from jitflow.numpy.basics import (
    Array,
    as_array,
    broadcast,
    common_dtype,
    convert,
    emit,
    fail,
    normal_axis,
    operand,
    spread,
)
from jitflow.numpy.promotion import requested_dtype
from jitflow.numpy.registry import numpy_function, strong
from jitflow.numpy.shaping import as_shape, expand_dims, ravel, reshaped
from jitflow.numpy.ufuncs import CALLS
from jitflow.trace import FUNCTIONS, detach, emit_view


def sliced(x: Array, axis: int, start: int, stop: int) -> Array:
    """A view of x[start:stop] along one axis, bounds within the array."""
    shape = x.type.shape
    if start == 0 and stop == shape[axis]:
        return x
    low, high = [0] * len(shape), list(shape)
    low[axis], high[axis] = start, stop
    return emit_view("slice", x, start=tuple(low), stop=tuple(high), step=(1,) * len(shape))


def _parts(op: str, arrays: Any, dtype: Any) -> tuple[list[Array], DType]:
    """The arrays, and the one dtype of their row; a traced array is the sequence of its rows."""
    parts = [operand(x) for x in arrays]
    if not parts:
        fail(ShapeError, "need at least one array", op=op)
    result = common_dtype(parts) if dtype is None else requested_dtype(dtype)
    return [as_array(x) for x in parts], result


@numpy_function(np.concatenate, np.concat)
def concatenate(arrays: Any, axis: Any = 0, dtype: Any = None) -> Array:
    parts, result = _parts("concatenate", arrays, dtype)
    if axis is None:
        parts, axis = [ravel(x) for x in parts], 0
    return _joined("concatenate", parts, axis, result)


def _joined(op: str, parts: Sequence[Array], axis: int, dtype: DType) -> Array:
    shapes = [x.type.shape for x in parts]
    if not shapes[0]:
        fail(
            ShapeError,
            "zero-dimensional arrays cannot be concatenated",
            op=op,
            shapes=shapes,
            cure="use stack",
        )
    position = normal_axis(op, axis, len(shapes[0]))
    beside = [(*shape[:position], *shape[position + 1 :]) for shape in shapes]
    ranks = [len(shape) for shape in shapes]
    if ranks != ranks[:1] * len(ranks) or beside != beside[:1] * len(beside):
        fail(
            ShapeError, f"the arrays must agree in every axis but {position}", op=op, shapes=shapes
        )
    parts = [convert(x, dtype) for x in parts]
    return emit("concatenate", *parts, axis=position) if len(parts) > 1 else detach(parts[0])


@numpy_function(np.stack)
def stack(arrays: Any, axis: int = 0, dtype: Any = None) -> Array:
    parts, result = _parts("stack", arrays, dtype)
    shapes = [x.type.shape for x in parts]
    if shapes != shapes[:1] * len(shapes):
        fail(ShapeError, "all arrays must have one shape", op="stack", shapes=shapes)
    position = normal_axis("stack", axis, len(shapes[0]) + 1)
    return _joined("stack", [expand_dims(x, position) for x in parts], position, result)


@numpy_function(np.vstack)
def vstack(tup: Any, dtype: Any = None) -> Array:
    parts, result = _parts("vstack", tup, dtype)
    return _joined("vstack", [FUNCTIONS[np.atleast_2d](x) for x in parts], 0, result)


@numpy_function(np.hstack)
def hstack(tup: Any, dtype: Any = None) -> Array:
    parts, result = _parts("hstack", tup, dtype)
    parts = [FUNCTIONS[np.atleast_1d](x) for x in parts]
    return _joined("hstack", parts, 0 if parts[0].type.rank == 1 else 1, result)


@numpy_function(np.dstack)
def dstack(tup: Any) -> Array:
    parts, result = _parts("dstack", tup, None)
    return _joined("dstack", [FUNCTIONS[np.atleast_3d](x) for x in parts], 2, result)


@numpy_function(np.column_stack)
def column_stack(tup: Any) -> Array:
    parts, result = _parts("column_stack", tup, None)
    columns = [x if x.type.rank > 1 else reshaped(x, (math.prod(x.type.shape), 1)) for x in parts]
    return _joined("column_stack", columns, 1, result)


@numpy_function(np.append)
def append(arr: Any, values: Any, axis: Any = None) -> Array:
    return concatenate((arr, strong(as_array(values))), axis)


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


@numpy_function(np.hsplit)
def hsplit(ary: Any, indices_or_sections: Any) -> list[Array]:
    x = as_array(ary)
    return split(x, indices_or_sections, 0 if x.type.rank == 1 else 1)


@numpy_function(np.vsplit)
def vsplit(ary: Any, indices_or_sections: Any) -> list[Array]:
    return split(ary, indices_or_sections, 0)


@numpy_function(np.pad)
def pad(array: Any, pad_width: Any, mode: Any = "constant", constant_values: Any = 0) -> Array:
    """mode="constant" with one value for all sides."""
    x = as_array(array)
    if mode != "constant":
        fail(TraceError, f"mode={mode!r} comes later", op="pad", cure="use mode='constant'")
    if np.ndim(constant_values) and type(constant_values) is not Array:
        fail(TraceError, "one constant value for all sides only", op="pad")
    widths = _pad_widths(x, pad_width)
    low, high = tuple(w[0] for w in widths), tuple(w[1] for w in widths)
    value = spread(operand(constant_values), (), x.type.dtype)
    return emit("pad", x, value, low=low, high=high, interior=(0,) * x.type.rank)


def _pad_widths(x: Array, pad_width: Any) -> list[tuple[int, int]]:
    """NumPy's forms: n, (n,), (before, after), or one pair for each axis; or a dict by axis."""
    rank = x.type.rank
    if isinstance(pad_width, dict):
        named = {normal_axis("pad", k, rank): v for k, v in pad_width.items()}
        pad_width = [named.get(k, 0) for k in range(rank)]
        pad_width = [v if isinstance(v, (tuple, list)) else (v, v) for v in pad_width]
    widths = np.asarray(pad_width)
    if widths.dtype.kind not in "iu" or (widths.size and widths.min() < 0):
        fail(ShapeError, "widths are integers, 0 or more", op="pad", shapes=[x.type.shape])
    try:
        return [(int(a), int(b)) for a, b in np.broadcast_to(widths, (rank, 2))]
    except ValueError:
        fail(
            ShapeError, f"widths {pad_width} do not fit the array", op="pad", shapes=[x.type.shape]
        )


@numpy_function(np.repeat, method="repeat")
def repeat(a: Any, repeats: Any, axis: Any = None) -> Array:
    """One count for all elements: an axis is added, spread, and merged."""
    x = as_array(a)
    if type(repeats) is Array or np.ndim(repeats):
        fail(TraceError, "counts for each element come later", op="repeat")
    count = as_shape("repeat", repeats)[0]
    if axis is None:
        x, axis = ravel(x), 0
    position = normal_axis("repeat", axis, x.type.rank)
    shape = x.type.shape
    before, extent, after = shape[:position], shape[position], shape[position + 1 :]
    axes = (*range(position + 1), *range(position + 2, len(shape) + 1))
    spread_out = emit("broadcast", x, shape=(*before, extent, count, *after), axes=axes)
    return emit("reshape", spread_out, shape=(*before, extent * count, *after))


@numpy_function(np.tile)
def tile(A: Any, reps: Any) -> Array:
    x = as_array(A)
    counts = as_shape("tile", reps)
    rank = max(len(counts), x.type.rank)
    counts = (1,) * (rank - len(counts)) + counts
    shape = (1,) * (rank - x.type.rank) + x.type.shape
    pairs = [part for count, extent in zip(counts, shape, strict=True) for part in (count, extent)]
    axes = tuple(2 * k + 1 for k in range(rank - x.type.rank, rank))
    spread_out = emit("broadcast", x, shape=tuple(pairs), axes=axes)
    final = tuple(count * extent for count, extent in zip(counts, shape, strict=True))
    return emit("reshape", spread_out, shape=final)


@numpy_function(np.roll)
def roll(a: Any, shift: Any, axis: Any = None) -> Array:
    x = as_array(a)
    if axis is None:
        return reshaped(roll(ravel(x), shift, 0), x.type.shape)
    shifts, axes = (v if isinstance(v, (tuple, list)) else (v,) for v in (shift, axis))
    for count, k in np.broadcast(shifts, axes):
        x = _rolled(x, as_shape("roll", count)[0], normal_axis("roll", int(k), x.type.rank))
    return detach(x)


def _rolled(x: Array, shift: Any, axis: int) -> Array:
    extent = x.type.shape[axis]
    cut = -shift % extent if extent else 0
    if cut == 0:
        return x
    return emit("concatenate", sliced(x, axis, cut, extent), sliced(x, axis, 0, cut), axis=axis)


@numpy_function(np.diff)
def diff(a: Any, n: int = 1, axis: int = -1) -> Array:
    x = as_array(a)
    position = normal_axis("diff", axis, x.type.rank)
    ufunc = np.not_equal if x.type.dtype.kind == "b" else np.subtract
    for _ in range(n):
        extent = x.type.shape[position]
        last = max(extent - 1, 0)
        x = CALLS[ufunc](sliced(x, position, min(1, extent), extent), sliced(x, position, 0, last))
    return x


@numpy_function(np.meshgrid)
def meshgrid(*xi: Any, sparse: bool = False, indexing: str = "xy") -> list[Array]:
    arrays = [ravel(x) for x in xi]
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
        results.append(spread_out if sparse else broadcast(spread_out, tuple(shape)))
    return results
