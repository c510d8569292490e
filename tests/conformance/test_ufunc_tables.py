"""The accuracy tables that NumPy ships with its tests, against functions inside of jit.

Each line has the bits of an argument and of the correctly rounded result, for arguments that are
hard to get right: subnormals, edges of ranges, multiples of pi.
"""

import csv
from pathlib import Path

import numpy as np
import pytest

import jitflow as jf
from jitflow.ir.row import ROWS

FOLDER = Path(np.__file__).parent / "_core" / "tests" / "data"
TABLES = sorted(FOLDER.glob("umath-validation-set-*.csv"))
DTYPES = {"np.float32": (np.uint32, np.float32), "np.float64": (np.uint64, np.float64)}


def read(path):
    """Arguments and results of a table, by dtype."""
    found = {name: ([], []) for name in DTYPES}
    with path.open() as file:
        for dtype, argument, result, _ in csv.reader(line for line in file if line[:3] == "np."):
            found[dtype][0].append(int(argument, 16))
            found[dtype][1].append(int(result, 16))
    return found


def test_numpy_ships_its_tables():
    if not TABLES:
        pytest.skip("this NumPy was installed without its tests")
    names = {path.stem.rpartition("-")[2] for path in TABLES}
    assert {"exp", "log", "sin", "cos", "tanh", "arcsinh", "cbrt"} <= names <= ROWS.keys()


@pytest.mark.parametrize("path", TABLES, ids=lambda path: path.stem.rpartition("-")[2])
def test_table(path):
    """Within the row's bound of the true value, which the rounded one is half a ULP from."""
    name = path.stem.rpartition("-")[2]
    steps = int(ROWS[name].ulp + 0.5)
    for dtype, (arguments, results) in read(path).items():
        bits, floats = DTYPES[dtype]
        x = np.array(arguments, bits).view(floats)
        wanted = np.array(results, bits).view(floats)
        got = jf.jit(getattr(np, name))(x)
        np.testing.assert_array_max_ulp(got, wanted, steps)
