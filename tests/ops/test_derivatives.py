"""Derivative rules of every row, by table, through the interpreter in f64.

The jvp against central differences, the transpose against the jvp by <ct, J t> = <J' ct, t>, the
second derivative against differences of the first. A row is in the table or says `no_derivative`.
"""

from functools import cache

import numpy as np
import pytest

from jitflow.errors import JitflowError
from jitflow.ir.builder import Builder
from jitflow.ir.dtypes import as_dtype
from jitflow.ir.interpreter import interpret
from jitflow.ir.parser import parse_function
from jitflow.ir.row import ROWS, Family, OpRow, register
from jitflow.ir.types import TensorType
from jitflow.ir.verifier import verify
from jitflow.passes.differentiate import gradient
from jitflow.passes.linearize import linearize
from jitflow.passes.transpose import transpose
from tests.support.derivative_cases import CASES, direction, paired
from tests.support.samples import sample

STEP = 1e-5

EVERY_CASE = pytest.mark.parametrize(
    "case", range(len(CASES)), ids=[f"{i}-{name}" for i, (name, *_) in enumerate(CASES)]
)


def test_every_row_is_in_the_table_or_says_why_not():
    """Rows with regions are in tests/api/test_custom.py."""
    differentiable = {
        row.name for row in ROWS.values() if not row.no_derivative and not row.regions
    }
    assert {name for name, *_ in CASES} == differentiable


def test_every_row_on_complex_numbers_is_in_the_table():
    """One that takes a case of reals as complex numbers has a case of them."""
    complex_ = {name for name, arrays, *_ in CASES if any(map(np.iscomplexobj, arrays))}
    for name, arrays, attrs, *_ in CASES:
        if name not in complex_:
            b = Builder()
            with pytest.raises(JitflowError):
                b.emit(ROWS[name], tuple(parameter(b, as_complex(a)) for a in arrays), attrs)


def as_complex(array):
    array = np.asarray(array)
    return array if array.dtype.kind in "bi" else array.astype(complex)


@pytest.mark.parametrize(
    "name", [row.name for row in ROWS.values() if row.family is Family.LIBRARY]
)
def test_floats_of_the_host_have_a_derivative_or_refuse_one(name):
    """None of them is piecewise constant."""
    row = ROWS[name]
    (op,) = parse_function(sample(name)).ops
    if any(v.type.dtype.is_inexact for v in op.results):
        assert row.jvp is not None or row.refuses_derivative


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({}, "must state a derivative"),
        ({"jvp": lambda b, op, tangents: None, "no_derivative": "why"}, "must state a derivative"),
        ({"linear": (0,)}, "is linear and has no transpose"),
    ],
)
def test_a_row_without_one_clear_rule_is_refused(fields, problem):
    row = OpRow(name="new", family=Family.ELEMENTWISE, arity=1, infer=None, doc="", **fields)
    with pytest.raises(ValueError, match=problem):
        register(row)
    assert "new" not in ROWS


def parameter(b, array):
    array = np.asarray(array)
    return b.param(TensorType(as_dtype(array.dtype), array.shape))


@cache
def single(case):
    """The case's op as a function of its numbered result, and the parameters with tangents."""
    name, arrays, attrs, *number = CASES[case]
    b = Builder()
    op = b.emit(ROWS[name], tuple(parameter(b, a) for a in arrays), attrs)
    inexact = tuple(i for i, p in enumerate(b.params) if p.type.dtype.is_inexact)
    return b.build(name, [op.results[number[0] if number else 0]]), inexact


def moved(arrays, indices, directions, step):
    arrays = list(arrays)
    for index, along in zip(indices, directions, strict=True):
        arrays[index] = arrays[index] + step * along
    return arrays


def difference(function, arrays, indices, directions):
    """Central differences of all results along the directions."""
    high = interpret(function, moved(arrays, indices, directions, STEP))
    low = interpret(function, moved(arrays, indices, directions, -STEP))
    return [(h - w) / (2 * STEP) for h, w in zip(high, low, strict=True)]


def close(left, right, tolerance):
    np.testing.assert_allclose(left, right, rtol=tolerance, atol=tolerance)


