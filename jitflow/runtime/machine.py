"""What LLVM says of this machine, and of itself: asked once, then kept on disk.

A process that finds all its code there never loads LLVM. Kept answers are known by what the system
says of the CPU, and by LLVM's file; where these say too little, LLVM is asked.
"""

from __future__ import annotations

import os
import pickle
import sys
from collections.abc import Sequence
from functools import cache
from importlib.machinery import PathFinder
from typing import Any, NamedTuple

from jitflow.runtime.cache import folder, key_of, load_plain, save
from jitflow.runtime.engine import engine
from jitflow.runtime.sources import known_sources
from jitflow.runtime.target import Target, asked_target

_CPU = "/proc/cpuinfo"
_CPU_BYTES = 8192
_CPU_LINES = frozenset((
    "vendor_id", "cpu family", "model", "model name", "stepping", "flags", "CPU implementer",
    "CPU architecture", "CPU variant", "CPU part", "CPU revision", "Features",
))  # fmt: skip
"""Those that tell kinds of CPUs apart; others change from moment to moment."""

_LAST_CACHE = 194
"""glibc's number of `_SC_LEVEL3_CACHE_SIZE`."""

_WHOLE_LLVM = 1 << 25
"""Bytes of a library that has LLVM in it; a smaller one loads another, which may change."""


class Machine(NamedTuple):
    """compiler: versions and settings of what makes code. target: the CPU that it is for."""

    compiler: str
    target: Target


def host_target() -> Target:
    """The CPU that this process runs on."""
    return machine().target


@cache
def machine() -> Machine:
    """The machine and the compiler of this process."""
    key = machine_key()
    kept = load_plain(key, _kept_machine) if key else None
    if kept is not None:
        return kept
    found = Machine(engine().version, asked_target())
    if key:
        facts = {"kind": "machine", "name": found.target.cpu, "at": "", "origin": ""}
        save(key, pickle.dumps((found.compiler, tuple(found.target))), facts)
    return found


def _kept_machine(compiler: str, target: Sequence[Any]) -> Machine:
    return Machine(compiler, Target(*target))


def machine_key() -> str:
    """What the answers are known by; "" where they must not come from the disk."""
    if not folder():
        return ""
    parts = (known_sources(), _cpu(), _llvm())
    if not all(parts):
        return ""
    return key_of("machine", *parts, sys.platform, os.uname().machine, str(_last_cache()))


def _cpu() -> str:
    """The first CPU as Linux describes it; "" where there is no telling."""
    try:
        with open(_CPU, "rb", buffering=0) as file:
            text = file.read(_CPU_BYTES).decode("ascii", "replace")
    except OSError:
        return ""
    first, end, _ = text.partition("\n\n")
    lines = [line for line in first.splitlines() if line.partition(":")[0].strip() in _CPU_LINES]
    names = {line.partition(":")[0].strip() for line in lines}
    return "\n".join(lines) if end and names & {"flags", "Features"} else ""


def _llvm() -> str:
    """llvmlite's library; "" where that does not say which LLVM it is."""
    return package_file("llvmlite", os.path.join("binding", "libllvmlite.so"), _WHOLE_LLVM)


def package_file(package: str, name: str, least_bytes: int = 0) -> str:
    """Path, size and times of a package's file, which is not loaded for it; "" where there is none.
    """
    spec = PathFinder.find_spec(package)
    if spec is None or not spec.origin:
        return ""
    place = os.path.join(os.path.dirname(spec.origin), name)
    try:
        found = os.stat(place)
    except OSError:
        return ""
    if found.st_size < least_bytes:
        return ""
    return f"{place} {found.st_size} {found.st_mtime_ns} {found.st_ctime_ns}"


def _last_cache() -> int:
    try:
        return os.sysconf(_LAST_CACHE)
    except (OSError, ValueError):
        return 0
