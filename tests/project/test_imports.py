"""What `import jitflow` costs: no heavy library comes along."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import jitflow

HEAVY = {"llvmlite", "matplotlib", "networkx", "rich", "scipy", "sklearn"}


def modules_after(statement: str) -> set[str]:
    """The modules loaded in a fresh process once `statement` has run."""
    report = f"{statement}\nimport json, sys\nprint(json.dumps(list(sys.modules)))"
    home = str(Path(jitflow.__file__).parents[1])
    done = subprocess.run(
        [sys.executable, "-c", report],
        env={**os.environ, "PYTHONPATH": home},
        stdout=subprocess.PIPE,
        check=True,
    )
    return set(json.loads(done.stdout))


def test_import_loads_no_heavy_library():
    loaded = modules_after("import jitflow; jitflow.jit; jitflow.grad; jitflow.vmap")
    packages = {name.partition(".")[0] for name in loaded}
    assert "jitflow" in packages and not packages & HEAVY


def test_names_load_with_first_use():
    loaded = modules_after("import jitflow")
    assert {name for name in loaded if name.startswith("jitflow")} == {
        "jitflow", "jitflow.first_use",
    }  # fmt: skip


def test_jit_loads_neither_derivatives_nor_text():
    loaded = modules_after("import jitflow; jitflow.jit")
    assert "jitflow.api.function" in loaded
    assert not loaded & {
        "jitflow.api.gradient", "jitflow.numpy", "jitflow.passes.linearize", "jitflow.ir.parser",
        "jitflow.runtime.bodies", "ml_dtypes",
    }  # fmt: skip


def test_the_first_jitted_function_loads_what_its_first_call_needs():
    code = "import jitflow as jf, numpy as np; f = jf.jit(lambda x: x + 1)"
    loaded = modules_after(code)
    assert not loaded & {"jitflow.numpy.tables", "ml_dtypes"}
    called = f"import os; os.environ['JITFLOW_CACHE_DIR'] = 'off'; {code}; f.trace(np.ones(3))"
    assert {m for m in modules_after(called) - loaded if m.startswith("jitflow")} == set()


def test_every_public_name_is_there():
    for package in (jitflow, jitflow.api, jitflow.ir):
        assert all(getattr(package, name) is not None for name in package.__all__)
        assert set(package.__all__) <= set(dir(package))
    for room in (jitflow.checkpoint, jitflow.data, jitflow.drawing, jitflow.export, jitflow.nn):
        assert all(getattr(room, name) is not None for name in room.__all__)
    with pytest.raises(AttributeError, match="module 'jitflow' has no attribute 'jitt'"):
        jitflow.jitt  # noqa: B018


def test_the_array_namespace_knows_bfloat16_by_name():
    code = "import jitflow as jf; f = jf.jit(lambda x: x + 1); f(jf.numpy.zeros(2, 'bfloat16'))"
    assert "ml_dtypes" in modules_after(code)
