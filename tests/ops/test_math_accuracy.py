"""The math functions against true values: mpmath at sampled points, a table at special ones.

Bounds are in units in the last place of the true value. What runs is the row's compiled code.
"""

import math
from functools import cache

import mpmath
import numpy as np
import pytest

from jitflow.ir.builder import Builder
from jitflow.ir.dtypes import as_dtype
from jitflow.ir.interpreter import interpret
from jitflow.ir.row import ROWS
from jitflow.ir.types import TensorType, VectorType
from tests.support.native import HERE, compiled

INF, NAN = math.inf, math.nan
SAMPLES = 48
DTYPES = ("f32", "f64")
DIGITS = 400  # enough for the sine of the largest f64

TRUE = {
    "exp": mpmath.exp, "expm1": mpmath.expm1, "log": mpmath.log, "log1p": mpmath.log1p,
    "tanh": mpmath.tanh, "sin": mpmath.sin, "cos": mpmath.cos, "erf": mpmath.erf,
    "pow": mpmath.power,
}  # fmt: skip
NEAR_QUARTER_TURNS = {
    "f32": [16367173 * 2.0**72, 1.5707963705062866, 3.1415927410125732, 32767.99609375],
    "f64": [6381956970095103 * 2.0**797, math.pi / 2, math.pi, 1e22, math.nextafter(2.0**28, 0)],
}

# Where the samples lie, beside random bit patterns: (low, high) of each operand.
RANGES = {
    "exp": [(-1, 1), (-745, 709), (-104, 88)],
    "expm1": [(-1, 1), (0.3, 0.4), (-40, 88)],
    "log": [(0.6, 1.5), (0.99, 1.01), (0, 1e4)],
    "log1p": [(-1, 1), (0.4, 0.5), (-1e-3, 1e-3)],
    "tanh": [(-1, 1), (0.6, 0.7), (-22, 22)],
    "sin": [(-0.8, 0.8), (-10, 10), (1e3, 3e4), (1e8, 1e15)],
    "cos": [(-0.8, 0.8), (-10, 10), (1e3, 3e4), (1e8, 1e15)],
    "erf": [(-1, 1), (0.9, 1.1), (-6, 6)],
    "pow": [((0.5, 2), (-80, 80)), ((0.9, 1.1), (-700, 700)), ((1e-9, 1e9), (-4, 4))],
}


@cache
def kernel(name, dtype, shape):
    """The row's compiled code for operands of this shape."""
    builder = Builder(locations=HERE)
    type = TensorType(as_dtype(dtype), shape)
    operands = [builder.param(type) for _ in range(ROWS[name].arity)]
    return compiled(builder.build(name, [getattr(builder, name)(*operands)]))


def run(name, dtype, *operands):
    arrays = [np.array(x, as_dtype(dtype).numpy, order="C") for x in operands]
    (result,) = kernel(name, dtype, arrays[0].shape)(arrays)
    return result


def true_value(name, operands):
    """The function of exactly these floats; infinite where mpmath's range is of no use."""
    with mpmath.workdps(DIGITS if name in ("sin", "cos") else 60):
        return TRUE[name](*(mpmath.mpf(float(x)) for x in operands))


def ulps(value, true, dtype):
    """The error of `value` in units in the last place of `true`; inf counts as 2^(emax + 1)."""
    info = np.finfo(as_dtype(dtype).numpy)
    limit = mpmath.mpf(2) ** info.maxexp
    true = max(-limit, min(limit, true))
    value = math.copysign(1, value) * limit if np.isinf(value) else mpmath.mpf(float(value))
    exponent = mpmath.frexp(true)[1] if true else info.minexp
    unit = min(max(exponent, info.minexp + 1), info.maxexp) - info.nmant - 1
    return float(abs(value - true) / mpmath.mpf(2) ** unit)


def random_bits(rng, dtype, count):
    width = as_dtype(dtype).itemsize
    values = np.frombuffer(rng.bytes(width * count), as_dtype(dtype).numpy)
    return values[np.isfinite(values)]


def samples(name, dtype):
    """Operands, sampled over the ranges of the table and over bit patterns, of one length."""
    rng = np.random.default_rng(20)
    arity = ROWS[name].arity
    numpy_type = as_dtype(dtype).numpy
    boxes = [r if arity == 2 else (r,) for r in RANGES[name]]
    parts = [[rng.uniform(*side, SAMPLES).astype(numpy_type) for side in box] for box in boxes]
    bits = [random_bits(rng, dtype, 2 * SAMPLES) for _ in range(arity)]
    shortest = min(map(len, bits))
    parts.append([b[:shortest] for b in bits])
    if name in ("sin", "cos"):
        parts.append([np.array(NEAR_QUARTER_TURNS[dtype], numpy_type)])
    operands = [np.concatenate(column) for column in zip(*parts, strict=True)]
    if name in ("log", "pow"):
        operands[0] = np.abs(operands[0])
    if name == "log1p":
        operands[0] = np.where(operands[0] > -1, operands[0], -operands[0])
    return operands


def test_every_row_with_a_bound_is_in_the_tables():
    assert {row.name for row in ROWS.values() if row.ulp} == TRUE.keys() == RANGES.keys()


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", TRUE)
def test_error_is_within_the_rows_bound(name, dtype):
    operands = samples(name, dtype)
    results = run(name, dtype, *operands)
    errors = [
        ulps(value, true_value(name, point), dtype)
        for value, *point in zip(results, *operands, strict=True)
    ]
    worst = int(np.argmax(errors))
    assert errors[worst] <= ROWS[name].ulp, f"at {[x[worst] for x in operands]}"


