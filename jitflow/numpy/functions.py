"""Elementwise functions that NumPy writes in Python: fix, isposinf, isneginf, sinc, i0."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from jitflow.errors import DtypeError
from jitflow.ir.dtypes import f32, f64
from jitflow.numpy.basics import Array, as_array, convert, emit, fail, full_like
from jitflow.numpy.registry import numpy_function
from jitflow.numpy.ufuncs import CALLS

_SINC_JOIN = 0.25
_SINC_SERIES = tuple((-1) ** k / math.factorial(2 * k + 1) for k in range(11))
"""sin(y) / y in powers of y^2, good to the last bit for |y| <= pi / 4."""


@numpy_function(np.fix)
def fix(x: Any) -> Array:
    """To the nearest integer towards zero."""
    return CALLS[np.trunc](as_array(x))


@numpy_function(np.isposinf)
def isposinf(x: Any) -> Array:
    return _is_infinite(x, "isposinf", False)


@numpy_function(np.isneginf)
def isneginf(x: Any) -> Array:
    return _is_infinite(x, "isneginf", True)


def _is_infinite(x: Any, name: str, negative: bool) -> Array:
    array = as_array(x)
    if array.type.dtype.kind == "c":
        fail(DtypeError, "complex numbers have no sign", op=f"np.{name}", dtypes=[array.type.dtype],
             cure="take the real part first")  # fmt: skip
    infinite = CALLS[np.isinf](array)
    if array.type.dtype.kind != "f":
        return infinite
    signed = CALLS[np.signbit](array)
    return emit("and", infinite, signed if negative else emit("not", signed))


@numpy_function(np.sinc)
def sinc(x: Any) -> Array:
    """sin(pi x) / (pi x); a series near 0, where quotient and derivatives would cancel."""
    array = _inexact(as_array(x))
    dtype = array.type.dtype
    if dtype.kind == "c":
        return _complex_sinc(array)
    wide = f32 if dtype.bits == 16 else dtype
    x = convert(array, wide)
    angle = emit("mul", x, full_like(x, math.pi))
    is_near = emit("lt", emit("abs", x), full_like(x, _SINC_JOIN))
    square = emit("mul", angle, angle)
    near = full_like(x, _SINC_SERIES[-1])
    for coefficient in reversed(_SINC_SERIES[:-1]):
        near = emit("add", emit("mul", near, square), full_like(x, coefficient))
    away = emit("select", is_near, full_like(x, 1), angle)
    far = emit("div", emit("sin", away), away)
    return convert(emit("select", is_near, near, far), dtype)


def _complex_sinc(x: Array) -> Array:
    """NumPy's quotient; the derivative at 0 is 0."""
    at_zero = emit("eq", x, full_like(x, 0))
    angle = emit("mul", emit("select", at_zero, full_like(x, 1e-20), x), full_like(x, math.pi))
    return emit("div", emit("sin", angle), angle)


def _inexact(x: Array) -> Array:
    """x as it is, or integers and bool as float64."""
    return x if x.type.dtype.is_inexact else convert(x, f64)


@numpy_function(np.i0)
def i0(x: Any) -> Array:
    """Modified Bessel function of the first kind, order 0; infinite at infinity."""
    array = _inexact(as_array(x))
    if array.type.dtype.kind == "c":
        fail(DtypeError, "i0 is not supported for complex numbers", op="np.i0",
             dtypes=[array.type.dtype], cure="take the real part first")  # fmt: skip
    return emit("i0", array)
