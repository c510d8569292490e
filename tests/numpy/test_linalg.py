"""numpy.linalg against NumPy: dtypes, batches, vectors, singular matrices, derivatives."""

# ruff: noqa: B023 (every lambda is called in its own turn of the loop)

from __future__ import annotations

from functools import partial

import numpy as np
import pytest

import jitflow as jf
from jitflow.errors import JitflowError
from tests.support.agreement import agree

DTYPES = ["float32", "float64", "complex64", "complex128", "int32"]
TOLERANCE = {"float32": 2e-5, "complex64": 2e-5, "float64": 1e-11, "complex128": 1e-11}
agrees = partial(agree, near=TOLERANCE)


def block(*shape: int, dtype: str = "float64", seed: int = 0) -> np.ndarray:
    random = np.random.default_rng(seed)
    x = random.normal(size=shape) * 3
    if dtype.startswith("complex"):
        x = x + 1j * random.normal(size=shape)
    return x.astype(dtype)


def square(*shape: int, dtype: str = "float64") -> np.ndarray:
    return block(*shape, dtype=dtype) + (7 * np.eye(shape[-1])).astype(dtype)


def positive(*shape: int, dtype: str = "float64") -> np.ndarray:
    x = block(*shape, dtype=dtype)
    return x @ x.conj().swapaxes(-1, -2) + np.eye(shape[-1], dtype=dtype)


@pytest.mark.parametrize("dtype", DTYPES)
def test_systems(dtype):
    for batch in ((), (2,), (2, 3)):
        a = square(*batch, 4, 4, dtype=dtype)
        agrees(np.linalg.solve, a, block(*batch, 4, 2, dtype=dtype))
        agrees(np.linalg.solve, a, block(4, dtype=dtype))
        agrees(np.linalg.solve, a, block(4, 1, dtype="float32"))
        agrees(np.linalg.inv, a)
        agrees(np.linalg.det, a)
        agrees(np.linalg.slogdet, a)
        agrees(lambda a: np.linalg.matrix_power(a, -3), a)
    agrees(np.linalg.solve, square(0, 0, dtype=dtype), block(0, 2, dtype=dtype))
    agrees(np.linalg.det, square(3, 0, 0, dtype=dtype))


@pytest.mark.parametrize("dtype", DTYPES)
def test_factorisations(dtype):
    for batch in ((), (2,)):
        p = positive(*batch, 4, 4, dtype=dtype)
        agrees(np.linalg.cholesky, p)
        agrees(lambda p: np.linalg.cholesky(p, upper=True), p)
        agrees(np.linalg.eigvalsh, p)
        agrees(lambda p: np.linalg.eigh(p)[0], p)
        agrees(lambda p: np.linalg.eigvalsh(p, UPLO="U"), p)
        values, vectors = jf.jit(np.linalg.eigh)(p)
        scaled = vectors * values[..., None, :]
        np.testing.assert_allclose(p @ vectors, scaled, rtol=1e-3, atol=1e-3)
        for shape in ((4, 3), (3, 4), (3, 3)):
            x = block(*batch, *shape, dtype=dtype)
            agrees(lambda x: np.linalg.qr(x), x)
            agrees(lambda x: np.linalg.qr(x, "complete"), x)
            agrees(lambda x: np.linalg.qr(x, mode="r"), x)
            agrees(lambda x: np.linalg.svd(x, compute_uv=False), x)
            agrees(np.linalg.svdvals, x)
            agrees(lambda x: np.linalg.svd(x), x)
            agrees(lambda x: np.linalg.svd(x, full_matrices=False), x)


@pytest.mark.parametrize("dtype", DTYPES)
def test_singular_values(dtype):
    x = block(5, 3, dtype=dtype)
    agrees(np.linalg.pinv, x)
    agrees(lambda x: np.linalg.pinv(x, rcond=0.5), x)
    agrees(np.linalg.matrix_rank, x)
    agrees(lambda x: np.linalg.matrix_rank(x[:, :1] @ x[:1]), x)
    agrees(lambda x: np.linalg.matrix_rank(x[0]), x)
    agrees(lambda x: np.linalg.matrix_rank(x, tol=4.0), x)
    agrees(np.linalg.cond, x)
    for p in (2, -2, 1, -1, np.inf, -np.inf, "fro", "nuc"):
        agrees(lambda x: np.linalg.cond(x, p), square(2, 3, 3, dtype=dtype))
        agrees(lambda x: np.linalg.norm(x, p, (0, 1)), x)
    for right in (block(5, dtype=dtype), block(5, 2, dtype=dtype)):
        agrees(np.linalg.lstsq, x, right)
        agrees(np.linalg.lstsq, x[:3], right[:3])


