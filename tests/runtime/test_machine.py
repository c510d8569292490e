"""What is kept of LLVM's answers about the machine, and when LLVM is asked anew."""

import pytest

from jitflow.runtime import machine as machines
from jitflow.runtime.cache import load, store
from jitflow.runtime.cache.listing import entries
from tests.support.kept_code import kept_in

CPU = """processor\t: 0
vendor_id\t: Someone
model name\t: A CPU
cpu MHz\t\t: {mhz}
flags\t\t: fpu sse2 {flags}

processor\t: 1
"""


@pytest.fixture
def cpu(tmp_path, monkeypatch):
    def describe(text):
        (tmp_path / "cpuinfo").write_text(text)
        monkeypatch.setattr(machines, "_CPU", str(tmp_path / "cpuinfo"))

    monkeypatch.setattr(machines, "known_sources", lambda: "sources")
    describe(CPU.format(mhz=1000, flags="avx2"))
    return describe


def test_answers_are_those_of_llvm_the_second_time_too(cpu, tmp_path, monkeypatch):
    with kept_in(tmp_path):
        first = machines.machine.__wrapped__()
        ((*_, about),) = entries()
        assert about["kind"] == "machine" and about["name"] == first.target.cpu
        monkeypatch.setattr(machines, "asked_target", None)
        assert machines.machine.__wrapped__() == first


def test_a_cpu_of_other_abilities_is_another_machine(cpu, tmp_path):
    with kept_in(tmp_path):
        one = machines.machine_key()
        cpu(CPU.format(mhz=1234, flags="avx2"))
        assert machines.machine_key() == one
        cpu(CPU.format(mhz=1000, flags="avx2 avx512f"))
        assert machines.machine_key() not in ("", one)


@pytest.mark.parametrize("text", ["", "processor: 0\n\n", "flags: sse2\n" + "x" * 9000])
def test_where_the_system_says_too_little_llvm_is_asked(cpu, tmp_path, text):
    with kept_in(tmp_path):
        cpu(text)
        assert machines.machine_key() == ""
        assert machines.machine.__wrapped__() == machines.machine()
        assert list(entries()) == []


def test_another_llvm_is_another_machine(cpu, tmp_path, monkeypatch):
    with kept_in(tmp_path):
        one = machines.machine_key()
        monkeypatch.setattr(machines, "_WHOLE_LLVM", 1 << 62)
        assert machines.machine_key() == ""
        monkeypatch.setattr(machines, "_llvm", lambda: "another")
        assert machines.machine_key() not in ("", one)


def test_answers_that_are_damaged_are_asked_for_again(cpu, tmp_path):
    with kept_in(tmp_path):
        first = machines.machine.__wrapped__()
        path = store._path(store.folder(), machines.machine_key())
        with open(path, "r+b") as file:
            file.truncate(100)
        with pytest.warns(RuntimeWarning, match="damaged"):
            assert machines.machine.__wrapped__() == first
        assert load(machines.machine_key())
