"""What code depends on beside the function that it computes, as one text.

That is jitflow's own sources, the packages that compute and compile, the machine, and the settings.
Two processes with equal origins make equal code of equal functions; what a pass or code generation
reads of its surroundings must be here, in the target, or among the options of the pipeline.
"""

from __future__ import annotations

import os
import sys
from dataclasses import fields
from functools import cache, lru_cache
from time import monotonic

import ml_dtypes
import numpy as np

from jitflow import config
from jitflow.config import settings
from jitflow.runtime.cache.store import key_of, save
from jitflow.runtime.engine import engine
from jitflow.runtime.target import host_target

_ROOMS = ("", "api", "codegen", "ir", "passes", "runtime")
_NOT_IN_CODE = frozenset(
    ("cache_dir", "cache_bytes", "debug", "native_entry", "num_threads", "pool_bytes")
)
"""Settings that no code depends on; any other one, also one that is new, tells code apart."""


@cache
def origin() -> str:
    """The text; "" where the sources are not those of this process, and nothing must be kept."""
    found = _own_sources()
    if not found:
        return ""
    python = f"{sys.implementation.cache_tag} {sys.version} {sys.abiflags} {sys.byteorder}"
    packages = f"{np.__version__} {ml_dtypes.__version__} {engine().version}"
    chosen = [getattr(settings, f.name) for f in fields(settings) if f.name not in _NOT_IN_CODE]
    return key_of(found, python, packages, repr(host_target()), repr(chosen))


def keep(key: str, content: bytes, kind: str, name: str, at: str = "") -> None:
    """Saves what this process made, unless its sources were changed meanwhile: a part of them may
    have been loaded since.
    """
    if _is_current(int(monotonic())):
        save(key, content, {"kind": kind, "name": name, "at": at, "origin": origin()})


@lru_cache(1)
def _is_current(second: int) -> bool:
    """Asked once a second at most, as it takes longer than to save."""
    return bool(_own_sources())


def _own_sources() -> str:
    return sources(os.path.dirname(config.__file__), config.STARTED_NS)


def sources(root: str, since_ns: int) -> str:
    """Stands for the files under `root` that code comes from: another text after any edit.

    Places, sizes and times are asked, among them that of the last change of the file's entry, which
    nobody can set back. "" where there are no files, or one was changed `since_ns`, or goes while
    it is asked for: what was loaded is then perhaps not what is there.
    """
    facts: list[str] = []
    latest = 0
    try:
        for room in _ROOMS:
            latest = max(latest, _add_facts(facts, os.path.join(root, room), is_deep=bool(room)))
    except OSError:
        return ""
    if not facts or latest > since_ns:
        return ""
    return key_of(*sorted(facts))


def _add_facts(facts: list[str], folder: str, is_deep: bool) -> int:
    """Of each Python file: path, size, time of its content and time of its entry.

    The latest of the last is the result. Files are asked for by their names in the open folder,
    which takes half as long as by their paths, and every process asks.
    """
    try:
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError:
        return 0
    latest, inner, lines = 0, [], [folder]
    try:
        for name in sorted(os.listdir(handle)):
            if name.startswith("."):
                continue  # an editor's, perhaps a link to nowhere
            if name.endswith(".py"):
                found = os.stat(name, dir_fd=handle)
                changed = found.st_ctime_ns
                latest = max(latest, changed)
                lines.append(f"{name} {found.st_size} {found.st_mtime_ns} {changed}")
            elif is_deep and "." not in name and name != "__pycache__":
                inner.append(os.path.join(folder, name))
    finally:
        os.close(handle)
    if len(lines) > 1:
        facts.append("\n".join(lines))
    return max([latest, *[_add_facts(facts, place, is_deep) for place in inner]])
