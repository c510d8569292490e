"""unique with a known number of results: jitflow's function has size= beside NumPy's arguments."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from jitflow.errors import ArgumentError, ShapeError, TraceError
from jitflow.ir.dtypes import i64
from jitflow.numpy.basics import Array, as_array, convert, emit, fail, full, full_like
from jitflow.numpy.choosing import where
from jitflow.numpy.joining import concatenate
from jitflow.numpy.shaping import reshaped
from jitflow.numpy.sorting import take_last
from jitflow.numpy.ufuncs import CALLS
from jitflow.trace import STATE


def unique(
    ar: Any,
    return_index: bool = False,
    return_inverse: bool = False,
    return_counts: bool = False,
    axis: Any = None,
    *,
    equal_nan: bool = True,
    sorted: bool = True,
    size: int | None = None,
    fill_value: Any = None,
) -> Any:
    """NumPy's unique. `size`, needed under `@jit`: how many values to give, the least ones.

    What is missing is `fill_value`, or the least value; its index is that of the least, its count
    0. An axis needs a call outside of `@jit`.
    """
    wanted = (return_index, return_inverse, return_counts)
    if STATE.context is None:
        found = np.unique(  # type: ignore[call-overload]
            ar, *wanted, axis, equal_nan=equal_nan, sorted=sorted
        )
        return found if size is None else _resized(found, wanted, size, fill_value)
    if size is None or axis is not None:
        problem = "how many values there are depends on the elements" if size is None else "axis="
        cure = "give size= and no axis, or call it outside @jit"
        fail(TraceError, f"{problem} is not known under @jit", op="unique", cure=cure)
    parts = _traced(as_array(ar), count_of(size), fill_value, equal_nan)
    chosen = [part for part, is_wanted in zip(parts, (True, *wanted), strict=True) if is_wanted]
    return tuple(chosen) if any(wanted) else chosen[0]


def count_of(size: Any) -> int:
    if not isinstance(size, (int, np.integer)) or size < 0:
        fail(ArgumentError, f"size is a whole number, not {size!r}", op="unique")
    return int(size)


def _resized(found: Any, wanted: tuple[bool, ...], size: int, fill_value: Any) -> Any:
    """NumPy's results, cut or filled to `size`."""
    if not any(wanted):
        return filled(found, size, fill_value)
    values, *others = found
    results = [filled(values, size, fill_value)]
    names = [name for name, is_wanted in zip(("index", "inverse", "counts"), wanted, strict=True)
             if is_wanted]  # fmt: skip
    for name, part in zip(names, others, strict=True):
        if name == "inverse":
            results.append(np.minimum(part, max(size - 1, 0)))
        else:
            results.append(filled(part, size, 0 if name == "counts" else None))
    return tuple(results)


def filled(part: Any, size: int, fill_value: Any) -> Any:
    """A vector of NumPy's, cut or filled to `size`; by its first element, or 0, if by no value."""
    spare = np.full(1, 0 if fill_value is None else fill_value, part.dtype)
    if fill_value is None and len(part):
        spare = part[:1]
    return np.concatenate([part[:size], np.repeat(spare, max(size - len(part), 0))])


def _traced(x: Array, size: int, fill_value: Any, equal_nan: bool) -> tuple[Array, ...]:
    """Values, first indices, inverse, counts. Runs of equal elements are found in a sorted line."""
    line = reshaped(x, (math.prod(x.type.shape),))
    length = line.type.shape[0]
    if not length:
        fail(ShapeError, "of no elements", op="unique", shapes=[x.type.shape])
    order = emit("argsort", line)
    ordered = take_last(line, order)
    first_of_run = convert(starts(ordered, equal_nan), i64)
    number = CALLS[np.subtract](emit("cumsum", first_of_run, axis=0), 1)
    counts = emit("scatter", full((size + 1,), 0, i64), full_like(number, 1),
                  emit("minimum", number, full_like(number, size)), combine="add")  # fmt: skip
    counts = counts[:size]
    first = CALLS[np.subtract](emit("cumsum", counts, axis=0), counts)
    is_there = CALLS[np.greater](counts, 0)
    first = where(is_there, first, 0)
    values = emit("gather", ordered, first)
    if fill_value is not None:
        values = convert(where(is_there, values, fill_value), values.type.dtype)
    inverse = emit("scatter", full_like(number, 0), number, order)
    last = full_like(inverse, max(size - 1, 0))
    inverse = reshaped(emit("minimum", inverse, last), x.type.shape)
    return values, emit("gather", order, first), inverse, counts


def starts(ordered: Array, equal_nan: bool) -> Array:
    """Where the sorted line has another value than before."""
    before, after = ordered[:-1], ordered[1:]
    differs = CALLS[np.not_equal](before, after)
    if equal_nan and ordered.type.dtype.is_inexact:
        both = CALLS[np.logical_and](CALLS[np.isnan](before), CALLS[np.isnan](after))
        differs = CALLS[np.logical_and](differs, CALLS[np.logical_not](both))
    return concatenate([np.ones(min(1, ordered.type.shape[0]), bool), differs])
