"""Elementwise functions against NumPy: dtypes, weak scalars, special values, broadcasting."""

# ruff: noqa: B023 (every lambda is called in its own turn of the loop)

from __future__ import annotations

import enum
import operator

import mpmath
import numpy as np
import pytest

import jitflow as jf
from jitflow.errors import CheckError, DtypeError, RangeError, ShapeError, TraceError

DTYPES = [
    "bool",
    "int8",
    "uint8",
    "int32",
    "uint32",
    "int64",
    "uint64",
    "float16",
    "float32",
    "float64",
]
EXACT_UNARY = [
    np.negative,
    np.positive,
    np.absolute,
    np.fabs,
    np.sign,
    np.square,
    np.sqrt,
    np.floor,
    np.ceil,
    np.trunc,
    np.rint,
    np.isnan,
    np.isinf,
    np.isfinite,
    np.signbit,
    np.invert,
    np.logical_not,
    np.deg2rad,
    np.rad2deg,
    np.spacing,
    np.frexp,
    np.modf,
    np.bitwise_count,
]
MATH = [
    np.exp, np.exp2, np.expm1, np.log, np.log2, np.log10, np.log1p, np.cbrt, np.sin, np.cos, np.tan,
    np.arcsin, np.arccos, np.arctan, np.sinh, np.cosh, np.tanh, np.arcsinh, np.arccosh, np.arctanh,
]  # fmt: skip
MATH_BINARY = [np.hypot, np.arctan2, np.logaddexp, np.logaddexp2]
EXACT_BINARY = [
    np.add,
    np.subtract,
    np.multiply,
    np.true_divide,
    np.maximum,
    np.minimum,
    np.fmax,
    np.fmin,
    np.copysign,
    np.heaviside,
    np.equal,
    np.not_equal,
    np.less,
    np.less_equal,
    np.greater,
    np.greater_equal,
    np.logical_and,
    np.logical_or,
    np.logical_xor,
    np.bitwise_and,
    np.bitwise_or,
    np.bitwise_xor,
    np.left_shift,
    np.right_shift,
    np.floor_divide,
    np.remainder,
    np.fmod,
    np.divmod,
    np.nextafter,
    np.ldexp,
    np.gcd,
    np.lcm,
]


