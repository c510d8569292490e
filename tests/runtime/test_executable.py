"""Calls of executables: what they take and refuse, threads, memory of code and temporaries."""

import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest

from jitflow.errors import CheckError, DtypeError, ShapeError, VerifyError
from jitflow.ir.builder import Builder
from jitflow.ir.dtypes import f32, f64, i64
from jitflow.ir.location import Location
from jitflow.ir.types import BufferType
from jitflow.runtime import arrays, compile_function
from jitflow.runtime.compile import executed_ops, symbol_of
from tests.support.quiet import quiet


def add_one(size=4, name="add_one", dtype=f64):
    """out = x + 1 through a temporary."""
    b = Builder()
    x, out = (b.param(BufferType(dtype, (size,)), n) for n in ("x", "out"))
    scratch = b.alloc(offset=64, type=BufferType(dtype, (size,), None, "temp"))
    end = b.index(size)

    def fill(b, i):
        b.store(b.add(b.load(x, i), b.constant(1, dtype)), scratch, i)

    b.loop(b.index(0), end, fill)
    b.loop(b.index(0), end, lambda b, i: b.store(b.load(scratch, i), out, i))
    return b.build(name, (), {"outputs": 1})


def test_results_are_fresh_and_contiguous():
    executable = compile_function(add_one())
    x = np.arange(4.0)
    first, second = executable([x])[0], executable([x])[0]
    assert first.flags.c_contiguous and first.flags.owndata
    assert not np.shares_memory(first, second)
    assert first.tolist() == [1.0, 2.0, 3.0, 4.0]


def test_read_only_inputs_are_taken():
    x = np.arange(4.0)
    x.flags.writeable = False
    assert compile_function(add_one())([x])[0].tolist() == [1.0, 2.0, 3.0, 4.0]


@pytest.mark.parametrize(
    ("inputs", "error", "text"),
    [
        ([], ShapeError, "takes 1 arrays, got 0"),
        ([[1.0, 2.0, 3.0, 4.0]], DtypeError, "input 0 is a list"),
        ([np.arange(4)], DtypeError, "input 0 is int64, the code is for float64"),
        ([np.arange(5.0)], ShapeError, r"shape \(5,\), the code is for \(4,\)"),
        ([np.arange(8.0)[::2]], ShapeError, "not C-contiguous"),
        ([np.zeros(33, np.uint8)[1:].view(np.float64)], ShapeError, "aligned"),
        ([np.arange(4.0).astype(">f8")], DtypeError, "the code is for float64"),
        ([np.ma.masked_array(np.arange(4.0))], DtypeError, "not an ndarray"),
    ],
)
def test_inputs_that_do_not_fit(inputs, error, text):
    with pytest.raises(error, match=text):
        compile_function(add_one())(inputs)


def test_failed_check_names_the_line():
    b = Builder(locations=(Location("model.py", 7),))
    x, out = (b.param(BufferType(i64, (1,)), n) for n in ("x", "out"))
    value = b.load(x, b.index(0))
    b.check(b.ge(value, b.index(0)), id=3, message="size is negative")
    b.store(value, out, b.index(0))
    executable = compile_function(b.build("f", (), {"outputs": 1}))
    assert executable([np.array([4])])[0][0] == 4
    with pytest.raises(CheckError, match=r"^model.py:7\nsize is negative$"):
        executable([np.array([-4])])
    assert executable([np.array([5])])[0][0] == 5


def test_number_of_outputs_must_be_stated():
    b = Builder()
    b.param(BufferType(f32, (4,)), "x")
    with pytest.raises(VerifyError, match="how many of its buffers are outputs"):
        compile_function(b.build("f", ()))


def test_addresses_agree_with_numpy():
    for x in (np.empty(()), np.empty((3, 4))[1:, ::-1], np.empty(0), np.ones(7, np.int8)[3:]):
        assert arrays.addresses([x]) == [x.ctypes.data]


def test_any_function_name_gives_a_symbol():
    for name in ("<lambda>", "memcpy", "a b", "é", ""):
        assert symbol_of(name).isascii()
        x = np.zeros(4)
        assert compile_function(add_one(name=name))([x])[0].tolist() == [1.0] * 4


@pytest.mark.parametrize("size", [16, 200_000], ids=["holds the GIL", "releases the GIL"])
def test_threads_share_an_executable(size):
    executable = compile_function(add_one(size))
    wrong = []

    def work(seed):
        x = np.random.default_rng(seed).standard_normal(size)
        for _ in range(30):
            if not np.array_equal(executable([x])[0], x + 1):
                wrong.append(seed)

    threads = [threading.Thread(target=work, args=(k,)) for k in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def test_threads_compile_at_the_same_time():
    results = {}

    def work(k):
        executable = compile_function(add_one(k + 1))
        results[k] = executable([np.full(k + 1, float(k))])[0].tolist()

    threads = [threading.Thread(target=work, args=(k,)) for k in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == {k: [k + 1.0] * (k + 1) for k in range(8)}


def test_long_calls_are_told_from_short_ones():
    assert executed_ops(add_one(10).body) < 150
    assert executed_ops(add_one(100_000).body) > 300_000
    assert not compile_function(add_one(10)).body.is_long


MAPS = Path("/proc/self/maps")


@pytest.mark.skipif(not MAPS.exists(), reason="counts mappings in /proc")
def test_code_is_freed_with_its_executable():
    def mappings():
        quiet()
        return len(MAPS.read_text().splitlines())

    compile_function(add_one())([np.zeros(4)])
    before = mappings()
    for k in range(200):
        compile_function(add_one(k % 7 + 1))([np.zeros(k % 7 + 1)])
    assert mappings() - before < 20


def test_llvm_is_loaded_by_the_first_compilation_only():
    code = "import sys, jitflow.runtime, jitflow.codegen; sys.exit('llvmlite' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
