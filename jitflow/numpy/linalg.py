"""Linear algebra of numpy.linalg: what the table's ops carry. Factorisations come later."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.linalg import norm

from jitflow.errors import DtypeError, TraceError
from jitflow.ir.dtypes import f64
from jitflow.numpy.basics import Array, as_array, convert, emit, fail
from jitflow.numpy.reductions import sum
from jitflow.numpy.registry import numpy_function

__all__ = ["norm"]


@numpy_function(np.linalg.norm)
def vector_norm(x: Any, ord: Any = None, axis: Any = None, keepdims: bool = False) -> Array:
    """The 2-norm of all elements, or of vectors along axis: sqrt of the sum of squares."""
    array = as_array(x)
    is_vector = array.type.rank == 1 if axis is None else not isinstance(axis, (tuple, list))
    if ord is not None and not (ord == 2 and is_vector):
        fail(TraceError, f"ord={ord!r} comes later", op="norm", shapes=[array.type.shape])
    if array.type.dtype.kind == "c":
        fail(DtypeError, "complex operands come later", op="norm", dtypes=[array.dtype])
    if not array.type.dtype.is_float:
        array = convert(array, f64)
    return emit("sqrt", sum(emit("mul", array, array), axis, keepdims=keepdims))