def test_eigenvalues_are_complex_always():
    x = block(4, 4)
    agrees(lambda x: np.linalg.eigvals(x).astype(np.complex128), x)
    values, vectors = jf.jit(np.linalg.eig)(x)
    np.testing.assert_allclose(x @ vectors, vectors * values)
    assert jf.jit(np.linalg.eigvals)(np.eye(2, dtype=np.float32)).dtype == np.complex64
    jf.check_grads(lambda x: (np.linalg.eigvals(x) ** 3).sum().real, (x,), 2)


def test_tensors():
    a, b = block(2, 3, 4, 6, 4), block(2, 3, 4)
    a = a.reshape(24, 24).reshape(2, 3, 4, 6, 4) + 9 * np.eye(24).reshape(2, 3, 4, 6, 4)
    agrees(np.linalg.tensorsolve, a, b)
    agrees(lambda a, b: np.linalg.tensorsolve(np.moveaxis(a, -1, 0), b, (0,)), a, b)
    agrees(lambda a: np.linalg.tensorinv(a, ind=3), a)


def test_failures_name_the_line():
    singular = np.ones((2, 2))
    with pytest.raises(np.linalg.LinAlgError, match=r"test_linalg.py:\d+.*\n.*Singular matrix"):
        jf.jit(lambda x: np.linalg.inv(x))(singular)
    with pytest.raises(np.linalg.LinAlgError, match="must be equal"):
        jf.jit(np.linalg.inv)(np.ones((2, 3)))
    with pytest.raises(np.exceptions.AxisError):
        jf.jit(lambda x: x.sum(2))(singular)
    with pytest.raises(JitflowError, match="not positive definite"):
        jf.jit(np.linalg.cholesky)(-np.eye(2))
    for function, x, problem in [
        (np.linalg.inv, np.ones((2, 3)), "must be equal"),
        (np.linalg.inv, np.ones(3), "two dimensions"),
        (np.linalg.inv, np.ones((2, 2), np.float16), "float16 is not supported"),
        (lambda x: np.linalg.qr(x, "raw"), np.ones((2, 2)), "mode='raw'"),
        (lambda x: np.linalg.eigh(x, "X"), np.ones((2, 2)), "UPLO"),
        (lambda x: np.linalg.solve(x, x[0, :1]), np.eye(2), "a row for each row"),
    ]:
        with pytest.raises(JitflowError, match=problem):
            jf.jit(function)(x)


def test_derivatives():
    a, b = square(3, 3), block(3)
    x = np.linalg.solve(a, b)
    by_a, by_b = jf.grad(lambda a, b: np.linalg.solve(a, b).sum(), (0, 1))(a, b)
    adjoint = np.linalg.solve(a.T, np.ones(3))
    np.testing.assert_allclose(by_b, adjoint)
    np.testing.assert_allclose(by_a, -np.outer(adjoint, x))
    np.testing.assert_allclose(
        jf.grad(lambda a: np.linalg.slogdet(a)[1])(a), np.linalg.inv(a).T, rtol=1e-12
    )
    for function in (
        lambda p: np.linalg.cholesky(p).sum(),
        lambda p: np.linalg.eigvalsh(p)[1],
        lambda p: np.linalg.pinv(p).sum(),
        lambda p: np.linalg.norm(p, "nuc"),
        lambda p: np.linalg.det(p),
    ):
        jf.check_grads(function, (positive(3, 3),), order=2)


def test_vmap():
    a, b = square(4, 3, 3), block(4, 3)
    each = [np.linalg.solve(m, v) for m, v in zip(a, b, strict=True)]
    np.testing.assert_allclose(jf.vmap(np.linalg.solve)(a, b), each)
    one = jf.vmap(np.linalg.solve, (None, 0))(a[0], b)
    np.testing.assert_allclose(one, b @ np.linalg.inv(a[0]).T)
