"""Random straight-line programs on scalars and vectors: code gives the interpreter's bits."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from jitflow.ir.builder import Builder
from jitflow.ir.dtypes import bool_, f32, f64, i8, i32, i64, u16, u64
from jitflow.ir.interpreter import interpret
from jitflow.ir.row import ROWS
from jitflow.ir.types import BufferType, TensorType, VectorType
from jitflow.runtime import compile_function

SIZE = 8
DTYPES = [bool_, i8, i32, i64, u16, u64, f32, f64]
BINARY = {
    "f": ["add", "sub", "mul", "div", "maximum", "minimum", "copysign"],
    "iu": ["add", "sub", "mul", "and", "or", "xor", "maximum", "shift_left", "shift_right"],
    "b": ["and", "or", "xor", "minimum"],
}
UNARY = {"f": ["neg", "abs", "sqrt", "floor", "rint"], "iu": ["neg", "abs", "not"], "b": ["not"]}
COMPARE = ["eq", "ne", "lt", "le", "gt", "ge"]


def rows_for(table, dtype):
    return next(rows for kinds, rows in table.items() if dtype.kind in kinds)


def step(draw, b, values):
    """One more value, made of earlier ones."""
    pick = lambda dtype: draw(st.sampled_from([v for v in values if v.type.dtype is dtype]))  # noqa: E731
    dtype = draw(st.sampled_from(sorted({v.type.dtype for v in values}, key=lambda d: d.name)))
    kind = draw(st.sampled_from(["unary", "binary", "compare", "select", "convert", "fma"]))
    if kind == "convert":
        return b.convert(pick(dtype), dtype=draw(st.sampled_from(DTYPES)))
    if kind == "compare":
        name = draw(st.sampled_from(COMPARE))
        return b.emit(ROWS[name], (pick(dtype), pick(dtype))).result
    if kind == "select":
        condition = b.convert(pick(dtype), dtype=bool_)
        return b.select(condition, pick(dtype), pick(dtype))
    if kind == "fma" and dtype is f32:
        return b.fma(pick(dtype), pick(dtype), pick(dtype))
    table, count = (UNARY, 1) if kind == "unary" else (BINARY, 2)
    name = draw(st.sampled_from(rows_for(table, dtype)))
    return b.emit(ROWS[name], tuple(pick(dtype) for _ in range(count))).result


@st.composite
def programs(draw):
    """A function of one buffer per dtype, and one output per value that it computes."""
    b = Builder()
    lanes = draw(st.sampled_from([0, 2, 4, 8]))
    inputs = [b.param(BufferType(d, (SIZE,)), f"x_{d.name}") for d in DTYPES]
    zero = b.index(0)
    values = [b.load(x, zero, lanes=lanes or None) for x in inputs]
    steps = draw(st.integers(1, 12))
    for _ in range(steps):
        values.append(step(draw, b, values))
    for value in values[len(DTYPES) :]:
        dtype = value.type.dtype
        out = b.param(BufferType(dtype, (lanes or 1,)), "out")
        expected = VectorType(dtype, lanes) if lanes else TensorType(dtype)
        assert value.type == expected
        b.store(value, out, zero)
    return b.build("random", (), {"outputs": len(values) - len(DTYPES)})


def bits(seed):
    """Arrays of random bits, so that every kind of float comes up; bool is 0 or 1."""
    random = np.random.default_rng(seed)
    arrays = []
    for dtype in DTYPES:
        data = random.integers(0, 256, SIZE * dtype.itemsize, np.uint8)
        arrays.append((data & 1).view(bool) if dtype is bool_ else data.view(dtype.numpy))
        if not dtype.is_float:
            arrays[-1][::2] &= arrays[-1].dtype.type(7 if dtype is not bool_ else 1)
    return arrays


@settings(max_examples=60)
@given(programs(), st.integers(0, 2**32))
def test_code_equals_interpreter(function, seed):
    inputs = bits(seed)
    outputs = compile_function(function)(inputs)
    expected = [np.zeros_like(x) for x in outputs]
    interpret(function, [*inputs, *expected])
    for got, want in zip(outputs, expected, strict=True):
        np.testing.assert_array_equal(got, want)
        if got.dtype.kind == "f":
            signs = np.signbit(got) == np.signbit(want)
            assert np.all(signs | np.isnan(got))
