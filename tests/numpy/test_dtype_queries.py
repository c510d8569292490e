"""What NumPy says of dtypes, asked of traced arrays; options of creation that mean nothing here."""

import numpy as np
import pytest

import jitflow as jf
import jitflow.numpy as jnp
from jitflow.errors import DtypeError, TraceError


def asked(question, *arguments):
    """What the question says inside of jit."""
    answers = []
    jf.jit(lambda *traced: answers.append(question(*traced))).trace(*arguments)
    return answers[0]


@pytest.mark.parametrize("dtype", ["bool", "int8", "uint64", "float16", "float32", "complex64"])
@pytest.mark.parametrize("other", [1, 1.0, 1j, True, np.float64(1), np.ones(2, np.int16), "i8"])
def test_result_type(dtype, other):
    x = np.ones(2, dtype)
    if isinstance(other, str):
        assert asked(lambda x: np.result_type(x, other), x) == np.result_type(x, other)
    else:
        assert asked(np.result_type, x, other) == np.result_type(x, other)


def test_result_type_that_there_is_not():
    with pytest.raises(DtypeError, match="result_type"):
        asked(lambda x: np.result_type(x, "S3", "M8[s]"), np.ones(2))


def test_common_and_least_types():
    x, y = np.ones(2, np.float32), np.ones(2, np.int8)
    assert asked(np.common_type, x, y) == np.common_type(x, y) == np.float64
    assert asked(np.min_scalar_type, y) == np.int8
    with pytest.raises(TraceError, match="depends on the number"):
        asked(lambda y: np.min_scalar_type(y[0]), y)


@pytest.mark.parametrize("casting", ["no", "safe", "same_kind", "unsafe"])
def test_can_cast(casting):
    for dtype in (np.int64, np.float32):
        x = np.ones(2, dtype)
        wanted = np.can_cast(x.dtype, np.float64, casting)
        assert asked(lambda x: np.can_cast(x, np.float64, casting), x) == wanted


def test_devices_of_new_arrays():
    assert jf.jit(lambda x: x + jnp.zeros(3, device="cpu"))(np.ones(3)).tolist() == [1, 1, 1]
    with pytest.raises(TraceError, match="device= is not supported"):
        jf.jit(lambda x: x + jnp.ones(3, device="gpu"))(np.ones(3))


@pytest.mark.parametrize("k", [10**30, -(10**30), 3, -3, 2])
def test_diagonals_far_away(k):
    wanted = np.eye(3, k=max(-3, min(k, 3)))
    np.testing.assert_array_equal(jf.jit(lambda: jnp.eye(3, k=k))(), wanted)
