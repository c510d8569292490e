"""Linear algebra of numpy.linalg: what the table's ops carry. Factorisations come later."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.linalg import norm

from jitflow.errors import DtypeError, TraceError
from jitflow.ir.dtypes import f64
from jitflow.numpy.basics import Array, as_array, convert, emit, fail
from jitflow.numpy.reductions import max, min, sum
from jitflow.numpy.registry import numpy_function

__all__ = ["norm"]


@numpy_function(np.linalg.norm)
def vector_norm(x: Any, ord: Any = None, axis: Any = None, keepdims: bool = False) -> Array:
    """Norms of vectors, and the Frobenius norm: by default the 2-norm of all elements."""
    array = as_array(x)
    is_vector = array.type.rank == 1 if axis is None else not isinstance(axis, (tuple, list))
    is_matrix = array.type.rank == 2 if axis is None else not is_vector and len(axis) == 2
    if array.type.dtype.kind == "c":
        fail(DtypeError, "complex operands come later", op="norm", dtypes=[array.dtype])
    if not array.type.dtype.is_float:
        array = convert(array, f64)
    if ord is None or (ord == 2 and is_vector) or (ord == "fro" and is_matrix):
        return emit("sqrt", sum(emit("mul", array, array), axis, keepdims=keepdims))
    if not is_vector or ord not in _OF_VECTORS:
        fail(TraceError, f"ord={ord!r} comes later", op="norm", shapes=[array.type.shape])
    return _OF_VECTORS[ord](emit("abs", array), axis, keepdims=keepdims)


_OF_VECTORS = {1: sum, np.inf: max, -np.inf: min}
"""By the order of the norm, other than 2: what becomes of the absolute values."""
