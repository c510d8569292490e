"""`jitflow dump` and the command as a whole: what it finds, what it refuses, and how."""

import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

import jitflow
from jitflow.cli import main as main_module
from jitflow.cli.main import main
from jitflow.ir.parser import parse_function

MODEL = """\
import sibling
import numpy as np
import jitflow as jf

rate = 3

def loss(x, w):
    return np.tanh(x @ w).sum()

@jf.jit
def double(x):
    return x + x

def repeat(x, n):
    for _ in range(n):
        x = x * x
    return x

def repeated(x, n):
    return repeat(x, n).sum()

def broken(x):
    raise RuntimeError("no way")

class Model:
    @staticmethod
    def half(x):
        return x / 2

if __name__ == "__main__":
    raise SystemExit("main ran")
"""
LOSS = ["--args", "f32[4, 3], f32[3, 2]"]
VECTOR = ["--args", "f32[3]"]


@pytest.fixture
def model(tmp_path, monkeypatch):
    """A file with its sibling; code under `__main__` must not run."""
    (tmp_path / "sibling.py").write_text("")
    (tmp_path / "model_for_dump.py").write_text(MODEL)
    monkeypatch.chdir(tmp_path)
    return "model_for_dump.py"


def test_default_stage_is_the_optimised_ir(model, capsys):
    assert main(["dump", f"{model}:double", *VECTOR]) == 0
    assert capsys.readouterr().out == textwrap.dedent("""\
        func @double(%x: f32[3]) {
          %0: f32[3] = add %x, %x
          return %0
        }
    """)


def test_which_kernel_each_op_got(model, capsys):
    assert main(["dump", f"{model}:double", *VECTOR, "--kernels", "--stage", "opt,kernels"]) == 0
    out = capsys.readouterr().out
    assert "}\n; kernels on cpu:0\n;   add f32: inline\n" in out
    assert out.count("; kernels on") == 1
    assert main(["dump", f"{model}:repeat", *VECTOR, "--static", "n=3", "--kernels"]) == 0
    out = capsys.readouterr().out
    assert ";   mul f32: inline, 3 times\n" in out and parse_function(out).name == "repeat"


@pytest.mark.parametrize("stages", [["graph,ir,opt"], ["graph", "ir", "opt"], ["graph, ir", "opt"]])
def test_several_stages_have_headings(model, capsys, stages):
    options = [part for stage in stages for part in ("--stage", stage)]
    assert main(["dump", f"{model}:loss", *LOSS, *options]) == 0
    out = capsys.readouterr().out
    titles = [line for line in out.splitlines() if line.startswith(";")]
    assert titles == ["; stage: graph", "; stage: ir", "; stage: opt"]
    assert out.count("func @loss(") == 3


@pytest.mark.parametrize(
    ("stage", "sign"), [("kernels", "store"), ("llvm", "define "), ("asm", ".text")]
)
def test_lower_stages(model, capsys, stage, sign):
    assert main(["dump", f"{model}:double", *VECTOR, "--stage", stage]) == 0
    assert sign in capsys.readouterr().out


def test_gradient(model, capsys):
    assert main(["dump", f"{model}:loss", *LOSS, "--grad"]) == 0
    assert "-> " not in (out := capsys.readouterr().out) and "tanh" in out and "return" in out


def test_locations(model, capsys):
    assert main(["dump", f"{model}:double", *VECTOR, "--locations"]) == 0
    assert "add %x, %x  ; model_for_dump.py:12" in capsys.readouterr().out


@pytest.mark.parametrize("target", ["model_for_dump:loss", "./model_for_dump.py:loss"])
def test_module_or_path(model, capsys, target):
    assert main(["dump", target, *LOSS]) == 0
    assert "func @loss(" in capsys.readouterr().out


def test_function_in_a_class_and_static_arguments(model, capsys):
    assert main(["dump", f"{model}:Model.half", *VECTOR]) == 0
    assert main(["dump", f"{model}:repeat", *VECTOR, "--static", "n=2", "--stage", "graph"]) == 0
    gradient = ["--stage", "graph", "--grad"]
    assert main(["dump", f"{model}:repeated", *VECTOR, "--static", "n=2", *gradient]) == 0
    assert capsys.readouterr().out.count("mul") >= 3 + 2


