"""`--load`: files of the user's that add ops and passes."""

import pytest

from jitflow.cli import locate
from jitflow.cli.main import main
from jitflow.passes.registry import PASSES

PASS = """\
from jitflow.passes.registry import enter

def double(x):
    return x + x

@enter
def nothing(function):
    "Does nothing at all."
    return function
"""


@pytest.fixture
def file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(locate, "_LOADED", {})
    (tmp_path / "own.py").write_text(PASS)
    yield "own.py"
    PASSES.pop("nothing", None)


def test_a_loaded_pass_is_listed_and_runs(file, tmp_path, capsys):
    (tmp_path / "f.jf").write_text("func @f(%x: f32[2]) {\n  return %x\n}\n")
    assert main(["passes", "nothing", "--load", file]) == 0
    assert capsys.readouterr().out == "nothing: Does nothing at all.\n"
    assert main(["opt", "f.jf", "--load", file, "-p", "nothing,nothing"]) == 0


def test_a_file_is_loaded_once(file, capsys):
    load = ("--load", file, "--load", f"./{file}")
    assert main(["dump", f"{file}:double", "--args", "f32[2]", *load]) == 0
    assert "add %x, %x" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (None, "no file own.py; such as --load"),
        ("1 / 0", "ZeroDivisionError"),
        (PASS.replace("nothing", "cse"), "pass 'cse' is registered twice"),
        (PASS + "enter(nothing)", "pass 'nothing' is registered twice"),
    ],
)
def test_files_that_cannot_be_loaded(file, tmp_path, capsys, text, problem):
    (tmp_path / file).unlink() if text is None else (tmp_path / file).write_text(text)
    assert main(["passes", "--load", file]) == 2
    out, err = capsys.readouterr()
    assert out == "" and problem in err and len(err.splitlines()) <= 6
