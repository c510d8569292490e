"""`jitflow ops`: every row has a line; one row is told whole."""

import importlib.util
import json
import math
from pathlib import Path

import pytest

from jitflow.cli.main import main
from jitflow.cli.measured import COMPLEX, MEASURED
from jitflow.cli.ops import COLUMNS
from jitflow.ir.parser import parse_function
from jitflow.ir.row import ROWS, Family
from jitflow.ir.verifier import verify
from jitflow.runtime.kernels import CONTROL, code_of


def shown(capsys, *arguments):
    assert main(["ops", *arguments]) == 0
    return capsys.readouterr().out


def test_every_row_has_a_line(capsys):
    titles, *lines = shown(capsys).splitlines()
    assert titles.split() == list(COLUMNS)
    assert sorted(line.split()[0] for line in lines) == sorted(ROWS)


def test_a_family(capsys):
    lines = shown(capsys, "--family", "reduce").splitlines()[1:]
    assert {line.split()[1] for line in lines} == {"reduce"}


def test_for_machines(capsys):
    records = {record["op"]: record for record in json.loads(shown(capsys, "--json"))}
    assert set(records) == set(ROWS)
    assert records["exp"]["error"] == "1.5 ULP"
    single, double = map(float, records["exp"]["measured"].split())
    assert 0.5 <= single <= 1.5 and 0.5 <= double <= 1.5
    assert records["add"]["derivative"] == "linear" and records["floor"]["derivative"] == ""
    (one,) = json.loads(shown(capsys, "exp", "--json"))
    assert one == records["exp"]


@pytest.mark.parametrize(
    ("name", "becomes"),
    [
        ("add", "inline"),
        ("tanh", "inline, or a call where rare"),
        ("reduce_sum", "loops"),
        ("loop", ""),
    ],
)
def test_what_code_ops_become(name, becomes):
    assert code_of(ROWS[name]) == becomes


def test_rows_of_the_library_family_are_calls():
    rows = [row for row in ROWS.values() if row.family is Family.LIBRARY]
    assert {code_of(row) for row in rows} <= {"library call"}


def test_one_op_shows_its_expansion(capsys):
    text = shown(capsys, "clamp")
    assert "error         exact" in text and "derivative    yes" in text
    expansion = text.partition("expansion for f32:\n")[2]
    assert [op.name for op in verify(parse_function(expansion)).ops] == ["maximum", "minimum"]
    assert "no derivative" in shown(capsys, "floor")


def test_an_op_that_there_is_not(capsys):
    assert main(["ops", "tanhh"]) == 2
    assert "unknown op 'tanhh'; did you mean 'tanh'?" in capsys.readouterr().err
    assert main(["ops", "--family", "nosuch"]) == 2
    assert "invalid choice" in capsys.readouterr().err


def test_measured_errors_are_those_of_the_page():
    file = Path(__file__).parents[2] / "scripts" / "measure_accuracy.py"
    spec = importlib.util.spec_from_file_location("measure_accuracy", file)
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    text = script.module(script.PAGE.read_text())
    assert text == script.MODULE.read_text(), "run python scripts/measure_accuracy.py"


def test_every_row_that_is_not_exact_was_measured():
    """What the host computes is NumPy's."""
    rows = [r for r in ROWS.values() if r.family not in (Family.LIBRARY, *CONTROL)]
    assert {row.name for row in rows if not row.exact} == MEASURED.keys()
    assert {row.name for row in rows if 0 < row.normwise < math.inf} == COMPLEX.keys()


def test_complex_numbers_are_told_of_one_op(capsys):
    assert "complex       3.0 ULP of the modulus, measured" in shown(capsys, "mul")
    assert "NumPy's" in shown(capsys, "svd")
