"""LLVM's options are the process's: code depends on no other code, and nobody else's on ours."""

import subprocess
import sys

import pytest

PROGRAM = """
import hashlib, sys
import llvmlite.binding as llvm
import numpy as np
import jitflow as jf
from jitflow.runtime.engine import BASELINE, BASELINE_OF_LOOPS, FULL, engine
from jitflow.runtime.machine import host_target

def loops(x):
    return np.tanh(x @ x).sum(axis=1)

text = jf.jit(loops).lower(np.ones((65, 65), np.float32)).as_text("llvm")
target = host_target()
llvm.initialize_native_target()
llvm.initialize_native_asmprinter()
others = llvm.Target.from_triple(target.triple).create_target_machine(
    cpu=target.cpu, features=target.features, opt=3)

def digest(image):
    return hashlib.sha256(image).hexdigest()

def by_others():
    return digest(others.emit_object(llvm.parse_assembly(text)))

made = engine().object_image
tiers = {"B": BASELINE, "L": BASELINE_OF_LOOPS, "F": FULL}
calls = [line.split("@")[1].split("(")[0] for line in text.splitlines() if "declare" in line]
before = by_others()
for name in sys.argv[1]:
    print(name, digest(made(text, target, calls, tiers[name])))
    assert by_others() == before, f"code of others is another one after {name}"
"""
ORDERS = ("BLF", "FLB", "LBF", "LLBBFFL")


@pytest.fixture(scope="module")
def seen():
    """The objects of each order, each in a process of its own."""
    found = {}
    for order in ORDERS:
        command = [sys.executable, "-c", PROGRAM, order]
        ran = subprocess.run(command, capture_output=True, text=True)
        assert ran.returncode == 0, ran.stderr
        found[order] = [line.split() for line in ran.stdout.splitlines()]
    return found


def test_others_get_the_code_that_they_had_before(seen):
    assert [len(lines) for lines in seen.values()] == [len(order) for order in ORDERS]


def test_code_does_not_depend_on_what_was_compiled_before(seen):
    images = {tier: {image for lines in seen.values() for name, image in lines if name == tier}
              for tier in "BLF"}  # fmt: skip
    assert [len(found) for found in images.values()] == [1, 1, 1]
    assert len(set.union(*images.values())) == 3
