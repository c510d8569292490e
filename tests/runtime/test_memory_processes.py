"""The pool of results where a process says how: its settings, its end, its children."""

import os
import subprocess
import sys

import pytest

from jitflow.runtime.memory import why_no_pool
from jitflow.runtime.memory.control import HANDLER

pytestmark = pytest.mark.skipif(bool(why_no_pool()), reason="no pool here")


def run(code, **environment):
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False,
        env={**os.environ, **environment}, timeout=600,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


@pytest.mark.parametrize("native", "01")
def test_temporaries_of_calls_at_once_are_apart(native):
    run(
        """
import threading, numpy as np, jitflow as jf
def ranked(x): return np.cumsum(np.sort(x + 1)[::-1])[-3:]
f = jf.jit(ranked)
arrays = [np.arange(k, k + (1 << 20), dtype=np.float64) for k in range(4)]
wanted = [f(x) for x in arrays]
wrong = []
def work(k):
    for _ in range(8):
        if (f(arrays[k]) != wanted[k]).any(): wrong.append(k)
threads = [threading.Thread(target=work, args=(k,)) for k in range(4)]
for thread in threads: thread.start()
for thread in threads: thread.join()
assert not wrong
assert jf.memory_stats().used_blocks == 0
""",
        JITFLOW_NATIVE_ENTRY=native,
    )


STREAMED = """
import numpy as np, jitflow as jf
from jitflow.passes.stream_size import stream_bytes
from jitflow.runtime import host_target
f = jf.jit(lambda x: {"a": 2 * x + 1, "b": (x[3], x[:5])})
n = stream_bytes(host_target().cache_bytes) // 4
for n in (n, n + 3):
    x = np.arange(n, dtype=np.float32)
    print("nontemporal" in f.lower(x).as_text("llvm"))
    for _ in range(3):
        y = f(x)
        assert (y["a"] == 2 * x + 1).all() and (y["b"][1] == x[:5]).all()
        assert y["a"].ctypes.data % 64 == 0
"""


@pytest.mark.parametrize("native", "01")
@pytest.mark.parametrize("pool", ["0", "1000000000"])
def test_results_past_the_caches(native, pool):
    assert run(STREAMED, JITFLOW_NATIVE_ENTRY=native, JITFLOW_POOL_BYTES=pool) == ["True"] * 2


CODE = """
import numpy as np, jitflow as jf
f = jf.jit(lambda x: x + 1)
x = np.zeros(1 << 20)
for _ in range(4): y = f(x)
s = jf.memory_stats()
print(np._core.multiarray.get_handler_name(y), s.reused, s.mapped, y.sum())
"""


def test_the_python_path_has_the_pool_too():
    assert run(CODE, JITFLOW_NATIVE_ENTRY="0") == run(CODE) == [HANDLER, "2", "2", "1048576.0"]


def test_the_pool_can_be_off():
    for native in "01":
        found = run(CODE, JITFLOW_POOL_BYTES="0", JITFLOW_NATIVE_ENTRY=native)
        assert found == ["default_allocator", "0", "0", "1048576.0"]


def test_arrays_may_outlive_the_interpreter():
    run(CODE + """
import builtins, atexit, sys
class Late:
    def __init__(self, held): self.held = held
    def __del__(self): self.held = None
builtins.kept = y
sys.late = Late(f(x))
atexit.register(lambda z=f(x): f(z))
""")


FORKS = CODE + """
import os, threading
os.register_at_fork(before=lambda: f(x), after_in_parent=lambda: f(x), after_in_child=lambda: f(x))
ends = []
def work():
    while not ends: f(x)
threads = [threading.Thread(target=work) for _ in range(2)]
for thread in threads: thread.start()
for _ in range(5):
    child = os.fork()
    if not child: os._exit(int((f(x) != 1).any()))
    assert os.waitpid(child, 0)[1] == 0
ends.append(1)
for thread in threads: thread.join()
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork")
def test_threads_and_hooks_make_results_while_the_process_forks():
    run(FORKS, PYTHONWARNINGS="ignore")


TRACED = CODE.replace("for _", """import tracemalloc
tracemalloc.start()
for _""") + """
def taken(): return sum(t.size for t in tracemalloc.take_snapshot().traces if t.domain == 389047)
before = taken()
del y
print(before - taken())
"""


def test_tracemalloc_sees_results_as_numpys_data():
    assert run(TRACED)[-1] == str(8 << 20)
