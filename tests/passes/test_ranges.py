"""ranges: all elements of every value keep to what is said of it, whatever the inputs."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from jitflow.ir.builder import Builder
from jitflow.ir.dtypes import bool_, f32, f64, i8, i32, i64, u8, u32
from jitflow.ir.interpreter import interpret
from jitflow.ir.types import TensorType
from jitflow.passes.ranges import decided, range_of

INPUTS = (i8, i32, u8, u32, f32, f64)
BINARY = ("add", "sub", "mul", "minimum", "maximum", "remainder", "floor_divide", "and_",
          "shift_right")  # fmt: skip
FLOAT_BINARY = ("add", "sub", "mul", "minimum", "maximum")


@st.composite
def programs(draw):
    """A chain of ops on one input and constants; the builder and the values that it made."""
    b = Builder()
    x = b.param(TensorType(draw(st.sampled_from(INPUTS)), (6,)), "x")
    made = [x]
    for _ in range(draw(st.integers(1, 6))):
        value = draw(st.sampled_from(made))
        dtype = value.type.dtype
        small = st.integers(0 if dtype.kind == "u" else -9, 100)
        other = draw(st.one_of(st.sampled_from(made), small))
        if isinstance(other, int) or other.type.dtype is not dtype:
            other = b.full_like(value, draw(small))
        kind = draw(st.sampled_from(("binary", "convert", "clamp", "select", "round")))
        if kind == "binary":
            names = FLOAT_BINARY if dtype.is_float else BINARY
            made.append(getattr(b, draw(st.sampled_from(names)))(value, other))
        elif kind == "convert":
            made.append(b.convert(value, dtype=draw(st.sampled_from((*INPUTS, i64)))))
        elif kind == "clamp":
            made.append(b.clamp(b.full_like(value, draw(small)), value, other))
        elif kind == "select":
            made.append(b.select(b.lt(value, other), other, value))
        elif dtype.is_float:
            made.append(draw(st.sampled_from((b.floor, b.rint)))(value))
    return b, x, made


@given(programs(), st.integers(0, 2**32 - 1))
def test_elements_keep_to_their_range(program, seed):
    b, x, made = program
    given_ = np.random.default_rng(seed).choice(_specials(x.type.dtype), 6)
    results = interpret(b.build("f", made), [given_.astype(x.type.dtype.numpy)])
    for value, result in zip(made, results, strict=True):
        low, high = range_of(value)
        kept = result[~np.isnan(result)] if value.type.dtype.is_float else result
        assert all(low <= element.item() <= high for element in kept.ravel())


def _specials(dtype):
    if dtype.is_float:
        return np.array([np.nan, np.inf, -np.inf, -0.0, 0.5, 99.9, -3e38, 3e38])
    info = np.iinfo(dtype.numpy)
    return np.array([info.min, info.max, 0, 1, 99, 100])


def test_sources_of_indices():
    """Ops that give places along an axis, and what moves or picks elements."""
    b = Builder()
    x = b.param(TensorType(f64, (3, 50)), "x")
    y = b.param(TensorType(bool_, (4,)), "y")
    places = b.argsort(x)
    picked = b.gather(b.reshape(places, shape=(150,)), b.convert(y, dtype=i64))
    assert range_of(places) == range_of(picked) == range_of(b.argmax(x, axis=1)) == (0, 49)
    assert range_of(b.iota(i64, (7, 2), axis=0)) == (0, 6)
    assert range_of(b.iota(f32, (2**24 + 4,))) == (0, 2**24 + 4)  # 2**24 + 3 is no f32
    assert range_of(b.searchsorted(x, x)) == (0, 50)
    assert range_of(y) == (0, 1)
    assert range_of(b.param(TensorType(f32, ()), "z")) == (-np.inf, np.inf)


def test_comparisons():
    b = Builder()
    x = b.convert(b.param(TensorType(u8, ()), "x"), dtype=i32)
    at = {k: b.full_like(x, k) for k in (-1, 0, 255, 256)}
    assert decided("lt", x, at[256]) is True and decided("lt", x, at[255]) is None
    assert decided("le", x, at[255]) is True and decided("le", x, at[-1]) is False
    assert decided("ge", x, at[0]) is True and decided("gt", x, at[0]) is None
    assert decided("gt", x, at[255]) is False and decided("ge", x, at[256]) is False
