"""Fourier transforms: crops, pads and scales around the rows `fft` and `ifft`, one axis at a time.

Transforms of real arrays are those of complex ones, less the half that repeats the other.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from math import sqrt
from typing import Any

import numpy as np

from jitflow.errors import DtypeError, ShapeError
from jitflow.ir.dtypes import DType, as_dtype, f16, f64
from jitflow.numpy.basics import (
    Array,
    as_array,
    convert,
    emit,
    fail,
    full,
    full_like,
    normal_axis,
)
from jitflow.numpy.registry import numpy_function
from jitflow.numpy.shaping import permuted
from jitflow.numpy.ufuncs import CALLS
from jitflow.trace import FUNCTIONS

_SWAPPED = {None: "forward", "backward": "forward", "ortho": "ortho", "forward": "backward"}


@cache
def _dtype_of(function: Any, dtype: DType) -> DType:
    """The dtype that NumPy gives for an array of `dtype`."""
    return as_dtype(function(np.ones(2, dtype.numpy)).dtype)


def _scale(op: str, norm: Any, n: int, inverse: bool, dtype: DType = f64) -> float:
    """What the row's result is multiplied by; the inverse row has 1 / n in it.

    Of float16 arrays NumPy rounds it to float16.
    """
    if norm not in _SWAPPED:
        names = "backward, ortho or forward"
        fail(ShapeError, f"Invalid norm value {norm!r}", op=op, cure=f"use {names}")
    direction = _SWAPPED[norm] if inverse else norm
    if direction in (None, "backward"):
        return float(n) if inverse else 1.0
    wanted = 1 / (sqrt(n) if direction == "ortho" else n)
    if dtype is f16:
        wanted = float(np.float16(wanted))
    elif inverse and direction == "forward":
        return 1.0
    return wanted * n if inverse else wanted


def _length(op: str, n: Any, otherwise: int) -> int:
    length = otherwise if n is None else int(n)
    if length < 1:
        fail(ShapeError, f"Invalid number of FFT data points ({length}) specified", op=op)
    return length


def _fitted(x: Array, axis: int, n: int) -> Array:
    """x cut, or followed by zeros, to n elements along the axis."""
    rank, extent = x.type.rank, x.type.shape[axis]
    if n < extent:
        stop = (*x.type.shape[:axis], n, *x.type.shape[axis + 1 :])
        return emit("slice", x, start=(0,) * rank, stop=stop, step=(1,) * rank)
    if n == extent:
        return x
    high = tuple(n - extent if k == axis else 0 for k in range(rank))
    zero = full((), 0, x.type.dtype)
    return emit("pad", x, zero, low=(0,) * rank, high=high, interior=(0,) * rank)


def _on_last(x: Array, axis: int, compute: Callable[[Array], Array]) -> Array:
    """`compute` along an axis."""
    others = [k for k in range(x.type.rank) if k != axis]
    found = compute(permuted(x, (*others, axis)))
    order = sorted(range(x.type.rank), key=(*others, axis).__getitem__)
    return permuted(found, tuple(order))


def _complex_transform(op: str, a: Any, n: Any, axis: Any, norm: Any, inverse: bool) -> Array:
    x = as_array(a)
    place = normal_axis(op, axis, x.type.rank)
    length = _length(op, n, x.type.shape[place])
    scale = _scale(op, norm, length, inverse, x.type.dtype)
    x = _fitted(convert(x, _dtype_of(np.fft.fft, x.type.dtype)), place, length)
    found = _on_last(x, place, lambda v: emit("ifft" if inverse else "fft", v))
    return found if scale == 1 else _scaled(found, scale)


def _scaled(x: Array, factor: float) -> Array:
    parts = (emit("real", x), emit("imag", x))
    return emit("complex", *(emit("mul", part, full_like(part, factor)) for part in parts))


@numpy_function(np.fft.fft)
def fft(a: Any, n: Any = None, axis: Any = -1, norm: Any = None) -> Array:
    return _complex_transform("fft", a, n, axis, norm, inverse=False)


@numpy_function(np.fft.ifft)
def ifft(a: Any, n: Any = None, axis: Any = -1, norm: Any = None) -> Array:
    return _complex_transform("ifft", a, n, axis, norm, inverse=True)


@numpy_function(np.fft.rfft)
def rfft(a: Any, n: Any = None, axis: Any = -1, norm: Any = None) -> Array:
    """The first half of fft: n // 2 + 1 frequencies."""
    x = as_array(a)
    if x.type.dtype.kind == "c":
        fail(DtypeError, "a real transform takes real numbers", op="rfft", dtypes=[x.type.dtype],
             cure="use fft, or take x.real")
    place = normal_axis("rfft", axis, x.type.rank)
    length = _length("rfft", n, x.type.shape[place])
    return _fitted(fft(x, length, place, norm), place, length // 2 + 1)


@numpy_function(np.fft.irfft)
def irfft(a: Any, n: Any = None, axis: Any = -1, norm: Any = None) -> Array:
    """The real array of which a is the first half of the transform: by default of even length."""
    x = as_array(a)
    place = normal_axis("irfft", axis, x.type.rank)
    length = _length("irfft", n, 2 * (x.type.shape[place] - 1))
    result = _dtype_of(np.fft.irfft, x.type.dtype)
    x = _fitted(convert(x, _dtype_of(np.fft.fft, x.type.dtype)), place, length // 2 + 1)
    whole = _on_last(x, place, lambda v: _with_mirror(v, length))
    return convert(emit("real", ifft(whole, length, place, norm)), result)


def _with_mirror(x: Array, n: int) -> Array:
    """n frequencies of a real array from the first n // 2 + 1 along the last axis."""
    rank, count = x.type.rank, n - n // 2
    start, stop = (*(0,) * (rank - 1), 1), (*x.type.shape[:-1], count)
    if count < 2:
        return x
    inner = emit("slice", x, start=start, stop=stop, step=(1,) * rank)
    mirror = emit("reverse", emit("conj", inner), axes=(rank - 1,))
    return emit("concatenate", x, mirror, axis=rank - 1)


@numpy_function(np.fft.hfft)
def hfft(a: Any, n: Any = None, axis: Any = -1, norm: Any = None) -> Array:
    return irfft(CALLS[np.conjugate](as_array(a)), n, axis, _swapped("hfft", norm))


@numpy_function(np.fft.ihfft)
def ihfft(a: Any, n: Any = None, axis: Any = -1, norm: Any = None) -> Array:
    return CALLS[np.conjugate](rfft(a, n, axis, _swapped("ihfft", norm)))


def _swapped(op: str, norm: Any) -> str:
    _scale(op, norm, 1, inverse=False)
    return _SWAPPED[norm]


# Several axes.


def _axes(op: str, x: Array, s: Any, axes: Any, halved: bool = False) -> list[tuple[int, int]]:
    """(axis, length) of each axis to transform; the last one's is that of a real result."""
    if axes is None:
        places = list(range(x.type.rank if s is None else len(s)))
        places = [k + x.type.rank - len(places) for k in places]
    else:
        places = [normal_axis(op, k, x.type.rank) for k in axes]
    if s is not None and len(s) != len(places):
        fail(ShapeError, "Shape and axes have different lengths.", op=op, shapes=[x.type.shape])
    lengths = [x.type.shape[k] for k in places]
    if s is None and halved and places:
        lengths[-1] = 2 * (lengths[-1] - 1)
    given = lengths if s is None else s
    chosen = [extent if n == -1 else int(n) for n, extent in zip(given, lengths, strict=True)]
    return list(zip(places, chosen, strict=True))


@numpy_function(np.fft.fftn)
def fftn(a: Any, s: Any = None, axes: Any = None, norm: Any = None) -> Array:
    x = as_array(a)
    for axis, n in reversed(_axes("fftn", x, s, axes)):
        x = fft(x, n, axis, norm)
    return x


@numpy_function(np.fft.ifftn)
def ifftn(a: Any, s: Any = None, axes: Any = None, norm: Any = None) -> Array:
    x = as_array(a)
    for axis, n in reversed(_axes("ifftn", x, s, axes)):
        x = ifft(x, n, axis, norm)
    return x


@numpy_function(np.fft.rfftn)
def rfftn(a: Any, s: Any = None, axes: Any = None, norm: Any = None) -> Array:
    x = as_array(a)
    *others, (last, length) = _axes("rfftn", x, s, axes)
    x = rfft(x, length, last, norm)
    for axis, n in reversed(others):
        x = fft(x, n, axis, norm)
    return x


@numpy_function(np.fft.irfftn)
def irfftn(a: Any, s: Any = None, axes: Any = None, norm: Any = None) -> Array:
    x = as_array(a)
    *others, (last, length) = _axes("irfftn", x, s, axes, halved=True)
    for axis, n in others:
        x = ifft(x, n, axis, norm)
    return irfft(x, length, last, norm)


def _of_two_axes(function: Any, of_several: Callable[..., Array]) -> None:
    @numpy_function(function)
    def transform(a: Any, s: Any = None, axes: Any = (-2, -1), norm: Any = None) -> Array:
        return of_several(a, s, axes, norm)


for _function, _several in (
    (np.fft.fft2, fftn), (np.fft.ifft2, ifftn), (np.fft.rfft2, rfftn), (np.fft.irfft2, irfftn),
):  # fmt: skip
    _of_two_axes(_function, _several)


@numpy_function(np.fft.fftshift)
def fftshift(x: Any, axes: Any = None) -> Array:
    """The frequency 0 moved to the middle."""
    return _rolled("fftshift", as_array(x), axes, 1)


@numpy_function(np.fft.ifftshift)
def ifftshift(x: Any, axes: Any = None) -> Array:
    """The inverse of fftshift, also for odd lengths."""
    return _rolled("ifftshift", as_array(x), axes, -1)


def _rolled(op: str, x: Array, axes: Any, sign: int) -> Array:
    listed = range(x.type.rank) if axes is None else np.atleast_1d(axes).tolist()
    places = tuple(normal_axis(op, k, x.type.rank) for k in listed)
    return FUNCTIONS[np.roll](x, tuple(sign * (x.type.shape[k] // 2) for k in places), places)


def fftfreq(n: int, d: float = 1.0, dtype: Any = None, device: Any = None) -> Any:
    """NumPy's frequencies of the bins of `fft`; in a dtype, as the array API standard has it."""
    return _in_dtype(np.fft.fftfreq(n, d, device), dtype)


def rfftfreq(n: int, d: float = 1.0, dtype: Any = None, device: Any = None) -> Any:
    """NumPy's frequencies of the bins of `rfft`; in a dtype, as the array API standard has it."""
    return _in_dtype(np.fft.rfftfreq(n, d, device), dtype)


def _in_dtype(frequencies: Any, dtype: Any) -> Any:
    return frequencies if dtype is None else frequencies.astype(dtype)
