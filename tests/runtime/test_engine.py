"""The engine and its guards: imports of objects, damaged objects, targets."""

import time

import numpy as np
import pytest

from jitflow.errors import JitflowError, LinkError
from jitflow.ir.builder import Builder
from jitflow.ir.dtypes import f32
from jitflow.ir.types import BufferType
from jitflow.runtime import compile_body, host_target, make_target
from jitflow.runtime.compile import assembly
from jitflow.runtime.engine import engine
from jitflow.runtime.symbols import check_imports, undefined_symbols

CALLS_MALLOC = """
declare ptr @malloc(i64)
define i32 @f() {
  %p = call ptr @malloc(i64 4)
  ret i32 0
}
"""
COPIES = """
define i32 @f(ptr %to, ptr %from, i64 %n) {
  call void @llvm.memcpy.p0.p0.i64(ptr %to, ptr %from, i64 %n, i1 false)
  ret i32 0
}
"""
X86 = "x86_64-unknown-linux-gnu"


def fused(lanes=8):
    b = Builder()
    x, out = (b.param(BufferType(f32, (lanes,)), n) for n in ("x", "out"))
    value = b.load(x, b.index(0), lanes=lanes)
    b.store(b.fma(value, value, value), out, b.index(0))
    return b.build("fused", (), {"outputs": 1})


def test_imports_off_the_list_are_refused_before_linking():
    with pytest.raises(LinkError, match="imports malloc"):
        engine().object_image(CALLS_MALLOC, host_target())


def test_imports_on_the_list_are_taken():
    image = engine().object_image(COPIES, host_target())
    assert undefined_symbols(image) - {"_GLOBAL_OFFSET_TABLE_"} == {"memcpy"}
    assert engine().link([image], ["f"]).addresses["f"]


@pytest.mark.parametrize("triple", ["x86_64-apple-macosx13", "arm64-apple-macosx13"])
def test_imports_of_mach_o_objects(triple):
    target = make_target(triple, "", {})
    assert undefined_symbols(engine().object_image(COPIES, target)) == {"memcpy"}
    with pytest.raises(LinkError, match="imports malloc"):
        engine().object_image(CALLS_MALLOC, target)


@pytest.mark.parametrize("image", [b"", b"\x7fELF", b"MZ" * 50, b"\x7fELF\x02\x01" + b"\xff" * 99])
def test_damaged_objects_are_refused(image):
    with pytest.raises(LinkError):
        check_imports(image)


def test_text_that_llvm_refuses_is_an_error():
    with pytest.raises(JitflowError, match="LLVM refuses"):
        engine().object_image("define i32 @f() { ret i64 0 }", host_target())


def test_missing_symbol_is_an_error():
    image = engine().object_image(COPIES, host_target())
    with pytest.raises(LinkError, match="cannot link @g"):
        engine().link([image], ["g"])


def test_without_fma_other_instructions_take_its_place():
    target = make_target(X86, "x86-64", {"sse2": True})
    assert target.lacks == {"fma", "floor", "rint"} and target.vector_bytes == 16
    assert not undefined_symbols(compile_body(fused(), target).object_bytes)
    assert "cvtpd2ps" in assembly(fused(), target)


@pytest.mark.parametrize(
    ("triple", "features", "vector"),
    [
        (X86, {"avx2": True, "fma": True}, (32, 16, True)),
        (X86, {"avx2": True, "fma": True, "avx512f": True, "avx512vl": True}, (64, 32, True)),
        ("aarch64-unknown-linux-gnu", {"neon": True}, (16, 32, True)),
        ("arm64-apple-macosx13", {}, (16, 32, True)),
        ("riscv64-unknown-linux-gnu", {}, (16, 32, True)),
    ],
)
def test_vectors_follow_from_features(triple, features, vector):
    target = make_target(triple, "", features)
    assert (target.vector_bytes, target.vector_registers, target.has_fma) == vector


@pytest.mark.parametrize("triple", ["aarch64-unknown-linux-gnu", "arm64-apple-macosx13"])
def test_other_targets_get_their_own_assembly(triple):
    target = make_target(triple, "", {})
    assert "fmla" in assembly(fused(4), target)


def test_the_host_runs_what_it_compiles():
    from jitflow.runtime import Executable

    x = np.arange(8, dtype=np.float32)
    (out,) = Executable(compile_body(fused(), host_target()))([x])
    assert np.array_equal(out, x * x + x)


def test_straight_code_compiles_in_near_linear_time():
    def seconds(stores):
        b = Builder()
        x = b.param(BufferType(f32, (8,)), "x")
        out = b.param(BufferType(f32, (8,)), "out")
        for k in range(stores):
            read = b.load(x if k % 2 else out, b.index(k % 5))
            b.store(b.mul(read, b.load(out, b.index(k % 7))), out, b.index(k % 3))
        function = b.build("straight", (), {"outputs": 1})
        return min(work(function) for _ in range(3))

    def work(function):
        start = time.process_time()
        compile_body(function, host_target())
        return time.process_time() - start

    seconds(10)
    # 10 to 17 times; 37 times without the engine's option
    assert any(seconds(2400) < 26 * seconds(200) for _ in range(3))
