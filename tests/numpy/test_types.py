"""Graphs of dtypes and sizes that are not run everywhere yet: bfloat16, complex, unknown sizes."""

from __future__ import annotations

import numpy as np
import pytest

import jitflow.numpy as jnp
from jitflow.errors import TraceError

SYMBOLIC = {
    "f32[n, 4]": lambda x: x + jnp.ones(4, np.float32),
    "f32[n, 3]": lambda x: x @ jnp.ones((4, 3), np.float32),
    "f32[4]": lambda x: x[0] + x[-1],
    "f32[n - 1, 4]": lambda x: x[1:] - x[:-1],
    "f32[4*n]": lambda x: x.reshape(-1),
    "f32[n]": lambda x: x.mean(axis=1),
    "f32[2*n, 4]": lambda x: np.concatenate([x, x]),
    "i64[n]": lambda x: jnp.arange(x.shape[0]),
    "i64[4]": lambda x: x.argmax(axis=0),
    "f32[n, 2]": lambda x: jnp.special.softmax(x)[:, ::2],
}


@pytest.mark.parametrize("result", SYMBOLIC)
def test_unknown_sizes(result, types):
    assert types(SYMBOLIC[result], "f32[n, 4]") == [result]


@pytest.mark.parametrize(
    ("function", "text"),
    [
        (lambda x: x[2], "may not reach 3"),
        (lambda x: x[1:-2], "may be empty or not"),
        (lambda x: x[::2], "unknown size comes later"),
        (lambda x: x.mean(), "unknown size comes later"),
        (lambda x: x + jnp.ones((2, 4)), "do not broadcast"),
    ],
)
def test_what_needs_a_size(function, text, types):
    with pytest.raises((TraceError, ValueError), match=text):
        types(function, "f32[n, 4]")


def test_bfloat16(types):
    def f(x):
        return x * x, np.exp(x), x > 0, x.sum(), x.mean(), x + 1, x + x.astype(np.float32)

    expected = "bf16[2] bf16[2] bool[2] bf16[] bf16[] bf16[2] f32[2]".split()
    assert types(f, "bf16[2]") == expected
    assert jnp.bfloat16 is not None


def test_bfloat16_has_the_dtypes_that_numpy_gives_it(types):
    """Those that ml_dtypes teaches NumPy: a Python float widens, a product is of float32."""

    def f(x):
        return x + 1.5, x * np.int8(2), x @ x, np.dot(x, x), np.vecdot(x, x), np.where(x > 0, x, x)

    assert types(f, "bf16[2]") == "f32[2] bf16[2] f32[] bf16[] f32[] bf16[2]".split()
    for other in (np.ones(2, np.int32), np.ones(2, np.float16)):
        with pytest.raises(TypeError, match="no common dtype for bfloat16 and"):
            types(lambda x: np.concatenate([x, other]), "bf16[2]")  # noqa: B023


def test_complex(types):
    assert types(lambda x: (x * 2 + 1j) / x - x @ x, "c64[2]") == ["c64[2]"]
    assert types(lambda x: x + np.complex128(1j), "f32[2]") == ["c128[2]"]
    assert types(lambda x: (np.exp(x), abs(x), x.imag), "c64[2]") == ["c64[2]", "f32[2]", "f32[2]"]
    with pytest.raises(TypeError, match="not supported for the input types"):
        types(lambda x: np.floor(x), "c64[2]")


@pytest.mark.parametrize("name", ["i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "f4", "f8", "?"])
def test_dtype_names_are_numpys_where_both_know_them(name, check):
    x = np.array([[-3.0, 100.0], [1.0, 0.0]]) if name[0] not in "u?" else np.eye(2)
    check(lambda x: x.astype(name), x)
    check(lambda x: x.astype(np.int8).astype(name), x)
    check(lambda x: np.full_like(x, 7, dtype=name), x)
    check(lambda x: x.astype(int).sum(axis=0, dtype=name), x)
    check(lambda x: x.astype(name) * jnp.ones(2, name) * jnp.arange(2, dtype=name), x[1])
    check(lambda x: jnp.eye(2, dtype=name) + jnp.array([x[0]], name), x[1])


def test_jitflows_dtype_names_serve_where_numpy_knows_none(types):
    assert types(lambda x: (x.astype("i16"), x.astype("f32"), x.astype("bf16")), "f64[2]") == [
        "i16[2]", "f32[2]", "bf16[2]",
    ]  # fmt: skip
