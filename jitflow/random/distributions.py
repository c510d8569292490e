"""Random numbers of the usual distributions. Each is a function of its key alone.

Floats have all the digits of their dtype: float64 takes 64 bits for each, the others 32.
"""

from __future__ import annotations

import math
from functools import partial
from typing import Any

import numpy as np

from jitflow.api import jit
from jitflow.errors import ArgumentError, DtypeError
from jitflow.ir.dtypes import DType, f32
from jitflow.numpy import special
from jitflow.numpy.basics import Array, as_array, emit_check, fail
from jitflow.numpy.promotion import requested_dtype
from jitflow.numpy.registry import strong
from jitflow.random.keys import drawn
from jitflow.trace.checks import WRONG_VALUE

_DIGITS = {"f16": 11, "bf16": 8, "f32": 24, "f64": 53}
"""Bits of a float from its first to its last digit."""


def _float(op: str, dtype: Any) -> DType:
    wanted = requested_dtype(dtype)
    if not wanted.is_float:
        fail(DtypeError, "gives floats", op=op, dtypes=[wanted])
    return wanted


def _units(key: Any, shape: Any, dtype: DType) -> Array:
    """Multiples of the last digit in [0, 1)."""
    digits, width = _DIGITS[dtype.name], max(dtype.bits, 32)
    scale = dtype.numpy.type(2.0**-digits)

    def make(words: list[Array]) -> list[Array]:
        tops = [np.right_shift(word, word.dtype.type(width - digits)) for word in words]
        return [top.astype(dtype.numpy) * scale for top in tops]

    return drawn(key, shape, dtype.bits, make)


def _open_units(part: Array, dtype: DType) -> Array:
    """In (0, 1], small ones with all their digits: for logarithms."""
    scale = 2.0 ** -max(dtype.bits, 32)
    wide = part.astype(dtype.numpy)
    return wide * dtype.numpy.type(scale) + dtype.numpy.type(scale / 2)


@partial(jit, static_argnames=("shape", "dtype"))
def uniform(
    key: Any, shape: Any = (), dtype: Any = np.float64, minval: Any = 0.0, maxval: Any = 1.0
) -> Any:
    """Evenly spread in [minval, maxval), which spread to `shape`."""
    wanted = _float("uniform", dtype)
    if type(minval) is type(maxval) is float and (minval, maxval) == (0.0, 1.0):
        return _units(key, shape, wanted)
    low, high = (strong(as_array(limit)).astype(wanted.numpy) for limit in (minval, maxval))
    result = _units(key, shape, wanted) * (high - low) + low
    return np.maximum(low, np.where(result < high, result, np.nextafter(high, low)))


@partial(jit, static_argnames=("shape", "dtype"))
def normal(key: Any, shape: Any = (), dtype: Any = np.float64) -> Any:
    """Mean 0, variance 1: the method of G. Box and M. Muller, 1958."""
    wanted = _float("normal", dtype)
    inner = wanted if wanted.bits > 16 else f32

    def make(words: list[Array]) -> list[Array]:
        results = []
        for first, second in zip(words[::2], words[1::2], strict=True):
            radius = np.sqrt(-2 * np.log(_open_units(first, inner)))
            angle = _open_units(second, inner) * inner.numpy.type(2 * math.pi)
            results += [radius * np.cos(angle), radius * np.sin(angle)]
        return results

    return drawn(key, shape, inner.bits, make).astype(wanted.numpy)


@partial(jit, static_argnames=("shape", "dtype"))
def truncated_normal(
    key: Any, lower: Any, upper: Any, shape: Any = (), dtype: Any = np.float64
) -> Any:
    """A normal distribution's numbers within (lower, upper), which spread to `shape`.

    By the inverse of the distribution function, whose digits run out beyond 5 (float32: 3).
    """
    wanted = _float("truncated_normal", dtype)
    inner = wanted if wanted.bits > 16 else f32
    root = inner.numpy.type(math.sqrt(2))
    low, high = (strong(as_array(limit)).astype(inner.numpy) for limit in (lower, upper))
    start, end = special.erf(low / root), special.erf(high / root)
    result = root * special.erfinv(_units(key, shape, inner) * (end - start) + start)
    inside = np.clip(result, np.nextafter(low, high), np.nextafter(high, low))
    return inside.astype(wanted.numpy)


@partial(jit, static_argnames=("shape", "dtype"))
def exponential(key: Any, shape: Any = (), dtype: Any = np.float64) -> Any:
    """Mean 1."""
    wanted = _float("exponential", dtype)
    inner = wanted if wanted.bits > 16 else f32

    def make(words: list[Array]) -> list[Any]:
        return [-np.log(_open_units(word, inner)) for word in words]

    return drawn(key, shape, inner.bits, make).astype(wanted.numpy)


@partial(jit, static_argnames=("shape", "dtype"))
def gumbel(key: Any, shape: Any = (), dtype: Any = np.float64) -> Any:
    """The greatest of very many: -log of exponential numbers."""
    wanted = _float("gumbel", dtype)
    inner = wanted if wanted.bits > 16 else f32
    smallest = inner.numpy.type(2.0**-max(inner.bits, 32))
    times = np.maximum(exponential(key, shape, inner.numpy), smallest)
    return (-np.log(times)).astype(wanted.numpy)


@partial(jit, static_argnames=("shape",))
def bernoulli(key: Any, p: Any = 0.5, shape: Any = None) -> Any:
    """True with probability p; of p's shape if none is given."""
    chance = as_array(p)
    return uniform(key, chance.shape if shape is None else shape) < chance


@partial(jit, static_argnames=("shape", "dtype"))
def randint(key: Any, shape: Any, minval: Any, maxval: Any, dtype: Any = np.int64) -> Any:
    """Integers in [minval, maxval), which spread to `shape`; an empty range fails the call.

    64 random bits modulo the width: no number is favoured by more than width / 2**64.
    """
    wanted = requested_dtype(dtype)
    if not wanted.is_integer:
        fail(DtypeError, "gives integers", op="randint", dtypes=[wanted])
    low, high = strong(as_array(minval)), strong(as_array(maxval))
    if not (low.type.dtype.is_integer and high.type.dtype.is_integer):
        fail(DtypeError, "limits are integers", op="randint", dtypes=[low.dtype, high.dtype])
    is_range: Any = np.all(low < high)
    emit_check(is_range, f"{WRONG_VALUE}randint: minval must be below maxval")
    start = low.astype(np.uint64)
    width = high.astype(np.uint64) - start
    bits = drawn(key, shape, 64, lambda words: words)
    return (start + bits % width).astype(wanted.numpy)


@partial(jit, static_argnames=("axis", "shape"))
def categorical(key: Any, logits: Any, axis: int = -1, shape: Any = None) -> Any:
    """Indices along `axis` with probabilities softmax(logits).

    shape: of the result, as many draws as it has more than logits without `axis`.
    """
    given: Any = as_array(logits)
    scores = np.moveaxis(given, axis, -1)
    batch = scores.shape[:-1]
    wanted = batch if shape is None else shape if isinstance(shape, tuple) else (shape,)
    if wanted[len(wanted) - len(batch) :] != batch:
        fail(ArgumentError, f"shape must end in {batch}, got {wanted}", op="categorical")
    if not scores.type.dtype.is_float:
        scores = scores.astype(np.float64)
    noise = gumbel(key, (*wanted, scores.shape[-1]), scores.dtype)
    return np.argmax(noise + scores, axis=-1)