def values(dtype: str, seed: int = 0) -> np.ndarray:
    """A dozen values with the special ones of the dtype."""
    kind = np.dtype(dtype)
    generator = np.random.default_rng(seed)
    if kind.kind == "b":
        return generator.integers(0, 2, 12).astype(bool)
    if kind.kind in "iu":
        info = np.iinfo(kind)
        few = generator.integers(-5 if kind.kind == "i" else 0, 9, 8)
        return np.array([*few.tolist(), 0, info.min, info.max, info.max // 2], dtype=kind)
    special = [0.0, -0.0, np.inf, -np.inf, np.nan, 0.5, -2.5]
    return np.array([*(generator.normal(size=5) * 3), *special], dtype=kind)


def supports(ufunc: np.ufunc, *dtypes: str) -> bool:
    try:
        ufunc.resolve_dtypes((*map(np.dtype, dtypes), *[None] * ufunc.nout))
    except TypeError:
        return False
    return True


@pytest.mark.parametrize("ufunc", EXACT_UNARY, ids=lambda u: u.__name__)
def test_unary_exact(ufunc, check):
    for dtype in DTYPES:
        if supports(ufunc, dtype):
            check(lambda x: ufunc(x), values(dtype))


@pytest.mark.parametrize("ufunc", MATH, ids=lambda u: u.__name__)
def test_math(ufunc, check):
    for dtype in ("bool", "int8", "int32", "float16", "float32", "float64"):
        check(lambda x: ufunc(x), values(dtype), exact=False)


@pytest.mark.parametrize("ufunc", MATH_BINARY, ids=lambda u: u.__name__)
def test_math_of_two(ufunc, check):
    for dtype in ("bool", "int8", "int32", "float16", "float32", "float64"):
        x, y = values(dtype), values(dtype, 1)
        check(lambda x, y: ufunc(x, y), x, y, exact=False)
        check(lambda x: ufunc(x, 2), x, exact=False)


@pytest.mark.parametrize("ufunc", EXACT_BINARY, ids=lambda u: u.__name__)
def test_binary_exact(ufunc, check):
    for first in DTYPES:
        for second in DTYPES:
            if supports(ufunc, first, second):
                x, y = values(first), values(second, 1)
                is_half = ufunc is np.nextafter and np.result_type(x, y) == np.float16
                if is_half or ufunc in (np.maximum, np.minimum, np.fmax, np.fmin):
                    x, y = x + x.dtype.type(0), y + y.dtype.type(0)  # -0.0 has a rule of its own
                check(lambda x, y: ufunc(x, y), x, y)


SCALARS = [True, 1, 2, 1.5, np.float32(1.5), np.float64(1.5), np.int8(1), np.int64(2), np.uint8(3)]
OPERATORS = [operator.add, operator.sub, operator.mul, operator.truediv, operator.lt, operator.eq]


@pytest.mark.parametrize("op", OPERATORS, ids=lambda op: op.__name__)
def test_scalars_follow_nep_50(op, check):
    """Python scalars are weak, as constants and as traced arguments; NumPy's are strong."""
    for dtype in DTYPES[1:]:
        for scalar in SCALARS:
            x = values(dtype)
            check(lambda x: op(x, scalar), x)
            check(lambda x: op(scalar, x), x)
            check(op, x, scalar)
            check(op, scalar, x)


def test_weak_stays_weak_under_operators_only(check):
    x = np.ones(3, np.float32)
    check(lambda x, rate: x * (2 * rate - rate**2 + abs(-rate)), x, 0.25)
    check(lambda x, n: x + (n + 1) * 2, x, 3)
    check(lambda x, rate: x * np.square(rate), x, np.float64(0.25))


def test_mixed_dtypes_of_compared_integers(check):
    signed = np.array([-1, 0, 5, np.iinfo(np.int64).max])
    unsigned = np.array([0, 0, 5, 2**64 - 1], np.uint64)
    for op in (operator.lt, operator.le, operator.gt, operator.ge, operator.eq, operator.ne):
        check(op, signed, unsigned)
        check(op, unsigned, signed)


def test_integers_beyond_the_dtype(check, evaluate):
    x = np.array([1, -1, 127], np.int8)
    for op in (operator.lt, operator.le, operator.gt, operator.ge, operator.eq, operator.ne):
        check(lambda x: op(x, 300), x)
        check(lambda x: op(-(10**30), x), x)
        check(op, x, 300)
    with pytest.raises(RangeError, match="out of bounds for int8"):
        evaluate(lambda x: x + 300, x)
    with pytest.raises(OverflowError):
        evaluate(lambda x: np.maximum(x, -129), x)


SHAPES = [((), ()), ((3,), ()), ((), (2, 3)), ((2, 1), (3,)), ((0,), (1,)), ((4, 1, 3), (2, 1))]


@pytest.mark.parametrize("shapes", SHAPES, ids=str)
def test_broadcasting(shapes, check):
    x, y = (np.arange(np.prod(s, dtype=int), dtype=np.float32).reshape(s) for s in shapes)
    check(operator.add, x, y)
    check(np.less, x, y)
    check(lambda x, y: np.where(x > 1, x, y), x, y)


def test_operands_that_numpy_converts(check):
    x = np.arange(3, dtype=np.float32)
    constant = np.array([1.0, 2.0, 3.0])
    check(lambda x: x + [1, 2, 3], x)
    check(lambda x: (1.5, 2.5, 3.5) - x, x)
    check(lambda x: constant * x, x)
    check(lambda x: np.float64(2) * x + np.array(2.0), x)


def test_lean_graphs(rows):
    x, bias = np.ones((2, 3), np.float32), np.ones(3, np.float32)
    assert rows(lambda x: 2 * x, x) == ["constant", "mul"]
    assert rows(lambda x, b: x + b, x, bias) == ["broadcast", "add"]
    assert rows(lambda x: x.astype(np.float32) + x, x) == ["add"]
    assert rows(lambda x: np.maximum(x, 0), x) == ["constant", "maximum"]
    assert rows(lambda x: x**2 + x**1, x) == ["mul", "add"]


def test_division_operators(check):
    for dtype in ("int8", "int32", "uint8", "float32", "float64"):
        x, y = values(dtype), values(dtype, 1)
        for op in (operator.floordiv, operator.mod, divmod):
            check(op, x, y)
            check(lambda x: op(x, 3), x)
            check(lambda x: op(7, x), x)
            check(op, x, 2)
    check(lambda x, n: x * (n // 2 + n % 3), np.ones(3, np.float32), 7)
    check(lambda x, n: x * divmod(n, 4)[0], np.ones(3, np.float32), 7)


def test_whole_quotients_in_place(check):
    def f(x):
        y = x + 1
        y //= 2
        y %= 3
        return y

    check(f, np.arange(-5, 5))
    check(f, np.linspace(-5, 5, 7))


def test_logaddexp(check):
    x = np.array([0.0, -np.inf, np.inf, 3.0, -2.0, np.nan])
    y = np.array([0.0, -np.inf, np.inf, -40.0, 700.0, 1.0])
    check(lambda x, y: np.logaddexp(x, y), x, y, exact=False)


def test_reciprocal(check):
    check(lambda x: np.reciprocal(x), values("float32"))


@pytest.mark.parametrize(
    "exponent", [-1, 0, 1, 2, 3, 4, 5, 0.5, -0.5, 2.0, -2, 2.5, np.float32(3)], ids=str
)
def test_power_of_floats(exponent, check):
    for dtype in ("float32", "float64"):
        x = values(dtype)
        check(lambda x: x**exponent, x, exact=False)
        check(lambda x: np.power(x, exponent), x, exact=False)
    if exponent >= 0 or exponent % 1:
        check(lambda x: x**exponent, np.abs(values("int32")[:8]) + 1, exact=False)


def test_power_of_integers(check, evaluate):
    x = np.array([-3, -1, 0, 1, 2, 7], np.int32)
    for exponent in (0, 1, 2, 3, 7, 16, 33):
        check(lambda x: x**exponent, x)
    check(operator.pow, x, np.array([0, 1, 2, 3, 31, 40], np.int32))
    check(operator.pow, x, 3)
    check(lambda x: 2**x, np.arange(5))
    check(lambda x: np.float_power(x, 2), x)
    for exponent in (0, 1, 2, 3, 2.0, True):
        check(lambda x: x**exponent, np.array([True, False]))
    with pytest.raises(ValueError, match="negative integer powers"):
        evaluate(lambda x: x**-1, x)
    with pytest.raises(CheckError, match="negative integer powers"):
        evaluate(operator.pow, x, np.array(-1, np.int32))
    with pytest.raises(ValueError, match="negative integer powers"):
        jf.jit(operator.pow)(x, np.array(-1, np.int32))


def test_power_of_weak_base(check):
    check(lambda x: 2.0**x, values("float32"), exact=False)


def test_unsupported_is_named(evaluate):
    x = np.arange(4, dtype=np.int32)
    with pytest.raises(DtypeError, match="boolean subtract"):
        evaluate(lambda x: (x > 1) - (x > 2), x)
    with pytest.raises(DtypeError, match="left_shift"):
        evaluate(lambda x: x.astype(float) << 1, x)
    with pytest.raises(TraceError, match="where="):
        evaluate(lambda x: np.add(x, 1, where=np.ones(4, bool)), x)
    with pytest.raises(TraceError, match="np.isnat is not supported"):
        evaluate(lambda x: np.isnat(x), x)
    with pytest.raises(TraceError, match="axis= is not supported"):
        evaluate(lambda x: np.matmul(x, x, axis=0), x)
    with pytest.raises(ShapeError, match=r"3 against 2 on axis -1.*\n.*\(3,\), \(2,\)"):
        evaluate(operator.add, np.ones(3), np.ones(2))


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_nextafter_of_zeros_is_the_second(dtype, evaluate):
    x, y = np.array([[0.0, -0.0, 0.0, -0.0], [-0.0, 0.0, 0.0, -0.0]], dtype)
    found = evaluate(np.nextafter, x, y)
    assert not found.any()
    np.testing.assert_array_equal(np.signbit(found), np.signbit(y))


@pytest.mark.filterwarnings("ignore:numpy.fix is deprecated:DeprecationWarning")
@pytest.mark.parametrize("name", ["fix", "isposinf", "isneginf", "sinc", "i0"])
def test_functions_that_numpy_writes_in_python(name, check):
    function = getattr(np, name)
    for dtype in ("bool", "int8", "int32", "uint8", "float16", "float32", "float64"):
        x = values(dtype)
        if name == "i0":
            x = x[np.isfinite(x)]  # at infinity NumPy divides it by itself
        check(lambda x: function(x), x, exact=name not in ("sinc", "i0"))


class State(enum.IntEnum):
    DEAD = 0
    ALIVE = 2


class Rate(float):
    pass


MADE_OF_NUMBERS = [
    lambda x, n: x == State.ALIVE, lambda x, n: State.ALIVE - x, lambda x, n: x * Rate(0.5),
    lambda x, n: np.where(x == State.DEAD, State.ALIVE, x), lambda x, n: [State.ALIVE, x][0] + x,
    lambda x, n: n * State.ALIVE + x, lambda x, n: n * Rate(0.5) * x, lambda x, n: x[State.DEAD],
    lambda x, n: np.maximum(x, State.ALIVE), lambda x, n: np.full_like(x, State.ALIVE),
]  # fmt: skip


@pytest.mark.parametrize("f", MADE_OF_NUMBERS)
@pytest.mark.parametrize("dtype", [np.float32, np.uint8, np.int64])
def test_classes_made_of_numbers_are_strong(f, dtype):
    x = np.arange(4, dtype=dtype)
    result, expected = jf.jit(f)(x, 3), f(x, 3)
    np.testing.assert_array_equal(result, expected)
    assert result.dtype == expected.dtype


def test_a_result_may_be_of_a_class_made_of_numbers():
    assert jf.jit(lambda x: State.ALIVE)(1.0) == 2


def test_complex_numbers_without_a_meaning(evaluate):
    z = np.array([1 + 2j, np.inf])
    for function in (np.isposinf, np.isneginf, np.i0):
        with pytest.raises(DtypeError, match="complex"):
            evaluate(lambda z: function(z), z)


def test_sinc_and_its_derivatives_near_zero(evaluate):
    x = np.array([0.0, 1e-9, -1e-5, 0.1, 0.24999, 0.25, 3.7])
    np.testing.assert_allclose(evaluate(np.sinc, x), np.sinc(x), rtol=4e-16)
    first = jf.grad(lambda x: np.sinc(x).sum())
    true = [float(mpmath.diff(mpmath.sincpi, v)) for v in x]
    np.testing.assert_allclose(first(x), true, rtol=1e-12, atol=1e-30)
    second = jf.grad(lambda x: first(x).sum())(x)
    true = [float(mpmath.diff(mpmath.sincpi, v, 2)) for v in x]
    np.testing.assert_allclose(second, true, rtol=1e-10)
