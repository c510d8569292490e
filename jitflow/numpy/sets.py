"""Sets of numbers with a known number of elements: union1d and its kin, unique_values and its kin.

jitflow's functions have `size=` beside NumPy's arguments: how many elements to give, the first
ones. What is missing is `fill_value`, or the first element, or 0 where there is none.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

import numpy as np

from jitflow.errors import TraceError
from jitflow.numpy.basics import Array, as_array, convert, emit, fail, full, full_like
from jitflow.numpy.bits import is_among
from jitflow.numpy.choosing import where
from jitflow.numpy.joining import concatenate
from jitflow.numpy.places import chosen
from jitflow.numpy.shaping import ravel
from jitflow.numpy.sorting import take_last
from jitflow.numpy.uniques import count_of, filled, starts, unique
from jitflow.trace import STATE

Implementation = Callable[..., tuple[Array, Array]]
"""The elements in order, and which of them the set has."""


def _set_function(numpy_own: Any) -> Callable[[Implementation], Callable[..., Any]]:
    """Decorator: NumPy's own function outside a trace, cut or filled to `size` if that is given."""

    def enter(implementation: Implementation) -> Callable[..., Any]:
        @wraps(numpy_own)
        def call(*args: Any, size: Any = None, fill_value: Any = None, **options: Any) -> Any:
            if STATE.context is None:
                found = numpy_own(*args, **options)
                return found if size is None else filled(found, count_of(size), fill_value)
            _require_size(numpy_own.__name__, size)
            return _kept(*implementation(*args, **options), count_of(size), fill_value)

        return call

    return enter


def _require_size(name: str, size: Any) -> None:
    if size is None:
        problem = "how many elements the result has depends on the elements"
        fail(TraceError, problem, op=name, cure="give size=, or call it outside @jit")


def _kept(values: Array, keep: Array, size: int, fill_value: Any) -> Array:
    """The first `size` values that are kept."""
    places, is_there = chosen(keep, size)
    dtype = values.type.dtype
    found = take_last(values, places) if values.type.size else full_like(places, 0, dtype)
    if fill_value is None and size:
        fill_value = where(is_there[0], found[0], full((), 0, dtype))
    return convert(where(is_there, found, fill_value), dtype) if size else found


def _sorted(*arrays: Any) -> Array:
    return emit("sort", concatenate([ravel(as_array(x)) for x in arrays]))


@_set_function(np.union1d)
def union1d(ar1: Any, ar2: Any) -> tuple[Array, Array]:
    ordered = _sorted(ar1, ar2)
    return ordered, starts(ordered, True)


@_set_function(np.intersect1d)
def intersect1d(
    ar1: Any, ar2: Any, assume_unique: bool = False, return_indices: bool = False
) -> tuple[Array, Array]:
    if return_indices:
        problem = "return_indices= is not supported under @jit"
        fail(TraceError, problem, op="intersect1d", cure="find them by jnp.searchsorted")
    first, second = _one_dtype(ar1, ar2)
    ordered = emit("sort", first)
    return ordered, emit("and", starts(ordered, False), is_among(ordered, second))


@_set_function(np.setdiff1d)
def setdiff1d(ar1: Any, ar2: Any, assume_unique: bool = False) -> tuple[Array, Array]:
    """In the order of ar1, and with what it repeats, if it is assumed to be unique."""
    line = ravel(as_array(ar1))
    if not assume_unique:
        line = emit("sort", line)
    is_new = emit("not", is_among(line, as_array(ar2)))
    return line, is_new if assume_unique else emit("and", starts(line, True), is_new)


@_set_function(np.setxor1d)
def setxor1d(ar1: Any, ar2: Any, assume_unique: bool = False) -> tuple[Array, Array]:
    lines = [emit("sort", x) for x in _one_dtype(ar1, ar2)]
    alone = [
        emit("and", starts(x, True), emit("not", is_among(x, other)))
        for x, other in (lines, lines[::-1])
    ]
    both = concatenate(lines)
    order = emit("argsort", both)
    return take_last(both, order), take_last(concatenate(alone), order)


def _one_dtype(*arrays: Any) -> list[Array]:
    lines = [ravel(as_array(x)) for x in arrays]
    dtype = concatenate(lines).type.dtype
    return [convert(x, dtype) for x in lines]


# unique_values and its kin: what the array API has of unique.


def unique_values(x: Any, /, *, size: Any = None, fill_value: Any = None) -> Any:
    """The values in order, each NaN one of its own."""
    return _unique(np.unique_values, x, size, fill_value)[0]


def unique_counts(x: Any, /, *, size: Any = None, fill_value: Any = None) -> Any:
    return _unique(np.unique_counts, x, size, fill_value, return_counts=True)


def unique_inverse(x: Any, /, *, size: Any = None, fill_value: Any = None) -> Any:
    return _unique(np.unique_inverse, x, size, fill_value, return_inverse=True)


def unique_all(x: Any, /, *, size: Any = None, fill_value: Any = None) -> Any:
    wanted = {"return_index": True, "return_inverse": True, "return_counts": True}
    return _unique(np.unique_all, x, size, fill_value, **wanted)


def _unique(numpy_own: Any, x: Any, size: Any, fill_value: Any, **wanted: bool) -> Any:
    """Like NumPy's own function, in the tuple that it gives."""
    if STATE.context is not None:
        _require_size(numpy_own.__name__, size)
    found = unique(x, **wanted, equal_nan=False, size=size, fill_value=fill_value)
    kind = type(numpy_own(np.zeros(1)))
    return kind(*found) if wanted else (found,)
