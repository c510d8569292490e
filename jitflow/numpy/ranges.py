"""Numbers in a row: arange, linspace and its kin. Of known bounds they are NumPy's constants."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from jitflow.errors import ShapeError, TraceError
from jitflow.ir.dims import Dim
from jitflow.ir.dtypes import DType, as_dtype, bool_, f64, i64
from jitflow.ir.types import Shape, TensorType
from jitflow.numpy.basics import (
    Array,
    Operand,
    as_array,
    broadcast,
    broadcast_shapes,
    common_dtype,
    convert,
    emit,
    fail,
    full_like,
    operand,
    shape_of,
    spread,
)
from jitflow.numpy.basics import full as full_of
from jitflow.numpy.creation import in_trace
from jitflow.numpy.promotion import requested_dtype
from jitflow.numpy.registry import numpy_function, strong
from jitflow.numpy.shaping import as_shape, moveaxis, reshaped
from jitflow.numpy.ufuncs import CALLS
from jitflow.trace import detach


@in_trace(np.arange)
def arange(*args: Any, dtype: Any = None, **kwargs: Any) -> Array:
    """NumPy's start + i * (second - start), in the dtype of the result."""
    if any(type(x) is Array for x in (*args, *kwargs.values())):
        cure = "take bounds from x.shape, or name the argument in static_argnames"
        fail(TraceError, "bounds cannot be traced values", op="arange", cure=cure)
    if any(isinstance(x, Dim) for x in args):
        return _symbolic_arange(args, dtype)
    known = np.arange(*args, dtype=dtype, **kwargs)
    if known.dtype.kind == "b" or len(known) < 2:
        return as_array(known) if len(known) else full_of((0,), 0, as_dtype(known.dtype))
    with np.errstate(over="ignore"):
        start, step = known[0], known[1] - known[0]
    index = iota(known.shape, 0, as_dtype(known.dtype))
    scaled = index if step == 1 else CALLS[np.multiply](index, step)
    return scaled if start == 0 else CALLS[np.add](scaled, start)


def _symbolic_arange(args: tuple[Any, ...], dtype: Any) -> Array:
    if len(args) != 1:
        fail(TraceError, "arange of an unknown size takes the stop only", op="arange")
    return iota(args, 0, i64 if dtype is None else requested_dtype(dtype))


def iota(shape: Shape, axis: int, dtype: DType = i64) -> Array:
    """The index along an axis."""
    if dtype.kind == "c":
        return convert(iota(shape, axis, f64), dtype)
    return emit("iota", axis=axis % len(shape), type=TensorType(dtype, shape))


def _is_known(*bounds: Any) -> bool:
    return all(type(bound) is not Array for bound in bounds)


def _new(constant: Any) -> Array:
    return detach(as_array(constant))


@in_trace(np.linspace)
@numpy_function(np.linspace)
def linspace(
    start: Any,
    stop: Any,
    num: int = 50,
    endpoint: bool = True,
    retstep: bool = False,
    dtype: Any = None,
    axis: int = 0,
) -> Any:
    if _is_known(start, stop):
        options: Any = num, endpoint, retstep, dtype, axis
        found = np.linspace(start, stop, *options)
        return (_new(found[0]), as_array(found[1])) if retstep else _new(found)
    result, step = evenly_spaced(start, stop, num, endpoint, dtype, axis)
    return (result, step) if retstep else result


def evenly_spaced(
    start: Any, stop: Any, num: Any, endpoint: bool, dtype: Any, axis: int
) -> tuple[Array, Array]:
    """NumPy's numbers from start to stop, each rounded as there, and the step between them."""
    num = as_shape("linspace", num)[0]
    if num < 0:
        fail(ShapeError, f"the number of samples, {num}, must be non-negative", op="linspace")
    low, high = operand(start), operand(stop)
    inner = _inexact(low, high)
    shape = broadcast_shapes("linspace", [shape_of(low), shape_of(high)])
    first, last = spread(low, shape, inner), spread(high, shape, inner)
    delta = emit("sub", last, first)
    index = convert(iota((num, *[1] * len(shape)), 0), inner)
    whole = (num, *shape)
    parts = num - 1 if endpoint else num
    if parts > 0:
        step = emit("div", delta, full_like(delta, parts))
        result = _scaled(index, delta, step, parts, whole)
    else:
        step = full_like(delta, math.nan)
        result = emit("mul", broadcast(index, whole), broadcast(delta, whole))
    result = emit("add", result, broadcast(first, whole))
    if endpoint and num > 1:
        is_last = emit("eq", iota(whole, 0), full_like(result, num - 1, i64))
        result = emit("select", is_last, broadcast(last, whole), result)
    if axis:
        result = moveaxis(result, 0, axis)
    if dtype is None:
        return result, step
    target = requested_dtype(dtype)
    if target.is_integer:
        result = CALLS[np.floor](result)
    return convert(result, target), step


