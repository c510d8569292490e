"""Fourier transforms, compiled, against NumPy's; their derivatives against the transforms."""

# ruff: noqa: B023 (every lambda is called in its own turn of the loop)

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
import pytest

import jitflow as jf
import jitflow.numpy as jnp
from tests.support.agreement import agree

TOLERANCE = {"complex64": 2e-6, "float32": 2e-6, "float16": 2e-3}
TOLERANCE |= {"complex128": 1e-13, "float64": 1e-13}
COMPLEX = (jnp.fft.fft, jnp.fft.ifft, jnp.fft.irfft, jnp.fft.hfft)
REAL = (jnp.fft.rfft, jnp.fft.ihfft)
SEVERAL = (np.fft.fftn, np.fft.ifftn, np.fft.irfftn, np.fft.fft2, np.fft.ifft2, np.fft.irfft2)
agrees = partial(agree, near=TOLERANCE, scaled=True)
NAMED = {"ids": lambda f: f.__name__}


def numbers(*shape: int, dtype: str = "complex128") -> Any:
    random = np.random.default_rng(0)
    real = random.normal(size=shape)
    if np.dtype(dtype).kind == "c":
        return (real + 1j * random.normal(size=shape)).astype(dtype)
    return (9 * real).astype(dtype)


@pytest.mark.parametrize("dtype", ["complex64", "complex128", "float32", "int8", "bool", "float16"])
@pytest.mark.parametrize("function", COMPLEX, **NAMED)
def test_dtypes(function, dtype):
    agrees(lambda x: function(x), numbers(3, 6, dtype=dtype))


@pytest.mark.parametrize("dtype", ["float32", "float64", "int8", "bool", "float16"])
@pytest.mark.parametrize("function", REAL, **NAMED)
def test_transforms_of_real_arrays(function, dtype):
    agrees(lambda x: function(x), numbers(3, 6, dtype=dtype))


@pytest.mark.parametrize("norm", [None, "backward", "ortho", "forward"])
@pytest.mark.parametrize("function", [*COMPLEX, *REAL], **NAMED)
def test_lengths_axes_and_norms(function, norm):
    x = numbers(4, 5, dtype="complex128" if function in COMPLEX else "float64")
    for n in (None, 1, 2, 4, 7, 8):
        for axis in (-1, 0, 1):
            agrees(lambda x: function(x, n, axis, norm), x)


@pytest.mark.parametrize("function", SEVERAL, **NAMED)
def test_several_axes(function):
    x = numbers(3, 4, 5)
    agrees(lambda x: function(x), x)
    agrees(lambda x: function(x, axes=(0, 2), norm="ortho"), x)
    agrees(lambda x: function(x, s=(4, 3), axes=(1, 0)), x)
    agrees(lambda x: function(x, s=(-1, 3), axes=(1, 0)), x)


@pytest.mark.parametrize("function", [np.fft.rfftn, np.fft.rfft2], **NAMED)
def test_several_axes_of_real_arrays(function):
    agrees(lambda x: function(x), numbers(3, 4, 5, dtype="float64"))
    agrees(lambda x: function(x, s=(4, 7), axes=(1, 0)), numbers(3, 4, 5, dtype="float64"))


def test_shifts_and_frequencies():
    x = numbers(4, 5)
    for function in (np.fft.fftshift, np.fft.ifftshift):
        agrees(lambda x: function(x), x)
        agrees(lambda x: function(x, axes=0), x)
        agrees(lambda x: function(x, axes=(1, -2)), x)
    agrees(lambda x: x * jnp.fft.fftfreq(5, 0.1) + jnp.fft.rfftfreq(9), x)
    assert jf.jit(lambda x: x.real * jnp.fft.fftfreq(5, dtype="f4"))(x[0].astype("F")).dtype == "f4"


def test_there_and_back():
    x = numbers(6, dtype="float64")
    np.testing.assert_allclose(jf.jit(lambda x: np.fft.irfft(np.fft.rfft(x), 6))(x), x)


def test_the_gradient_of_a_power_spectrum():
    """|F x|**2 summed is n |x|**2 (Parseval): its gradient is 2 n x, of complex x conjugated."""

    def power(x):
        return jnp.sum(jnp.abs(jnp.fft.fft(x)) ** 2)

    x = numbers(5)
    np.testing.assert_allclose(jf.grad(power)(x), 10 * np.conj(x))
    np.testing.assert_allclose(jf.grad(power)(x.real), 10 * x.real)


def test_a_batch_of_transforms():
    x = numbers(3, 4)
    found = jf.vmap(jnp.fft.fft, in_axes=1, out_axes=1)(x)
    np.testing.assert_allclose(found, np.fft.fft(x, axis=0))


@pytest.mark.parametrize(
    ("function", "kind", "text"),
    [
        (lambda x: np.fft.fft(x, 0), ValueError, r"fft: Invalid number of FFT data points \(0\)"),
        (lambda x: np.fft.irfft(x[:1]), ValueError, r"Invalid number of FFT data points \(0\)"),
        (lambda x: np.fft.fft(x, norm="big"), ValueError, "(?s)Invalid norm value 'big'.*use back"),
        (lambda x: np.fft.fft(x, axis=1), IndexError, "axis 1 is out of bounds"),
        (lambda x: np.fft.rfft(x), TypeError, "(?s)takes real numbers.*take x.real"),
        (lambda x: np.fft.fftn(x, s=(2, 2), axes=(0,)), ValueError, "different lengths"),
        (lambda x: np.fft.fft(x, out=x), TypeError, "out= is not supported"),
    ],
)
def test_refusals(function, kind, text):
    with pytest.raises(kind, match=text):
        jf.jit(function)(numbers(4))
