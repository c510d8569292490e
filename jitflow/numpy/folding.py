"""`reduce` of ufuncs that no reduction row stands for, by halves; `reduceat` of all that reduce.

Fills FUNCTIONS. The order of a fold is a tree that depends on the reduced extent only, so that the
ufunc must be associative: others are refused by name.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from jitflow.errors import AxisError, ShapeError, TraceError
from jitflow.numpy import operators as _operators  # noqa: F401  (fills `reduce` of the others)
from jitflow.numpy.basics import (
    Array,
    as_array,
    convert,
    emit,
    fail,
    full,
    key_of,
    normal_axes,
    normal_axis,
    operand,
    spread,
)
from jitflow.numpy.promotion import loops
from jitflow.numpy.reductions import mask_of, with_axes
from jitflow.numpy.registry import strong
from jitflow.numpy.shaping import permuted, reshaped
from jitflow.numpy.splitting import sliced
from jitflow.numpy.ufuncs import CALLS
from jitflow.trace import FUNCTIONS

FOLDED = (
    np.bitwise_and, np.bitwise_or, np.bitwise_xor, np.fmax, np.fmin, np.gcd, np.hypot, np.lcm,
    np.logaddexp, np.logaddexp2, np.logical_xor,
)  # fmt: skip


def _fold(ufunc: np.ufunc) -> Callable[..., Array]:
    def reduce(
        array: Any,
        axis: Any = 0,
        dtype: Any = None,
        keepdims: bool = False,
        initial: Any = None,
        where: Any = True,
    ) -> Array:
        x = as_array(array)
        *_, result = loops(ufunc, (key_of(x),) * 2, None if dtype is None else np.dtype(dtype))
        x = convert(x, result) if ufunc is not np.logical_xor else CALLS[np.not_equal](x, 0)
        op, shape = f"{ufunc.__name__}.reduce", x.type.shape
        axes = normal_axes(op, axis, len(shape))
        start = initial if ufunc.identity is None else np.array(ufunc.identity).astype(x.dtype)[()]
        if start is None and (where is not True or 0 in [shape[k] for k in axes]):
            problem = f"{ufunc.__name__} has no identity"
            fail(ShapeError, problem, op=op, shapes=[shape], cure="give initial=")
        if where is not True:
            filler = spread(operand(start), shape, x.type.dtype)
            x = emit("select", mask_of(op, x, where), x, filler)
        rows = _rows(x, axes)
        if rows.type.shape[0] == 1 and ufunc.identity is not None:
            rows = CALLS[ufunc](start, rows)
        total = _by_halves(ufunc, rows, start)
        if initial is not None:
            total = CALLS[ufunc](total, spread(operand(initial), (), total.type.dtype))
        return with_axes(total, shape, axes) if keepdims else total

    return reduce


def _rows(x: Array, axes: Sequence[int]) -> Array:
    """The axes as one, in front."""
    rest = [k for k in range(x.type.rank) if k not in axes]
    count = math.prod([x.type.shape[k] for k in axes])
    return reshaped(permuted(x, [*axes, *rest]), (count, *[x.type.shape[k] for k in rest]))


def _by_halves(ufunc: np.ufunc, x: Array, start: Any) -> Array:
    """Rows k and k + n/2 together, until one is left; an odd row waits for the end."""
    count, *rest = x.type.shape
    if count == 0:
        return full(tuple(rest), start, x.type.dtype)
    left: list[Array] = []
    while count > 1:
        if count % 2:
            left.append(sliced(x, 0, count - 1, count))
        count //= 2
        x = CALLS[ufunc](sliced(x, 0, 0, count), sliced(x, 0, count, 2 * count))
    for row in left[::-1]:
        x = CALLS[ufunc](x, row)
    return reshaped(x, tuple(rest))


def _reduceat(ufunc: np.ufunc) -> Callable[..., Array]:
    reduce = FUNCTIONS[ufunc, "reduce"]

    def apply(array: Any, indices: Any, axis: int = 0, dtype: Any = None) -> Array:
        """Of the parts between indices that are known; the element itself where they fall."""
        x = as_array(array)
        op = f"{ufunc.__name__}.reduceat"
        if type(indices) is Array:
            cure = "name the indices in static_argnames"
            fail(TraceError, "indices cannot be traced values", op=op, cure=cure)
        place = normal_axis(op, axis, x.type.rank)
        extent, cuts = x.type.shape[place], [int(k) for k in indices]
        if any(not 0 <= cut < extent for cut in cuts):
            fail(AxisError, f"indices {cuts} are out of bounds for size {extent}", op=op)
        ends = [*cuts[1:], extent]
        parts = [
            reduce(sliced(x, place, a, max(b, a + 1)), place, dtype=dtype, keepdims=True)
            for a, b in zip(cuts, ends, strict=True)
        ]
        return strong(emit("concatenate", *parts, axis=place) if len(parts) > 1 else parts[0])

    return apply


for _ufunc in FOLDED:
    FUNCTIONS[_ufunc, "reduce"] = _fold(_ufunc)
for _ufunc, _method in [key for key in FUNCTIONS if isinstance(key, tuple)]:
    if _method == "reduce":
        FUNCTIONS[_ufunc, "reduceat"] = _reduceat(_ufunc)
