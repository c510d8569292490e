"""Complex numbers, compiled, against NumPy: dtypes, shapes and values."""

# ruff: noqa: B023 (every lambda is called in its own turn of the loop)

from __future__ import annotations

import warnings
from functools import partial
from typing import Any

import numpy as np
import pytest

import jitflow as jf
from jitflow.errors import DerivativeError, TraceError
from tests.support.agreement import agree

TOLERANCE = {"complex64": 4e-6, "float32": 4e-6, "complex128": 1e-14, "float64": 1e-14}
agrees = partial(agree, near=TOLERANCE)
COMPLEX = pytest.mark.parametrize("dtype", ["complex64", "complex128"])


def numbers(dtype: str, *shape: int, seed: int = 0) -> Any:
    random = np.random.default_rng(seed)
    return (random.normal(size=shape) + 1j * random.normal(size=shape)).astype(dtype)


def special(dtype: str) -> Any:
    """Every pair of zeros, infinities, NaN and two numbers."""
    sides = [0.0, -0.0, 1.5, -2.0, np.inf, -np.inf, np.nan]
    return np.array([complex(re, im) for re in sides for im in sides], dtype)


EXACT_UNARY = [
    np.negative, np.positive, np.conjugate, np.rint, np.isnan, np.isinf, np.isfinite,
    np.logical_not, np.real, np.imag, np.iscomplex, np.isreal, np.any, np.all, np.count_nonzero,
]  # fmt: skip
UNARY = [
    np.absolute, np.sign, np.square, np.sqrt, np.reciprocal, np.exp, np.exp2, np.expm1, np.log,
    np.log2, np.log10, np.log1p, np.sin, np.cos, np.tan, np.sinh, np.cosh, np.tanh, np.arcsin,
    np.arccos, np.arctan, np.arcsinh, np.arccosh, np.arctanh, np.angle, np.sum, np.prod, np.mean,
    np.var, np.std, np.max, np.min, np.argmax, np.argmin, np.ptp, np.cumsum, np.cumprod, np.round,
    np.nan_to_num, np.diff, np.linalg.norm, np.cov, np.sort, np.median,
]  # fmt: skip


@COMPLEX
@pytest.mark.parametrize("function", EXACT_UNARY, ids=lambda f: f.__name__)
def test_exact_functions_of_one_array(function, dtype):
    agree(lambda x: function(x), numbers(dtype, 3, 4))
    agree(lambda x: function(x), special(dtype))


@COMPLEX
@pytest.mark.parametrize("function", UNARY, ids=lambda f: f.__name__)
def test_functions_of_one_array(function, dtype):
    agrees(lambda x: function(x), numbers(dtype, 3, 4))
    if function not in (np.median, np.linalg.norm, np.cov, np.nan_to_num):
        agrees(lambda x: function(x, axis=1) if _takes_axis(function) else function(x),
               numbers(dtype, 3, 4, seed=1))


def _takes_axis(function: Any) -> bool:
    return not isinstance(function, np.ufunc) and function not in (np.angle, np.round)


@COMPLEX
@pytest.mark.parametrize("ufunc", [np.add, np.multiply, np.maximum, np.minimum])
def test_at_places(ufunc, dtype):
    """One after the other at places that repeat; whole rows and parts of them."""
    x = np.resize(special(dtype), (4, 3))
    with np.errstate(all="ignore"):
        x, updates = np.concatenate([x, numbers(dtype, 4, 3)]), x + numbers(dtype, 4, 3)

    def rows(x, updates, places):
        x = x.copy()
        ufunc.at(x, places, updates)
        return x

    def parts(x, updates, places):
        x = 2 * x
        ufunc.at(x, (places, slice(None, None, 2)), updates[:, :2])
        return x

    places, compare = np.array([1, 6, 6, 1]), agrees if ufunc is np.multiply else agree
    compare(rows, x, updates, places)
    compare(parts, x, updates, places)


@COMPLEX
@pytest.mark.parametrize("ufunc", [np.maximum, np.minimum])
def test_extremes_so_far(ufunc, dtype):
    for x in (numbers(dtype, 3, 7), np.resize(special(dtype)[::5], (3, 7))):
        agree(lambda x: ufunc.accumulate(x, axis=1), x)
        agree(lambda x: ufunc.accumulate(x[:, ::-1]), x)


