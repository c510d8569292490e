"""What `import jitflow` costs: no heavy library comes along."""

import json
import os
import subprocess
import sys
from pathlib import Path

import jitflow

HEAVY = {"llvmlite", "matplotlib", "networkx", "rich", "scipy", "sklearn"}


def modules_after(statement: str) -> set[str]:
    """The top-level modules loaded in a fresh process once `statement` has run."""
    report = f"{statement}\nimport json, sys\nprint(json.dumps(list(sys.modules)))"
    home = str(Path(jitflow.__file__).parents[1])
    done = subprocess.run(
        [sys.executable, "-c", report],
        env={**os.environ, "PYTHONPATH": home},
        stdout=subprocess.PIPE,
        check=True,
    )
    return {name.partition(".")[0] for name in json.loads(done.stdout)}


def test_import_loads_no_heavy_library():
    loaded = modules_after("import jitflow")
    assert "jitflow" in loaded and not loaded & HEAVY
