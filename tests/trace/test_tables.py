"""The tables of NumPy's functions: what a trace loads of them, whatever comes first."""

import subprocess
import sys

import pytest

PRELUDE = """
import sys
import numpy as np, jitflow as jf
x = np.arange(6.0)
"""
SHOW = """
print(*sorted(name.removeprefix("jitflow.numpy.") for name in sys.modules
              if name in ("jitflow.numpy.indexing", "jitflow.numpy.sorting", "jitflow.numpy.tables",
                          "jitflow.numpy.methods", "numpy.fft", "ml_dtypes")))
"""
TABLES = """
from functools import partial
from jitflow.trace import dispatch
def what(x):
    if isinstance(x, partial):
        return "partial", what(x.func), *map(what, x.args)
    if isinstance(x, tuple):
        return tuple(map(what, x))
    return getattr(x, "__module__", ""), getattr(x, "__qualname__", getattr(x, "__name__", str(x)))
names = "OPERATORS", "METHODS", "PROPERTIES", "CURES", "FUNCTIONS", "STAND_INS", "FOREIGN_UFUNCS"
for name in names:
    lines = sorted(str((what(key), what(x))) for key, x in getattr(dispatch, name).items())
    print(name, *[line for line in lines if " at 0x" not in line], sep="\\n")
"""


def output(text):
    done = subprocess.run(
        [sys.executable, "-c", text], capture_output=True, text=True, check=True,
        env={"PYTHONPATH": ":".join(sys.path), "JITFLOW_CACHE_DIR": "off"},
    )  # fmt: skip
    return done.stdout


@pytest.mark.parametrize(
    ("body", "loaded"),
    [
        ("x * 2 + np.tanh(x)", ""),
        ("x.T @ x - x.sum()", ""),
        ("x[1:] + x[0]", "indexing methods"),
        ("np.mean(x)", "indexing methods"),
        ("np.sort(x)", "indexing methods numpy.fft sorting tables"),
    ],
)
def test_a_trace_loads_what_it_meets(body, loaded):
    found = output(f"{PRELUDE}jf.jit(lambda x: {body}).trace(x){SHOW}").split()
    assert found == loaded.split()


def test_tables_are_the_same_whatever_was_loaded_first():
    first, *others = [
        output("\n".join(["import jitflow as jf", "jf.jit", load, TABLES]))
        for load in (
            "import jitflow.numpy.tables",
            "import jitflow.numpy.sorting, jitflow.numpy.tables",
            "from jitflow.trace.dispatch import fill_tables; fill_tables()",
        )
    ]
    assert first.count("\n") > 400
    assert others == [first, first]


def test_a_name_that_nobody_knows_is_missing_after_all_is_loaded():
    text = f"""{PRELUDE}
def f(x):
    assert not hasattr(x, "unheard_of") and not hasattr(x, "__array_interface__")
    return x
jf.jit(f)(x)"""
    assert "tables" in output(text + SHOW)
