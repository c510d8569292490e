"""The benchmarks' harness on cases of its own, and one real case with no peer but NumPy."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
COMMAND = [sys.executable, str(BENCHMARKS / "run.py")]


@pytest.fixture
def harness(monkeypatch):
    """The modules `case`, `measure` and `report`, which are no part of a package."""
    monkeypatch.syspath_prepend(BENCHMARKS)
    monkeypatch.setenv("JITFLOW_NUM_THREADS", "1")  # as `use_threads` leaves it
    import case
    import measure
    import report

    return case, measure.measure, report


def double(form):
    return lambda seed: lambda: form(np.full(3, seed, np.float32))


def doubling(case, rows, **more):
    """A case of 2 * x; a row is a function of x."""
    reference = double(lambda x: x * 2)
    rows = {name: double(form) for name, form in rows.items()}
    return case.Case(
        name="double", title="2 * x", reference=lambda seed: reference(seed)(), rows=rows, **more
    )


@pytest.mark.parametrize("kind", ["CALLS", "FIRST_CALL"])
def test_every_row_is_sampled_in_every_round(harness, kind):
    case, measure, _ = harness
    kind = case.Kind[kind]
    forms = {"jitflow": lambda x: x + x, "numpy": lambda x: x * 2}
    rows = measure(doubling(case, forms, kind=kind), rounds=3)
    assert [sorted(row.seconds) for row in rows.values()] == [[1, 2, 3], [1, 2, 3]]
    assert all((row.first_call is None) is (kind is case.Kind.FIRST_CALL) for row in rows.values())


def test_rows_that_cannot_be_timed_say_why(harness):
    case, measure, report = harness
    forms = {
        "jitflow": lambda x: x * 2,
        "numpy raises": lambda x: x.missing,
        "numpy differs": lambda x: x * 2 + 1,
        "numpy widens": lambda x: x.astype(np.float64) * 2,
        "no_such_library": lambda x: x * 2,
    }
    bars = case.Bar("no_such_library", 0.5), case.Bar("numpy", 1.0)
    declared = doubling(case, forms, bars=bars, left_out={"abacus": "it is slow"})
    rows = measure(declared, rounds=1)
    notes = "\n".join(report.notes(declared, rows))
    assert rows["no_such_library"].note == "not installed"
    assert [name for name, row in rows.items() if row.failed] == [
        "numpy raises", "numpy differs", "numpy widens",
    ]  # fmt: skip
    assert "numpy raises: AttributeError" in notes
    assert "numpy widens: AssertionError: float64[3], NumPy has float32[3]" in notes
    assert "abacus: left out, it is slow" in notes
    assert "no_such_library's time: not measured" in notes


def test_bars_compare_with_the_fastest_row_of_a_library(harness):
    case, _, _ = harness
    import compare

    rows = rows_of(jitflow=[1.0, 2.0, 30.0], jax=[8.0, 16.0, 24.0], jax_donated=[4.0, 8.0, 12.0])
    assert compare.found(case.Bar("jax", 0.25), rows) == 0.25
    assert compare.verdict(case.Bar("jax", 0.25), rows).endswith("0.25, pass")
    assert compare.verdict(case.Bar("jax", 0.2), rows).endswith("0.25, MISS")
    assert compare.found(case.Over("jax", 1.0), rows) == -3.0
    assert compare.verdict(case.Over("jax", -4.0), rows).endswith("-3, MISS")


def rows_of(**seconds):
    """Rows by name, `_` standing for a space."""
    import measure

    return {
        name.replace("_", " "): measure.Row(seconds=dict(enumerate(values)))
        for name, values in seconds.items()
    }


def test_cases_are_ranked_by_their_best_peer(harness, capsys):
    case, _, report = harness
    import compare

    fast, slow, alone = (
        case.Case(name=name, title="", reference=lambda seed: (), rows={}, no_peers=("numpy",))
        for name in ("fast", "slow", "alone")
    )
    measured = [
        (fast, rows_of(jitflow=[1.0], jax=[6.0], torch_eager=[4.0], numpy=[0.1])),
        (slow, rows_of(jitflow=[2.0], jax=[1.0])),
        (alone, rows_of(jitflow=[2.0], numpy=[1.0])),
    ]
    assert [(ahead, case.name) for ahead, case, _ in compare.leads(measured)] == [
        (0.5, "slow"), (4.0, "fast"),
    ]  # fmt: skip
    assert compare.best_peer(*measured[0]) == "torch eager"
    report.print_summary(measured)
    printed = capsys.readouterr().out
    assert "torch eager" in printed and "geometric mean of the ratios: 1.41" in printed


def test_a_picture_has_every_case(harness, tmp_path):
    pytest.importorskip("matplotlib")
    case, _, _ = harness
    import picture

    named = case.Case(name="a_case", title="", reference=lambda seed: (), rows={})
    machine = dict.fromkeys(("machine", "threads", "date"), "as stated")
    path = tmp_path / "new" / "run.svg"
    picture.write_picture(path, machine, [(named, rows_of(jitflow=[1.0], jax=[3.0]))])
    assert "a_case" in path.read_text() and "as stated" in path.read_text()


def test_shared_cores_and_several_threads_are_pointed_out(harness):
    _, _, report = harness
    import measure

    alone, shared, two = ([0.99, 1.0], [0.4, 0.5, 1.0], [1.0, 2.0])
    rows = {"alone": measure.Row(cores=alone), "shared": measure.Row(cores=shared)}
    assert report.core_use({"alone": rows["alone"], "none": measure.Row()}) == []
    assert report.core_use(rows) == ["busy machine: a row had 0.50 of its core"]
    (warning,) = report.core_use({"two": measure.Row(cores=two)})
    assert warning.startswith("two: used 2.0 cores")


def test_amounts_have_three_digits(harness):
    case, _, report = harness
    found = [report.amount(x) for x in (2.0, 0.0123456, 0.000_123_4, 5.4321e-6, 8e-10)]
    assert found == ["2.00 s", "12.3 ms", "123 us", "5.43 us", "0.80 ns"]
    found = [report.amount(x, case.Kind.PEAK_MEMORY) for x in (1.5e9, 87_654_321)]
    assert found == ["1.50 GB", "87.7 MB"]


def test_a_small_case_runs_and_writes_its_figures(tmp_path):
    record = tmp_path / "results" / "found.json"
    options = ["--only", "small_call", "--libraries", "jitflow,numpy", "--rounds", "1"]
    done = subprocess.run(
        [*COMMAND, *options, "--json", str(record)],
        capture_output=True, text=True, check=False, env=os.environ | {"COLUMNS": "100"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("date:") and "small_call" in done.stdout
    (found,) = json.loads(record.read_text())["cases"]
    assert set(found["rows"]) == {"jitflow", "numpy"}
    assert all(len(row["samples"]) == 1 for row in found["rows"].values())


def test_first_calls_in_new_processes_are_checked_there(tmp_path):
    record = tmp_path / "found.json"
    options = ["--only", "first_call_10_new", "--libraries", "jitflow", "--rounds", "1"]
    done = subprocess.run(
        [*COMMAND, *options, "--json", str(record)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    (found,) = json.loads(record.read_text())["cases"]
    assert len(found["rows"]["jitflow"]["samples"]) == 1
    (bar,) = found["bars"]
    assert bar == {"goal": "jitflow takes at most 0.20 of jax's time", "limit": 0.2, "found": None}


def test_memory_is_that_of_the_whole_process(tmp_path):
    record = tmp_path / "found.json"
    options = ["--only", "peak_memory_stream", "--libraries", "numpy", "--rounds", "1"]
    done = subprocess.run(
        [*COMMAND, *options, "--json", str(record)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    (found,) = json.loads(record.read_text())["cases"]
    assert found["unit"] == "bytes"
    assert 3 * 64e6 < found["rows"]["numpy"]["median"] < 2e9  # two arguments and a result at least


def test_workloads_give_the_numbers_of_numpy(tmp_path):
    options = ["--only", "[cs]o[bu]*e*", "--libraries", "jitflow,numpy", "--rounds", "1"]
    done = subprocess.run(
        [*COMMAND, *options, "--json", str(tmp_path / "found.json")],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr


def test_an_unknown_case_is_refused():
    done = subprocess.run(
        [*COMMAND, "--only", "nothing"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert done.stderr.startswith("no case matches 'nothing'; known: first_call_10,")


def test_bars_may_name_a_row_or_nobody(harness):
    case, measure, report = harness
    forms = {"jitflow": lambda x: x * 2, "jitflow twice": lambda x: x * 4 / 2}
    bars = (
        case.Bar("jitflow twice", 1e9), case.Over("jitflow twice", 1e9),
        case.Within(1e9, "jitflow twice"), case.Within(1e-12),
    )  # fmt: skip
    made = doubling(case, forms, bars=bars, waits=True)
    found = report.notes(made, measure(made, rounds=2))
    assert [line.rsplit(" ", 1)[1] for line in found] == ["pass", "pass", "pass", "MISS"]
    assert "jitflow twice takes at most 1e+09 s:" in found[2]
    assert "jitflow takes at most 1e-12 s:" in found[3]


@pytest.mark.parametrize("name", ["session_step", "fit_digits"])
def test_cases_of_front_ends(name, tmp_path):
    record = tmp_path / "found.json"
    options = ["--only", name, "--libraries", "jitflow", "--rounds", "1", "--json", str(record)]
    done = subprocess.run([*COMMAND, *options], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "jitflow" in done.stdout
