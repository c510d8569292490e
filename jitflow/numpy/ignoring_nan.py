"""Reductions that leave NaN out: nansum, nanmean, nanmax, nanargmax and their kin.

Each is its reduction under the mask of what is a number. Cumulative ones are in cumulative.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from jitflow.numpy.basics import Array, as_array, emit, emit_check, full_like
from jitflow.numpy.choosing import where as choose
from jitflow.numpy.reductions import all, any, argmax, argmin, masked, max, min, prod, sum
from jitflow.numpy.registry import numpy_function
from jitflow.numpy.statistics import mean, var
from jitflow.numpy.ufuncs import CALLS
from jitflow.trace.checks import WRONG_VALUE


def numbers(x: Array, where: Any = True) -> Any:
    """The mask of what is a number, and what `where` takes; True where that is everything."""
    if not x.type.dtype.is_inexact:
        return where
    is_number = CALLS[np.logical_not](CALLS[np.isnan](x))
    return is_number if where is True else CALLS[np.logical_and](is_number, where)


@numpy_function(np.nansum)
def nansum(
    a: Any,
    axis: Any = None,
    dtype: Any = None,
    keepdims: bool = False,
    initial: Any = None,
    where: Any = True,
) -> Array:
    x = as_array(a)
    return sum(x, axis, dtype, keepdims, initial, numbers(x, where))


@numpy_function(np.nanprod)
def nanprod(
    a: Any,
    axis: Any = None,
    dtype: Any = None,
    keepdims: bool = False,
    initial: Any = None,
    where: Any = True,
) -> Array:
    x = as_array(a)
    return prod(x, axis, dtype, keepdims, initial, numbers(x, where))


@numpy_function(np.nanmax)
def nanmax(
    a: Any, axis: Any = None, keepdims: bool = False, initial: Any = None, where: Any = True
) -> Array:
    return _extreme(max, -np.inf, a, axis, keepdims, initial, where)


@numpy_function(np.nanmin)
def nanmin(
    a: Any, axis: Any = None, keepdims: bool = False, initial: Any = None, where: Any = True
) -> Array:
    return _extreme(min, np.inf, a, axis, keepdims, initial, where)


def _extreme(
    reduce: Callable[..., Array],
    worst: float,
    a: Any,
    axis: Any,
    keepdims: bool,
    initial: Any,
    where: Any,
) -> Array:
    """NaN where there is nothing else, and no `initial`."""
    x = as_array(a)
    if not x.type.dtype.is_inexact:
        return reduce(x, axis, keepdims, initial, where)
    is_number = numbers(x)
    result = reduce(masked("nanmax", x, is_number, worst), axis, keepdims, initial, where)
    if initial is not None:
        return result
    return emit("select", any(is_number, axis, keepdims), result, full_like(result, np.nan))


@numpy_function(np.nanmean)
def nanmean(
    a: Any, axis: Any = None, dtype: Any = None, keepdims: bool = False, where: Any = True
) -> Array:
    x = as_array(a)
    return mean(x, axis, dtype, keepdims, numbers(x, where))


@numpy_function(np.nanvar)
def nanvar(
    a: Any,
    axis: Any = None,
    dtype: Any = None,
    ddof: float = 0,
    keepdims: bool = False,
    where: Any = True,
    mean: Any = None,
    correction: Any = None,
) -> Array:
    """NaN where there are no more numbers than `ddof`."""
    x = as_array(a)
    if not x.type.dtype.is_inexact:
        return var(x, axis, dtype, ddof, keepdims, where, mean, correction)
    is_number = numbers(x, where)
    result = var(x, axis, dtype, ddof, keepdims, is_number, mean, correction)
    count = sum(is_number, axis, keepdims=keepdims)
    enough = CALLS[np.greater](count, ddof if correction is None else correction)
    return choose(enough, result, full_like(result, np.nan))


@numpy_function(np.nanstd)
def nanstd(
    a: Any,
    axis: Any = None,
    dtype: Any = None,
    ddof: float = 0,
    keepdims: bool = False,
    where: Any = True,
    mean: Any = None,
    correction: Any = None,
) -> Array:
    return CALLS[np.sqrt](nanvar(a, axis, dtype, ddof, keepdims, where, mean, correction))


@numpy_function(np.nanargmax)
def nanargmax(a: Any, axis: Any = None, keepdims: bool = False) -> Array:
    return _index_of("nanargmax", argmax, -np.inf, a, axis, keepdims)


@numpy_function(np.nanargmin)
def nanargmin(a: Any, axis: Any = None, keepdims: bool = False) -> Array:
    return _index_of("nanargmin", argmin, np.inf, a, axis, keepdims)


def _index_of(
    name: str, search: Callable[..., Array], worst: float, a: Any, axis: Any, keepdims: bool
) -> Array:
    """A slice of NaN only fails the call."""
    x = as_array(a)
    if not x.type.dtype.is_inexact:
        return search(x, axis, keepdims)
    is_number = numbers(x)
    emit_check(all(any(is_number, axis)), f"{WRONG_VALUE}{name}: All-NaN slice encountered")
    return search(masked(name, x, is_number, worst), axis, keepdims)