@EVERY_CASE
def test_jvp_is_the_limit_of_differences(case):
    _, arrays, *_ = CASES[case]
    function, inexact = single(case)
    linear = verify(linearize(function, wrt=inexact))
    directions = [direction(arrays[i]) for i in inexact]
    value, tangent = interpret(linear, [*arrays, *directions])
    np.testing.assert_array_equal(value, interpret(function, arrays)[0])
    close(tangent, difference(function, arrays, inexact, directions)[0], 1e-7)


@EVERY_CASE
def test_jvp_by_one_operand_leaves_the_others_fixed(case):
    _, arrays, *_ = CASES[case]
    function, inexact = single(case)
    for index in inexact:
        linear = verify(linearize(function, wrt=(index,)))
        along = direction(arrays[index])
        _, tangent = interpret(linear, [*arrays, along])
        close(tangent, difference(function, arrays, (index,), [along])[0], 1e-7)


@EVERY_CASE
def test_transpose_is_the_adjoint_of_the_jvp(case):
    _, arrays, *_ = CASES[case]
    function, inexact = single(case)
    linear = linearize(function, wrt=inexact)
    directions = [direction(arrays[i]) for i in inexact]
    _, tangent = interpret(linear, [*arrays, *directions])
    cotangent = direction(tangent)
    _, *gradients = interpret(verify(transpose(linear)), [*arrays, cotangent])
    backward = sum(paired(g, d) for g, d in zip(gradients, directions, strict=True))
    close(paired(cotangent, tangent), backward, 1e-11)


def weighted(b, values, power):
    """A scalar: the sum of w * v**power over all values, with fixed weights."""
    total = b.constant(0.0)
    for value in values:
        weights = np.cos(np.arange(value.type.size)).reshape(value.type.shape)
        if value.type.dtype.kind == "c":
            weights = weights * (1 - 0.5j)
        term = b.mul(value, b.constant(weights))
        term = b.mul(term, value) if power == 2 else term
        term = b.real(term) if value.type.dtype.kind == "c" else term
        total = b.add(total, b.reduce_sum(term, axes=tuple(range(value.type.rank))))
    return total


def scalar_of(function, power):
    """The function with its results weighted into one scalar."""
    b = Builder(function.params)
    for op in function.ops:
        b.append(op)
    return b.build("scalar", [weighted(b, function.results, power)])


@EVERY_CASE
def test_second_derivative_is_the_limit_of_differences_of_the_first(case):
    _, arrays, *_ = CASES[case]
    function, inexact = single(case)
    first = gradient(scalar_of(function, 2), wrt=inexact, values=False)
    total = scalar_of(first, 1)
    second = verify(gradient(total, wrt=inexact, values=False))
    directions = [direction(arrays[i]) for i in inexact]
    along = sum(
        paired(g, d) for g, d in zip(interpret(second, arrays), directions, strict=True)
    )
    close(along, difference(total, arrays, inexact, directions)[0], 2e-6)


# Where a derivative is a choice, it is JAX's.

inf, nan = np.inf, np.nan
CONVENTIONS = [
    ("abs", [0.0], {}, [0.0]),
    ("maximum", [1.0, 1.0], {}, [0.5, 0.5]),
    ("minimum", [-2.0, -2.0], {}, [0.5, 0.5]),
    ("maximum", [0.0, -0.0], {}, [0.5, 0.5]),
    ("clamp", [0.0, 0.0, 1.0], {}, [0.0, 0.0, 0.0]),
    ("clamp", [0.0, 1.0, 1.0], {}, [0.0, 0.0, 0.0]),
    ("clamp", [0.0, 0.5, 1.0], {}, [0.0, 1.0, 0.0]),
    ("clamp", [2.0, 0.0, 1.0], {}, [0.0, 0.0, 1.0]),
    ("copysign", [0.0, -1.0], {}, [-1.0, 0.0]),
    ("copysign", [-3.0, -1.0], {}, [1.0, 0.0]),
    ("sqrt", [0.0], {}, [inf]),
    ("log", [0.0], {}, [inf]),
    ("log1p", [-1.0], {}, [inf]),
    ("pow", [0.0, 0.0], {}, [0.0, 0.0]),
    ("pow", [0.0, 1.0], {}, [1.0, 0.0]),
    ("pow", [0.0, 2.0], {}, [0.0, 0.0]),
    ("pow", [-2.0, 3.0], {}, [12.0, nan]),
    ("pow", [0.0, -1.0], {}, [-inf, nan]),
    ("div", [1.0, 0.0], {}, [inf, -inf]),
    ("logaddexp", [inf, -inf], {}, [1.0, 0.0]),
    ("logaddexp", [-inf, -inf], {}, [1.0, 1.0]),
    ("logaddexp", [2.0, -inf], {}, [1.0, 0.0]),
    ("logaddexp", [2.0, inf], {}, [0.0, 1.0]),
    ("logaddexp2", [-inf, 3.0], {}, [0.0, 1.0]),
    ("reduce_max", [[1.0, 3.0, 3.0]], {"axes": (0,)}, [[0.0, 0.5, 0.5]]),
    ("reduce_min", [[1.0, 1.0, 1.0, 1.0]], {"axes": (0,)}, [[0.25] * 4]),
    ("reduce_prod", [[0.0, 3.0, 2.0]], {"axes": (0,)}, [[6.0, 0.0, 0.0]]),
    ("reduce_prod", [[0.0, 3.0, 0.0]], {"axes": (0,)}, [[0.0, 0.0, 0.0]]),
]


