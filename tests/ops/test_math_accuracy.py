"""The math functions against true values: mpmath at sampled points, a table at special ones.

Bounds are in units in the last place of the true value. What runs is the row's compiled code.
"""

import math
import re
from pathlib import Path

import numpy as np
import pytest

from jitflow.ir.builder import Builder
from jitflow.ir.dtypes import as_dtype
from jitflow.ir.interpreter import interpret
from jitflow.ir.row import ROWS
from jitflow.ir.types import VectorType
from tests.support.native import run_row as run
from tests.support.true_values import (
    INF,
    NAN,
    RANGES,
    SPECIALS,
    TRUE,
    errors,
    samples,
    true_value,
)

PAGE = Path(__file__).parents[2] / "docs" / "accuracy.md"
DTYPES = ("f32", "f64")


def test_every_row_with_a_bound_is_in_the_tables():
    assert {row.name for row in ROWS.values() if row.ulp} == TRUE.keys() == RANGES.keys()


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", TRUE)
def test_error_is_within_the_rows_bound(name, dtype):
    operands = samples(name, dtype)
    found = errors(name, dtype, run(name, dtype, *operands), operands)
    worst = int(np.argmax(found))
    assert found[worst] <= ROWS[name].ulp, f"at {[x[worst] for x in operands]}"


def test_measured_errors_are_within_the_rows_bounds():
    """docs/accuracy.md is up to date: scripts/measure_accuracy.py writes it."""
    numbers = r" \| ([\d.]+)" * 3
    table = PAGE.read_text().partition("<!-- end of errors -->")[0]
    lines = re.findall(rf"^\| `(\w+)`{numbers} \|", table, re.MULTILINE)
    assert {name for name, *_ in lines} == TRUE.keys()
    for name, bound, *measured in lines:
        assert float(bound) == ROWS[name].ulp
        assert all(float(worst) <= ROWS[name].ulp for worst in measured)


@pytest.mark.parametrize("name", ["gammaln", "digamma"])
def test_reflected_values_are_good_to_their_terms(name):
    x = np.random.default_rng(3).uniform(-60, 0, 100)
    true = [float(true_value(name, [v])) for v in x]
    terms = np.abs(run(name, "f64", -x)) + np.abs(true) + 1 / np.abs(np.sin(np.pi * x)) + 2
    assert np.all(np.abs(run(name, "f64", x) - true) < 4 * np.spacing(terms))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", SPECIALS)
def test_special_values(name, dtype):
    inputs, expected = zip(*SPECIALS[name], strict=True)
    assert_same(run(name, dtype, inputs), expected)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", ["arctan2", "hypot", "logaddexp"])
def test_special_values_of_two_operands(name, dtype):
    """NumPy's, where one is zero, infinite or NaN, or both are equal."""
    numpy_type = as_dtype(dtype).numpy
    x, y = (v.ravel().astype(numpy_type) for v in np.meshgrid(POWER_VALUES, POWER_VALUES))
    kept = ~(np.isfinite(x) & np.isfinite(y)) | (x == 0) | (y == 0)
    assert_same(run(name, dtype, x[kept], y[kept]), getattr(np, name)(x[kept], y[kept]))


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


TANGENT_TO_IDENTITY = (
    "expm1", "log1p", "sin", "tan", "arcsin", "arctan", "sinh", "tanh", "arcsinh", "arctanh", "erf",
)  # fmt: skip


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", TANGENT_TO_IDENTITY)
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
