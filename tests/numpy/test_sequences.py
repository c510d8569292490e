"""Convolution, polynomials, differences and norms: long operands, faults."""

from __future__ import annotations

import numpy as np
import pytest

import jitflow as jf
from jitflow.errors import DtypeError, ShapeError, TraceError, ValueCheckError

V = np.random.default_rng(0).normal(size=60)


@pytest.mark.parametrize("mode", ["full", "same", "valid", 0, 1, 2])
@pytest.mark.parametrize("count", [1, 2, 16, 17, 40, 60])
def test_convolution(mode, count, check):
    """Short sequences are written out, longer ones are matrix products."""
    check(lambda v: np.convolve(v, v[:count], mode), V, exact=False)
    check(lambda v: np.correlate(v, v[:count], mode), V, exact=False)
    check(lambda v: np.correlate(v[:count], v, mode), V, exact=False)


@pytest.mark.parametrize("count", [3, 20])
@pytest.mark.filterwarnings("ignore:invalid value")
def test_infinities_stay_where_they_are(count, check):
    y = np.ones(count)
    y[1] = np.inf
    check(lambda v, y: np.convolve(v, y), V, y, exact=False)


def test_roots():
    p = np.array([1.0, -6, 11, -6])
    np.testing.assert_allclose(jf.jit(np.roots)(p), np.roots(p))
    np.testing.assert_allclose(jf.grad(lambda p: np.sort(np.roots(p).real)[0])(p), -0.5)
    assert jf.jit(np.roots)(p[:1]).shape == (0,)
    with pytest.raises(ValueCheckError, match="the first coefficient is zero"):
        jf.jit(np.roots)(p * 0)


def test_long_sequences_in_parts(monkeypatch):
    monkeypatch.setattr("jitflow.numpy.convolution._MOST_ELEMENTS", 500)
    np.testing.assert_allclose(jf.jit(np.convolve)(V, V[:50]), np.convolve(V, V[:50]))


def test_derivative_of_a_convolution():
    for count in (3, 30):
        jf.check_grads(lambda a, v: np.convolve(a, v, "same"), (V, V[:count]), order=2)


FAULTS = [
    (lambda v: np.convolve(v, v[:0]), ShapeError, "cannot be empty"),
    (lambda v: np.convolve(v, v, "wide"), ShapeError, "mode is 'full', 'same' or 'valid'"),
    (lambda v: np.correlate(v, 2.0), ShapeError, "takes vectors"),
    (lambda v: np.polyder(v, -1), ShapeError, "0 or more"),
    (lambda v: np.polyint(v, 3, [1, 2]), ShapeError, "k must be one constant"),
    (lambda v: np.polyadd(v[None], v), ShapeError, "coefficients are a vector"),
    (lambda v: np.poly(v[None]), ShapeError, "zeros are a vector"),
    (lambda v: np.poly(v + 1j), TraceError, "complex zeros"),
    (lambda v: np.roots(v[None]), ShapeError, "coefficients are a vector"),
    (lambda v: np.cross(v[:4], v[:4]), ShapeError, "dimension must be 2 or 3"),
    (lambda v: np.vander(v[None]), ShapeError, "must be a vector"),
    (lambda v: np.gradient(v, edge_order=3), ShapeError, "edge_order"),
    (lambda v: np.gradient(v, v[:3]), ShapeError, "as long as axis 0"),
    (lambda v: np.ediff1d(v.astype(int), to_end=1.5), DtypeError, "same_kind"),
    (lambda v: np.linalg.norm(v, "fro"), ShapeError, "invalid norm order 'fro' for vectors"),
    (lambda v: np.linalg.norm(v[:4].reshape(2, 2), 5), ShapeError, "norm order 5 for matrices"),
    (lambda v: np.linalg.norm(v.reshape(3, 4, 5), 1), ShapeError, "improper number"),
    (lambda v: np.linalg.matrix_power(v[:6].reshape(2, 3), 2), ShapeError, "square matrices"),
    (lambda v: np.linalg.multi_dot([v]), ShapeError, "at least two"),
    (lambda v: np.packbits(v), DtypeError, "expected bool or integers"),
    (lambda v: np.unpackbits(v > 0), DtypeError, "expected uint8"),
    (lambda v: np.average(v, weights=v[:3]), DtypeError, "Axis must be specified"),
    (lambda v: np.average(v, axis=0, weights=v[:3]), ShapeError, "must be consistent"),
    (lambda v: np.cov(v.reshape(3, 4, 5)), ShapeError, "more than 2 dimensions"),
    (lambda v: np.cov(v, aweights=v[:3]), ShapeError, "incompatible numbers of samples"),
    (lambda v: np.round(v > 0, 1), DtypeError, "bool has no decimals"),
]


@pytest.mark.parametrize(("function", "kind", "text"), FAULTS)
def test_faults(function, kind, text, evaluate):
    with pytest.raises(kind, match=rf"test_sequences.py:\d+: .*\n(.|\n)*{text}"):
        evaluate(function, V)


@pytest.mark.parametrize(
    ("function", "text"),
    [
        (lambda v: np.average(v, weights=v * 0), "Weights sum to zero"),
        (lambda v: np.cov(v, fweights=v), "fweights must be integer|cannot be negative"),
    ],
)
def test_faults_of_numbers(function, text):
    with pytest.raises(jf.errors.CheckError, match=text):
        jf.jit(function)(V)
