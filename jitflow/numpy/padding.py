"""np.pad, in every mode: axis by axis, each between what is put before and behind it."""

from __future__ import annotations

import builtins
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from jitflow.errors import DtypeError, ShapeError, TraceError
from jitflow.numpy.basics import (
    Array,
    as_array,
    broadcast,
    convert,
    emit,
    fail,
    normal_axis,
    operand,
    spread,
)
from jitflow.numpy.picking import picked
from jitflow.numpy.ranges import evenly_spaced
from jitflow.numpy.reductions import max, min
from jitflow.numpy.registry import numpy_function
from jitflow.numpy.splitting import sliced
from jitflow.numpy.statistics import mean
from jitflow.numpy.ufuncs import CALLS
from jitflow.trace import FUNCTIONS, detach, row_major

Widths = tuple[int, int]
Side = Callable[[Array, int, Widths], tuple[Array, Array]]
"""What stands before and behind the array along an axis, for these widths."""

_OPTIONS = {
    "constant": "constant_values",
    "linear_ramp": "end_values",
    "maximum": "stat_length",
    "mean": "stat_length",
    "median": "stat_length",
    "minimum": "stat_length",
    "reflect": "reflect_type",
    "symmetric": "reflect_type",
    "edge": "",
    "empty": "",
    "wrap": "",
}
"""Each mode, and the one option that it takes."""


@numpy_function(np.pad)
def pad(
    array: Any,
    pad_width: Any,
    mode: Any = "constant",
    constant_values: Any = 0,
    end_values: Any = 0,
    stat_length: Any = None,
    reflect_type: Any = "even",
    **options: Any,
) -> Array:
    """ "empty" pads with zeros: nothing is undefined."""
    x = as_array(array)
    given = {
        "constant_values": (constant_values, 0),
        "end_values": (end_values, 0),
        "stat_length": (stat_length, None),
        "reflect_type": (reflect_type, "even"),
    }
    widths = _pad_widths(x, pad_width)
    if callable(mode):
        return _by_function(x, widths, mode, options)
    if mode not in _OPTIONS:
        fail(ShapeError, f"mode {mode!r} is not supported", op="pad", shapes=[x.type.shape])
    for name, (value, default) in given.items():
        if value is not default and name != _OPTIONS[mode]:
            options[name] = value
    if options:
        names = ", ".join(options)
        fail(ShapeError, f"unsupported keyword arguments for mode {mode!r}: {names}", op="pad")
    if mode in ("constant", "empty"):
        return _constant(x, widths, constant_values)
    _require_elements(x, widths)
    return _by_mode(x, widths, mode, {k: v for k, (v, _) in given.items()})


def _by_mode(x: Array, widths: list[Widths], mode: Any, given: dict[str, Any]) -> Array:
    ends = _pairs(given["end_values"], x.type.rank)
    lengths = _pairs(given["stat_length"], x.type.rank)
    odd = given["reflect_type"] == "odd" and mode in ("reflect", "symmetric")
    for axis, pair in enumerate(widths):
        if pair == (0, 0):
            continue
        if mode == "linear_ramp":
            x = _between(x, axis, pair, partial(_ramps, ends=ends[axis]))
        elif mode in _STATISTICS or mode == "median":
            x = _between(x, axis, pair, partial(_statistic, mode=mode, lengths=lengths[axis]))
        elif odd and x.type.shape[axis] > 1:
            x = _reflect_odd(x, axis, pair, mode == "symmetric")
        else:
            # What NumPy does to the indices, it does to the elements.
            x = picked(x, axis, np.pad(np.arange(x.type.shape[axis]), pair, mode=mode))
    return detach(x)


def _pad_widths(x: Array, pad_width: Any) -> list[Widths]:
    """NumPy's forms: n, (n,), (before, after), or one pair for each axis; or a dict by axis."""
    rank = x.type.rank
    if isinstance(pad_width, dict):
        named = {normal_axis("pad", k, rank): v for k, v in pad_width.items()}
        pad_width = [named.get(k, 0) for k in range(rank)]
        pad_width = [v if isinstance(v, (tuple, list)) else (v, v) for v in pad_width]
    if type(pad_width) is Array:
        fail(TraceError, "widths cannot be traced values: they decide the shape", op="pad")
    widths = np.asarray(pad_width)
    if widths.dtype.kind not in "iu":
        fail(DtypeError, "widths are integers", op="pad", shapes=[x.type.shape])
    if widths.size and widths.min() < 0:
        fail(ShapeError, "widths are 0 or more", op="pad", shapes=[x.type.shape])
    try:
        return [(int(a), int(b)) for a, b in np.broadcast_to(widths, (rank, 2))]
    except ValueError:
        fail(
            ShapeError, f"widths {pad_width} do not fit the array", op="pad", shapes=[x.type.shape]
        )


def _pairs(values: Any, rank: int) -> list[tuple[Any, Any]]:
    """A value for each side of each axis; these may be traced."""
    table = np.empty((), object)
    if isinstance(values, (tuple, list, np.ndarray)):
        rows = list(values)
        nested = [isinstance(row, (tuple, list, np.ndarray)) for row in rows]
        table = np.empty((len(rows), len(rows[0])) if all(nested) else (len(rows),), object)
        for place in np.ndindex(table.shape):
            table[place] = rows[place[0]] if len(place) == 1 else rows[place[0]][place[1]]
    else:
        table[()] = values
    if table.size <= 2:
        # As in NumPy, whose few values are strong.
        for place in np.ndindex(table.shape):
            value: Any = table[place]
            if type(value) in (int, float, complex):
                table[place] = np.asarray(value)[()]
    try:
        return [tuple(row) for row in np.broadcast_to(table, (rank, 2))]
    except ValueError:
        fail(ShapeError, f"{values!r} does not fit an array of {rank} dimensions", op="pad")


