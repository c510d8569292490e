"""Are arrays equal, or nearly: isclose, allclose, array_equal, array_equiv."""

from __future__ import annotations

from typing import Any

import numpy as np

from jitflow.errors import ShapeError
from jitflow.ir.dtypes import bool_
from jitflow.numpy.basics import (
    Array,
    Operand,
    as_array,
    broadcast_shapes,
    common_dtype,
    convert,
    full,
    operand,
)
from jitflow.numpy.reductions import all
from jitflow.numpy.registry import numpy_function
from jitflow.numpy.ufuncs import CALLS


@numpy_function(np.isclose)
def isclose(a: Any, b: Any, rtol: Any = 1e-5, atol: Any = 1e-8, equal_nan: bool = False) -> Array:
    """|a - b| <= atol + rtol * |b| where b is finite, a == b elsewhere."""
    x, y = operand(a), _inexact(operand(b))
    gap = CALLS[np.absolute](CALLS[np.subtract](x, y))
    bound = CALLS[np.add](atol, CALLS[np.multiply](rtol, CALLS[np.absolute](y)))
    near = CALLS[np.logical_and](CALLS[np.less_equal](gap, bound), CALLS[np.isfinite](y))
    result = CALLS[np.logical_or](near, CALLS[np.equal](x, y))
    if not equal_nan:
        return result
    both = CALLS[np.logical_and](CALLS[np.isnan](x), CALLS[np.isnan](y))
    return CALLS[np.logical_or](result, both)


def _inexact(x: Operand) -> Operand:
    """Integers and bool as floats, so that the least integer has an absolute value."""
    if type(x) is Array:
        return convert(x, common_dtype([x, 1.0]))
    return float(x) if type(x) is int else x


@numpy_function(np.allclose)
def allclose(a: Any, b: Any, rtol: Any = 1e-5, atol: Any = 1e-8, equal_nan: bool = False) -> Array:
    return all(isclose(a, b, rtol, atol, equal_nan))


@numpy_function(np.array_equal)
def array_equal(a1: Any, a2: Any, equal_nan: bool = False) -> Array:
    """False, known now, where the shapes differ."""
    x, y = as_array(a1), as_array(a2)
    if x.type.shape != y.type.shape:
        return full((), False, bool_)
    same = CALLS[np.equal](x, y)
    if equal_nan and x.type.dtype.is_inexact and y.type.dtype.is_inexact:
        both = CALLS[np.logical_and](CALLS[np.isnan](x), CALLS[np.isnan](y))
        same = CALLS[np.logical_or](same, both)
    return all(same)


@numpy_function(np.array_equiv)
def array_equiv(a1: Any, a2: Any) -> Array:
    """False, known now, where the shapes do not broadcast."""
    x, y = as_array(a1), as_array(a2)
    try:
        broadcast_shapes("array_equiv", [x.type.shape, y.type.shape])
    except ShapeError:
        return full((), False, bool_)
    return all(CALLS[np.equal](x, y))
