"""Runs an installed wheel outside the checkout: `python -I smoke.py DIST` in a virtual environment.

Knows nothing of pytest: only what a user's `pip install jitflow` brings is there.
"""

import sys
import tarfile
from pathlib import Path

import numpy as np

import jitflow


def check_install() -> None:
    """The package comes from this environment, typed."""
    home = Path(jitflow.__file__).parent
    assert home.is_relative_to(sys.prefix), f"{home} is not in {sys.prefix}"
    assert (home / "py.typed").exists(), "py.typed is missing: type checkers would ignore jitflow"


def check_sdist(folder: Path) -> None:
    """The root links `ir` and `passes` are left out, so that nothing is there twice."""
    (archive,) = folder.glob("*.tar.gz")
    with tarfile.open(archive) as opened:
        top = {name.split("/")[1] for name in opened.getnames()}
    assert "jitflow" in top and not top & {"ir", "passes"}, f"{archive}: {sorted(top)}"


def check_compile() -> None:
    """A compiled function equals NumPy."""
    x = np.linspace(-1.0, 1.0, 37, dtype=np.float32)
    np.testing.assert_array_equal(jitflow.jit(lambda x: x * x + 1)(x), x * x + 1)


if __name__ == "__main__":
    check_install()
    check_sdist(Path(sys.argv[1]))
    check_compile()
    print(f"jitflow {jitflow.__version__}: the wheel installs and runs")