@pytest.mark.parametrize(
    ("arguments", "problems"),
    [
        (["FILE"], ["names no function", "MODULE_OR_FILE:FUNCTION"]),
        (["FILE:", *LOSS], ["names no function"]),
        (["nosuch.py:f"], ["no file nosuch.py", "MODULE_OR_FILE:FUNCTION"]),
        (["nosuch_module:f"], ["no module 'nosuch_module'", "MODULE_OR_FILE:FUNCTION"]),
        (["os.nosuch:f"], ["no module 'os.nosuch'"]),
        (["two words:f"], ["'two words' is no module"]),
        (["FILE:los", *LOSS], ["no function 'los'; did you mean loss?", "double, repeat"]),
        (["FILE:rate"], ["'rate' is an int, not a function"]),
        (["FILE:loss", *VECTOR], ["loss(x, w): missing", "'w'; --args gives 1 argument"]),
        (["FILE:loss"], ["--args gives 0 arguments"]),
        (["FILE:loss", "--args", "f32[3"], ["--args:1:", "expected ',' or ']'", "^"]),
        (["FILE:loss", "--args", "f33[3]"], ["--args:1:1: unknown dtype 'f33'"]),
        (["FILE:loss", "--args", "f32[3], f32[4]"], ["(3,)", "(4,)"]),
        (["FILE:loss", *LOSS, "--stage", "opts"], ["unknown stage 'opts'", "graph, ir, opt"]),
        (["FILE:loss", *LOSS, "--stage", ""], ["unknown stage ''"]),
        (["FILE:loss", *LOSS, "--static", "n"], ["--static n: expected NAME=VALUE"]),
        (["FILE:repeat", *VECTOR, "--static", "n=f("], ["expected a Python literal"]),
        (["FILE:broken", *VECTOR], ["RuntimeError: no way", "model_for_dump.py:23: raise"]),
        (["FILE:double", *VECTOR, "--grad"], ["scalar"]),
        ([], ["required: WHAT"]),
    ],
)
def test_wrong_arguments(model, capsys, arguments, problems):
    assert main(["dump", *(a.replace("FILE", model) for a in arguments)]) == 2
    out, err = capsys.readouterr()
    assert out == "" and err.startswith("jitflow: ") and len(err.splitlines()) <= 6
    assert all(problem in err for problem in problems), err


@pytest.mark.parametrize(
    ("source", "problem"),
    [
        ("import nosuch_module", "No module named 'nosuch_module'"),
        ("def f(:", "SyntaxError"),
        ("1 / 0", "ZeroDivisionError"),
        ("import sys; sys.exit(3)", "SystemExit: 3"),
    ],
)
def test_file_that_cannot_be_imported(tmp_path, capsys, source, problem):
    file = tmp_path / "faulty.py"
    file.write_text(f"\n{source}\n")
    assert main(["dump", f"{file}:f"]) == 2
    err = capsys.readouterr().err
    assert problem in err and f"{file}:2: {source}" in err


def test_path_of_the_process_stays_as_it_was(model):
    before = list(sys.path)
    main(["dump", f"{model}:loss", *LOSS])
    main(["dump", "nosuch_module:f"])
    assert sys.path == before


# The command as a whole.


def test_version_and_help(capsys):
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"jitflow {jitflow.__version__}\n"
    for command in ([], ["dump"], ["opt"], ["passes"]):
        assert main([*command, "--help"]) == 0
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("arguments", [[], ["nosuch"], ["--nosuch"]])
def test_no_such_command(capsys, arguments):
    assert main(arguments) == 2
    assert capsys.readouterr().err.startswith("jitflow: ")


def test_passes_lists_each_with_its_options(capsys):
    assert main(["passes"]) == 0
    out = capsys.readouterr().out
    assert "cse  " in out and "limit=256: a whole number" in out and "inline, " in out


def test_passes_shows_one_whole(capsys):
    assert main(["passes", "fold"]) == 0
    assert capsys.readouterr().out.startswith("fold: Replaces ops")
    assert main(["passes", "flod"]) == 2
    assert "did you mean 'fold'?" in capsys.readouterr().err


def test_fault_of_jitflow_itself_is_told_apart(monkeypatch, capsys):
    def fail(arguments):
        raise AssertionError("broken inside")

    monkeypatch.setattr(main_module.passes, "run", fail)
    assert main(["passes"]) == 1
    assert "internal error: AssertionError: broken inside" in capsys.readouterr().err


@pytest.mark.parametrize("module", ["jitflow", "jitflow.cli"])
def test_a_real_process_and_a_closed_pipe(module, model):
    home = str(Path(jitflow.__file__).parents[1])
    command = [sys.executable, "-m", module, "dump", f"{model}:double", *VECTOR]
    environment = {"PYTHONPATH": home, "PATH": ""}
    done = subprocess.run(command, capture_output=True, text=True, env=environment)
    assert (done.returncode, done.stderr) == (0, "") and done.stdout.startswith("func @double")
    done = subprocess.run(
        ["/bin/sh", "-c", 'exec 3>&1; "$@" --stage llvm | :', "sh", *command],
        capture_output=True,
        text=True,
        env=environment,
    )
    assert (done.returncode, done.stderr) == (0, "")
