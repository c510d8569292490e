"""np.r_ and np.c_: arrays, numbers and ranges in brackets, one behind the other.

NumPy's own read arrays without asking them; these trace inside a trace, and are NumPy's outside.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from jitflow.errors import ArgumentError
from jitflow.numpy.basics import (
    Array,
    as_array,
    common_dtype,
    convert,
    emit,
    fail,
    operand,
)
from jitflow.numpy.ranges import arange, linspace
from jitflow.numpy.shaping import moveaxis, reshaped
from jitflow.trace import STATE


class _Brackets:
    """`name[a, b, 0:5, 2:3:7j]`: joined along an axis, each part of `rank` dimensions at least.

    `first` is where the axis of a vector goes that has fewer; a leading text "axis,rank,first" says
    otherwise, as in NumPy.
    """

    def __init__(self, name: str, numpy_own: Any, layout: tuple[int, int, int]) -> None:
        self.name = name
        self.numpy_own = numpy_own
        self.layout = layout

    def __getitem__(self, key: Any) -> Any:
        if STATE.context is None:
            return self.numpy_own[key]
        axis, rank, first = self.layout
        parts = list(key) if isinstance(key, tuple) else [key]
        if parts and isinstance(parts[0], str):
            axis, rank, first = self._layout(parts.pop(0))
        if not parts:
            fail(ArgumentError, "nothing to put together", op=self.name)
        known = [_part(x) for x in parts]
        dtype = common_dtype(known)
        shaped = [_of_rank(convert(as_array(x), dtype), rank, first) for x in known]
        return emit("concatenate", *shaped, axis=axis % shaped[0].type.rank)

    def __len__(self) -> int:
        return 0

    def _layout(self, text: str) -> tuple[int, int, int]:
        try:
            numbers = [int(number) for number in text.split(",")]
        except ValueError:
            numbers = []
        if not 1 <= len(numbers) <= 3:
            problem = f"a leading text is 'axis,rank,first', not {text!r}: matrices are not arrays"
            fail(ArgumentError, problem, op=self.name)
        axis, rank, first = (*numbers, *self.layout[len(numbers) :])
        return axis, rank, first


def _part(x: Any) -> Any:
    """An array or a number; a slice is a range, with an imaginary step that many numbers."""
    if not isinstance(x, slice):
        return operand(x)
    start = 0 if x.start is None else x.start
    if isinstance(x.step, complex):
        return linspace(start, x.stop, int(abs(x.step)))
    return arange(start, x.stop, 1 if x.step is None else x.step)


def _of_rank(x: Array, rank: int, first: int) -> Array:
    missing = rank - x.type.rank
    if missing <= 0:
        return x
    own = x.type.rank
    x = reshaped(x, (1,) * missing + x.type.shape)
    if not own or first == -1:
        return x
    place = first if first >= 0 else missing + first + 1
    return moveaxis(x, tuple(range(missing, rank)), tuple(range(place, place + own)))


r_ = _Brackets("r_", np.r_, (0, 1, -1))
c_ = _Brackets("c_", np.c_, (-1, 2, 0))
