"""Objects in memory without LLVM: what is done, what is left to LLVM, and what is freed."""

import ctypes
import sys
from pathlib import Path

import numpy as np
import pytest

import jitflow as jf
from jitflow.errors import LinkError
from jitflow.runtime import compile_body, host_target, make_target
from jitflow.runtime.engine import engine, link
from jitflow.runtime.library import library_addresses
from jitflow.runtime.loading import Code, arranged, load
from tests.runtime.test_engine import COPIES, fused
from tests.support.quiet import quiet

TABLE = """
@table = private constant [4 x double] [double 1.0, double 2.0, double 4.0, double 8.0]
declare double @outside(double)
define double @inside(i64 %i) {
  %at = getelementptr [4 x double], ptr @table, i64 0, i64 %i
  %x = load double, ptr %at
  %y = call double @outside(double %x)
  ret double %y
}
define double @half(double %x) {
  %y = fmul double %x, 0.5
  ret double %y
}
"""
COUNTS = """
@count = internal global i64 0
define i64 @next() {
  %old = load i64, ptr @count
  %new = add i64 %old, 1
  store i64 %new, ptr @count
  ret i64 %new
}
"""
pytestmark = pytest.mark.skipif(
    sys.platform != "linux" or host_target().architecture != "x86_64",
    reason="LLVM loads everything here",
)


def code_of(text, calls=()):
    return arranged(engine().object_image(text, host_target(), calls))


def test_code_reads_its_constants_and_calls_what_is_imported():
    function = ctypes.CFUNCTYPE(ctypes.c_double, ctypes.c_double)
    seen = function(lambda x: x + 100.0)
    code = code_of(TABLE, ["outside"])
    assert code.content and set(code.jumps) == {"outside"}
    address = ctypes.cast(seen, ctypes.c_void_p).value
    linked = load([code, code_of(COPIES)], ["inside", "half", "f"], {"outside": address})
    inside = ctypes.CFUNCTYPE(ctypes.c_double, ctypes.c_int64)(linked.addresses["inside"])
    assert [inside(i) for i in range(4)] == [101.0, 102.0, 104.0, 108.0]
    assert function(linked.addresses["half"])(3.0) == 1.5


def test_functions_of_the_process_are_found_by_name():
    linked = load([code_of(COPIES)], ["f"], {})
    copy = ctypes.CFUNCTYPE(ctypes.c_int32, ctypes.c_char_p, ctypes.c_char_p, ctypes.c_int64)
    to = ctypes.create_string_buffer(300)
    assert copy(linked.addresses["f"])(to, b"x" * 299, 299) == 0
    assert to.value == b"x" * 299


def test_objects_with_more_in_them_are_left_to_llvm():
    code = code_of(COUNTS)
    assert not code.content
    linked = link([code], ["next"])
    count = ctypes.CFUNCTYPE(ctypes.c_int64)(linked.addresses["next"])
    assert [count(), count()] == [1, 2]


@pytest.mark.parametrize("triple", ["aarch64-linux-gnu", "x86_64-apple-macosx13", "wasm32-wasi"])
def test_objects_of_other_machines_are_not_arranged(triple):
    image = compile_body(fused(), make_target(triple, "", {})).object_bytes
    assert arranged(image) == Code(image)


def test_an_object_that_is_cut_is_not_arranged():
    image = code_of(TABLE, ["outside"]).image
    assert not any(arranged(image[:end]).content for end in range(0, len(image), 7))


def test_no_symbol_of_what_is_arranged_lies_outside():
    image, choose = code_of(TABLE, ["outside"]).image, np.random.default_rng(0)
    for _ in range(4000):
        changed = bytearray(image)
        for at in choose.integers(0, len(image), 4):
            changed[at] = choose.choice([0, 1, 255])
        code = arranged(bytes(changed))
        assert all(0 <= at <= len(code.content) for at in code.places.values())


def test_what_is_missing_is_an_error():
    code = code_of(TABLE, ["outside"])
    with pytest.raises(LinkError, match="no object has it"):
        load([code_of(COPIES)], ["g"], {})
    with pytest.raises(LinkError, match="there is no function outside"):
        load([code], ["inside"], {})


def test_memory_is_freed_with_the_code():
    def mapped():
        lines = Path("/proc/self/maps").read_text().splitlines()
        return sum("r-xp 00000000 00:00" in line for line in lines)

    quiet()
    code, before = code_of(COPIES), mapped()
    kept = [load([code], ["f"], {}) for _ in range(200)]
    assert len({linked.addresses["f"] for linked in kept}) == 200
    del kept
    assert mapped() <= before + 1


def test_code_is_loaded_as_it_was_arranged():
    f = jf.jit(lambda x: np.tanh(x) * 2)
    x = np.linspace(-1, 1, 50, dtype=np.float32)
    first = f(x)
    body = f.compiled_for(x).road.executable.body
    assert body.code == arranged(body.object_bytes) and body.code.content
    by_llvm = link([Code(body.object_bytes)], [body.symbol], library_addresses(body.calls))
    assert by_llvm.addresses[body.symbol]
    np.testing.assert_array_equal(first, f(x))