def _constant(x: Array, widths: list[Widths], values: Any) -> Array:
    rank = x.type.rank
    if not isinstance(values, (tuple, list, np.ndarray)):
        value = spread(operand(values), (), x.type.dtype)
        low, high = tuple(w[0] for w in widths), tuple(w[1] for w in widths)
        return emit("pad", x, value, low=low, high=high, interior=(0,) * rank)
    for axis, (pair, sides) in enumerate(zip(widths, _pairs(values, rank), strict=True)):
        for width, value, is_low in zip(pair, sides, (True, False), strict=True):
            if width:
                edge = tuple([width if k == axis else 0 for k in range(rank)])
                none = (0,) * rank
                low, high = (edge, none) if is_low else (none, edge)
                filler = spread(operand(value), (), x.type.dtype)
                x = emit("pad", x, filler, low=low, high=high, interior=none)
    return x


def _require_elements(x: Array, widths: list[Widths]) -> None:
    for axis, (extent, pair) in enumerate(zip(x.type.shape, widths, strict=True)):
        if extent == 0 and pair != (0, 0):
            problem = f"can't extend empty axis {axis} using modes other than 'constant' or 'empty'"
            fail(ShapeError, problem, op="pad", shapes=[x.type.shape])


def _between(x: Array, axis: int, pair: Widths, side: Side) -> Array:
    before, behind = side(x, axis, pair)
    parts = [part for part in (before, x, behind) if part.type.shape[axis]]
    return emit("concatenate", *parts, axis=axis)


def _ramps(x: Array, axis: int, pair: Widths, ends: tuple[Any, Any]) -> tuple[Array, Array]:
    """Straight lines from the end values to the edges, in x's dtype."""
    extent, shape = x.type.shape[axis], x.type.shape
    rest = (*shape[:axis], *shape[axis + 1 :])
    lines = []
    for width, end, at in zip(pair, ends, (0, extent - 1), strict=True):
        edge = emit("reshape", sliced(x, axis, at, at + 1), shape=rest)
        lines.append(evenly_spaced(end, edge, width, False, x.dtype, axis)[0])
    return lines[0], emit("reverse", lines[1], axes=(axis,))


_STATISTICS = {"maximum": max, "minimum": min, "mean": mean}


def _statistic(
    x: Array, axis: int, pair: Widths, mode: str, lengths: tuple[Any, Any]
) -> tuple[Array, Array]:
    """The statistic of the elements next to each side, as often as the side is wide."""
    compute = _STATISTICS[mode] if mode in _STATISTICS else FUNCTIONS[np.median]
    extent, shape = x.type.shape[axis], x.type.shape
    sides = []
    for width, length, is_low in zip(pair, lengths, (True, False), strict=True):
        count = extent if length is None or length > extent else int(length)
        if count < 1 and mode in ("maximum", "minimum"):
            fail(ShapeError, "stat_length of 0 yields no value for padding", op="pad")
        part = sliced(x, axis, *((0, count) if is_low else (extent - count, extent)))
        value = compute(part, axis=axis, keepdims=True)
        if x.type.dtype.is_integer and value.type.dtype.is_inexact:
            value = emit("rint", value)
        wide = (*shape[:axis], width, *shape[axis + 1 :])
        sides.append(broadcast(convert(value, x.type.dtype), wide))
    return sides[0], sides[1]


def _reflect_odd(x: Array, axis: int, pair: Widths, with_edge: bool) -> Array:
    """Reflected about the edges: twice the edge less the element, again from there on."""
    period = x.type.shape[axis]
    left, right = pair
    while left or right:
        extent = x.type.shape[axis]
        whole = extent // period * period
        if not with_edge:
            whole = (extent - 1) // (period - 1) * (period - 1)
        low, high = builtins.min(whole, left), builtins.min(whole, right)
        skip = 0 if with_edge else 1
        before = _mirrored(x, axis, 0, skip, low)
        behind = _mirrored(x, axis, extent - 1, extent - skip - high, high)
        parts = [part for part in (before, x, behind) if part.type.shape[axis]]
        x = emit("concatenate", *parts, axis=axis)
        left, right = left - low, right - high
    return x


def _mirrored(x: Array, axis: int, edge: int, start: int, count: int) -> Array:
    chunk = emit("reverse", sliced(x, axis, start, start + count), axes=(axis,))
    double = CALLS[np.multiply](2, sliced(x, axis, edge, edge + 1))
    return convert(CALLS[np.subtract](double, chunk), x.type.dtype)


def _by_function(x: Array, widths: list[Widths], function: Any, options: Any) -> Array:
    """A function that fills each padded row in place: (row, widths, axis, options)."""
    result = row_major(detach(_constant(x, widths, 0)))
    for axis, pair in enumerate(widths):
        rows = FUNCTIONS[np.moveaxis](result, axis, -1)
        for place in np.ndindex(rows.type.shape[:-1]):
            function(rows[(*place, ...)], pair, axis, options)
    return result
