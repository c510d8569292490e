"""What LLVM's code for a probe tells of CPUs."""

import pytest

from jitflow.errors import ArgumentError
from jitflow.runtime.machine import host_target
from jitflow.runtime.named import named_target


@pytest.mark.parametrize(("cpu", "features", "size", "registers", "fma", "f16c", "rounding"), [
    ("", "", 16, 16, False, False, False),
    ("x86-64-v2", "", 16, 16, False, False, True),
    ("x86-64-v3", "", 32, 16, True, True, True),
    ("x86-64-v4", "", 64, 32, True, True, True),
    ("haswell", "", 32, 16, True, True, True),
    ("znver4", "", 64, 32, True, True, True),
    ("", "+avx2", 32, 16, False, False, True),
    ("", "+sse4.1", 16, 16, False, False, True),
    ("", "+avx", 16, 16, False, False, True),
    ("", "+fma,+f16c", 16, 16, True, True, True),
    ("x86-64-v4", "-avx512f", 32, 16, True, True, True),
])  # fmt: skip
def test_x86(cpu, features, size, registers, fma, f16c, rounding):
    found = named_target("x86_64-linux-gnu", cpu, features)
    vectors = found.vector_bytes, found.vector_registers
    assert vectors == (size, registers)
    assert (found.has_fma, found.has_f16c, found.has_rounding) == (fma, f16c, rounding)
    assert ("fma" in found.lacks, "rint" in found.lacks) == (not fma, not rounding)


def test_others():
    for triple in ("aarch64-linux-gnu", "arm64-apple-macosx13"):
        found = named_target(triple)
        assert (found.vector_bytes, found.vector_registers, found.has_f16c) == (16, 32, True)
        assert not found.lacks
    assert not named_target("riscv64-linux-gnu").lacks
    assert named_target("wasm32-unknown-unknown").lacks == {"fma"}


def test_without_a_name_it_is_this_machine():
    found = named_target()
    assert found == host_target()._replace(cache_bytes=0)
    same = named_target("", "", "+sse2" if found.architecture == "x86_64" else "+neon")
    assert same.triple == found.triple


def test_names_that_llvm_does_not_know():
    with pytest.raises(ArgumentError, match="'486sx' is not a recognized processor"):
        named_target("x86_64-linux-gnu", "486sx")
    with pytest.raises(ArgumentError, match=r"'\+warp' is not a recognized feature"):
        named_target("aarch64-linux-gnu", "", "+warp")
    with pytest.raises(ArgumentError, match="no code for 'sparc64-sun-solaris'"):
        named_target("sparc64-sun-solaris")
    with pytest.raises(ArgumentError, match="a feature is [+]name or -name, not 'avx2'"):
        named_target("x86_64-linux-gnu", "", "+fma,avx2")
    with pytest.raises(ArgumentError, match="LLVM takes no cpu 'i386'"):  # it would abort
        named_target("x86_64-linux-gnu", "i386")
    with pytest.raises(ArgumentError, match="cpu is a text, not 3"):
        named_target("x86_64-linux-gnu", 3)
    with pytest.raises(ArgumentError, match="is not LLVM's text"):
        named_target("x86_64-linux-gnu", "two words")
