"""The machine that code is for: what passes and the engine must know of it.

Knows how to ask LLVM; `machine` does it. Knows no IR.
"""

from __future__ import annotations

import os
from typing import NamedTuple

from jitflow.runtime.interrupts import Uninterrupted


class Target(NamedTuple):
    """One kind of CPU. `features` is LLVM's text: `+avx2,+fma,-avx512f`.

    cache_bytes is the size of its last cache, 0 where that is not known. has_rounding: it has
    instructions for `floor` and `rint`.
    """

    triple: str
    cpu: str
    features: str
    vector_bytes: int
    vector_registers: int
    has_fma: bool
    has_f16c: bool
    cache_bytes: int = 0
    has_rounding: bool = True

    @property
    def lacks(self) -> frozenset[str]:
        """Rows that take a function for want of an instruction."""
        rows = () if self.has_fma else ("fma",)
        return frozenset(rows if self.has_rounding else (*rows, "floor", "rint"))

    @property
    def architecture(self) -> str:
        """The first part of the triple: `x86_64`, `aarch64`."""
        return self.triple.partition("-")[0]

    @property
    def is_x86(self) -> bool:
        """Of 32 or of 64 bits."""
        return self.architecture in _X86


_X86 = ("x86_64", "amd64", "i386", "i486", "i586", "i686")


def make_target(
    triple: str, cpu: str, features: dict[str, bool], cache_bytes: int = 0
) -> Target:
    """A target whose vectors follow from its features; unknown architectures get 16 bytes.

    A gather is one instruction where there is one, also where the CPU is no faster by it: tables
    are read on rare paths, whose code should be short.
    """
    architecture = triple.partition("-")[0]
    size, registers, has_fma = _vectors(architecture, features)
    has_rounding = architecture not in _X86 or bool(features.get("sse4.1"))
    if features.get("avx2"):
        features = {**features, "fast-gather": True}
    text = ",".join(f"{'+' if on else '-'}{name}" for name, on in sorted(features.items()))
    has_f16c = _has_f16c(architecture, features)
    return Target(
        triple, cpu, text, size, registers, has_fma, has_f16c, cache_bytes, has_rounding
    )


def _has_f16c(architecture: str, features: dict[str, bool]) -> bool:
    """Whether vectors of f16 and f32 convert by an instruction, not by a call."""
    return bool(features.get("f16c")) or architecture in ("aarch64", "arm64")


def _vectors(architecture: str, features: dict[str, bool]) -> tuple[int, int, bool]:
    """Bytes of a vector, number of vector registers, and whether x * y + z can round once."""
    if architecture in _X86:
        if features.get("avx512f") and features.get("avx512vl"):
            return 64, 32, True
        return (32 if features.get("avx2") else 16), 16, bool(features.get("fma"))
    return 16, 32, architecture in ("aarch64", "arm64", "riscv64", "ppc64le", "s390x")


def asked_target() -> Target:
    """The CPU that this process runs on, as LLVM describes it."""
    import llvmlite.binding as llvm  # noqa: PLC0415

    with Uninterrupted():
        features = dict(llvm.get_host_cpu_features())
        cpu, triple = llvm.get_host_cpu_name(), llvm.get_process_triple()
    return make_target(triple, cpu, features, last_cache_bytes(_LINUX_CACHES))


_LINUX_CACHES = "/sys/devices/system/cpu/cpu0/cache"


def last_cache_bytes(folder: str) -> int:
    """The size of the first core's last cache, as Linux says it in a folder; 0 where it does not.

    glibc's sysconf counts the caches of all cores together on some machines.
    """
    sizes: dict[int, int] = {}
    try:
        for index in sorted(name for name in os.listdir(folder) if name.startswith("index")):
            kilobytes = _line(folder, index, "size").removesuffix("K")
            sizes[int(_line(folder, index, "level"))] = int(kilobytes) << 10
    except (OSError, ValueError):
        return 0
    return sizes[max(sizes)] if sizes else 0


def _line(*path: str) -> str:
    """What the file says; faster than by a `Path`, as every process asks."""
    with open(os.path.join(*path), "rb", buffering=0) as file:
        return file.read().decode("ascii").strip()