@COMPLEX
@pytest.mark.parametrize("side", ["left", "right"])
def test_places_in_order(side, dtype):
    line = np.sort(np.concatenate([special(dtype), numbers(dtype, 5).round()]))
    values = np.concatenate([special(dtype)[::-1], numbers(dtype, 9).round()])
    agree(lambda line, values: np.searchsorted(line, values, side), line, values)


def test_powers_of_two_far_from_the_real_axis():
    """The angle is lost with the last bits of the exponent; the size is not."""
    for dtype in ("complex64", "complex128"):
        z = np.array([2 - 7.5e30j, -1 + 1e12j, 0.5 + 1e5j], dtype)
        np.testing.assert_allclose(abs(jf.jit(np.exp2)(z)), [4, 0.5, 2**0.5], 1e-6)


EXACT_BINARY = [
    np.add, np.subtract, np.maximum, np.minimum, np.fmax, np.fmin, np.equal, np.not_equal, np.less,
    np.less_equal, np.greater, np.greater_equal, np.logical_and, np.logical_or, np.logical_xor,
]  # fmt: skip


@COMPLEX
@pytest.mark.parametrize("function", EXACT_BINARY, ids=lambda f: f.__name__)
def test_exact_functions_of_two_arrays(function, dtype):
    first = special(dtype)
    second = np.random.default_rng(2).permutation(first)
    agree(lambda x, y: function(x, y), first, second)
    agree(lambda x, y: function(x, y), first, second.real)


@COMPLEX
@pytest.mark.parametrize(
    "function",
    [np.multiply, np.true_divide, np.power, np.float_power, np.vecdot, np.isclose, np.allclose],
    ids=lambda f: f.__name__,
)
def test_functions_of_two_arrays(function, dtype):
    x, y = numbers(dtype, 3, 4), numbers(dtype, 3, 4, seed=1)
    agrees(lambda x, y: function(x, y), x, y)
    agrees(lambda x, y: function(x, y), x, np.abs(y))
    agrees(lambda x, y: function(x, y), np.abs(x), y)


@COMPLEX
def test_products(dtype):
    x, y, v = numbers(dtype, 3, 4), numbers(dtype, 4, 5, seed=1), numbers(dtype, 4, seed=2)
    agrees(lambda x, y: x @ y, x, y)
    agrees(lambda x, y: x @ y.real, x, y)
    agrees(lambda x, v: (x @ v, np.dot(v, v), np.vdot(v, v), np.inner(v, v), np.outer(v, v)), x, v)
    agrees(lambda x, y: np.einsum("ij,jk->ki", x, y), x, y)
    agrees(lambda x, y: np.tensordot(x, y, axes=1), x, y)
    agrees(lambda x: np.stack([x, 2 * x]) @ x.T, x)


@COMPLEX
def test_quotients_over_the_whole_range(dtype):
    """NumPy's own lose everything where parts are tiny or huge: the parts are known here."""
    info = np.finfo(np.dtype(dtype))
    for size in (info.max / 2, info.tiny, info.smallest_subnormal * 8):
        x = np.array([complex(size, size), complex(size, 0)], dtype)
        found = jf.jit(lambda x: x / x)(x)
        np.testing.assert_allclose(found, np.ones(2), rtol=4 * info.eps)


@COMPLEX
@pytest.mark.parametrize("exponent", [0, 1, 2, 3, 4, -1, -2, 0.5, 2.5, 1j, 2 - 1j], ids=str)
def test_powers(exponent, dtype):
    agrees(lambda x: x**exponent, numbers(dtype, 5) + 3)
    agrees(lambda x: exponent**x, numbers(dtype, 5)) if exponent else None


@COMPLEX
def test_conversions(dtype):
    x = numbers(dtype, 3, 4)
    agrees(lambda x: (x.astype(np.complex128), x.astype(np.complex64), x.astype(bool)), x)
    agrees(lambda x: (x.real.astype(dtype), (9 * x.real).astype(np.int8).astype(dtype)), x)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # NumPy warns of imaginary parts that are dropped
        agrees(lambda x: (x.astype(np.float32), x.astype(np.int32)), x)


@COMPLEX
def test_python_numbers_are_weak(dtype):
    x = numbers(dtype, 3)
    agrees(lambda x, c: (x * c, x.real * c, x.real + 1j, 2 * x), x, 1 - 2j)
    agrees(lambda x: x.real * np.complex64(1j), x)