def _inexact(low: Operand, high: Operand) -> DType:
    """The dtype of the bounds, a float at least."""
    common = common_dtype([low, high])
    if common.is_inexact:
        return common
    return common_dtype([low, high, np.float64(0)])


def _scaled(index: Array, delta: Array, step: Array, parts: int, whole: Shape) -> Array:
    """index * step; by delta first where a step vanishes, as delta may not."""
    plain = emit("mul", broadcast(index, whole), broadcast(step, whole))
    vanishes = emit("eq", step, full_like(step, 0))
    if step.type.rank:
        vanishes = emit("reduce_any", vanishes, axes=tuple(range(step.type.rank)))
    shares = broadcast(emit("div", index, full_like(index, parts)), whole)
    exact = emit("mul", shares, broadcast(delta, whole))
    return emit("select", spread(vanishes, whole, bool_), exact, plain)


@in_trace(np.logspace)
@numpy_function(np.logspace)
def logspace(
    start: Any,
    stop: Any,
    num: int = 50,
    endpoint: bool = True,
    base: Any = 10.0,
    dtype: Any = None,
    axis: int = 0,
) -> Array:
    if _is_known(start, stop, base):
        return _new(np.logspace(start, stop, num, endpoint, base, dtype, axis))
    if shape_of(operand(base)):
        given = (start, stop, base)
        rank = len(broadcast_shapes("logspace", [shape_of(operand(v)) for v in given]))
        start, stop, base = (_ranked(v, rank) for v in (start, stop, base))
        base = reshaped(base, _with_one(base.type.shape, axis))
    exponents = evenly_spaced(start, stop, num, endpoint, None, axis)[0]
    result = CALLS[np.power](base, exponents)
    return result if dtype is None else convert(result, requested_dtype(dtype))


def _ranked(value: Any, rank: int) -> Array:
    x = strong(as_array(value))
    return reshaped(x, (1,) * (rank - x.type.rank) + x.type.shape)


def _with_one(shape: Shape, axis: int) -> Shape:
    place = axis % (len(shape) + 1)
    return (*shape[:place], 1, *shape[place:])


@in_trace(np.geomspace)
@numpy_function(np.geomspace)
def geomspace(
    start: Any,
    stop: Any,
    num: int = 50,
    endpoint: bool = True,
    dtype: Any = None,
    axis: int = 0,
) -> Array:
    """Powers of ten between the logarithms, turned back to the sign of start. Not through zero."""
    if _is_known(start, stop):
        return _new(np.geomspace(start, stop, num, endpoint, dtype, axis))
    low, high = operand(start), operand(stop)
    inner = common_dtype([strong(as_array(low)), strong(as_array(high)), np.float64(0)])
    first, last = as_array(low), as_array(high)
    sign = convert(CALLS[np.sign](first), inner)
    first, last = convert(first, inner), convert(last, inner)
    ends = [CALLS[np.true_divide](v, sign) for v in (first, last)]
    lows, highs = (CALLS[np.log10](v) for v in ends)
    result = logspace(lows, highs, num, endpoint)
    index = iota(result.type.shape, 0)
    limits = [(0, ends[0])] + ([(num - 1, ends[1])] if endpoint and num > 1 else [])
    for place, value in limits:
        here = emit("eq", index, full_like(index, place))
        result = emit("select", here, broadcast(value, result.type.shape), result)
    result = CALLS[np.multiply](result, sign)
    if axis:
        result = moveaxis(result, 0, axis)
    return convert(result, inner if dtype is None else requested_dtype(dtype))
