"""convolve and correlate: one sequence slid along the other.

A short one is written out, a product and a sum for each of its elements, which becomes one loop. A
longer one is multiplied with the matrix whose rows are the other one, shifted; where it reaches
beyond an end, the products are summed one by one.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from jitflow.errors import ShapeError
from jitflow.ir.dtypes import bool_, i64
from jitflow.numpy.basics import Array, as_array, broadcast, common_dtype, convert, emit, fail, full
from jitflow.numpy.products import contract
from jitflow.numpy.ranges import iota
from jitflow.numpy.rearranging import resize
from jitflow.numpy.registry import numpy_function, strong
from jitflow.numpy.shaping import flip, reshaped
from jitflow.numpy.splitting import sliced
from jitflow.numpy.ufuncs import CALLS

_MOST_TERMS = 16
"""Shorter sequences are written out: their loop reads each element once."""

_MOST_ELEMENTS = 1 << 22
"""Elements of a matrix of shifted rows; longer sequences are taken in parts."""

_MODES = {"valid": 0, "same": 1, "full": 2, 0: 0, 1: 1, 2: 2}


def _vector(op: str, x: Any) -> Array:
    array = strong(as_array(x))
    if array.type.rank > 1:
        fail(ShapeError, "takes vectors", op=op, shapes=[array.type.shape])
    if op == "correlate" and not array.type.rank:
        fail(ShapeError, "takes vectors", op=op, shapes=[()])
    if array.type.rank == 1 and array.type.shape[0] == 0:
        fail(ShapeError, "the sequences cannot be empty", op=op, shapes=[array.type.shape])
    return array if array.type.rank else reshaped(array, (1,))


def _pair(op: str, a: Any, v: Any) -> tuple[Array, Array]:
    x, y = _vector(op, a), _vector(op, v)
    dtype = common_dtype([x, y])
    return convert(x, dtype), convert(y, dtype)


@numpy_function(np.convolve)
def convolve(a: Any, v: Any, mode: Any = "full") -> Array:
    x, y = _pair("convolve", a, v)
    if y.type.shape[0] > x.type.shape[0]:
        x, y = y, x
    return _slide("convolve", x, flip(y), mode)


@numpy_function(np.correlate)
def correlate(a: Any, v: Any, mode: Any = "valid") -> Array:
    """Sums of a[n + k] * conj(v[n])."""
    x, y = _pair("correlate", a, v)
    if y.type.dtype.kind == "c":
        y = CALLS[np.conjugate](y)
    if y.type.shape[0] <= x.type.shape[0]:
        return _slide("correlate", x, y, mode)
    return flip(_slide("correlate", y, x, mode))


def _slide(op: str, x: Array, y: Array, mode: Any) -> Array:
    """Sums of x[n + k] * y[n] over what both have; y is not longer."""
    if mode not in _MODES:
        fail(ShapeError, f"mode is 'full', 'same' or 'valid', not {mode!r}", op=op)
    count = y.type.shape[0]
    low, high = {0: (0, 0), 1: (count // 2, count - count // 2 - 1), 2: (count - 1, count - 1)}[
        _MODES[mode]
    ]
    total = _written_out(x, y) if count <= _MOST_TERMS else _multiplied(x, y)
    extent = x.type.shape[0]
    parts = [
        *([_edge(sliced(x, 0, 0, count - 1), y, range(-low, 0))] if low else []),
        total,
        *([_edge(sliced(x, 0, extent - count + 1, extent), y, range(high))] if high else []),
    ]
    return emit("concatenate", *parts, axis=0) if len(parts) > 1 else total


def _written_out(x: Array, y: Array) -> Array:
    count = y.type.shape[0]
    length = x.type.shape[0] - count + 1
    total: Any = None
    for k in range(count):
        term = CALLS[np.multiply](sliced(x, 0, k, k + length), sliced(y, 0, k, k + 1))
        total = term if total is None else CALLS[np.add](total, term)
    return total


def _multiplied(x: Array, y: Array) -> Array:
    count = y.type.shape[0]
    step = max(_MOST_ELEMENTS // x.type.shape[0], 1)
    total: Any = None
    for start in range(0, count, step):
        part = _inner(x, y, start, min(start + step, count))
        total = part if total is None else CALLS[np.add](total, part)
    return total


def _padded(x: Array, low: int, high: int) -> Array:
    if not low and not high:
        return x
    return emit("pad", x, full((), 0, x.type.dtype), low=(low,), high=(high,), interior=(0,))


def _inner(x: Array, y: Array, start: int, stop: int) -> Array:
    """y[start:stop] times the matrix whose rows are x from start, start + 1, ... on."""
    length = x.type.shape[0] - y.type.shape[0] + 1
    rows = _shifted(sliced(x, 0, start, stop + length - 1), stop - start, length)
    return contract("convolve", sliced(y, 0, start, stop), rows, ((0,), (0,)))


def _shifted(x: Array, count: int, length: int) -> Array:
    """Row k is x from k on: x again and again, in lines that are one longer."""
    return sliced(resize(x, (count, x.type.shape[0] + 1)), 1, 0, length)


def _edge(x: Array, y: Array, shifts: range) -> Array:
    """Sums where y overlaps an end of x alone: x has one element less than y.

    A negative shift leaves out the first elements of y, another one the last.
    """
    count = y.type.shape[0]
    zeros = len(shifts) if shifts[0] < 0 else 0
    around = _padded(x, zeros, 0 if zeros else len(shifts) + 1)
    rows = _shifted(
        _padded(around, 0, max(count + len(shifts) - 1 - around.type.shape[0], 0)),
        count,
        len(shifts),
    )
    shape = rows.type.shape
    place = CALLS[np.add](iota(shape, 0), iota(shape, 1))
    is_there = emit("ge", place, full(shape, zeros, i64))
    if not zeros:
        is_there = emit("lt", place, full(shape, count - 1, i64))
    column = broadcast(reshaped(y, (count, 1)), shape)
    products = CALLS[np.multiply](rows, column)
    kept = emit("select", is_there, products, full(shape, 0, products.type.dtype))
    if kept.type.dtype is bool_:
        return emit("reduce_any", kept, axes=(0,))
    return emit("reduce_sum", kept, axes=(0,))
