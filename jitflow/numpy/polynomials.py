"""Polynomials by their coefficients, the highest power first: polyval and its kin."""

from __future__ import annotations

from typing import Any

import numpy as np

from jitflow.errors import ShapeError, TraceError
from jitflow.ir.dtypes import f64
from jitflow.numpy.basics import (
    Array,
    as_array,
    common_dtype,
    convert,
    emit_check,
    fail,
    full,
    full_like,
    is_number,
)
from jitflow.numpy.convolution import convolve
from jitflow.numpy.diagonals import eye
from jitflow.numpy.factorisations import eigvals
from jitflow.numpy.joining import concatenate
from jitflow.numpy.promotion import requested_dtype
from jitflow.numpy.ranges import arange
from jitflow.numpy.registry import numpy_function, strong
from jitflow.numpy.shaping import reshaped
from jitflow.numpy.ufuncs import CALLS
from jitflow.trace.checks import WRONG_VALUE


def _coefficients(op: str, p: Any) -> Array:
    x = strong(as_array(p))
    if x.type.rank > 1:
        fail(ShapeError, "coefficients are a vector", op=op, shapes=[x.type.shape])
    return x if x.type.rank else reshaped(x, (1,))


def _vector(op: str, p: Any) -> Array:
    x = strong(as_array(p))
    if x.type.rank != 1:
        fail(ShapeError, "coefficients are a vector", op=op, shapes=[x.type.shape])
    return x


@numpy_function(np.polyval)
def polyval(p: Any, x: Any) -> Array:
    """By Horner's rule."""
    places = strong(as_array(x))
    known = isinstance(p, (tuple, list)) and all(is_number(one) for one in p)
    result = full_like(places, 0)
    for coefficient in np.asarray(p) if known else strong(as_array(p)):
        result = CALLS[np.add](CALLS[np.multiply](result, places), coefficient)
    return result


def _same_length(x: Array, y: Array) -> tuple[Array, Array]:
    gap = x.type.shape[0] - y.type.shape[0]
    if gap < 0:
        y, x = _same_length(y, x)
        return x, y
    if gap:
        y = concatenate([convert(as_array(np.zeros(gap)), y.type.dtype), y])
    return x, y


@numpy_function(np.polyadd)
def polyadd(a1: Any, a2: Any) -> Array:
    pair = _coefficients("polyadd", a1), _coefficients("polyadd", a2)
    return CALLS[np.add](*_same_length(*pair))


@numpy_function(np.polysub)
def polysub(a1: Any, a2: Any) -> Array:
    pair = _coefficients("polysub", a1), _coefficients("polysub", a2)
    return CALLS[np.subtract](*_same_length(*pair))


@numpy_function(np.polymul)
def polymul(a1: Any, a2: Any) -> Array:
    return convolve(_coefficients("polymul", a1), _coefficients("polymul", a2))


@numpy_function(np.polydiv)
def polydiv(u: Any, v: Any) -> tuple[Array, Array]:
    """Quotient and rest. The rest has one coefficient less than v, zero or not.

    By long division, as NumPy's.
    """
    rest, divisor = (_inexact(_coefficients("polydiv", p)) for p in (u, v))
    dtype = common_dtype([rest, divisor])
    scale = CALLS[np.true_divide](1.0, divisor[0])
    rest, divisor = convert(rest, dtype), convert(divisor, dtype)
    length = divisor.type.shape[0]
    steps = rest.type.shape[0] - length + 1
    if steps < 1:
        return full((1,), 0, dtype), rest
    quotient = []
    for _ in range(steps):
        quotient.append(reshaped(convert(CALLS[np.multiply](scale, rest[0]), dtype), (1,)))
        taken = CALLS[np.subtract](rest[:length], CALLS[np.multiply](quotient[-1], divisor))
        last, rest = taken, concatenate([taken[1:], rest[length:]])
    return concatenate(quotient), rest if length > 1 else last


@numpy_function(np.roots)
def roots(p: Any) -> Array:
    """Complex always. The eigenvalues of the companion matrix.

    Fails the call where the first coefficient is zero, as the number of roots depends on that.
    """
    x = _inexact(_vector("roots", p))
    degree = x.type.shape[0] - 1
    if degree < 1:
        return full((0,), 0, requested_dtype(np.result_type(x.dtype, np.complex64)))
    problem = "roots: the first coefficient is zero, so that there are fewer roots; cut it off"
    emit_check(CALLS[np.not_equal](x[0], 0), f"{WRONG_VALUE}{problem}")
    line = CALLS[np.true_divide](CALLS[np.negative](x[1:]), x[0])
    below = eye(degree - 1, degree, dtype=x.dtype)
    return eigvals(concatenate([reshaped(line, (1, degree)), below]))


def _inexact(x: Array) -> Array:
    return x if x.type.dtype.is_inexact else convert(x, f64)


@numpy_function(np.polyder)
def polyder(p: Any, m: int = 1) -> Array:
    x = _vector("polyder", p)
    if m < 0:
        fail(ShapeError, "the order of a derivative is 0 or more", op="polyder", cure="use polyint")
    for _ in range(m):
        degree = max(x.type.shape[0] - 1, 0)
        x = CALLS[np.multiply](x[:-1], arange(degree, 0, -1))
    return x


@numpy_function(np.polyint)
def polyint(p: Any, m: int = 1, k: Any = None) -> Array:
    """k are the constants of integration, the first of them that of the first integral."""
    x = _vector("polyint", p)
    if m < 0:
        fail(ShapeError, "the order of an integral is 0 or more", op="polyint", cure="use polyder")
    constants = _coefficients("polyint", np.zeros(1) if k is None else k)
    if constants.type.shape[0] < m and constants.type.shape[0] != 1:
        problem = "k must be one constant, or as many as there are integrals"
        fail(ShapeError, problem, op="polyint", shapes=[constants.type.shape])
    for step in range(m):
        divisors = arange(x.type.shape[0], 0, -1)
        constant = constants[step if constants.type.shape[0] > 1 else 0]
        x = concatenate([CALLS[np.true_divide](x, divisors), reshaped(constant, (1,))])
    return x


@numpy_function(np.poly)
def poly(seq_of_zeros: Any) -> Array:
    """The polynomial with these zeros, in float64 at least."""
    zeros = strong(as_array(seq_of_zeros))
    if zeros.type.rank != 1:
        problem = "zeros are a vector; the characteristic polynomial of a matrix comes later"
        fail(ShapeError, problem, op="poly", shapes=[zeros.type.shape])
    if zeros.type.dtype.kind == "c":
        fail(TraceError, "complex zeros: whether the result is real depends on them", op="poly")
    if zeros.type.dtype.name not in ("f32", "f64"):
        zeros = convert(zeros, requested_dtype(np.float64))
    result = convert(as_array(np.ones(1)), zeros.type.dtype)
    one = convert(as_array(np.ones(1)), zeros.type.dtype)
    for zero in zeros:
        minus = reshaped(CALLS[np.negative](zero), (1,))
        result = convolve(result, concatenate([one, minus]))
    return result