SPECIALS = {
    "exp": [(INF, INF), (-INF, 0.0), (NAN, NAN), (0.0, 1.0), (-0.0, 1.0), (1e4, INF), (-1e4, 0.0)],
    "expm1": [(INF, INF), (-INF, -1.0), (NAN, NAN), (0.0, 0.0), (-0.0, -0.0), (1e4, INF),
              (-1e4, -1.0)],
    "log": [(INF, INF), (-INF, NAN), (NAN, NAN), (0.0, -INF), (-0.0, -INF), (-1.0, NAN),
            (1.0, 0.0)],
    "log1p": [(INF, INF), (-INF, NAN), (NAN, NAN), (0.0, 0.0), (-0.0, -0.0), (-1.0, -INF),
              (-2.0, NAN)],
    "tanh": [(INF, 1.0), (-INF, -1.0), (NAN, NAN), (0.0, 0.0), (-0.0, -0.0), (50.0, 1.0)],
    "sin": [(INF, NAN), (-INF, NAN), (NAN, NAN), (0.0, 0.0), (-0.0, -0.0)],
    "cos": [(INF, NAN), (-INF, NAN), (NAN, NAN), (0.0, 1.0), (-0.0, 1.0)],
    "erf": [(INF, 1.0), (-INF, -1.0), (NAN, NAN), (0.0, 0.0), (-0.0, -0.0), (50.0, 1.0)],
}  # fmt: skip


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", SPECIALS)
def test_special_values(name, dtype):
    inputs, expected = zip(*SPECIALS[name], strict=True)
    assert_same(run(name, dtype, inputs), expected)


# C99, annex F.9.4.4; every pair of these, and what C's pow says of it.
POWER_VALUES = (0.0, -0.0, 1.0, -1.0, 0.5, -0.5, 2.0, -2.0, 3.0, -3.0, 1e30, -1e30, INF, -INF, NAN)


@pytest.mark.parametrize("dtype", DTYPES)
def test_special_values_of_pow(dtype):
    x, y = (side.ravel() for side in np.meshgrid(POWER_VALUES, POWER_VALUES))
    edge = ~(np.isfinite(x) & np.isfinite(y)) | (np.abs(x) <= 1) & (x != 0.5) & (x != -0.5)
    x, y = x[edge], y[edge]
    assert_same(run("pow", dtype, x, y), [c_power(*pair) for pair in zip(x, y, strict=True)])


def c_power(x, y):
    """math.pow, with the values that it raises for."""
    try:
        return math.pow(x, y)
    except (ValueError, ZeroDivisionError):
        odd = y == math.floor(y) and y % 2 == 1
        return (math.copysign(INF, x) if odd else INF) if x == 0 else NAN


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", ["expm1", "log1p", "tanh", "sin", "erf"])
def test_subnormals_keep_their_value_and_sign(name, dtype):
    smallest = float(np.finfo(as_dtype(dtype).numpy).smallest_subnormal)
    x = smallest * np.array([1.0, 3.0, 1001.0])
    expected = [round(k * 2 / math.sqrt(math.pi)) for k in (1, 3, 1001)]
    if name != "erf":
        expected = [1, 3, 1001]
    for sign in (1, -1):
        assert list(run(name, dtype, sign * x) / smallest) == [sign * k for k in expected]


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", TRUE)
def test_vectors_tails_and_scalars_give_equal_bits(name, dtype):
    operands = [x[-(len(x) // 16 * 16) :] for x in samples(name, dtype)]
    whole = run(name, dtype, *operands)
    assert_same(run(name, dtype, *(x[:-3] for x in operands)), whole[:-3])
    last = [run(name, dtype, *point) for point in zip(*(x[-24:] for x in operands), strict=True)]
    assert_same(whole[-24:], last)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", TRUE)
def test_the_interpreted_expansion_gives_equal_bits(name, dtype):
    operands = [x[::5] for x in samples(name, dtype)]
    builder, type = Builder(), VectorType(as_dtype(dtype), len(operands[0]))
    values = [builder.param(type) for _ in operands]
    function = builder.build(name, [ROWS[name].expand(builder, *values)])
    assert_same(run(name, dtype, *operands), interpret(function, operands)[0])


@pytest.mark.parametrize("dtype", ["i8", "u16", "i64"])
def test_integer_powers_wrap(dtype):
    base, exponent = np.array([2, 3, 7, 0, 5], dtype=as_dtype(dtype).numpy), [7, 5, 40, 0, 1]
    expected = [pow(int(b), e, 2**64) for b, e in zip(base, exponent, strict=True)]
    wrapped = np.array(expected, np.uint64).astype(as_dtype(dtype).numpy)
    assert list(run("pow", dtype, base, exponent)) == list(wrapped)


def assert_same(found, expected):
    """Equal values; NaNs are equal, zeros of different sign are not."""
    expected = np.asarray(expected)
    np.testing.assert_array_equal(found, expected.astype(found.dtype))
    number = ~np.isnan(expected)
    assert list(np.signbit(found[number])) == list(np.signbit(expected[number]))
