"""NumPy's own loops give what its functions give, to the bit, and fail where they fail."""

import warnings

import numpy as np
import pytest

import jitflow as jf
from jitflow.errors import LinalgError
from jitflow.ir.ops import host_loops
from jitflow.ir.row import ROWS

DTYPES = [np.float32, np.float64, np.complex64, np.complex128]
SHAPES = [(3, 3), (1, 1), (2, 4, 4), (0, 3, 3), (3, 0, 0)]
FUNCTIONS = {
    "solve": lambda a: np.linalg.solve(a, a[..., :1] + 1), "det": np.linalg.det,
    "slogdet": np.linalg.slogdet, "cholesky": np.linalg.cholesky, "eigh": np.linalg.eigh,
    "eigvalsh": np.linalg.eigvalsh, "svd": lambda a: np.linalg.svd(a, full_matrices=False),
    "svdvals": lambda a: np.linalg.svd(a, compute_uv=False),
}  # fmt: skip


def positive(shape, dtype):
    rng = np.random.default_rng(0)
    a = rng.standard_normal(shape)
    if np.dtype(dtype).kind == "c":
        a = a + 1j * rng.standard_normal(shape)
    return (a @ a.conj().swapaxes(-1, -2) + shape[-1] * np.eye(shape[-1])).astype(dtype)


def results_of(name, a):
    """The row's results in the dtype of its type rule, as the host stores them."""
    operands = (a, a[..., :1] + 1) if name == "solve" else (a,)
    found = ROWS[name].reference(*operands)
    return found if isinstance(found, tuple) else (found,)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", FUNCTIONS)
def test_the_bits_of_numpy(name, dtype):
    for shape in SHAPES:
        a = positive(shape, dtype)
        expected = FUNCTIONS[name](a)
        expected = expected if isinstance(expected, tuple) else (expected,)
        found = results_of(name, a)
        assert len(found) == len(expected)
        for x, y in zip(found, expected, strict=True):
            np.testing.assert_array_equal(np.asarray(x).astype(y.dtype), y)


@pytest.mark.parametrize("dtype", [np.complex64, np.complex128])
@pytest.mark.parametrize("name", ["fft", "ifft"])
def test_the_bits_of_numpys_transforms(name, dtype):
    for shape in [(7,), (3, 16), (0, 5), (2, 1)]:
        x = np.random.default_rng(1).standard_normal((*shape, 2)).view(complex)[..., 0]
        found = ROWS[name].reference(x.astype(dtype))
        expected = getattr(np.fft, name)(x.astype(dtype))
        assert found.dtype == expected.dtype
        np.testing.assert_array_equal(found, expected)


FAULTS = {
    "solve": (np.zeros((2, 3, 3)), "Singular matrix"),
    "cholesky": (-np.eye(3), "Matrix is not positive definite"),
}


@pytest.mark.parametrize("has_loops", [True, False])
@pytest.mark.parametrize("name", FAULTS)
def test_matrices_without_an_answer(name, has_loops, monkeypatch):
    a, problem = FAULTS[name]
    operands = (a, a) if name == "solve" else (a,)
    compute = ROWS[name].reference
    if not has_loops:
        monkeypatch.setattr(host_loops, "_LAPACK", None)
        compute = host_loops.over_matrices("solve", "", getattr(np.linalg, name))
    with pytest.raises(LinalgError, match=problem):
        compute(*operands)


def test_numbers_that_are_none_are_no_fault():
    a = np.full((2, 2), np.nan)
    with np.errstate(all="ignore"):
        assert np.isnan(ROWS["solve"].reference(a, a)).all()
        assert np.isinf(ROWS["det"].reference(np.eye(2) * 1e300))


@pytest.mark.parametrize("setting", ["warn", "raise"])
def test_what_numpy_is_to_do_about_faults_does_not_count(setting):
    cases = {
        np.fft.fft: np.full(4, np.inf), np.fft.irfft: np.full(4, 1e308),
        np.linalg.det: np.eye(2, dtype=np.float32) * np.float32(1e30),
        np.linalg.cholesky: np.array([[np.inf, 0], [0, 1]]),
    }
    for function, a in cases.items():
        with np.errstate(all="ignore"):
            expected = function(a)
        with np.errstate(all=setting), warnings.catch_warnings(action="error"):
            np.testing.assert_array_equal(jf.jit(function)(a), expected)
    with np.errstate(all=setting), pytest.raises(LinalgError, match="Singular matrix"):
        jf.jit(np.linalg.solve)(np.zeros((2, 2)), np.eye(2))


def test_a_numpy_without_these_loops_computes_by_its_functions(monkeypatch):
    monkeypatch.setattr(host_loops, "_LAPACK", None)
    monkeypatch.setattr(host_loops, "_line_loop", lambda name: None)
    compute = host_loops.over_matrices("det", "", np.linalg.det)
    assert compute(np.eye(2) * 3) == pytest.approx(9)
    x = np.arange(6.0).reshape(2, 3) + 1j
    np.testing.assert_array_equal(host_loops.over_lines("ifft")(x), np.fft.ifft(x))
