"""Complex arrays: their parts, conjugates and angles, and what asks whether there are any."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from jitflow.errors import TraceError
from jitflow.ir import dtypes
from jitflow.numpy.basics import Array, as_array, emit, fail, full, full_like
from jitflow.numpy.registry import numpy_function
from jitflow.numpy.ufuncs import CALLS
from jitflow.trace import PROPERTIES, emit_view


def _is_complex(x: Array) -> bool:
    return bool(x.type.dtype.kind == "c")


def real_view(x: Array) -> Array:
    """x.real: a view of complex x, to which one can write; x itself if it is real."""
    return emit_view("real", x) if _is_complex(x) else x


def imag_view(x: Array) -> Array:
    """x.imag: a view of complex x, zeros of real x."""
    return emit_view("imag", x) if _is_complex(x) else full_like(x, 0)


@numpy_function(np.real)
def real(val: Any) -> Array:
    return real_view(as_array(val))


@numpy_function(np.imag)
def imag(val: Any) -> Array:
    return imag_view(as_array(val))


@numpy_function(np.angle)
def angle(z: Any, deg: bool = False) -> Array:
    """The counterclockwise angle from the positive real axis; pi of negative real numbers."""
    x = as_array(z)
    if _is_complex(x):
        im, re = emit("imag", x), emit("real", x)
    else:
        im, re = 0, x
    result = CALLS[np.arctan2](im, re)
    return CALLS[np.multiply](result, 180 / math.pi) if deg else result


@numpy_function(np.iscomplex)
def iscomplex(x: Any) -> Array:
    """Where the imaginary part is not 0."""
    return _imaginary_is("ne", as_array(x))


@numpy_function(np.isreal)
def isreal(x: Any) -> Array:
    """Where the imaginary part is 0."""
    return _imaginary_is("eq", as_array(x))


def _imaginary_is(comparison: str, x: Array) -> Array:
    if not _is_complex(x):
        return full(x.type.shape, comparison == "eq", dtypes.bool_)
    im = emit("imag", x)
    return emit(comparison, im, full_like(im, 0))


@numpy_function(np.iscomplexobj)
def iscomplexobj(x: Any) -> bool:
    return _is_complex(as_array(x))


@numpy_function(np.isrealobj)
def isrealobj(x: Any) -> bool:
    return not _is_complex(as_array(x))


@numpy_function(np.real_if_close)
def real_if_close(a: Any, tol: Any = 100) -> Array:
    x = as_array(a)
    if _is_complex(x):
        fail(
            TraceError,
            "the dtype of the result depends on the values, which are not known yet",
            op="real_if_close",
            shapes=[x.type.shape],
            dtypes=[x.type.dtype],
            cure="use x.real",
        )
    return x


PROPERTIES["real"] = real_view
PROPERTIES["imag"] = imag_view
