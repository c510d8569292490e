"""`jitflow time`: its table, its JSON, and what it refuses."""

import json

import pytest

from jitflow.cli import time
from jitflow.cli.main import main

MODEL = """\
import numpy as np

def norm(x):
    return np.sqrt((x * x).sum(axis=1))
"""


@pytest.fixture
def model(tmp_path, monkeypatch):
    (tmp_path / "model_for_time.py").write_text(MODEL)
    monkeypatch.chdir(tmp_path)
    return ["time", "model_for_time.py:norm", "--args", "f32[4, 3]"]


def test_steps_and_kernels_are_tables(model, capsys):
    assert main(model) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "norm(x: f32[4, 3])"
    assert [line.split()[-1] for line in lines[1:3]] == ["step", "trace"]
    assert any(line.endswith("machine code") for line in lines)
    assert not any(line.endswith("load the compiler") for line in lines)
    assert "model_for_time.py:4" in lines[-1]


def test_cold_compiles_once(model, capsys, monkeypatch):
    traced = []
    original = time.subject
    monkeypatch.setattr(time, "subject", lambda a: traced.append(a) or original(a))
    assert main([*model, "--cold"]) == 0
    assert len(traced) == 1
    assert main(model) == 0
    assert len(traced) == 3
    assert capsys.readouterr().out.count("total") == 2


def test_a_function_that_does_not_fit_is_refused(model, capsys):
    assert main([*model[:2], "--args", "f32[]"]) == 2
    assert "axis" in capsys.readouterr().err


def test_json(model, capsys):
    assert main([*model, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["steps"][0]["step"] == "trace" and found["kernels"][0]["loops"] >= 1
