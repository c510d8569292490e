"""`jitflow doctor`: what it shows, and that a check that fails is said."""

import json
import os
import re
import subprocess
import sys

import pytest

from jitflow.cli import doctor
from jitflow.cli.main import main
from jitflow.errors import TraceError
from jitflow.trace import stand_ins


def test_everything_is_well_here(capsys):
    assert main(["doctor"]) == 0
    out, err = capsys.readouterr()
    assert err == "" and "FAILED" not in out
    assert all(f"ok      {name}" in out for name in doctor.CHECKS)
    assert all(part in out for part in ("numpy ", "cpu ", "JITFLOW_CACHE_DIR", "\nchecks\n"))
    assert re.search("JITFLOW_NATIVE_ENTRY  +[a-z]", out)


def test_report_for_machines(capsys):
    assert main(["doctor", "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert list(report) == ["versions", "machine", "settings", "checks"]
    assert all(check["ok"] for check in report["checks"])


def test_a_failing_check_is_shown_and_is_the_exit_code(capsys, monkeypatch):
    def fails():
        raise ValueError("no\nway")

    monkeypatch.setitem(doctor.CHECKS, "gradients are right", fails)
    assert main(["doctor"]) == 1
    out = capsys.readouterr().out
    assert "FAILED  gradients are right" in out and "ValueError: no\n          way" in out


def test_a_wrong_number_is_found(monkeypatch):
    monkeypatch.setattr(doctor, "grad", lambda function: lambda x: x)
    with pytest.raises(AssertionError):
        doctor.CHECKS["gradients are right"]()


def test_a_python_whose_instructions_are_not_understood_is_found(monkeypatch):
    monkeypatch.setattr(stand_ins, "calls", lambda *_: False)
    with pytest.raises(TraceError):
        doctor.CHECKS["NumPy's own arrays take traced numbers"]()


def test_a_wrong_setting_ends_the_command_in_one_line():
    done = subprocess.run(
        [sys.executable, "-m", "jitflow.cli", "doctor"], capture_output=True, text=True,
        check=False, env=os.environ | {"JITFLOW_NUM_THREADS": "many"},
    )  # fmt: skip
    assert done.returncode == 2
    assert done.stderr == "jitflow: JITFLOW_NUM_THREADS='many': expected a whole number\n"
