"""Worker threads: the same bits for any number of them, in forks, under concurrent calls."""

import os
import subprocess
import sys
import threading

import numpy as np
import pytest

import jitflow as jf
from jitflow import jit
from jitflow.config import read_settings
from jitflow.errors import ArgumentError, ConfigError
from jitflow.runtime import make_target
from jitflow.runtime.engine import engine
from jitflow.runtime.threads import count, pool
from jitflow.runtime.threads.pool_text import pool_text, system_functions
from jitflow.runtime.threads.worker_text import TABLE
from tests.support.cpu_mode import flushed_subnormals

X = np.random.default_rng(0).standard_normal((601, 403)).astype(np.float32)
W = np.random.default_rng(1).standard_normal((403, 97)).astype(np.float32)

PROGRAMS = {
    "elementwise": lambda x, w: np.exp(x) * np.sin(x) + 1,
    "broadcast": lambda x, w: np.tanh(x * x[0]) * np.exp(-x),
    "rows": lambda x, w: np.exp(x - x.max(1, keepdims=True)) / np.exp(x).sum(1, keepdims=True),
    "columns": lambda x, w: np.exp(x).sum(0) + (x * x).sum(0),
    "everything": lambda x, w: np.exp(x).sum(),
    "product": lambda x, w: np.tanh(x @ w),
    "product of transposes": lambda x, w: x.T @ x,
    "transposed": lambda x, w: np.exp(x.T) + 1,
    "cumulative": lambda x, w: np.cumsum(np.exp(x), 1),
    "indexed": lambda x, w: np.exp(x[::-1]) + np.take(x, np.arange(601) * 7 % 601, axis=0),
}


@pytest.fixture(autouse=True)
def number_of_threads():
    before = jf.get_num_threads()
    yield
    jf.set_num_threads(before)


@pytest.mark.parametrize("name", PROGRAMS)
def test_the_number_of_threads_does_not_show(name):
    f = jit(PROGRAMS[name])
    jf.set_num_threads(1)
    expected = f(X, W)
    for threads in (2, 3, 7, 16):
        jf.set_num_threads(threads)
        for _ in range(3):
            np.testing.assert_array_equal(f(X, W), expected)


def test_long_loops_are_shared():
    f = jit(PROGRAMS["elementwise"])
    jf.set_num_threads(2)
    f(X, W)
    before = pool().jobs
    f(X, W)
    assert pool().jobs > before
    jf.set_num_threads(1)
    before = pool().jobs
    f(X, W)
    assert pool().jobs == before


def test_short_loops_are_not():
    text = jit(lambda x: np.exp(x) + 1).lower(np.ones(1000)).as_text("kernels")
    assert "chunks" not in text


def test_concurrent_calls():
    f = jit(PROGRAMS["rows"])
    jf.set_num_threads(3)
    expected, wrong = f(X, W), []

    def call():
        for _ in range(20):
            if not np.array_equal(f(X, W), expected):
                wrong.append(1)

    callers = [threading.Thread(target=call) for _ in range(6)]
    for caller in callers:
        caller.start()
    for threads in (1, 5, 2, 7):
        jf.set_num_threads(threads)
    for caller in callers:
        caller.join()
    assert not wrong


@pytest.mark.parametrize("threads", [0, -1, 257, 2.0, True, "2", None])
def test_numbers_of_threads_that_are_none(threads):
    with pytest.raises(ArgumentError, match="1 to 256 threads"):
        jf.set_num_threads(threads)


@pytest.mark.parametrize("text", ["-1", "257", "two"])
def test_variables_that_are_no_number_of_threads(text):
    with pytest.raises(ConfigError, match="JITFLOW_NUM_THREADS"):
        read_settings({"JITFLOW_NUM_THREADS": text})


def test_threads_compute_as_the_caller_does():
    """The caller's CPU flushes what is subnormal: so do the threads that help it."""
    tiny = np.full(2_000_000, 1e-308)
    f = jit(lambda x: x * 0.5)
    jf.set_num_threads(4)
    assert np.all(f(tiny) == 5e-309)
    with flushed_subnormals():
        flushed = f(tiny)
    assert np.all(flushed == 0)
    assert np.all(f(tiny) == 5e-309)


# Processes of their own.

PROGRAM = """
import os, sys, threading, time
import numpy as np
import jitflow as jf
from jitflow import jit
from jitflow.runtime.threads import pool
import jitflow.runtime.threads.workers as module

x = np.random.default_rng(0).standard_normal((500, 400))
f = jit(lambda x: np.exp(x) / (1 + np.exp(x).sum(1, keepdims=True)))
"""


def output_of(program, **variables):
    environment = {**os.environ, "JITFLOW_NUM_THREADS": "4", **variables}
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", PROGRAM + program], env=environment, timeout=600,
        capture_output=True, text=True, check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout.split()


def test_threads_start_with_the_first_long_loop():
    program = """
jit(lambda x: x + 1)(np.ones(4))
print(pool().workers)
f(x)
print(pool().workers)
"""
    assert output_of(program) == ["0", "3"]
    assert output_of(program, JITFLOW_NUM_THREADS="1") == ["0", "0"]


