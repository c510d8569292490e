"""Differences of neighbours and what is built on them: diff, gradient, trapezoid."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from jitflow.errors import DtypeError, ShapeError
from jitflow.ir.dtypes import f64
from jitflow.numpy.basics import (
    Array,
    as_array,
    broadcast,
    common_dtype,
    convert,
    fail,
    gathered,
    normal_axes,
    normal_axis,
    operand,
)
from jitflow.numpy.choosing import where
from jitflow.numpy.joining import concatenate
from jitflow.numpy.reductions import sum
from jitflow.numpy.registry import numpy_function, strong
from jitflow.numpy.shaping import ravel, reshaped
from jitflow.numpy.splitting import sliced
from jitflow.numpy.ufuncs import CALLS
from jitflow.trace import FUNCTIONS


def _steps(x: Array, axis: int, ufunc: np.ufunc = np.subtract) -> Array:
    """x[1:] - x[:-1] along the axis."""
    extent = x.type.shape[axis]
    last = max(extent - 1, 0)
    return CALLS[ufunc](sliced(x, axis, min(1, extent), extent), sliced(x, axis, 0, last))


@numpy_function(np.diff)
def diff(a: Any, n: int = 1, axis: int = -1, prepend: Any = None, append: Any = None) -> Array:
    x = as_array(a)
    if n == 0:
        return x
    if n < 0:
        fail(ShapeError, f"order must be non-negative but got {n}", op="diff")
    if not x.type.rank:
        fail(ShapeError, "diff requires input that is at least one dimensional", op="diff")
    position = normal_axis("diff", axis, x.type.rank)
    parts = [_beside(x, prepend, position), [x], _beside(x, append, position)]
    joined = [part for side in parts for part in side]
    x = concatenate(joined, position) if len(joined) > 1 else x
    ufunc = np.not_equal if x.type.dtype.kind == "b" else np.subtract
    for _ in range(n):
        x = _steps(x, position, ufunc)
    return x


def _beside(x: Array, value: Any, axis: int) -> list[Array]:
    """What is put beside x: nothing, or the value; a number is one row."""
    if value is None:
        return []
    part = strong(as_array(value))
    if part.type.rank:
        return [part]
    shape = x.type.shape
    return [broadcast(part, (*shape[:axis], 1, *shape[axis + 1 :]))]


@numpy_function(np.ediff1d)
def ediff1d(ary: Any, to_end: Any = None, to_begin: Any = None) -> Array:
    x = ravel(ary)
    parts = [_end("to_begin", x, to_begin), _steps(x, 0), _end("to_end", x, to_end)]
    kept = [part for part in parts if part is not None]
    return concatenate(kept) if len(kept) > 1 else kept[0]


def _end(name: str, x: Array, value: Any) -> Array | None:
    if value is None:
        return None
    part = strong(as_array(value))
    if not np.can_cast(part.dtype, x.dtype, "same_kind"):
        problem = f"dtype of `{name}` must be compatible with the array under the same_kind rule"
        fail(DtypeError, problem, op="ediff1d", dtypes=[part.dtype, x.dtype])
    return ravel(convert(part, x.type.dtype))


@numpy_function(np.gradient)
def gradient(f: Any, *varargs: Any, axis: Any = None, edge_order: int = 1) -> Any:
    """Central differences, by the distances to both neighbours; one-sided at the edges.

    Source: A. Quarteroni, R. Sacco, F. Saleri, Numerical Mathematics, 2007, section 10.10.
    """
    x = as_array(f)
    if x.type.dtype.is_integer:
        x = convert(x, f64)
    axes = normal_axes("gradient", None, x.type.rank)
    if axis is not None:
        listed = axis if isinstance(axis, (tuple, list)) else (axis,)
        normal_axes("gradient", tuple(listed), x.type.rank)
        axes = tuple([normal_axis("gradient", k, x.type.rank) for k in listed])
    if edge_order not in (1, 2):
        fail(ShapeError, "'edge_order' greater than 2 not supported", op="gradient")
    spacings = _spacings(x, varargs, axes)
    results = [
        _gradient_along(x, k, spacing, edge_order)
        for k, spacing in zip(axes, spacings, strict=True)
    ]
    return results[0] if len(axes) == 1 else tuple(results)


def _spacings(x: Array, given: tuple[Any, ...], axes: tuple[int, ...]) -> list[Any]:
    """A number, or the array of distances, for each axis."""
    if not given:
        return [1.0] * len(axes)
    given = tuple(map(gathered, given))
    if len(given) == 1 and not np.ndim(given[0]):
        given = given * len(axes)
    if len(given) != len(axes):
        fail(DtypeError, f"{len(given)} spacings for {len(axes)} axes", op="gradient")
    return [_spacing(x, k, one) for k, one in zip(axes, given, strict=True)]


def _spacing(x: Array, axis: int, one: Any) -> Any:
    if not np.ndim(one):
        return one
    places = as_array(one)
    if places.type.shape != (x.type.shape[axis],):
        problem = f"coordinates must be a vector as long as axis {axis}"
        fail(ShapeError, problem, op="gradient", shapes=[x.type.shape, places.type.shape])
    if places.type.dtype.is_integer:
        places = convert(places, f64)
    return _steps(places, 0)


def _gradient_along(x: Array, axis: int, spacing: Any, edge_order: int) -> Array:
    extent = x.type.shape[axis]
    if extent < edge_order + 1:
        problem = "too small to calculate a numerical gradient: edge_order + 1 elements are needed"
        fail(ShapeError, problem, op="gradient", shapes=[x.type.shape])
    inner = _inner(x, axis, spacing)
    if edge_order == 1:
        first = _one_sided(x, axis, 0, spacing)
        last = _one_sided(x, axis, extent - 2, spacing)
    else:
        first = _weighted(x, axis, (0, 1, 2), _two_sided(spacing, 0))
        last = _weighted(x, axis, (extent - 1, extent - 2, extent - 3), _two_sided(spacing, -1))
    parts = [part for part in (first, inner, last) if part.type.shape[axis]]
    dtype = x.type.dtype if x.type.dtype.is_inexact else f64
    return convert(concatenate(parts, axis), dtype)


def _inner(x: Array, axis: int, spacing: Any) -> Array:
    extent = x.type.shape[axis]
    behind, ahead = sliced(x, axis, 0, extent - 2), sliced(x, axis, 2, extent)
    if not np.ndim(spacing):
        gap = CALLS[np.multiply](2.0, spacing)
        return CALLS[np.true_divide](CALLS[np.subtract](ahead, behind), gap)
    before, after = spacing[:-1], spacing[1:]
    total = before + after
    shape = tuple([extent - 2 if k == axis else 1 for k in range(x.type.rank)])
    a: Any = reshaped(-after / (before * total), shape)
    b: Any = reshaped((after - before) / (before * after), shape)
    c: Any = reshaped(before / (after * total), shape)
    return a * behind + b * sliced(x, axis, 1, extent - 1) + c * ahead


def _one_sided(x: Array, axis: int, at: int, spacing: Any) -> Array:
    """The difference between two neighbours over their distance."""
    gap = spacing[at] if np.ndim(spacing) else spacing
    return CALLS[np.true_divide](_steps(sliced(x, axis, at, at + 2), axis), gap)


def _two_sided(spacing: Any, end: int) -> tuple[Any, ...]:
    """Weights of the edge and its two neighbours, of second order, and their divisor."""
    sign = 1.0 if end == 0 else -1.0
    if not np.ndim(spacing):
        return (-1.5 * sign, 2.0 * sign, -0.5 * sign, spacing)
    near, far = (spacing[0], spacing[1]) if end == 0 else (spacing[-1], spacing[-2])
    total = near + far
    a = -(2.0 * near + far) / (near * total)
    return (sign * a, sign * (total / (near * far)), sign * (-near / (far * total)), 1.0)


def _weighted(x: Array, axis: int, places: tuple[int, ...], weights: tuple[Any, ...]) -> Array:
    *factors, gap = weights
    total: Any = None
    for at, factor in zip(places, factors, strict=True):
        term = CALLS[np.multiply](sliced(x, axis, at, at + 1), factor)
        total = term if total is None else CALLS[np.add](total, term)
    return CALLS[np.true_divide](total, gap)


@numpy_function(np.unwrap)
def unwrap(p: Any, discont: Any = None, axis: int = -1, period: Any = 2 * math.pi) -> Array:
    """Jumps beyond half a period are taken out, by whole periods."""
    x = as_array(p)
    place = normal_axis("unwrap", axis, x.type.rank)
    steps = diff(x, axis=place)
    dtype = common_dtype([steps, operand(period)])
    half, is_half_possible = period / 2, True
    if dtype.is_integer:
        half, odd = divmod(period, 2)
        is_half_possible = odd == 0
    wrapped = CALLS[np.add](CALLS[np.remainder](CALLS[np.add](steps, half), period), -half)
    at_low = CALLS[np.logical_and](CALLS[np.equal](wrapped, -half), CALLS[np.greater](steps, 0))
    at_low = CALLS[np.logical_and](at_low, is_half_possible)
    wrapped = where(at_low, convert(as_array(half), wrapped.type.dtype), wrapped)
    change = CALLS[np.subtract](wrapped, steps)
    is_small = CALLS[np.less](CALLS[np.absolute](steps), half if discont is None else discont)
    change = where(is_small, convert(as_array(0), change.type.dtype), change)
    total = FUNCTIONS[np.cumsum](change, axis=place)
    first = sliced(x, place, 0, min(1, x.type.shape[place]))
    rest = sliced(x, place, min(1, x.type.shape[place]), x.type.shape[place])
    return convert(concatenate([first, CALLS[np.add](rest, total)], place), dtype)


@numpy_function(np.trapezoid)
def trapezoid(y: Any, x: Any = None, dx: Any = 1.0, axis: int = -1) -> Array:
    """The area under straight lines between the points."""
    heights = as_array(y)
    position = normal_axis("trapezoid", axis, heights.type.rank)
    widths: Any = dx
    if x is not None:
        places = as_array(x)
        widths = diff(places, axis=0 if places.type.rank == 1 else position)
        if places.type.rank == 1:
            shape = [1] * heights.type.rank
            shape[position] = widths.type.shape[0]
            widths = reshaped(widths, tuple(shape))
    extent = heights.type.shape[position]
    pairs = CALLS[np.add](
        sliced(heights, position, min(1, extent), extent),
        sliced(heights, position, 0, max(extent - 1, 0)),
    )
    return sum(CALLS[np.true_divide](CALLS[np.multiply](widths, pairs), 2.0), position)
