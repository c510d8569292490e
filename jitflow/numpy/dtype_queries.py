"""Questions about dtypes, answered while tracing: no part of the graph. The answers are NumPy's."""

from __future__ import annotations

from typing import Any

import numpy as np

from jitflow.errors import DtypeError, TraceError
from jitflow.numpy.basics import Array, fail, key_of
from jitflow.numpy.promotion import SAMPLES
from jitflow.numpy.registry import numpy_function


def _for_numpy(x: Any) -> Any:
    """What NumPy's own function takes in place of a traced array: a dtype, or a Python number."""
    if type(x) is not Array:
        return x
    key = key_of(x)
    return SAMPLES.get(key, key)


@numpy_function(np.result_type)
def result_type(*arrays_and_dtypes: Any) -> Any:
    try:
        return np.result_type(*map(_for_numpy, arrays_and_dtypes))
    except TypeError as error:
        fail(DtypeError, str(error), op="result_type")


@numpy_function(np.common_type)
def common_type(*arrays: Any) -> Any:
    return np.common_type(*[np.empty(0, x.dtype) for x in arrays])


@numpy_function(np.min_scalar_type)
def min_scalar_type(a: Any) -> Any:
    """Of one number it depends on the number."""
    if not a.type.rank:
        fail(TraceError, "it depends on the number", op="min_scalar_type", cure="ask for x.dtype")
    return a.dtype


@numpy_function(np.can_cast)
def can_cast(from_: Any, to: Any, casting: Any = "safe") -> bool:
    return np.can_cast(from_.dtype if type(from_) is Array else from_, to, casting)
