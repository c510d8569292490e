"""Histograms with a known number of bins, whose edges may depend on the elements."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from jitflow.errors import ShapeError, TraceError
from jitflow.ir.dtypes import bool_, f64, i32, i64
from jitflow.numpy.basics import (
    Array,
    as_array,
    broadcast,
    common_dtype,
    convert,
    emit,
    emit_check,
    fail,
    full,
    full_like,
    gathered,
)
from jitflow.numpy.counting import counted
from jitflow.numpy.index_arrays import counting_dtype
from jitflow.numpy.promotion import requested_dtype
from jitflow.numpy.ranges import linspace
from jitflow.numpy.registry import numpy_function, strong
from jitflow.numpy.shaping import ravel
from jitflow.numpy.ufuncs import CALLS
from jitflow.trace import FUNCTIONS
from jitflow.trace.checks import WRONG_VALUE


def _finite_range(x: Array, limits: Any) -> tuple[Any, Any]:
    """The first and the last edge: given, or the least and the greatest element."""
    if limits is not None:
        first, last = limits
        if isinstance(first, (int, float)) and isinstance(last, (int, float)):
            if first > last:
                fail(ShapeError, "max must be larger than min in range parameter.", op="histogram")
            return (first - 0.5, last + 0.5) if first == last else (first, last)
        first, last = as_array(first), as_array(last)
    elif 0 in x.type.shape:
        return 0, 1
    else:
        every = tuple(range(x.type.rank))
        first, last = emit("reduce_min", x, axes=every), emit("reduce_max", x, axes=every)
        finite = emit("and", *[CALLS[np.isfinite](v) for v in (first, last)])
        emit_check(finite, f"{WRONG_VALUE}the autodetected range is not finite")
    is_point = CALLS[np.equal](first, last)
    where = FUNCTIONS[np.where]
    low, high = CALLS[np.subtract](first, 0.5), CALLS[np.add](last, 0.5)
    return where(is_point, low, first), where(is_point, high, last)


def _uniform(
    x: Array, bins: Any, limits: Any, in_dtype_of_x: bool = True
) -> tuple[Array, Any, Any] | None:
    """Edges of equal bins, and the first and the last one; None where edges were given."""
    if isinstance(bins, str):
        fail(
            TraceError, f"how many bins {bins!r} gives depends on the elements", op="histogram",
            cure="give the number of bins",
        )
    if type(bins) is Array and not bins.type.shape:
        fail(
            TraceError, "the number of bins decides about a shape", op="histogram",
            cure="name it in static_argnames",
        )
    if isinstance(bins, (list, tuple)) or np.ndim(bins) != 0:
        return None
    try:
        count = operator.index(bins)
    except TypeError:
        fail(
            TraceError, f"`bins` is {bins!r}, not an integer or an array", op="histogram",
            cure="give the number of bins, or their edges",
        )
    if count < 1:
        fail(ShapeError, "`bins` must be positive, when an integer", op="histogram")
    first, last = _finite_range(x, limits)
    if not in_dtype_of_x:
        return linspace(first, last, count + 1), first, last
    kinds = [v.dtype if type(v) is Array else v for v in (first, last)]
    dtype = np.result_type(*kinds, x.dtype)
    if np.issubdtype(dtype, np.integer) or dtype == np.bool_:
        dtype = np.result_type(dtype, float)
    return linspace(first, last, count + 1, dtype=dtype), first, last


def _edges(bins: Any) -> Array:
    edges = as_array(bins)
    if edges.type.rank != 1:
        fail(ShapeError, "`bins` must be 1d, when an array", op="histogram", shapes=[edges.type])
    size = edges.type.shape[0]
    low = emit("slice", edges, start=(0,), stop=(size - 1,), step=(1,))
    high = emit("slice", edges, start=(1,), stop=(size,), step=(1,))
    emit_check(
        emit("reduce_all", CALLS[np.less_equal](low, high), axes=(0,)),
        f"{WRONG_VALUE}`bins` must increase monotonically, when an array",
    )
    return edges


def _edge_at(edges: Array, first: Any, last: Any) -> Callable[[Array], Array]:
    """Reads edges but the last one: computes them, where that gives the same bits."""
    count, dtype = edges.type.shape[0] - 1, edges.type.dtype
    if isinstance(first, (int, float)) and isinstance(last, (int, float)):
        start, step = float(first), (float(last) - float(first)) / count
        made = (np.arange(count) * step + start).astype(dtype.numpy)
        if (made == np.linspace(first, last, count + 1, dtype=dtype.numpy)[:-1]).all():
            add, multiply = CALLS[np.add], CALLS[np.multiply]
            return lambda index: convert(add(multiply(convert(index, f64), step), start), dtype)
    return lambda index: emit("gather", edges, convert(index, i64))


def _in_equal_bins(x: Array, edges: Array, first: Any, last: Any) -> Array:
    """The bin of each element, by NumPy's rounding; those outside get the number of bins.

    What they scale to matters to nobody, so the indices are as narrow as the bins allow.
    """
    count = edges.type.shape[0] - 1
    inside = emit("and", CALLS[np.greater_equal](x, first), CALLS[np.less_equal](x, last))
    x = convert(x, edges.type.dtype)
    span = CALLS[np.subtract](last, first)
    scaled = CALLS[np.multiply](CALLS[np.true_divide](CALLS[np.subtract](x, first), span), count)
    index = convert(scaled, counting_dtype(i32, count + 1))
    one = full_like(index, 1)
    index = emit("clamp", full_like(index, 0), index, full_like(index, count - 1))
    edge_at = _edge_at(edges, first, last)
    before = emit("maximum", emit("sub", index, one), full_like(index, 0))
    index = emit("select", emit("lt", x, edge_at(index)), before, index)
    above = emit("ge", x, edge_at(emit("add", index, one)))
    above = emit("and", above, emit("ne", index, full_like(index, count - 1)))
    index = emit("select", above, emit("add", index, one), index)
    return emit("select", inside, index, full_like(index, count))


def _between_edges(x: Array, edges: Array) -> Array:
    """The bin of each element between edges; those outside get the number of bins or more."""
    count = edges.type.shape[0] - 1
    index = FUNCTIONS[np.searchsorted](edges, x, side="right")
    last = emit("gather", edges, full((), count, i64))
    on_edge = CALLS[np.equal](x, broadcast(last, x.type.shape))
    index = emit("sub", index, full_like(index, 1))
    index = emit("select", on_edge, full_like(index, count - 1), index)
    outside = emit("lt", index, full_like(index, 0))
    return emit("select", outside, full_like(index, count), index)


def _values(op: str, a: Any, weights: Any) -> tuple[Array, Array | None]:
    x = ravel(as_array(a))
    x = convert(x, requested_dtype(np.uint8)) if x.type.dtype is bool_ else x
    if weights is None:
        return x, None
    weight = as_array(weights)
    if weight.type.shape != as_array(a).type.shape:
        fail(ShapeError, "weights should have the same shape as a.", op=op, shapes=[weight.type])
    return x, ravel(weight)


@numpy_function(np.histogram)
def histogram(
    a: Any, bins: Any = 10, range: Any = None, density: Any = None, weights: Any = None
) -> tuple[Array, Array]:
    """Counts in bins, whose number is known; their edges may depend on the elements."""
    x, weight = _values("histogram", a, weights)
    uniform = _uniform(x, bins, range)
    edges = _edges(bins) if uniform is None else uniform[0]
    index = _between_edges(x, edges) if uniform is None else _in_equal_bins(x, *uniform)
    dtype = i64 if weight is None else weight.type.dtype
    length = edges.type.shape[0] - 1
    counts = convert(counted(index, weight, length, i64 if dtype is bool_ else dtype), dtype)
    if density:
        widths = convert(FUNCTIONS[np.diff](edges), f64)
        total = FUNCTIONS[np.sum](counts)
        counts = CALLS[np.true_divide](CALLS[np.true_divide](counts, widths), total)
    return counts, edges


@numpy_function(np.histogram_bin_edges)
def histogram_bin_edges(a: Any, bins: Any = 10, range: Any = None, weights: Any = None) -> Array:
    x, _ = _values("histogram_bin_edges", a, weights)
    uniform = _uniform(x, bins, range)
    return _edges(bins) if uniform is None else uniform[0]


@numpy_function(np.histogramdd)
def histogramdd(
    sample: Any, bins: Any = 10, range: Any = None, density: Any = None, weights: Any = None
) -> tuple[Array, list[Array]]:
    """Counts in boxes of points: the rows of an array, or a sequence of coordinates."""
    points = _coordinates(sample)
    every = bins if isinstance(bins, (list, tuple)) else [bins] * len(points)
    if len(every) != len(points):
        fail(
            ShapeError, "The dimension of bins must be equal to the dimension of the sample x.",
            op="histogramdd",
        )
    limits = [None] * len(points) if range is None else list(range)
    edges, flat = [], None
    inside = full(points[0].type.shape, True, bool_)
    for x, wanted, limit in zip(points, every, limits, strict=True):
        uniform = _uniform(x, wanted, limit, in_dtype_of_x=False)
        found = _edges(wanted) if uniform is None else uniform[0]
        index = _between_edges(x, found)
        count = found.type.shape[0] - 1
        inside = emit("and", inside, emit("lt", index, full_like(index, count)))
        flat = index if flat is None else emit(
            "add", emit("mul", flat, full_like(flat, count)), index
        )
        edges.append(found)
    shape = tuple([e.type.shape[0] - 1 for e in edges])
    assert flat is not None
    flat = emit("select", inside, flat, full_like(flat, math.prod(shape)))
    weight = None if weights is None else as_array(weights)
    counts = emit("reshape", counted(flat, weight, math.prod(shape), f64), shape=shape)
    return _dense(counts, edges) if density else counts, edges


def _coordinates(sample: Any) -> list[Array]:
    if isinstance(sample, (list, tuple)):
        arrays = [strong(as_array(x)) for x in sample]
        dtype = common_dtype(arrays)
        return [convert(x, dtype) for x in arrays]
    x = as_array(sample)
    if x.type.rank == 1:
        return [x]
    return [FUNCTIONS[np.take](x, k, axis=1) for k in np.arange(x.type.shape[1]).tolist()]


def _dense(counts: Array, edges: Sequence[Array]) -> Array:
    total = emit("reduce_sum", counts, axes=tuple(np.arange(counts.type.rank).tolist()))
    for axis, edge in enumerate(edges):
        width = FUNCTIONS[np.diff](edge)
        spread = emit("broadcast", width, shape=counts.type.shape, axes=(axis,))
        counts = CALLS[np.true_divide](counts, spread)
    return CALLS[np.true_divide](counts, total)


@numpy_function(np.histogram2d)
def histogram2d(
    x: Any, y: Any, bins: Any = 10, range: Any = None, density: Any = None, weights: Any = None
) -> tuple[Array, Array, Array]:
    pair = isinstance(bins, (list, tuple)) and len(bins) == 2
    bins = bins if pair else gathered(bins)
    wanted = bins if pair or np.ndim(bins) == 0 else [bins, bins]
    counts, edges = histogramdd([x, y], wanted, range, density, weights)
    return counts, edges[0], edges[1]
