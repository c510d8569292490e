"""The namespace of the conformance run, and its list of failures, without the suite itself."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest

HERE = Path(__file__).parent


def load(name):
    spec = importlib.util.spec_from_file_location(name, HERE / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


xp = load("array_api")
run = load("run")


def test_functions_operators_and_writes_are_jitted():
    x = xp.asarray([1.0, 2.0, 3.0], dtype=xp.float32)
    y = 2 * x + xp.sum(x, keepdims=True)
    assert type(y) is xp.Array and y.dtype == xp.float32
    y[1:] = 0
    y += x
    np.testing.assert_array_equal(y._data, np.array([9, 2, 3], np.float32))
    assert float(xp.concat([x, y])[3]) == 9
    assert xp.result_type(x, xp.float64) == xp.float64


def test_each_way_of_a_call_is_compiled_once():
    xp.sum(xp.zeros((2, 3)), axis=0)
    count = len(xp._COMPILED)
    xp.sum(xp.zeros((2, 3)), axis=0)
    assert len(xp._COMPILED) == count


def test_names_that_jitflow_lacks_are_missing():
    with pytest.raises(AttributeError):
        _ = xp.no_such_function


def test_known_failures_are_sorted_and_unique():
    lines = run.LIST.read_text().splitlines()
    assert lines == sorted(set(lines))
    assert all(line.startswith("array_api_tests/test_") for line in lines)


def test_counts_on_the_page_are_those_of_the_list():
    cells = next(row for row in run.PAGE.read_text().splitlines() if "**all**" in row).split("|")
    assert int(cells[4]) == len(run.LIST.read_text().splitlines())


def test_shrinking_drops_what_passes_and_adds_nothing(tmp_path, monkeypatch):
    monkeypatch.setattr(run, "LIST", tmp_path / "list.txt")
    run.shrink({"a", "b", "c"}, {"a": "passed", "b": "failed", "d": "failed"})
    assert run.LIST.read_text() == "b\n"


def test_table_counts_cases_and_functions():
    outcomes = {
        "array_api_tests/test_x.py::test_f[1]": "passed",
        "array_api_tests/test_x.py::test_f[2]": "failed",
        "array_api_tests/test_x.py::test_g": "passed",
        "array_api_tests/test_x.py::test_h": "skipped",
    }
    assert run.table(outcomes).splitlines()[2] == "| x | 4 | 2 | 1 | 1 | 2 | 1 (50%) |"
