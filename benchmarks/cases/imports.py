"""What a new process pays before its first result: a whole Python, from its start to its end."""

import subprocess
import sys

import numpy as np
from case import Case, Over, Setup
from machine import environment

STARTED = {
    "numpy": "import numpy",
    "jitflow": "import numpy, jitflow; jitflow.jit",
    "jax": "import numpy, jax",
    "numba njit": "import numpy, numba",
    "numexpr": "import numpy, numexpr",
    "torch": "import numpy, torch",
}
RESULT = "print(*f(np.arange(8, dtype=np.float32)))"
FIRST_RESULT = {
    "numpy": f"import numpy as np; f = lambda x: np.exp(x) + 1; {RESULT}",
    "jitflow": f"import numpy as np, jitflow as jf; f = jf.jit(lambda x: np.exp(x) + 1); {RESULT}",
    "jax": "import numpy as np, jax, jax.numpy as jnp; "
    f"f = jax.jit(lambda x: jnp.exp(x) + 1); {RESULT}",
    "numba njit": "import numpy as np, numba; "
    f"f = numba.njit(lambda x: np.exp(x) + np.float32(1)); {RESULT}",
    "numexpr": "import numpy as np, numexpr as ne; "
    f"f = lambda x: ne.evaluate('exp(x) + 1'); {RESULT}",
    "torch eager": "import numpy as np, torch; "
    f"f = lambda x: (torch.exp(torch.from_numpy(x)) + 1).numpy(); {RESULT}",
}
NO_COMPILERS = "numpy", "numexpr", "torch", "torch eager"
VALUES = np.exp(np.arange(8, dtype=np.float32)) + 1


def process(text: str) -> Setup:
    """Runs a text, whose output is the result."""

    def run():
        command = [sys.executable, "-c", text]
        done = subprocess.run(command, capture_output=True, check=True, env=environment())
        return np.array(done.stdout.split(), np.float32)

    return lambda seed: run


def case(name: str, title: str, texts: dict[str, str], result: np.ndarray, **more) -> Case:
    return Case(
        name=name,
        title=title,
        reference=lambda seed: result,
        rows={row: process(text) for row, text in texts.items()},
        no_peers=NO_COMPILERS,
        rounds=9,
        tolerance=1e-4,
        **more,
    )


CASES = (
    case(
        "import", "a process that imports NumPy and a library", STARTED, np.zeros(0, np.float32),
        bars=(Over("numpy", 0.040),),
    ),
    case("first_result", "a process that compiles exp(x) + 1 and prints it", FIRST_RESULT, VALUES),
)  # fmt: skip
