"""A process on a CPU of the first x86-64, with neither fused multiply-add nor rounding."""

import os
import platform
import subprocess
import sys

import pytest

PROGRAM = """
import hashlib, sys
import numpy as np
import llvmlite.binding as llvm
if sys.argv[1] == "plain":
    found = llvm.get_host_cpu_features()
    plain = ("64bit", "sse", "sse2")
    llvm.get_host_cpu_features = lambda: {name: name in plain for name in found}
    llvm.get_host_cpu_name = lambda: "x86-64"
import jitflow as jf
from jitflow.runtime import host_target
assert "fma" in host_target().lacks or sys.argv[1] != "plain"

def program(a, b):
    product = np.maximum(a @ b, 0)
    rest = np.floor(product * 3) + np.rint(b) + np.round(a, 2)
    return product @ a, np.exp(-product), np.tanh(rest), np.sin(1e5 * b), a[0] @ b[1], rest

random = np.random.default_rng(0)
for dtype in (np.float32, np.float64):
    a, b = (np.maximum(random.normal(size=(37, 37)), -0.5).astype(dtype) for _ in range(2))
    a[3], b[:, 2], a[5, 7], b[4, 4] = 0, -0.0, np.inf, 1e-30
    for result in jf.jit(program)(a, b):
        print(hashlib.sha256(np.where(np.isnan(result), 0, result).tobytes()).hexdigest())
"""


@pytest.mark.skipif(platform.machine() not in ("x86_64", "AMD64"), reason="an x86-64 program")
def test_a_cpu_without_fma_gives_the_same_bits():
    environment = {**os.environ, "JITFLOW_CACHE_DIR": "off"}

    def run(cpu):
        command = [sys.executable, "-c", PROGRAM, cpu]
        found = subprocess.run(
            command, capture_output=True, text=True, env=environment, check=False
        )
        assert not found.returncode, found.stderr
        return found.stdout

    assert run("plain") == run("this")
