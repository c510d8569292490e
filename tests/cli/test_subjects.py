"""Commands take functions in Python, IR text and exported files alike; `build` makes objects."""

import json

import numpy as np
import pytest

import jitflow as jf
import jitflow.graph as g
from jitflow import export
from jitflow.cli.main import main

SCALE = np.arange(1, 5, dtype=np.float32)
LOOPS = """\
func @f(%x: &f32[4], %out: &f32[4]) {outputs=1} {
  %0: i64[] = constant {value=0}
  %1: f32[] = load %x, %0
  store %1, %out, %0
  return
}
"""


def scaled(x):
    return np.tanh(x) * SCALE


@pytest.fixture
def subjects(tmp_path, monkeypatch):
    """One function in three forms: a file of Python, of IR text, an exported one."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "model_for_subjects.py").write_text(
        "import numpy as np\nSCALE = np.arange(1, 5, dtype=np.float32)\n"
        "def scaled(x):\n    return np.tanh(x) * SCALE\n"
    )
    traced = jf.jit(scaled).trace(jf.spec("f32[4]"))
    (tmp_path / "scaled.jf").write_text(traced.as_text("graph"))
    (tmp_path / "loops.jf").write_text(LOOPS)
    export.save("scaled.jfx", traced)
    np.save("x.npy", np.ones(4, np.float32))
    np.save("scale.npy", SCALE)
    return {
        "python": ["model_for_subjects.py:scaled", "--args", "f32[4]"],
        "text": ["scaled.jf"], "exported": ["scaled.jfx"],
    }  # fmt: skip


@pytest.mark.parametrize("form", ["python", "text", "exported"])
def test_each_command_takes_each_form(form, subjects, capsys):
    given = subjects[form]
    assert main(["dump", *given, "--stage", "graph,opt,kernels,llvm,asm"]) == 0
    shown = capsys.readouterr().out
    assert shown.startswith("; stage: graph\nfunc @scaled(%x: f32[4], %") and "tanh" in shown
    assert main(["opt", *given, "-p", "cse,dce"]) == 0
    assert "func @scaled(" in capsys.readouterr().out
    assert main(["viz", *given, "-o", "scaled.html"]) == 0
    assert main(["time", *given]) == 0
    assert "machine code" in capsys.readouterr().out
    inputs = "x.npy, scale.npy" if form == "text" else "x.npy"
    for how in ([], ["--interpret"]):
        assert main(["run", *given, "--inputs", inputs, "--json", *how]) == 0
        (result,) = json.loads(capsys.readouterr().out)["results"]
        np.testing.assert_allclose(result["data"], np.tanh(1) * SCALE, rtol=1e-6)
    assert main(["build", *given, "--target", "riscv64-linux-gnu", "-o", "made"]) == 0
    assert capsys.readouterr().out == "wrote made.o and made.h\n"


def test_the_state_of_a_program_need_not_be_given(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    with g.Graph().as_default(), g.Session() as session:
        zeta = g.Variable(np.float32(3), name="zeta")
        alpha = g.Variable(np.ones(2, np.float32), name="alpha")
        x = g.placeholder(np.float32, [2], "x")
        step = zeta.assign_add(g.reduce_sum(x * alpha))
        session.run(g.global_variables_initializer())
        export.save("step.jfx", session, step, [x])
    np.save("x.npy", np.array([1, 2], np.float32))
    assert main(["run", "step.jfx", "--inputs", "x.npy", "--json"]) == 0
    results = json.loads(capsys.readouterr().out)["results"]
    assert [result["data"] for result in results] == [6.0, 6.0]
    assert main(["build", "step.jfx", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["object"] == "run.o"
    assert "extern const float run_initial_alpha[2];" in (tmp_path / "run.h").read_text()


def test_loop_ir_has_the_stages_from_kernels_on(subjects, capsys):
    assert main(["dump", "loops.jf", "--stage", "kernels,llvm"]) == 0
    assert "define i32" in capsys.readouterr().out
    for command, problem in {
        "dump": "it has the stages kernels, llvm, asm", "viz": "viz draws functions over arrays",
        "build": "an object is made of functions over arrays",
    }.items():  # fmt: skip
        assert main([command, "loops.jf"]) == 2
        assert f"@f is loop IR; {problem}" in capsys.readouterr().err


@pytest.mark.parametrize(("arguments", "problem"), [
    (["dump", "scaled.jfx", "--args", "f32[4]"], "--args is for functions in Python"),
    (["dump", "scaled.jfx", "--function", "f"], "--function is for IR text; scaled.jfx is none"),
    (["run", "scaled.jf", "--grad"], "--grad is for functions in Python; scaled.jf is none"),
    (["run", "none.jfx"], "cannot read none.jfx: No such file"),
    (["dump", "cut.jfx"], "cut.jfx is no exported function, or damaged"),
    (["build", "scaled.jfx", "--target", "z80"], "no code for 'z80'"),
    (["build", "scaled.jfx", "--cpu", "z80"], "'z80' is not a recognized processor"),
    (["build", "scaled.jfx", "-o", "none/made"], "cannot write none/made.o: No such file"),
    (["build", "scaled.jfx", "-o", "int"], "'int' is no name of a C function"),
])  # fmt: skip
def test_what_is_wrong_is_said(arguments, problem, subjects, tmp_path, capsys):
    (tmp_path / "cut.jfx").write_bytes((tmp_path / "scaled.jfx").read_bytes()[:-9])
    assert main(arguments) == 2
    assert problem in capsys.readouterr().err
