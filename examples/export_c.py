"""A training that C does: the step is traced, differentiated and compiled here, and linked there.

Run `python examples/export_c.py`; without a C compiler it shows the header only.
"""

import shutil
import subprocess
import tempfile
from pathlib import Path

import numpy as np

import jitflow as jf
from jitflow import export

STEPS = 200
PROGRAM = """\
#include <stdio.h>
#include <stdlib.h>
#include "step.h"

/* Reads w, x and y, makes steps with w where it is, writes w. */
int main(int argc, char **argv) {
    static double w[4], x[64 * 4], y[64], loss;
    static _Alignas(STEP_WORKSPACE_ALIGNMENT) char workspace[STEP_WORKSPACE_BYTES + 1];
    size_t given = fread(w, 8, 4, stdin) + fread(x, 8, 64 * 4, stdin) + fread(y, 8, 64, stdin);
    if (argc != 2 || given != 4 + 64 * 4 + 64) return 2;
    for (int i = 0; i < atoi(argv[1]); i++) {
        int32_t status = step(w, x, y, 0.1, w, &loss, workspace);
        if (status) return fprintf(stderr, "%s\\n", step_message(status)), 1;
    }
    fwrite(w, 8, 4, stdout);
    return 0;
}
"""


def loss(w, x, y):
    """Mean logistic loss: x is f64[64, 4], y is 1 or -1."""
    return np.mean(np.log1p(np.exp(-y * (x @ w))))


@jf.jit(donate_argnums=0)
def step(w, x, y, rate):
    """One step down the gradient; the new w takes the place of the old one."""
    value, slope = jf.value_and_grad(loss)(w, x, y)
    return w - rate * slope, value


def main():
    random = np.random.default_rng(0)
    x = random.normal(size=(64, 4))
    y = np.sign(x @ np.array([1.0, -2.0, 0.5, 0.0]) + 0.1 * random.normal(size=64))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        built = export.build(folder / "step", step, np.zeros(4), x, y, 0.1)
        text = built.header.read_text()
        print(text[text.index("int32_t") : text.index(");") + 2])
        if shutil.which("cc") is None:
            print("there is no C compiler here")
            return
        (folder / "main.c").write_text(PROGRAM)
        program = folder / "main"
        sources = [folder / "main.c", built.object]
        subprocess.run(["cc", "-O2", *sources, "-o", program], check=True)
        data = b"".join(array.tobytes() for array in (np.zeros(4), x, y))
        done = subprocess.run([program, str(STEPS)], input=data, capture_output=True, check=True)
    found = np.frombuffer(done.stdout)
    w = np.zeros(4)
    for _ in range(STEPS):
        w, value = step(w, x, y, 0.1)
    print(f"C: {found}")
    print(f"Python: {w}, loss {value:.4f}")
    print(f"equal bits: {found.tobytes() == w.tobytes()}")


if __name__ == "__main__":
    main()
