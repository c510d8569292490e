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
from tests.support.samples import sample

STEP = 1e-5
RNG = np.random.default_rng(7)


def normal(*shape):
    return RNG.normal(size=shape)


def positive(*shape):
    return RNG.uniform(0.5, 2.0, size=shape)


def complexes(*shape):
    """Complex numbers whose moduli lie within 0.5..2, off the branch cuts."""
    return positive(*shape) * np.exp(1j * RNG.uniform(-2.5, 2.5, size=shape))


def direction(array):
    """A random array of the shape and the kind of another one."""
    real = normal(*np.shape(array))
    return real + 1j * normal(*np.shape(array)) if np.iscomplexobj(array) else real


def paired(cotangent, tangent):
    """Re(ct * t), summed: how cotangents act on tangents."""
    return np.sum(cotangent * tangent).real


def apart(*shape):
    """Distinct values, so that no difference crosses a tie."""
    return RNG.permutation(np.arange(np.prod(shape, dtype=int))).reshape(shape) * 0.37 - 1.0


def square(*shape):
    """Matrices far from singular."""
    return normal(*shape) + 4 * np.eye(shape[-1])


def separated(*shape):
    """Matrices whose singular values are far from each other."""
    return normal(*shape) / 5 + np.eye(*shape[-2:]) * np.arange(1.0, shape[-1] + 1)


def hermitian(x):
    """Positive definite matrices with distinct eigenvalues."""
    return x @ x.conj().swapaxes(-1, -2) + np.diag(np.arange(1.0, x.shape[-1] + 1))


MASK = np.array([True, False, True])
ROW = np.array([0.3, -1.2, 2.0])

