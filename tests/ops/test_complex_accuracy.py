"""Complex rows against true values from mpmath, and at infinities and zeros against a table."""

import math

import numpy as np
import pytest

from jitflow.ir.row import ROWS
from tests.support.complex_values import DTYPES, TRUE, errors, samples
from tests.support.native import run_row

INF, NAN = math.inf, math.nan
SAMPLES = 40


def test_every_row_with_a_normwise_bound_is_in_the_table():
    bounded = {row.name for row in ROWS.values() if np.isfinite(row.normwise) and row.normwise}
    assert bounded == TRUE.keys()


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", TRUE)
def test_error_is_within_the_rows_bound(name, dtype):
    operands = samples(name, dtype, SAMPLES)
    found = errors(name, dtype, run_row(name, dtype, *operands), operands)
    worst = int(np.argmax(found))
    point = [x[worst] for x in operands]
    assert found[worst] <= ROWS[name].normwise, f"{name}{point} is off by {found[worst]}"


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
    found = run_row(name, "c128", GRID)
    for side in ("real", "imag"):
        got, want = getattr(found, side), getattr(wanted, side)
        equal = np.isclose(abs(got), abs(want), rtol=1e-14, atol=0, equal_nan=True)
        signs = np.signbit(got) == np.signbit(want)
        assert np.all(equal | np.isnan(GRID) & np.isnan(got)), f"{name}.{side}"
        assert np.all(signs[np.isfinite(GRID)]), f"{name}.{side}"


def test_expm1_is_real_on_the_real_axis():
    """NumPy's has a NaN there for infinities."""
    infinities = np.array([INF + 0j, -INF + 0j])
    np.testing.assert_array_equal(run_row("expm1", "c128", infinities), [INF, -1])


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
    found = run_row("div", "c128", np.array([x]), np.array([y]))
    np.testing.assert_array_equal(found, [wanted])


def test_powers_of_zero():
    zero = np.zeros(4, complex)
    found = run_row("pow", "c128", zero, np.array([0, 2 - 1j, -1, 1j], complex))
    np.testing.assert_array_equal(found, [1, 0, complex(NAN, NAN), complex(NAN, NAN)])
