"""Vectors: lane_reduce in its order, lookup, constants, iota, parts of vectors, strides."""

import numpy as np
import pytest

import jitflow as jf
from jitflow.ir.builder import Builder
from jitflow.ir.dense import Dense
from jitflow.ir.dtypes import DTYPES, bool_, f32, f64, i8, i32, i64, u8, u64
from jitflow.ir.row import ROWS
from jitflow.ir.types import BufferType, VectorType

F32_32 = VectorType(f32, 32)


def unary(source, target, body, size=32):
    """A function of one buffer that stores what body(b, vector) gives at index 0."""
    b = Builder()
    x, out = b.param(BufferType(source, (size,)), "x"), b.param(BufferType(*target), "out")
    result = body(b, b.load(x, b.index(0), lanes=size))
    b.store(result, out, *[b.index(0)] * len(target[1]))
    return b.build("f", (), {"outputs": 1})


@pytest.mark.parametrize("op", ["add", "mul", "maximum", "minimum"])
@pytest.mark.parametrize("lanes", [1, 2, 8, 32])
def test_lane_reduce_halves(compare, op, lanes):
    values = np.random.default_rng(0).standard_normal(lanes).astype(np.float32) * 1e4
    compare(unary(f32, (f32, ()), lambda b, x: b.lane_reduce(x, op=op), lanes), [values])


@pytest.mark.parametrize("op", ["and", "or", "xor", "maximum"])
def test_lane_reduce_of_flags(compare, op):
    values = np.random.default_rng(1).integers(0, 2, 32).astype(bool)
    compare(unary(bool_, (bool_, ()), lambda b, x: b.lane_reduce(x, op=op)), [values])


@pytest.mark.parametrize("flag", [None, 0, 17, 31])
def test_any_lane(compare, flag):
    values = np.arange(32) == flag
    (out,) = compare(unary(bool_, (bool_, ()), lambda b, x: b.any_lane(x)), [values])
    assert out == (flag is not None)


@pytest.mark.parametrize("index", [i8, u8, i32, i64], ids=str)
@pytest.mark.parametrize("entry", [bool_, i8, f32, f64], ids=str)
def test_lookup(compare, index, entry):
    table = (np.arange(100) * 37 % 101).astype(entry.numpy)
    where = np.random.default_rng(2).integers(0, 100, 32).astype(index.numpy)
    compare(unary(index, (entry, (32,)), lambda b, x: b.lookup(x, table)), [where])
    first = lambda b, x: b.lookup(b.extract(x, lane=5), table)  # noqa: E731
    compare(unary(index, (entry, ()), first), [where])


@pytest.mark.parametrize("index", [i8, u8, i64, u64], ids=str)
def test_lookup_of_an_entry_that_there_is_not(compare, index):
    limits = np.iinfo(index.numpy)
    where = np.array([0, 6, 7, limits.max, limits.min] * 8, index.numpy)[:32]
    table = np.arange(7.0, dtype=np.float32)
    (out,) = compare(unary(index, (f32, (32,)), lambda b, x: b.lookup(x, table)), [where])
    assert out[:4].tolist() == [0, 6, 6, 6]


@pytest.mark.parametrize("name", ["bool", "i8", "u64", "f32", "f64"])
def test_constants_keep_their_bits(compare, name):
    dtype = DTYPES[name]
    special = np.array([0, 1, 3, 100] * 8).astype(dtype.numpy)
    if dtype.is_float:
        special[:7] = [-0.0, np.inf, -np.inf, np.nan, 1e-42, 0.1, -3.3e38]

    def body(b, x):
        attrs = {"value": Dense(special), "type": VectorType(dtype, 32)}
        data = b.emit(ROWS["constant"], (), attrs).result
        return b.select(x, data, b.splat(b.constant(special[5]), lanes=32))

    compare(unary(bool_, (dtype, (32,)), body), [np.arange(32) % 5 != 0])


def test_iota_counts_lanes(compare):
    body = lambda b, x: b.add(x, b.lane_iota(f32, 32))  # noqa: E731
    compare(unary(f32, (f32, (32,)), body), [np.ones(32, np.float32)])


@pytest.mark.parametrize("dtype", [bool_, i8, f32, f64], ids=str)
@pytest.mark.parametrize("valid", [0, 1, 5, 8])
@pytest.mark.parametrize("stride", [1, 2, 3, 5, 0, -1, -3])
def test_valid_lanes_of_strided_memory(compare, dtype, valid, stride):
    """Reads `valid` lanes of 8, and writes as many into a view of an output of zeros."""
    count = valid or 8
    b = Builder()
    x, out = (b.param(BufferType(dtype, (40,)), name) for name in ("x", "out"))
    zero = b.index(0)
    b.store(b.full_like(b.load(x, zero, lanes=40), 0), out, zero)
    offset = 25 if stride < 0 else 2
    seen = BufferType(dtype, (count,), (stride,))
    view = b.view(x, offset=offset, type=seen)
    value = b.load(view, zero, lanes=8, valid=valid)
    target = b.view(out, offset=offset, type=seen)
    if stride:
        b.store(value, target, zero, valid=valid)
    else:
        b.store(value, out, zero)
    values = np.arange(1, 41).astype(dtype.numpy)
    values[::3] = 0
    compare(b.build("f", (), {"outputs": 1}), [values])


def test_bytes_other_than_0_and_1_are_true():
    from jitflow.runtime import compile_function

    function = unary(bool_, (i32, (32,)), lambda b, x: b.convert(x, dtype=i32))
    values = np.arange(32).astype(np.uint8).view(bool)
    (out,) = compile_function(function)([values])
    assert out.tolist() == [0] + [1] * 31


@pytest.mark.parametrize("dtype", ["bool", "u1", "i2", "f4"])
def test_lanes_apart_that_one_run_holds(dtype):
    """Four bytes five apart are sixteen bytes: one load, whose lanes were taken for the result."""
    for columns in (3, 4, 5, 6, 9):
        x = (np.arange(4 * columns).reshape(4, columns) % 3).astype(dtype)
        np.testing.assert_array_equal(jf.jit(lambda x: np.maximum(x.T, x.T))(x), x.T)
