"""Targets by name: what a triple, a CPU and features mean for passes and for code generation.

What vectors a CPU has is read off what LLVM writes for a probe. Owns which machines objects are
made for.
"""

from __future__ import annotations

import subprocess
import sys
from functools import cache
from typing import NamedTuple

from jitflow.errors import ArgumentError
from jitflow.runtime.engine import engine
from jitflow.runtime.machine import host_target
from jitflow.runtime.target import Target


class _Baseline(NamedTuple):
    """What every machine of an architecture has; extra are features that code may rely on too."""

    cpu: str
    features: str


_X86 = _Baseline("x86-64", "")
_ARM = _Baseline("generic", "")
BASELINES: dict[str, _Baseline] = {
    "x86_64": _X86, "amd64": _X86, "aarch64": _ARM, "arm64": _ARM,
    "riscv64": _Baseline("generic-rv64", "+m,+a,+f,+d,+c"),
    "wasm32": _Baseline("generic", "+simd128"),
}  # fmt: skip
_OTHER_FORMATS = ("windows", "uefi", "cygwin", "mingw")

_PROBE = """
define void @probe(ptr %x, ptr %y, ptr %z, ptr %u, ptr %v) {
  %half = load <8 x half>, ptr %x, align 2
  %wide = fpext <8 x half> %half to <8 x float>
  store volatile <8 x float> %wide, ptr %y, align 4
  %integers = load <16 x i32>, ptr %x, align 4
  %others = load <16 x i32>, ptr %y, align 4
  %product = mul <16 x i32> %integers, %others
  store volatile <16 x i32> %product, ptr %z, align 4
  %numbers = load <16 x float>, ptr %x, align 4
  %sum = call <16 x float> @llvm.fma.v16f32(
    <16 x float> %numbers, <16 x float> %numbers, <16 x float> %numbers)
  store volatile <16 x float> %sum, ptr %u, align 4
  %floor = call <16 x float> @llvm.floor.v16f32(<16 x float> %numbers)
  store volatile <16 x float> %floor, ptr %v, align 4
  ret void
}
"""

_ASK = """
import sys
import llvmlite.binding as llvm
llvm.initialize_all_targets()
llvm.initialize_all_asmprinters()
triple, cpu, features, text = sys.argv[1:]
machine = llvm.Target.from_triple(triple).create_target_machine(cpu=cpu, features=features)
machine.emit_object(llvm.parse_assembly(text))
"""


def named_target(triple: str = "", cpu: str = "", features: str = "") -> Target:
    """The machine of a triple such as `aarch64-linux-gnu`; this one where none is named.

    cpu: LLVM's name of a CPU; without one, any of the architecture. features: LLVM's text,
    `+avx2,+fma`. ArgumentError for what LLVM, or jitflow, has no code for.
    """
    for name, text in (("target", triple), ("cpu", cpu), ("features", features)):
        if not isinstance(text, str):
            raise ArgumentError(f"{name} is a text, not {text!r}")
    if not triple:
        if not cpu and not features:
            return host_target()._replace(cache_bytes=0)
        triple = host_target().triple
    architecture = triple.partition("-")[0]
    if architecture not in BASELINES:
        known = ", ".join(BASELINES)
        raise ArgumentError(f"no code for '{triple}'; there is code for {known}")
    if any(name in triple for name in _OTHER_FORMATS):
        raise ArgumentError(f"no object files for '{triple}'; there are ELF, Mach-O and wasm")
    if not all(_is_plain(text) for text in (triple, cpu, features)):
        raise ArgumentError(f"'{triple}', '{cpu}' or '{features}' is not LLVM's text")
    unsigned = [name for name in features.split(",") if features and name[:1] not in ("+", "-")]
    if unsigned:
        raise ArgumentError(f"a feature is +name or -name, not '{unsigned[0]}'")
    default = BASELINES[architecture]
    if cpu or features:
        _require_known(triple, cpu, features)
    all_features = ",".join(text for text in (default.features, features) if text)
    return _probed(Target(triple, cpu or default.cpu, all_features, 16, 16, False, False))


def _is_plain(text: str) -> bool:
    return text.isascii() and all(c.isalnum() or c in "-_.+,()" for c in text)


@cache
def _require_known(triple: str, cpu: str, features: str) -> None:
    """LLVM says what it does not know on stderr only, or aborts: a process of its own asks it."""
    command = [sys.executable, "-c", _ASK, triple, cpu, features, _PROBE]
    asked = subprocess.run(command, capture_output=True, text=True, check=False)
    complaints = [line for line in asked.stderr.splitlines() if "is not a recognized" in line]
    if complaints:
        raise ArgumentError(complaints[0].partition(" (ignoring")[0])
    if asked.returncode:
        raise ArgumentError(f"LLVM takes no cpu '{cpu}' with features '{features}' for '{triple}'")


@cache
def _probed(target: Target) -> Target:
    """The target with what its vectors are."""
    architecture, features = target.architecture, target.features
    if architecture not in ("x86_64", "amd64"):
        has_fma = architecture in ("aarch64", "arm64", "riscv64")
        registers = 16 if architecture == "wasm32" else 32
        has_f16c = architecture in ("aarch64", "arm64")
        return target._replace(
            vector_registers=registers, has_fma=has_fma, has_f16c=has_f16c
        )
    text = engine().assembly(_PROBE, target)
    products = "".join([line for line in text.splitlines() if "pmul" in line])
    size = 64 if "zmm" in products else 32 if "ymm" in products else 16  # of integers: AVX2
    if size > 16:
        features = ",".join(filter(None, (features, "+fast-gather")))
    return target._replace(
        features=features, vector_bytes=size, vector_registers=32 if size == 64 else 16,
        has_fma="vfmadd" in text, has_f16c="vcvtph2ps" in text, has_rounding="floor" not in text,
    )  # fmt: skip
