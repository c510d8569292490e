"""Compiling over and over leaves nothing behind. `scripts/recompile.py` does it for longer."""

import runpy
from pathlib import Path

import numpy as np
import pytest

import jitflow as jf
from jitflow.runtime import engine as engines
from jitflow.runtime.engine import LINKS_EACH, engine
from jitflow.runtime.machine import host_target
from tests.support.quiet import quiet

SCRIPT = Path(__file__).parents[2] / "scripts" / "recompile.py"
ANSWER = "define i32 @answer() nounwind {\n  ret i32 42\n}\n"


def test_new_functions_leave_no_objects():
    recompile = runpy.run_path(str(SCRIPT))
    for number in range(40):
        recompile["compile_one"](number)
    quiet()
    before = recompile["held"]()
    for number in range(40):  # the same again: what is cached by value is there
        recompile["compile_one"](number)
    after = recompile["held"]()
    assert after[1] - before[1] <= 10
    assert after[2] - before[2] <= 40


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="asks /proc")
def test_links_leave_no_memory():
    quiet()
    image = engine().object_image(ANSWER, host_target())
    held = runpy.run_path(str(SCRIPT))["held"]

    def link(times):
        for _ in range(times):
            engine().link([image], ["answer"])
        return held()[0]

    start = link(4 * LINKS_EACH)
    assert link(16 * LINKS_EACH) - start < 16 * LINKS_EACH * 2000


def test_code_outlives_its_linker(monkeypatch):
    monkeypatch.setattr(engines, "LINKS_EACH", 1)
    functions = [jf.jit(lambda x, k=k: x * (k + 1.5)) for k in range(5)]
    x = np.arange(4.0)
    for _ in range(2):
        for k, f in enumerate(functions):
            np.testing.assert_array_equal(f(x), x * (k + 1.5))
