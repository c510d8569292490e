"""Complex rows against true values from mpmath, and at infinities and zeros against a table.

Errors are normwise: |found - true| in units in the last place of |true|. What runs is compiled.
"""

import math
from functools import cache

import mpmath
import numpy as np
import pytest

from jitflow.ir.builder import Builder
from jitflow.ir.dtypes import as_dtype, part_of
from jitflow.ir.row import ROWS
from jitflow.ir.types import TensorType
from tests.support.native import HERE, compiled

INF, NAN = math.inf, math.nan
DTYPES = ("c64", "c128")
SAMPLES = 40
DIGITS = 700  # 1 and the square of the least f64 side by side

TRUE = {
    "mul": lambda x, y: x * y, "div": lambda x, y: x / y, "abs": abs, "sqrt": mpmath.sqrt,
    "exp": mpmath.exp, "exp2": lambda x: mpmath.power(2, x), "expm1": mpmath.expm1,
    "log": mpmath.log, "log2": lambda x: mpmath.log(x) / mpmath.log(2),
    "log10": lambda x: mpmath.log(x) / mpmath.log(10), "log1p": lambda x: mpmath.log(1 + x),
    "sin": mpmath.sin, "cos": mpmath.cos, "tan": mpmath.tan, "sinh": mpmath.sinh,
    "cosh": mpmath.cosh, "tanh": mpmath.tanh, "arcsin": mpmath.asin, "arccos": mpmath.acos,
    "arctan": mpmath.atan, "arcsinh": mpmath.asinh, "arccosh": mpmath.acosh,
    "arctanh": mpmath.atanh, "pow": mpmath.power,
}  # fmt: skip
SIZES = {
    "exp": 90, "exp2": 130, "expm1": 90, "sin": 90, "cos": 90, "sinh": 90, "cosh": 90, "pow": 3,
}  # fmt: skip
"""The greatest modulus to sample; of the others all that there is."""


def angles(rng, count):
    """Angles of all directions, those of the axes and of their neighbours among them."""
    near = rng.integers(0, 8, count) * math.pi / 4 + rng.normal(size=count) * 1e-4
    return np.where(rng.random(count) < 0.5, near, rng.uniform(-math.pi, math.pi, count))


def samples(name, dtype, seed):
    """Of moduli near 1, tiny and huge."""
    rng = np.random.default_rng(seed)
    part = np.finfo(part_of(as_dtype(dtype)).numpy)
    low, high = (math.log2(x) for x in (part.smallest_normal, part.max))
    top = min(high - 1, math.log2(SIZES.get(name, INF)))
    powers = [rng.uniform(-1, 1, SAMPLES), rng.uniform(low, top, SAMPLES)]
    powers.append(np.minimum(rng.normal(size=SAMPLES) * 1e-3, top))
    moduli = 2.0 ** np.clip(np.concatenate(powers), low, top)
    return (moduli * np.exp(1j * angles(rng, len(moduli)))).astype(as_dtype(dtype).numpy)


@cache
def kernel(name, dtype, count):
    b = Builder(locations=HERE)
    operands = [b.param(TensorType(as_dtype(dtype), (count,))) for _ in range(ROWS[name].arity)]
    return compiled(b.build(name, [getattr(b, name)(*operands)]))


def run(name, *operands):
    dtype = str(as_dtype(operands[0].dtype))
    (result,) = kernel(name, dtype, len(operands[0]))(list(operands))
    return result


def error(found, true, part):
    """In units in the last place of the true modulus; 0 where it overflows, as it should."""
    size = abs(true)
    if size > float(part.max) or not np.isfinite(found):
        return 0.0 if size > float(part.max) * (1 - 1e-3) else INF
    exponent = mpmath.frexp(size)[1] if size else part.minexp
    unit = mpmath.mpf(2) ** (max(exponent - 1, part.minexp) - part.nmant)
    return float(abs(mpmath.mpmathify(complex(found)) - true) / unit)


def test_every_row_with_a_normwise_bound_is_in_the_table():
    bounded = {row.name for row in ROWS.values() if np.isfinite(row.normwise) and row.normwise}
    assert bounded == TRUE.keys()


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", TRUE)
def test_error_is_within_the_rows_bound(name, dtype):
    row, part = ROWS[name], np.finfo(part_of(as_dtype(dtype)).numpy)
    operands = [samples(name, dtype, seed) for seed in range(row.arity)]
    found = run(name, *operands)
    errors = []
    with mpmath.workdps(DIGITS):
        for value, *point in zip(found, *operands, strict=True):
            true = TRUE[name](*(mpmath.mpmathify(complex(x)) for x in point))
            errors.append(error(value, true, part))
    worst = int(np.argmax(errors))
    point = [x[worst] for x in operands]
    assert errors[worst] <= row.normwise, f"{name}{point} is off by {errors[worst]}"


EDGES = [0.0, -0.0, 1.5, -1.5, INF, -INF, NAN]
GRID = np.array([complex(re, im) for re in EDGES for im in EDGES])
FUNCTIONS = [name for name in TRUE if ROWS[name].arity == 1 and name != "expm1"]


@pytest.mark.parametrize("name", FUNCTIONS)
def test_edges_are_those_of_numpy(name):
    """Both follow C's Annex G. A part beside a NaN may be NaN where NumPy knows more.

    Signs are compared where all is finite: C leaves others open.
    """
    with np.errstate(all="ignore"):
        wanted = getattr(np, name)(GRID)
    found = run(name, GRID)
    for side in ("real", "imag"):
        got, want = getattr(found, side), getattr(wanted, side)
        equal = np.isclose(abs(got), abs(want), rtol=1e-14, atol=0, equal_nan=True)
        signs = np.signbit(got) == np.signbit(want)
        assert np.all(equal | np.isnan(GRID) & np.isnan(got)), f"{name}.{side}"
        assert np.all(signs[np.isfinite(GRID)]), f"{name}.{side}"


def test_expm1_is_real_on_the_real_axis():
    """NumPy's has a NaN there for infinities."""
    np.testing.assert_array_equal(run("expm1", np.array([INF + 0j, -INF + 0j])), [INF, -1])


@pytest.mark.parametrize(
    ("x", "y", "wanted"),
    [
        (1 + 0j, 0j, complex(INF, NAN)),
        (-1 + 1j, 0j, complex(-INF, INF)),
        (1 + 1j, complex(INF, 2), 0j),
        (complex(INF, 1), 2 + 0j, complex(INF, NAN)),
    ],
)
def test_division_at_edges(x, y, wanted):
    found = run("div", np.array([x]), np.array([y]))
    np.testing.assert_array_equal(found, [wanted])


def test_powers_of_zero():
    zero = np.zeros(4, complex)
    found = run("pow", zero, np.array([0, 2 - 1j, -1, 1j], complex))
    np.testing.assert_array_equal(found, [1, 0, complex(NAN, NAN), complex(NAN, NAN)])