CASES = [
    ("add", [normal(3), normal(3)], {}),
    ("sub", [normal(3), normal(3)], {}),
    ("mul", [normal(3), normal(3)], {}),
    ("div", [normal(3), positive(3)], {}),
    ("neg", [normal(3)], {}),
    ("abs", [ROW], {}),
    ("maximum", [apart(4), apart(4) + 0.1], {}),
    ("minimum", [apart(4), apart(4) + 0.1], {}),
    ("clamp", [np.array([-1.0, 0.5, -1.0]), ROW, np.array([1.0, 0.9, 1.0])], {}),
    ("sqrt", [positive(3)], {}),
    ("copysign", [ROW, np.array([-1.0, -1.0, 2.0])], {}),
    ("fma", [normal(2), normal(2), normal(2)], {}),
    ("exp", [normal(3)], {}),
    ("expm1", [normal(3)], {}),
    ("log", [positive(3)], {}),
    ("log1p", [positive(3) - 0.8], {}),
    ("tanh", [normal(3)], {}),
    ("sin", [normal(3)], {}),
    ("cos", [normal(3)], {}),
    ("erf", [normal(3)], {}),
    ("erfc", [normal(3)], {}),
    ("erfcx", [normal(3)], {}),
    ("erfcinv", [positive(3) / 1.2], {}),
    ("erfinv", [positive(3) / 2.5], {}),
    ("logaddexp", [np.array([1.0, 0.3, -4.0]), np.array([1.0, 2.0, 3.0])], {}),
    ("logaddexp2", [np.array([1.0, 0.3, -4.0]), np.array([1.0, 2.0, 3.0])], {}),
    ("i0", [np.array([0.0, 1.3, -4.0])], {}),
    ("i1", [np.array([0.4, 1.3, -4.0])], {}),
    ("gammaln", [np.array([0.3, 2.2, -1.4, 9.5])], {}),
    ("digamma", [np.array([0.3, 2.2, -1.4, 9.5])], {}),
    ("exp2", [normal(3)], {}),
    ("log2", [positive(3)], {}),
    ("log10", [positive(3)], {}),
    ("cbrt", [positive(3)], {}),
    ("hypot", [normal(3), normal(3)], {}),
    ("tan", [normal(3) / 2], {}),
    ("arcsin", [positive(3) / 2.5], {}),
    ("arccos", [positive(3) / -2.5], {}),
    ("arctan", [normal(3)], {}),
    ("arctan2", [normal(3), positive(3)], {}),
    ("sinh", [normal(3)], {}),
    ("cosh", [normal(3)], {}),
    ("arcsinh", [normal(3)], {}),
    ("arccosh", [positive(3) + 1], {}),
    ("arctanh", [positive(3) / -2.5], {}),
    ("pow", [positive(3), ROW], {}),
    ("fmod", [normal(4) * 5, positive(4)], {}),
    ("remainder", [normal(4) * 5, positive(4)], {}),
    ("ldexp", [normal(3), np.array([-3.0, 0.0, 5.0])], {}),
    ("select", [MASK, normal(3), normal(3)], {}),
    ("convert", [normal(3)], {"dtype": as_dtype("f64")}),
    ("broadcast", [normal(3, 1)], {"shape": (2, 3, 4), "axes": (1, 2)}),
    ("broadcast", [normal(1, 3)], {"shape": (1, 3), "axes": (0, 1)}),
    ("broadcast", [np.float64(0.4)], {"shape": (2, 3), "axes": ()}),
    ("reshape", [normal(2, 6)], {"shape": (3, 4)}),
    ("transpose", [normal(2, 3, 4)], {"axes": (2, 0, 1)}),
    ("reverse", [normal(2, 3)], {"axes": (1,)}),
    ("slice", [normal(5, 7)], {"start": (1, 0), "stop": (5, 6), "step": (2, 3)}),
    ("slice", [normal(4)], {"start": (2,), "stop": (2,), "step": (1,)}),
    ("pad", [normal(2, 3), np.float64(0.7)], {"low": (1, 0), "high": (0, 2), "interior": (2, 1)}),
    ("pad", [normal(0), np.float64(0.7)], {"low": (1,), "high": (2,), "interior": (3,)}),
    ("concatenate", [normal(2, 1), normal(2, 3), normal(2, 0)], {"axis": 1}),
    ("gather", [normal(4, 3), np.array([[2, 0], [2, 9]])], {}),
    ("gather", [normal(4, 3), np.array(1), np.array(-5)], {}),
    ("scatter", [normal(4, 2), normal(3, 2), np.array([1, 3, 1])], {"combine": "set"}),
    ("scatter", [normal(4, 2), normal(3), np.array([1, 3, 1]), np.array([0, 1, 0])],
     {"combine": "set"}),
    ("scatter", [normal(4, 2), normal(3, 2), np.array([1, 3, 1])], {"combine": "add"}),
    ("scatter", [normal(4), positive(4), np.array([1, 3, 1, 1])], {"combine": "mul"}),
    ("scatter", [normal(3, 2), normal(5, 2) * [[0], [1], [1], [0], [1]],
     np.array([2, 0, 9, 2, 2])], {"combine": "mul"}),
    ("scatter", [complexes(2, 2), complexes(2, 3), np.array([[1, 0, 1], [0, 0, 1]]),
     np.array([[1, 0, 1], [0, 0, 0]])], {"combine": "mul"}),
    ("scatter", [complexes(4), 3 * complexes(4), np.array([1, 3, 1, 1])], {"combine": "max"}),
    ("scatter", [complexes(4), 3 * complexes(4), np.array([1, 3, 1, 1])], {"combine": "min"}),
    ("scatter", [apart(4), apart(4) + 0.1, np.array([1, 3, 1, 1])], {"combine": "max"}),
    ("scatter", [apart(4), apart(4) + 0.1, np.array([1, 3, 1, 1])], {"combine": "min"}),
    ("update", [normal(5, 4), normal(2, 3)], {"start": (1, 0), "step": (2, 1)}),
    ("update", [normal(3), normal(0)], {"start": (3,), "step": (1,)}),
    ("dynamic_slice", [normal(5, 4), np.array(1), np.array(3)], {"sizes": (2, 3)}),
    ("dynamic_update", [normal(5, 4), normal(2, 3), np.array(-1), np.array(1)], {}),
    ("reduce_sum", [normal(2, 3, 4)], {"axes": (0, 2)}),
    ("reduce_sum", [normal(0, 2)], {"axes": (0,)}),
    ("reduce_prod", [normal(3, 2, 5)], {"axes": (0, 2)}),
    ("reduce_prod", [normal(2, 0)], {"axes": (1,)}),
    ("reduce_prod", [normal(2)], {"axes": ()}),
    ("reduce_prod", [np.array([[2.0, 0.0, 3.0], [0.0, 0.0, 3.0]])], {"axes": (1,)}),
    ("reduce_max", [apart(3, 4)], {"axes": (1,)}),
    ("reduce_max", [apart(3, 4)], {"axes": (0, 1)}),
    ("reduce_min", [apart(3, 4)], {"axes": (0,)}),
    ("sort", [apart(2, 3, 5)], {}),
    ("sort", [apart(5)], {}),
    ("cumsum", [normal(2, 5, 3)], {"axis": 1, "reverse": False}),
    ("cumsum", [normal(2, 5)], {"axis": 0, "reverse": True}),
    ("cumprod", [normal(2, 5, 3)], {"axis": 1, "reverse": False}),
    ("cumprod", [np.array([2.0, 0.0, 3.0, 0.0, -1.0])], {"axis": 0, "reverse": True}),
    ("cumprod", [normal(1, 0)], {"axis": 1, "reverse": False}),
    ("cummax", [apart(3, 7)], {"axis": 1, "reverse": False}),
    ("cummax", [apart(3, 7)], {"axis": 0, "reverse": True}),
    ("cummin", [apart(3, 7)], {"axis": 1, "reverse": True}),
    ("dot_general", [normal(2, 3), normal(3, 4)], {"contract": ((1,), (0,))}),
    ("dot_general", [normal(3, 2), normal(4, 3)], {"contract": ((0,), (1,))}),
    ("dot_general", [normal(3), normal(3)], {"contract": ((0,), (0,))}),
    ("dot_general", [normal(2), normal(3)], {"contract": ((), ())}),
    ("dot_general", [normal(2, 3, 4), normal(5, 4, 3)], {"contract": ((2, 1), (1, 2))}),
    ("dot_general", [normal(2, 3, 4), normal(2, 3, 4)], {"contract": ((1, 2), (1, 2))}),
    ("dot_general", [normal(3, 2, 4), normal(5, 4, 2)],
     {"contract": ((2,), (1,)), "batch": ((1,), (2,))}),
    ("dot_general", [normal(2, 5, 3, 4), normal(4, 3, 2, 2)],
     {"contract": ((3,), (0,)), "batch": ((2, 0), (1, 3))}),
    ("real", [complexes(3)], {}),
    ("imag", [complexes(3)], {}),
    ("complex", [normal(3), normal(3)], {}),
    ("conj", [complexes(3)], {}),
    ("add", [complexes(3), complexes(3)], {}),
    ("sub", [complexes(3), complexes(3)], {}),
    ("mul", [complexes(3), complexes(3)], {}),
    ("div", [complexes(3), complexes(3)], {}),
    ("neg", [complexes(3)], {}),
    ("abs", [complexes(3)], {}),
    ("sqrt", [complexes(3)], {}),
    ("exp", [complexes(3)], {}),
    ("expm1", [complexes(3)], {}),
    ("log", [complexes(3)], {}),
    ("log1p", [complexes(3) / 3], {}),
    ("sin", [complexes(3)], {}),
    ("cos", [complexes(3)], {}),
    ("tanh", [complexes(3) / 2], {}),
    *((name, [complexes(3) / 2], {}) for name in (
        "tan", "sinh", "cosh", "exp2", "log2", "log10",
        "arcsin", "arccos", "arctan", "arcsinh", "arccosh", "arctanh",
    )),
    ("cumprod", [complexes(2, 3)], {"axis": 1}),
    ("cummax", [complexes(2, 5)], {"axis": 1}),
    ("cummin", [complexes(2, 5)], {"axis": 1, "reverse": True}),
    ("sort", [complexes(2, 5)], {}),
    ("gather", [complexes(4, 3), np.array([2, 0, 2])], {}),
    ("scatter", [complexes(4, 2), complexes(3, 2), np.array([1, 3, 1])], {"combine": "set"}),
    ("update", [complexes(5, 4), complexes(2, 3)], {"start": (1, 0), "step": (2, 1)}),
    ("dynamic_slice", [complexes(5, 4), np.array(1), np.array(3)], {"sizes": (2, 3)}),
    ("dynamic_update", [complexes(5, 4), complexes(2, 3), np.array(1), np.array(1)], {}),
    ("broadcast", [complexes(3, 1)], {"shape": (2, 3, 4), "axes": (1, 2)}),
    ("reshape", [complexes(2, 6)], {"shape": (3, 4)}),
    ("transpose", [complexes(2, 3, 4)], {"axes": (2, 0, 1)}),
    ("reverse", [complexes(2, 3)], {"axes": (1,)}),
    ("slice", [complexes(5, 7)], {"start": (1, 0), "stop": (5, 6), "step": (2, 3)}),
    ("svd", [complexes(2, 4, 3)], {}, 1),
    ("fft", [complexes(2, 5)], {}),
    ("ifft", [complexes(4)], {}),
    ("pow", [complexes(3), complexes(3)], {}),
    ("select", [MASK, complexes(3), complexes(3)], {}),
    ("convert", [normal(3)], {"dtype": as_dtype("c128")}),
    ("convert", [complexes(3)], {"dtype": as_dtype("c128")}),
    ("pad", [complexes(2), np.complex128(1j)], {"low": (1,), "high": (2,), "interior": (1,)}),
    ("concatenate", [complexes(2, 1), complexes(2, 3)], {"axis": 1}),
    ("reduce_sum", [complexes(2, 3)], {"axes": (1,)}),
    ("reduce_prod", [complexes(2, 3)], {"axes": (1,)}),
    ("cumsum", [complexes(2, 3)], {"axis": 1}),
    ("dot_general", [complexes(2, 3), complexes(3, 4)], {"contract": ((1,), (0,))}),
    ("solve", [square(2, 3, 3), normal(2, 3, 2)], {}),
    ("solve", [square(3, 3) + 1j, complexes(3, 2)], {}),
    ("solve_lower", [square(2, 3, 3), normal(2, 3, 2)], {}),
    ("solve_lower", [square(3, 3) + 1j, complexes(3, 2)], {}),
    ("det", [square(2, 3, 3)], {}),
    ("det", [square(3, 3) + 1j], {}),
    ("slogdet", [square(2, 3, 3)], {}, 1),
    ("slogdet", [square(3, 3) + 1j], {}, 0),
    ("slogdet", [square(3, 3) + 1j], {}, 1),
    ("cholesky", [hermitian(normal(2, 3, 3))], {}),
    ("cholesky", [hermitian(complexes(3, 3))], {}),
    ("qr", [normal(2, 4, 3)], {}, 0),
    ("qr", [normal(3, 3)], {}, 1),
    ("qr", [complexes(4, 3)], {}, 0),
    ("qr", [complexes(4, 3)], {}, 1),
    ("eigvalsh", [hermitian(normal(2, 3, 3))], {}),
    ("eigvalsh", [hermitian(complexes(3, 3))], {}),
    ("eigh", [hermitian(normal(2, 3, 3))], {}, 0),
    ("eigh", [hermitian(normal(3, 3))], {}, 1),
    ("eigh", [hermitian(complexes(3, 3))], {}, 0),
    ("svdvals", [separated(2, 3, 4)], {}),
    ("svdvals", [complexes(4, 3)], {}),
    ("svd", [separated(2, 4, 3)], {}, 0),
    ("svd", [separated(3, 4)], {}, 0),
    ("svd", [separated(3, 4)], {}, 1),
    ("svd", [separated(2, 4, 3)], {}, 2),
    ("svd", [separated(3, 4)], {}, 2),
    ("eig", [square(2, 3, 3)], {}, 0),
    ("eig", [square(3, 3) + 1j], {}, 0),
    ("eig", [normal(3, 3) / 9 + np.diag([1.0, 2.0, 3.0])], {}, 1),
]  # fmt: skip

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
    for index, direction in zip(indices, directions, strict=True):
        arrays[index] = arrays[index] + step * direction
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