@COMPLEX
def test_parts_are_views_to_write_to(dtype):
    def write(x):
        y = np.zeros_like(x)
        y.real[1:] = x.imag[1:]
        y.imag[:, ::2] += 3
        y[0, 0] = 2j
        y.T.real[2] = 7
        part = y.real
        part *= 2
        y.imag += part
        y[:2].real = 5
        part.real -= 1
        return y, part, x.real, np.imag(x)

    agrees(write, numbers(dtype, 3, 4))


def test_the_imaginary_part_of_a_real_array_is_not_written():
    def write(x):
        y = x * 1
        y.imag = 1

    with pytest.raises(TypeError, match=r"no imaginary part to set(.|\n)*x\.astype\(complex\)"):
        jf.jit(write)(np.ones(3))


@COMPLEX
def test_moves(dtype):
    x = numbers(dtype, 3, 4)
    agree(lambda x: (x.T, x[::-1, 1:], x.reshape(-1), x.ravel()[::5]), x)
    agree(lambda x: (np.pad(x, 1), np.roll(x, 2), np.tril(x), np.repeat(x, 2)), x)
    agree(lambda x: np.concatenate([x, x.real, x.imag]), x)
    agree(lambda x: np.where(x.real > 0, x, 1), x)
    agree(lambda x: (x, x, np.conj(x), np.ones(3, dtype), np.full(2, 1j, dtype)), x)
    agree(lambda x: (x[:0], x[:0].sum(), x[:0].prod(), x[:, :0].sum(1)), x)
    agree(lambda x: (x[1, 2], x[1, 2].real, x[1, 2] * 2), x)
    agree(lambda x: np.clip(x, -1, 1j), x)


def test_creation():
    one = np.ones(())
    agrees(lambda x: (np.arange(4, dtype=complex) * x, np.eye(3, dtype="F") * x), one)
    agrees(lambda x: np.linspace(1j, 2 + 1j, 5) * x, one)
    agrees(lambda x: np.array([1j, 2, 3.0]) * x, one)


def test_rank_0():
    agrees(lambda z: (z * z, abs(z), z.conjugate(), z.real), np.complex64(1 + 2j))
    agrees(lambda z: (z * z, abs(z), z.real, 1 / z), 1 - 2j)


def test_what_asks_for_the_dtype():
    assert jf.jit(lambda x: x if np.iscomplexobj(x) else 0)(np.ones(2)) == 0
    assert jf.jit(lambda x: 0 if np.isrealobj(x) else x * 1)(np.ones(2, complex)).dtype == complex
    x = np.arange(3.0)
    agrees(lambda x: (x.real, x.imag, np.real(x), np.conj(x), np.isreal(x), np.iscomplex(x)), x)
    agrees(lambda x: (np.angle(x), np.angle(-1j * x, deg=True), np.real_if_close(x)), x)


def test_refusals():
    x = numbers("complex64", 3)
    with pytest.raises(TraceError, match=r"(?s)real_if_close.*depends on the values.*use x\.real"):
        jf.jit(np.real_if_close)(x)
    for function in (np.floor, np.arctan2, np.remainder, np.cbrt, np.hypot):
        with pytest.raises(TypeError, match="not supported for the input types"):
            jf.jit(lambda x: function(*[x] * function.nin))(x)
    with pytest.raises(DerivativeError, match="the result is c64; a gradient is of a real number"):
        jf.grad(lambda x: (x * x).sum())(x)


def test_unaligned_strided_and_reversed_arguments():
    x = numbers("complex128", 6, 4)
    agree(lambda x: x * 2, x[::2, ::-1])
    agree(lambda x: x * 2, x.real.T)
    raw = np.zeros(8 * 16 + 1, np.uint8)
    odd = raw[1:].view(np.complex128)
    odd[:] = 1j
    agree(lambda x: x * 2, odd)


@COMPLEX
def test_results_that_share_parts(dtype):
    """A part can be a result, belong to one, and be used by others."""
    x, y = numbers(dtype, 4, 5), numbers(dtype, 4, 5, seed=1)

    def shared(x, y):
        z = x * y
        return z.real, z, z, z + 1, z.T, z.reshape(-1)[::3], np.abs(z).sum(), 1j * z.imag

    agrees(shared, x, y)
    agrees(lambda x, y: (np.sort(x * y, axis=1), np.sort(x * y, axis=1).real), x, y)
    agree(lambda x, y: (x, x.real, x.T, np.conj(y)), x, y)
