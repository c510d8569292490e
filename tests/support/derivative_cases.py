"""Each differentiable row with operands, apart from where its derivative is a choice."""
import numpy as np

from jitflow.ir.dtypes import as_dtype

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