@pytest.mark.parametrize(("name", "arrays", "attrs", "expected"), CONVENTIONS)
def test_convention(name, arrays, attrs, expected):
    b = Builder()
    arrays = [np.asarray(a) for a in arrays]
    op = b.emit(ROWS[name], tuple(parameter(b, a) for a in arrays), attrs)
    every = tuple(range(len(arrays)))
    found = interpret(gradient(b.build(name, [op.result]), wrt=every, values=False), arrays)
    for got, want in zip(found, expected, strict=True):
        np.testing.assert_array_equal(got, want)


@pytest.mark.parametrize(("x", "y"), [(0.0, 3.0), (0.0, 2.0), (-1.5, 2.0), (-1.5, 1.0), (2.0, 0.0)])
def test_second_derivative_of_a_power_is_finite_at_zero_and_below(x, y):
    b = Builder()
    base = parameter(b, x)
    first = gradient(b.build("f", [b.pow(base, b.constant(y))]), values=False)
    second = gradient(first, values=False)
    assert interpret(second, [np.float64(x)])[0] == y * (y - 1) * x ** (y - 2)


@pytest.mark.parametrize(
    ("name", "array", "reverse", "expected"),
    [("cummax", [1.0, 3.0, 3.0], False, [1, 2, 0]), ("cummin", [3.0, 3.0, 4.0], True, [0, 2, 1])],
)
def test_the_first_of_equal_extremes_has_the_derivative(name, array, reverse, expected):
    b = Builder()
    extremes = b.emit(ROWS[name], (parameter(b, array),), {"axis": 0, "reverse": reverse}).result
    function = b.build("f", [b.reduce_sum(extremes, axes=(0,))])
    (found,) = interpret(gradient(function, values=False), [np.array(array)])
    np.testing.assert_array_equal(found, expected)


def test_second_derivative_of_abs_at_zero_is_zero():
    b = Builder()
    function = b.build("f", [b.abs(parameter(b, 0.0))])
    second = gradient(gradient(function, values=False), values=False)
    assert interpret(second, [np.float64(0.0)])[0] == 0.0


@pytest.mark.parametrize("names", [("f32", "f64"), ("f64", "f32"), ("f32", "bf16")])
def test_gradient_through_convert_has_the_parameters_dtype(names):
    source, target = map(as_dtype, names)
    b = Builder()
    x = b.param(TensorType(source, (3,)))
    narrow = b.convert(x, dtype=target)
    function = b.build("f", [b.reduce_sum(b.mul(narrow, narrow), axes=(0,))])
    ones = np.ones(3, source.numpy)
    (found,) = interpret(verify(gradient(function, values=False)), [ones])
    assert found.dtype == source.numpy
    np.testing.assert_array_equal(found, 2 * ones)


def test_no_derivative_passes_through_an_integer():
    b = Builder()
    x = parameter(b, 2.5)
    rounded = b.convert(b.convert(x, dtype=as_dtype("i32")), dtype=as_dtype("f64"))
    function = b.build("f", [b.mul(x, rounded)])
    assert interpret(gradient(function, values=False), [np.float64(2.5)])[0] == 2.0
