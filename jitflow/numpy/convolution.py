"""convolve and correlate: one sequence slid along the other.

A short one is written out, a product and a sum for each of its elements, which becomes one loop. A
longer one is a product of the sequence with the matrix whose rows are the other one, shifted.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from jitflow.errors import ShapeError
from jitflow.numpy.basics import Array, as_array, common_dtype, convert, emit, fail
from jitflow.numpy.products import contract
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
    """Sums of x[n + k] * y[n], where x is zero beyond its ends; y is not longer."""
    if mode not in _MODES:
        fail(ShapeError, f"mode is 'full', 'same' or 'valid', not {mode!r}", op=op)
    count = y.type.shape[0]
    low, high = {0: (0, 0), 1: (count // 2, count - count // 2 - 1), 2: (count - 1, count - 1)}[
        _MODES[mode]
    ]
    if low or high:
        zero = convert(as_array(0), x.type.dtype)
        x = emit("pad", x, zero, low=(low,), high=(high,), interior=(0,))
    length = x.type.shape[0] - count + 1
    if count <= _MOST_TERMS:
        return _written_out(x, y, length)
    step = max(_MOST_ELEMENTS // length, 1)
    total: Any = None
    for start in range(0, count, step):
        stop = min(start + step, count)
        rows = sliced(x, 0, start, stop + length - 1)
        part = _product(rows, sliced(y, 0, start, stop), length)
        total = part if total is None else CALLS[np.add](total, part)
    return total


def _written_out(x: Array, y: Array, length: int) -> Array:
    total: Any = None
    for k in range(y.type.shape[0]):
        term = CALLS[np.multiply](sliced(x, 0, k, k + length), sliced(y, 0, k, k + 1))
        total = term if total is None else CALLS[np.add](total, term)
    return total


def _product(x: Array, y: Array, length: int) -> Array:
    """y times the matrix whose row k is x from k on: x again and again, in lines one longer."""
    count, width = y.type.shape[0], x.type.shape[0]
    shifted = sliced(resize(x, (count, width + 1)), 1, 0, length)
    return contract("convolve", y, shifted, ((0,), (0,)))