def test_first_calls_of_several_threads_at_once():
    """Each of them loads the compiler."""
    program = """
results = []
def call(k):
    f = jit(lambda x: x * k)
    results.append(all(np.array_equal(f(x), x * k) for _ in range(50)))
callers = [threading.Thread(target=call, args=(k,)) for k in range(6)]
for caller in callers:
    caller.start()
for caller in callers:
    caller.join()
print(results == [True] * 6)
"""
    assert output_of(program) == ["True"]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork")
def test_forks():
    """A child has threads of its own; also while another thread of the parent is in a call."""
    program = """
import warnings
warnings.simplefilter("ignore")
expected = f(x)
stop = False
def call():
    while not stop:
        f(x)
other = threading.Thread(target=call)
other.start()
for _ in range(10):
    child = os.fork()
    if not child:
        right = pool().workers == 0 and np.array_equal(f(x), expected) and pool().workers == 3
        os._exit(0 if right else 1)
    _, status = os.waitpid(child, 0)
    print(status)
stop = True
other.join()
print(np.array_equal(f(x), expected))
"""
    assert output_of(program) == ["0"] * 10 + ["True"]


def test_a_process_ends_while_threads_work():
    program = """
f(x)
def call():
    while True:
        f(x)
for _ in range(3):
    threading.Thread(target=call, daemon=True).start()
time.sleep(0.1)
print("end", flush=True)
"""
    assert output_of(program) == ["end"]


STRESS = """
jf.set_num_threads(1)
expected = f(x)
jf.set_num_threads(4)
right = []
for pause in [0] * 100 + [0.0005] * 40:
    time.sleep(pause)
    right.append(np.array_equal(f(x), expected))
print(all(right), pool().workers)
"""


def test_waiting_by_condition_variables():
    assert output_of("module.futex_call = lambda architecture: 0\n" + STRESS) == ["True", "3"]


def test_waiting_by_futexes():
    assert output_of(STRESS) == ["True", "3"]


def test_a_system_that_gives_no_threads():
    program = """
import ctypes
refuse = ctypes.CFUNCTYPE(ctypes.c_int, *[ctypes.c_void_p] * 4)(lambda *_: 11)
address = module._address
module._address = lambda library, name: (
    ctypes.cast(refuse, ctypes.c_void_p).value if name == "pthread_create"
    else address(library, name)
)
"""
    assert output_of(program + STRESS) == ["True", "0"]


def test_a_system_without_threads():
    program = "module.system_functions = lambda futex: ['no_such_function']\n"
    assert output_of(program + STRESS + "print(pool().problem[:10])") == [
        "True", "0", "no", "threads",
    ]  # fmt: skip


@pytest.mark.parametrize("futex", [0, 98])
@pytest.mark.parametrize(
    ("triple", "cpu", "features"),
    [
        ("x86_64-unknown-linux-gnu", "x86-64", {}),
        ("aarch64-unknown-linux-gnu", "", {}),
        ("arm64-apple-macosx13", "apple-m1", {}),
        ("riscv64-unknown-linux-gnu", "", {"a": True, "m": True}),
    ],
)
def test_code_of_the_pool_for_other_machines(triple, cpu, features, futex):
    target = make_target(triple, cpu, features)
    text = pool_text(target.architecture, futex)
    assert engine().object_image(text, target, [*system_functions(futex), TABLE])


def test_a_control_group_sets_the_number(tmp_path):
    groups, root = tmp_path / "cgroup", tmp_path / "groups"
    groups.write_text("0::/outer/inner\n")
    (root / "outer" / "inner").mkdir(parents=True)
    assert count.cpu_quota(groups, root) is None
    (root / "outer" / "inner" / "cpu.max").write_text("max 100000\n")
    assert count.cpu_quota(groups, root) is None
    (root / "outer" / "cpu.max").write_text("250000 100000\n")
    assert count.cpu_quota(groups, root) == 2.5
    (root / "outer" / "inner" / "cpu.max").write_text("50000 100000\n")
    assert count.cpu_quota(groups, root) == 0.5


def test_a_control_group_of_version_1(tmp_path):
    groups, root = tmp_path / "cgroup", tmp_path / "groups"
    groups.write_text("3:memory:/a\n2:cpu,cpuacct:/a\n")
    folder = root / "cpu,cpuacct" / "a"
    folder.mkdir(parents=True)
    (folder / "cpu.cfs_quota_us").write_text("-1\n")
    (folder / "cpu.cfs_period_us").write_text("100000\n")
    assert count.cpu_quota(groups, root) is None
    (folder / "cpu.cfs_quota_us").write_text("300000\n")
    assert count.cpu_quota(groups, root) == 3


def test_control_groups_that_say_nothing(tmp_path):
    assert count.cpu_quota(tmp_path / "none", tmp_path) is None
    (tmp_path / "cgroup").write_text("nonsense\n\n::\n0::/\n")
    (tmp_path / "cpu.max").write_text("what\n")
    assert count.cpu_quota(tmp_path / "cgroup", tmp_path) is None


def test_one_thread_at_least(monkeypatch):
    monkeypatch.setattr(count, "cpu_quota", lambda: 0.25)
    assert count.machine_threads() == 1
